import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Acting,
  closeTold,
  colleague,
  fay,
  givenCrew,
  gus,
  openActing,
  storedRows,
} from '../support/acting.js';
import { startApp, type TestApp, type TestUser } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { directoryOf } from '../support/resolver-people.js';
import { ann, bob, boss, carol, dave, eve, givenFlow, root, type StageGiven } from '../support/world.js';

/** 催办, 抄送, 评论: what is said about an order without deciding it. */
let app: TestApp;
beforeAll(async () => {
  app = await startApp({ env: { URGE_INTERVAL: '3s' } });
  const given = directoryOf(app.as(root));
  await givenCrew(app);
  await given.user('away', { active: false });
  await given.user('eve', { accCode: 't2' });
});
afterAll(() => closeTold(app));

const openOn = async (...stages: StageGiven[]): Promise<Acting> =>
  openActing(app, (await givenFlow(app, stages)).businessType);

const copiesOf = async (who: TestUser, filter: string = ''): Promise<string[]> =>
  ((await app.as(who).get(`/orders?scope=cc&limit=100${filter}`)).body.items as { id: string }[]).map(
    ({ id }) => id,
  );

describe('urging', () => {
  it('given the applicant, then it is told, and once more only after the interval', async () => {
    const order = await openOn({ users: ['bob'] }, { users: ['carol'] });
    const urged = await order.does(ann, 'urge', { auditMsg: '请尽快' });
    expect(urged.version).toBe(2);
    const { items } = (await app.as(bob).get(`/orders/${order.id}/logs`)).body;
    expect(items.at(-1)).toMatchObject({ operation: 'order.urged', operationUserCode: 'ann' });
    expect(items.at(-1).operationDetails).toContain('请尽快');
    const again = await order.act(ann, 'urge');
    expect([again.status, again.body.code]).toEqual([429, 'rate_limited']);
    const wait = Number(again.headers.get('retry-after'));
    expect(wait).toBeGreaterThanOrEqual(1);
    expect(wait).toBeLessThanOrEqual(3);
    // another order of the same applicant is not concerned
    await (await openOn({ users: ['bob'] })).does(ann, 'urge');
    await pause(wait * 1000 + 1000);
    await order.does(ann, 'urge');
    expect(await order.turns()).toEqual(['bob']);
  });

  it('is refused to others, and when nobody is asked', async () => {
    const order = await openOn({ users: ['bob'] });
    for (const who of [bob, gus, boss]) expect(await order.refuses(who, 'urge')).toBe('403 forbidden');
    await order.does(bob, 'return', { toStep: 0 });
    expect(await order.refuses(ann, 'urge')).toBe('409 not_in_review');
    await order.does(ann, 'resubmit');
    await order.does(bob, 'approve');
    expect(await order.refuses(ann, 'urge')).toBe('409 not_in_review');
  });
});

describe('a copy', () => {
  it('given somebody without a part in the order, then they may read and comment it, and nothing else', async () => {
    const order = await openOn({ users: ['bob'] });
    expect((await app.as(gus).get(`/orders/${order.id}`)).status).toBe(403);
    expect(await order.refuses(gus, 'comments', { text: '?' })).toBe('403 forbidden');
    await order.does(ann, 'cc', { userCodes: ['gus', 'fay'] });
    expect(await copiesOf(gus)).toContain(order.id);
    expect(await copiesOf(fay)).toContain(order.id);
    for (const path of ['', '/steps', '/logs']) {
      expect((await app.as(gus).get(`/orders/${order.id}${path}`)).status, path).toBe(200);
    }
    await order.does(gus, 'comments', { text: '已阅' });
    expect(await order.turns()).toEqual(['bob']);
    for (const command of ['approve', 'reject', 'withdraw', 'urge']) {
      expect(await order.refuses(gus, command), command).toBe('403 forbidden');
    }
    // whoever may read it may send it on
    await order.does(gus, 'cc', { userCodes: ['dave'] });
    expect(await copiesOf(dave)).toContain(order.id);
  });

  it('given twice, then it is in the list once, and the log tells both', async () => {
    const order = await openOn({ users: ['bob'] });
    await order.does(ann, 'cc', { userCodes: ['gus'] });
    await order.does(bob, 'cc', { userCodes: ['gus', 'fay'] });
    await order.does(bob, 'cc', { userCodes: ['gus'] });
    expect((await copiesOf(gus)).filter((id) => id === order.id)).toHaveLength(1);
    expect((await order.operations()).filter((one) => one === 'order.copied')).toHaveLength(3);
  });

  it('given filters, then the list is narrowed', async () => {
    const order = await openOn({ users: ['bob'] });
    await order.does(ann, 'cc', { userCodes: ['carol'] });
    await order.does(bob, 'approve');
    expect(await copiesOf(carol, '&applyStatus=completed')).toEqual([order.id]);
    expect(await copiesOf(carol, '&applyStatus=in_review')).toEqual([]);
    expect(await copiesOf(carol, '&businessType=other')).toEqual([]);
    // also after the end
    await order.does(ann, 'cc', { userCodes: ['dave'] });
    expect(await copiesOf(dave)).toContain(order.id);
  });

  it('is refused by name of whoever cannot have one, and then nobody has one', async () => {
    const order = await openOn({ users: ['bob'] });
    const before = await storedRows(app);
    for (const userCodes of [['gus', 'away'], [], ['gus', 'gus'], ['a,b'], 'gus', null]) {
      expect(await order.refuses(ann, 'cc', { userCodes }), String(userCodes)).toBe('400 validation_failed');
    }
    expect(await order.refuses(ann, 'cc', {})).toBe('400 validation_failed');
    expect(await order.refuses(gus, 'cc', { userCodes: ['fay'] })).toBe('403 forbidden');
    expect(await order.refuses(eve, 'cc', { userCodes: ['eve'] })).toBe('404 not_found');
    expect(await storedRows(app)).toEqual(before);
  });

  it('reaches somebody whom the directory does not list (yet): reading is no work', async () => {
    const order = await openOn({ users: ['bob'] });
    await order.does(ann, 'cc', { userCodes: ['newcomer'] });
    expect(await copiesOf(colleague('newcomer'))).toEqual([order.id]);
  });

  it('leaves another team out of the list', async () => {
    const order = await openOn({ users: ['bob'] });
    await order.does(ann, 'cc', { userCodes: ['gus'] });
    expect(await copiesOf({ ...gus, acc_code: 't2' })).toEqual([]);
    expect((await app.as({ ...gus, acc_code: 't2' }).get(`/orders/${order.id}`)).status).toBe(404);
  });
});

