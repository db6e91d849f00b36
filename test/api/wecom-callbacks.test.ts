import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeWeCom, startWeCom } from '../support/wecom/fake-wecom.js';
import { changes } from '../support/wecom/wecom-approvals.js';
import type { Sending } from '../support/wecom/wecom-callbacks.js';
import {
  applicationOf,
  givenWeComProvider,
  known,
  ordered,
  orderOf,
  quiet,
  reached,
  startWeComWorld,
  type WeComWorld,
} from '../support/wecom/wecom-world.js';
import { boss, rival } from '../support/world.js';

let world: WeComWorld;
let theirs: FakeWeCom;
const lines: string[] = [];
beforeAll(async () => {
  world = await startWeComWorld({ onLog: (line) => void lines.push(line) });
  theirs = await startWeCom();
  const id = await givenWeComProvider(world.app, theirs, 'their-wecom', rival);
  theirs.callbacks.url = `${world.app.url}/api/v1/wecom/callback/${id}`;
});
afterAll(async () => {
  await world.close();
  await theirs.close();
});

/** An order whose approval has passed there, of which nobody has told yet. */
async function passed(): Promise<{ orderId: string; spNo: string; message: string }> {
  const orderId = await ordered(world);
  await applicationOf(world, orderId);
  const spNo = await known(world, orderId);
  await quiet(world);
  const { approvals, callbacks } = world.wecom;
  callbacks.hold();
  approvals.agree(spNo, 'li');
  approvals.agree(spNo, 'wang');
  callbacks.lose();
  return { orderId, spNo, message: callbacks.messageOf(approvals.of(spNo), changes.agree) };
}
const executions = (orderId: string): number => world.module.callsOf('execute', orderId).length;
const eventsOf = async (spNo: string): Promise<number> =>
  (
    await world.app.database.rows('SELECT event_id FROM dms_s_apply_provider_event WHERE external_id = ?', [
      spNo,
    ])
  ).length;

describe('the verification of the address', () => {
  it('given WeCom asks, then its word comes back as it is', async () => {
    expect(await world.wecom.callbacks.verify()).toEqual({ status: 200, verified: true });
  });

  it.each<[string, Sending]>([
    ['another token', { keys: { token: 'other' } }],
    ['another corporation', { keys: { corpId: 'ww-other' } }],
    ['an old question', { ago: 360 }],
  ])('given %s, then 401', async (_what, how) => {
    expect(await world.wecom.callbacks.verify(how)).toEqual({ status: 401, verified: false });
  });
});

describe('events of WeCom', () => {
  it('given the same event four times at once and once again later, then the order is decided once', async () => {
    const { orderId, spNo, message } = await passed();
    const { callbacks } = world.wecom;
    const before = await eventsOf(spNo);
    const answers = await Promise.all([1, 2, 3, 4].map(() => callbacks.post(message)));
    expect(answers).toEqual(Array.from({ length: 4 }, () => ({ status: 200, body: '' })));
    await reached(world, orderId, 'completed');
    expect(await callbacks.post(message)).toEqual({ status: 200, body: '' });
    await quiet(world);
    expect(await eventsOf(spNo)).toBe(before + 1);
    expect(executions(orderId)).toBe(1);
  });

  it('given every event twice, and the last one first, then it comes to the same', async () => {
    const { callbacks, approvals } = world.wecom;
    callbacks.hold();
    callbacks.copies = 2;
    const orderId = await ordered(world);
    await applicationOf(world, orderId);
    const spNo = await known(world, orderId);
    approvals.urge(spNo);
    approvals.transfer(spNo, 'li', 'wang');
    approvals.agree(spNo, 'wang');
    approvals.agree(spNo, 'wang');
    expect(callbacks.release((messages) => messages.toReversed())).toHaveLength(5);
    await reached(world, orderId, 'completed');
    await quiet(world);
    callbacks.copies = 1;
    expect(executions(orderId)).toBe(1);
  });

  it('given an event that says more than is true, then what WeCom says itself counts', async () => {
    const orderId = await ordered(world);
    const application = await applicationOf(world, orderId);
    await known(world, orderId);
    const { callbacks } = world.wecom;
    await callbacks.post(callbacks.messageOf({ ...application, status: 2 }, changes.agree));
    await quiet(world);
    expect(await orderOf(world, orderId)).toMatchObject({ applyStatus: 'in_review' });
  });

  it.each<[string, Sending]>([
    ['another token', { keys: { token: 'other' } }],
    ['another key', { keys: { aesKey: 'x'.repeat(42) + 'E' } }],
    ['another corporation', { keys: { corpId: 'ww-other' } }],
    ['a signature of something else', { signature: '0'.repeat(40) }],
    ['a recorded event of six minutes ago', { ago: 360 }],
    ['an event of the future', { ago: -360 }],
    [
      'the event in JSON',
      { envelope: (encrypt) => JSON.stringify({ encrypt }), contentType: 'application/json' },
    ],
    [
      'an entity',
      { envelope: (encrypt) => `<!DOCTYPE xml [<!ENTITY e "${encrypt}">]><xml><Encrypt>&e;</Encrypt></xml>` },
    ],
    ['half a document', { envelope: (encrypt) => `<xml><Encrypt>${encrypt}` }],
    ['nothing', { envelope: () => '' }],
  ])('given %s, then 401 without a reason, and nothing changes', async (_what, how) => {
    const { orderId, spNo, message } = await refusable();
    const before = await eventsOf(spNo);
    const answer = await world.wecom.callbacks.post(message, how);
    expect(answer.status).toBe(401);
    expect(answer.body).toContain('"unauthenticated"');
    expect(answer.body).not.toMatch(/signature|key|token|XML/);
    expect(await eventsOf(spNo)).toBe(before);
    expect(await orderOf(world, orderId)).toMatchObject({ applyStatus: 'in_review' });
  });

  let one: ReturnType<typeof passed> | undefined;
  /** One for all that is refused: nothing happens to it. */
  const refusable = () => (one ??= passed());

  it('given an address of nobody, then 401', async () => {
    const { message } = await refusable();
    const { callbacks } = world.wecom;
    const right = callbacks.url;
    for (const id of ['0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30', 'wecom']) {
      callbacks.url = `${world.app.url}/api/v1/wecom/callback/${id}`;
      expect((await callbacks.post(message)).status).toBe(401);
    }
    callbacks.url = right;
  });

  it('given another team’s corporation, then it cannot speak of our approvals, here or at its own address', async () => {
    const { orderId, spNo, message } = await refusable();
    const { callbacks } = world.wecom;
    expect((await callbacks.post(message, { keys: theirs.keys })).status).toBe(401);
    expect((await theirs.callbacks.post(message)).status).toBe(200);
    await quiet(world);
    expect(theirs.callsOf('/cgi-bin/oa/getapprovaldetail').every(({ body }) => body.sp_no === spNo)).toBe(
      true,
    );
    expect(await orderOf(world, orderId)).toMatchObject({ applyStatus: 'in_review' });
    expect((await world.app.as(rival).get('/providers/wecom')).status).toBe(404);
    expect((await world.app.as(boss).get('/providers/their-wecom')).status).toBe(404);
  });

  it('given the log, then it says why, and holds no secret', () => {
    const log = lines.join('\n');
    expect(log).toContain('the signature does not fit');
    const { corpSecret, token, aesKey } = world.wecom.settings;
    for (const secret of [corpSecret, token, aesKey]) expect(log).not.toContain(secret);
  });
});
