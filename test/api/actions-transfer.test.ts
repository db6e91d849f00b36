import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Acting,
  closeTold,
  colleague,
  fay,
  givenCrew,
  gus,
  openActing,
  seated,
} from '../support/acting.js';
import { startApp, type TestApp, type TestUser } from '../support/harness.js';
import { directoryOf } from '../support/resolver-people.js';
import {
  ann,
  bob,
  boss,
  carol,
  created,
  dave,
  eve,
  givenFlow,
  root,
  type StageGiven,
} from '../support/world.js';

/** 转交: a reviewer's place goes to somebody else for good. */
let app: TestApp;
let given: ReturnType<typeof directoryOf>;
beforeAll(async () => {
  app = await startApp();
  given = directoryOf(app.as(root));
  await givenCrew(app);
  await given.user('away', { active: false });
  await given.user('eve', { accCode: 't2' });
});
afterAll(() => closeTold(app));

const openOn = async (
  stages: readonly StageGiven[],
  options: { autoApprove?: string } = {},
): Promise<Acting> => openActing(app, (await givenFlow(app, stages, options)).businessType);

const to = (who: TestUser, auditMsg?: string) => ({ toUserCode: who.sub, ...(auditMsg ? { auditMsg } : {}) });

describe('a transfer', () => {
  it('given a reviewer, then the place is the receiver’s, in list, view and log', async () => {
    const order = await openOn([{ users: ['bob', 'carol'] }, { users: ['dave'] }]);
    const view = await order.does(bob, 'transfer', to(fay, '出差'));
    expect(view.version).toBe(2);
    expect(seated(view, 1)).toEqual(['carol', 'fay']);
    expect(view.steps[0]?.assignees.find(({ userCode }) => userCode === 'fay')).toMatchObject({
      kind: 'taken',
    });
    expect(await order.turns()).toEqual(['carol', 'fay']);
    expect(await order.refuses(bob, 'approve')).toBe('403 forbidden');
    expect(await order.operations()).toEqual(['order.opened', 'step.in_review', 'step.transferred']);
    const { items } = (await app.as(fay).get(`/orders/${order.id}/logs`)).body;
    expect(items[2]).toMatchObject({ operationUserCode: 'bob' });
    expect(items[2].operationDetails).toMatch(/bob.*fay.*出差/);
    expect((await order.does(fay, 'approve')).steps[0]).toMatchObject({ auditUserCode: 'fay' });
    expect(await order.turns()).toEqual(['dave']);
  });

  it('given a group or a role, then who transferred has no part in it any more, and the others still do', async () => {
    await given.group('desk', ['bob', 'carol']);
    await given.user('bob', { roles: ['clerk'] });
    await given.user('carol', { roles: ['clerk'] });
    for (const stage of [{ groups: ['desk'] }, { roles: ['clerk'] }]) {
      const order = await openOn([stage]);
      expect(await order.turns()).toEqual(['bob', 'carol']);
      await order.does(bob, 'transfer', to(fay));
      expect(await order.turns()).toEqual(['carol', 'fay']);
      expect(await order.refuses(bob, 'approve')).toBe('403 forbidden');
      expect((await order.does(fay, 'approve')).applyStatus).toBe('completed');
    }
  });

  it('given all, then the receiver’s approval is needed instead', async () => {
    const order = await openOn([{ users: ['bob', 'carol'], mode: 'all' }]);
    const view = await order.does(bob, 'transfer', to(fay));
    expect(view.steps[0]?.requiredApprovals).toBe(2);
    await order.does(carol, 'approve');
    expect(await order.turns()).toEqual(['fay']);
    expect((await order.does(fay, 'approve')).applyStatus).toBe('completed');
  });

  it('given a sequence, then the receiver comes at the giver’s turn', async () => {
    const order = await openOn([{ users: ['bob', 'carol', 'dave'], mode: 'sequential' }]);
    await order.does(bob, 'approve');
    await order.does(carol, 'transfer', to(fay));
    expect(await order.turns()).toEqual(['fay']);
    await order.does(fay, 'approve');
    expect(await order.turns()).toEqual(['dave']);
  });

  it('given that it is handed on, and back, then whoever holds it decides', async () => {
    const order = await openOn([{ users: ['bob'] }]);
    await order.does(bob, 'transfer', to(fay));
    await order.does(fay, 'transfer', to(gus));
    expect(await order.turns()).toEqual(['gus']);
    await order.does(gus, 'transfer', to(bob));
    expect(await order.turns()).toEqual(['bob']);
    expect((await order.does(bob, 'approve')).applyStatus).toBe('completed');
  });

  it('given a system administrator, then somebody is seated and nobody loses a place', async () => {
    const order = await openOn([{ users: ['bob', 'carol'], mode: 'all' }]);
    const view = await order.does(root, 'transfer', to(fay));
    expect(seated(view, 1)).toEqual(['bob', 'carol', 'fay']);
    expect(view.steps[0]?.requiredApprovals).toBe(3);
    for (const who of [bob, carol, fay]) await order.does(who, 'approve');
    expect((await order.order()).applyStatus).toBe('completed');
  });

  it('given the applicant as receiver, then it is theirs to decide, except under never', async () => {
    const allowed = await openOn([{ users: ['bob'] }]);
    await allowed.does(bob, 'transfer', to(ann));
    expect(await allowed.turns()).toEqual(['ann']);
    const never = await openOn([{ users: ['bob'] }], { autoApprove: 'never' });
    expect(await never.refuses(bob, 'transfer', to(ann))).toBe('400 validation_failed');
  });
});

