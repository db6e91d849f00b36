import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fay, givenCrew, gus, openActing, type OrderShown } from '../support/acting.js';
import { startApp, type TestApp, type TestUser } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { directoryOf } from '../support/resolver-people.js';
import { ann, bob, carol, created, dave, givenFlow, root } from '../support/world.js';

describe('standing in', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
    await givenCrew(app);
  });

  afterAll(() => app.close());

  const inAWeek = (): string => new Date(Date.now() + 7 * 86_400_000).toISOString();

  const delegates = (from: TestUser, to: TestUser, businessType: string, more: object = {}) =>
    created(app.as(from), '/delegations', {
      toUserCode: to.sub,
      endsAt: inAWeek(),
      businessTypes: [businessType],
      ...more,
    });

  const asked = (order: OrderShown, applyStep = 1): string[] =>
    order.steps[applyStep - 1]?.assignees
      .filter(({ canDecide }) => canDecide)
      .map(({ userCode, onBehalfOf }) => (onBehalfOf ? `${userCode} for ${onBehalfOf}` : userCode)) ?? [];

  const details = async (id: string): Promise<string> => {
    const { body } = await app.as(root).get(`/orders/${id}/logs`);
    return (body.items as { operationDetails: string }[]).map((row) => row.operationDetails).join('\n');
  };

  it('given a named reviewer who has delegated, when a step opens, then the other sits there for them, and decides', async () => {
    const { businessType } = await givenFlow(app, [
      { users: ['bob'] },
      { users: ['bob', 'dave'], mode: 'all' },
    ]);
    await delegates(bob, carol, businessType);
    const acting = await openActing(app, businessType);
    expect(asked(await acting.order())).toEqual(['carol for bob']);
    expect(await acting.turns()).toEqual(['carol']);
    const refused = await app.as(bob).get(`/orders/${acting.id}/can-act`);
    expect(refused.body).toMatchObject({
      canAct: false,
      reason: expect.stringContaining('carol stands in for you'),
    });
    expect(await acting.refuses(bob, 'approve')).toBe('403 forbidden');
    const next = await acting.does(carol, 'approve', { auditMsg: '代审' });
    expect(next.steps[0]).toMatchObject({
      auditStatus: 'approved',
      auditUserCode: 'carol',
      assignees: [expect.objectContaining({ userCode: 'carol', onBehalfOf: 'bob', decision: 'approved' })],
    });
    expect(asked(next, 2)).toEqual(['carol for bob', 'dave']);
    const log = await details(acting.id);
    expect(log).toContain('step 1: carol stands in for bob');
    expect(log).toContain('step 1 is approved by carol for bob: 代审');
  });

  it('given a group that is asked as it is, when a member has delegated, then the stand-in decides beside the others', async () => {
    await directoryOf(app.as(root)).group('desk', ['bob', 'dave']);
    const { businessType } = await givenFlow(app, [{ groups: ['desk'] }]);
    await delegates(bob, carol, businessType);
    const acting = await openActing(app, businessType);
    expect(await acting.turns()).toEqual(['carol', 'dave']);
    // Who leaves the group takes the stand-in along.
    await directoryOf(app.as(root)).group('desk', ['dave']);
    await expect.poll(() => acting.turns()).toEqual(['dave']);
    expect(await acting.refuses(carol, 'approve')).toBe('403 forbidden');
  });

  it('given work that is transferred or signed for by somebody who has delegated, then the stand-in gets it', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['dave'] }]);
    await delegates(bob, carol, businessType);
    await delegates(fay, gus, businessType);
    const acting = await openActing(app, businessType);
    const transferred = await acting.does(dave, 'transfer', { toUserCode: 'bob' });
    expect(asked(transferred)).toEqual(['carol for bob']);
    const signed = await acting.does(carol, 'add-sign', { userCodes: ['fay'], position: 'before' });
    expect(asked(signed)).toEqual(['gus for fay']);
    await acting.does(gus, 'approve');
    expect((await acting.does(carol, 'approve')).applyStatus).toBe('completed');
  });

  it('given a stand-in who becomes inactive, then the place goes back', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
    await delegates(bob, gus, businessType);
    const acting = await openActing(app, businessType);
    expect(asked(await acting.order())).toEqual(['gus for bob']);
    await app.as(root).put('/directory/users/gus', { name: 'Gus', accCode: 't1', active: false });
    await expect.poll(async () => asked(await acting.order())).toEqual(['bob']);
    await app.as(root).put('/directory/users/gus', { name: 'Gus', accCode: 't1', active: true });
    expect((await acting.does(bob, 'approve')).applyStatus).toBe('completed');
  });

  it('given the applicant as stand-in, or a delegation of another type, then nobody stands in', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }], { autoApprove: 'applicant_nodes' });
    await delegates(bob, ann, businessType, { condition: 'amount > 10' });
    expect(asked(await (await openActing(app, businessType, { variables: { amount: 20 } })).order())).toEqual(
      ['bob'],
    );
    const other = await givenFlow(app, [{ users: ['bob'] }]);
    expect(asked(await (await openActing(app, other.businessType)).order())).toEqual(['bob']);
  });

  it('given a chain of delegations through the applicant, then it ends before: nobody chooses who decides their own order', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }], { autoApprove: 'never' });
    await delegates(bob, carol, businessType, { redelegate: true });
    await delegates(carol, dave, businessType, { redelegate: true });
    await delegates(dave, fay, businessType, { redelegate: true });
    expect(asked(await (await openActing(app, businessType)).order())).toEqual(['fay for bob']);
    const own = await openActing(app, businessType, {}, dave);
    expect(asked(await own.order())).toEqual(['carol for bob']);
  });

  it('given a condition, then only orders for which it holds are delegated', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
    await delegates(bob, carol, businessType, { condition: 'amount > 10' });
    expect(asked(await (await openActing(app, businessType, { variables: { amount: 20 } })).order())).toEqual(
      ['carol for bob'],
    );
    expect(asked(await (await openActing(app, businessType, { variables: { amount: 5 } })).order())).toEqual([
      'bob',
    ]);
  });

  it('given nobody may decide two steps, then nobody does, nor for anybody', async () => {
    const { businessType } = await givenFlow(
      app,
      [{ users: ['bob', 'carol'] }, { users: ['bob', 'carol', 'dave'] }, { users: ['carol', 'fay'] }],
      { distinctApprovers: true },
    );
    await delegates(fay, bob, businessType);
    const acting = await openActing(app, businessType);
    const second = await acting.does(bob, 'approve');
    expect(asked(second, 2)).toEqual(['carol', 'dave']);
    const third = await acting.does(dave, 'approve');
    // bob, who stands in for fay, has decided a step already.
    expect(asked(third, 3)).toEqual(['carol', 'fay']);
    expect(await acting.refuses(carol, 'transfer', { toUserCode: 'bob' })).toBe('400 validation_failed');
    expect(await acting.refuses(bob, 'approve')).toBe('403 forbidden');
    await acting.does(carol, 'approve');
  });

  it('given an order that came so far, then its log rebuilds it', async () => {
    expect((await historiesOf(app.database)).length).toBeGreaterThan(5);
  });
});