describe('a comment', () => {
  const attachment = { name: '合同.pdf', url: 'https://files.example.com/c.pdf?a=1#页' };

  it('given words and files, then they are in the log as they were given, also after the end', async () => {
    const order = await openOn({ users: ['bob'] }, { users: ['carol'] });
    await order.does(carol, 'comments', { text: '先看看\n<b>"合同"</b>', attachments: [attachment] });
    await order.does(bob, 'reject');
    await order.does(ann, 'comments', { text: '为什么？' });
    const { items } = (await app.as(ann).get(`/orders/${order.id}/logs`)).body;
    const said = items.filter((one: { operation: string }) => one.operation === 'order.commented');
    expect(said.map((one: { operationUserCode: string }) => one.operationUserCode)).toEqual(['carol', 'ann']);
    expect(said[0].data).toMatchObject({ text: '先看看\n<b>"合同"</b>', attachments: [attachment] });
    expect(said[1].data).toMatchObject({ text: '为什么？', attachments: [] });
  });

  it.each<[string, object]>([
    ['no words', { text: '' }],
    ['none at all', {}],
    ['words without an end', { text: 'x'.repeat(4001) }],
    ['a number', { text: 1 }],
    ['a script', { text: 'x', attachments: [{ name: 'x', url: 'javascript:alert(1)' }] }],
    [
      'a script that looks like an address',
      { text: 'x', attachments: [{ name: 'x', url: 'javascript://a/%0aalert(1)' }] },
    ],
    ['data', { text: 'x', attachments: [{ name: 'x', url: 'data:text/html,x' }] }],
    ['a file of the machine', { text: 'x', attachments: [{ name: 'x', url: 'file:///etc/passwd' }] }],
    [
      'an address without a scheme',
      { text: 'x', attachments: [{ name: 'x', url: 'files.example.com/c.pdf' }] },
    ],
    ['a password', { text: 'x', attachments: [{ name: 'x', url: 'https://a:b@example.com/c' }] }],
    ['a file without a name', { text: 'x', attachments: [{ url: attachment.url }] }],
    ['a file without an address', { text: 'x', attachments: [{ name: 'x' }] }],
    ['too many files', { text: 'x', attachments: Array.from({ length: 21 }, () => attachment) }],
    ['files that are none', { text: 'x', attachments: ['c.pdf'] }],
    [
      'an address without an end',
      { text: 'x', attachments: [{ name: 'x', url: `https://a.example/${'x'.repeat(3000)}` }] },
    ],
  ])('given %s, then 400', async (_, body) => {
    const order = await openOn({ users: ['bob'] });
    expect(await order.refuses(ann, 'comments', body)).toBe('400 validation_failed');
  });

  it('is refused to colleagues whom the order does not concern', async () => {
    const order = await openOn({ users: ['bob'] });
    expect(await order.refuses(fay, 'comments', { text: 'x' })).toBe('403 forbidden');
    await order.does(boss, 'comments', { text: '管理员可以' });
    expect((await historiesOf(app.database)).length).toBeGreaterThan(5);
  });
});