describe('a transfer is refused', () => {
  it.each<[string, object, string]>([
    ['to oneself', { toUserCode: 'bob' }, '400 validation_failed'],
    ['to somebody unknown', { toUserCode: 'nobody' }, '400 validation_failed'],
    ['to somebody inactive', { toUserCode: 'away' }, '400 validation_failed'],
    ['to somebody of another team', { toUserCode: 'eve' }, '400 validation_failed'],
    ['to somebody on the step', { toUserCode: 'carol' }, '409 already_exists'],
    ['to nobody', {}, '400 validation_failed'],
    ['to a list', { toUserCode: ['fay'] }, '400 validation_failed'],
    ['to null', { toUserCode: null }, '400 validation_failed'],
    ['with unknown fields', { toUserCode: 'fay', from: 'carol' }, '400 validation_failed'],
    ['with words without an end', { toUserCode: 'fay', auditMsg: 'x'.repeat(4001) }, '400 validation_failed'],
  ])('%s', async (_, body, answer) => {
    const order = await openOn([{ users: ['bob', 'carol'] }]);
    expect(await order.refuses(bob, 'transfer', body)).toBe(answer);
    expect(await order.turns()).toEqual(['bob', 'carol']);
  });

  it('naming the field that is wrong', async () => {
    const order = await openOn([{ users: ['bob'] }]);
    const { body } = await order.act(bob, 'transfer', { toUserCode: 'away' });
    expect(body.errors).toEqual([{ field: 'toUserCode', message: expect.stringContaining('away') }]);
  });

  it('to a member of the group that is asked anyway', async () => {
    await given.group('pair', ['bob', 'carol']);
    for (const mode of ['any', 'all'] as const) {
      const order = await openOn([{ groups: ['pair'], mode }]);
      expect(await order.refuses(bob, 'transfer', to(carol))).toBe('409 already_exists');
    }
  });

  it('by whoever may not decide now: a stranger, the applicant, a later reviewer, one who has decided', async () => {
    const order = await openOn([{ users: ['bob', 'carol'], mode: 'all' }, { users: ['dave'] }]);
    for (const who of [ann, dave, gus, boss]) {
      expect(await order.refuses(who, 'transfer', to(fay))).toBe('403 forbidden');
    }
    await order.does(bob, 'approve');
    expect(await order.refuses(bob, 'transfer', to(fay))).toBe('409 already_decided');
    await order.does(carol, 'approve');
    expect(await order.refuses(carol, 'transfer', to(fay))).toBe('409 already_decided');
  });

  it('before the turn of the sequence has come', async () => {
    const order = await openOn([{ users: ['bob', 'carol'], mode: 'sequential' }]);
    expect(await order.refuses(carol, 'transfer', to(fay))).toBe('403 forbidden');
  });

  it('once the order has ended', async () => {
    const order = await openOn([{ users: ['bob'] }]);
    await order.does(bob, 'reject');
    expect(await order.refuses(bob, 'transfer', to(fay))).toBe('409 order_closed');
    const withdrawn = await openOn([{ users: ['bob'] }]);
    await withdrawn.does(ann, 'withdraw');
    expect(await withdrawn.refuses(bob, 'transfer', to(fay))).toBe('409 order_closed');
  });
});

describe('who is no person of the team', () => {
  const commands: readonly (readonly [string, object])[] = [
    ['transfer', { toUserCode: 'fay' }],
    ['delegate', { toUserCode: 'fay' }],
    ['add-sign', { userCodes: ['fay'], position: 'with' }],
    ['remove-sign', { userCodes: ['fay'] }],
    ['return', { toStep: 0 }],
    ['resubmit', {}],
    ['reopen', {}],
    ['take-back', {}],
    ['urge', {}],
    ['cc', { userCodes: ['fay'] }],
    ['comments', { text: 'x' }],
  ];

  it('another team gets 404 for every action, and nothing happens', async () => {
    const order = await openOn([{ users: ['bob'] }]);
    for (const [command, body] of commands) {
      expect(await order.refuses(eve, command, body), command).toBe('404 not_found');
    }
  });

  it('an API key gets 403 for every action, and nothing happens', async () => {
    const order = await openOn([{ users: ['bob'] }]);
    const { key } = await created(app.as(boss), '/api-keys', { name: 'erp', accCodes: ['t1'] });
    const service = app.key(String(key));
    for (const [command, body] of commands) {
      const answer = await service.post(`/orders/${order.id}/${command}`, body);
      expect([answer.status, answer.body.code], command).toEqual([403, 'forbidden']);
    }
    const bulk = await service.post('/orders/bulk-decisions', {
      decision: 'approve',
      orders: [{ id: order.id }],
    });
    expect([bulk.status, bulk.body.code]).toEqual([403, 'forbidden']);
    expect((await order.order()).version).toBe(1);
  });

  it('nobody gets 401, and an order that does not exist is 404', async () => {
    const order = await openOn([{ users: ['bob'] }]);
    for (const [command, body] of commands) {
      expect((await app.as(null).post(`/orders/${order.id}/${command}`, body)).status, command).toBe(401);
      expect((await app.as(bob).post(`/orders/0195f1f2/${command}`, body)).status, command).toBe(404);
    }
  });

  it('somebody whom the directory has made inactive gets 403', async () => {
    await given.user('ivy');
    const order = await openOn([{ users: ['bob', 'ivy'] }]);
    await given.user('ivy', { active: false });
    const ivy = colleague('ivy');
    expect(await order.refuses(ivy, 'transfer', to(fay))).toBe('403 forbidden');
    expect(await order.refuses(ivy, 'add-sign', { userCodes: ['fay'], position: 'with' })).toBe(
      '403 forbidden',
    );
    expect(await order.refuses(ivy, 'return', { toStep: 0 })).toBe('403 forbidden');
  });
});
