import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acting, closeTold, fay, givenCrew, gus, openActing, recounted } from '../support/acting.js';
import { startApp, type TestApp } from '../support/harness.js';
import { directoryOf } from '../support/resolver-people.js';
import { ann, bob, boss, carol, dave, givenFlow, root, type StageGiven } from '../support/world.js';

/** 撤回 and 重新打开: whoever decided thinks better of it. */
let app: TestApp;
let given: ReturnType<typeof directoryOf>;
beforeAll(async () => {
  app = await startApp();
  given = directoryOf(app.as(root));
  await givenCrew(app);
});
afterAll(() => closeTold(app));

const openOn = async (
  stages: readonly StageGiven[],
  options: { dedupe?: string; executeUrl?: string } = {},
): Promise<Acting> => openActing(app, (await givenFlow(app, stages, options)).businessType);

describe('taking a decision back', () => {
  it('given that nobody has acted on it, then the step is open again', async () => {
    const order = await openOn([{ users: ['bob', 'fay'] }, { users: ['carol'] }]);
    await order.does(bob, 'approve', { auditMsg: '同意' });
    expect(await order.turns()).toEqual(['carol']);
    const view = await order.does(bob, 'take-back');
    expect(view.steps[0]).toMatchObject({ auditStatus: 'in_review', auditUserCode: null, auditMsg: null });
    expect(await order.path()).toEqual(['in_review', 'waiting']);
    expect(await order.turns()).toEqual(['bob', 'fay']);
    expect((await order.operations()).at(-1)).toBe('step.decision_taken_back');
    expect((await order.does(bob, 'reject')).applyStatus).toBe('rejected');
  });

  it('given a vote that left its step open, then it is open for that person again', async () => {
    const order = await openOn([{ users: ['bob', 'carol'], mode: 'all' }]);
    await order.does(bob, 'approve');
    await order.does(bob, 'take-back');
    expect(await order.turns()).toEqual(['bob', 'carol']);
    const against = await openOn([{ users: ['bob', 'carol'], mode: 'threshold', node: { minApprovals: 1 } }]);
    await against.does(bob, 'reject');
    await against.does(bob, 'take-back');
    expect((await against.does(bob, 'approve')).applyStatus).toBe('completed');
  });

  it('given a group, then the group has its turn again', async () => {
    await given.group('regret', ['bob', 'fay']);
    const order = await openOn([{ groups: ['regret'] }, { users: ['carol'] }]);
    await order.does(bob, 'approve');
    await order.does(bob, 'take-back');
    expect(await order.turns()).toEqual(['bob', 'fay']);
    await order.does(fay, 'approve');
    expect(await order.turns()).toEqual(['carol']);
  });

  it('given steps that were passed or skipped because of it, then they wait again', async () => {
    const order = await openOn([{ users: ['bob'] }, { users: ['bob'] }, { users: ['carol'] }], {
      dedupe: 'all',
    });
    await order.does(bob, 'approve');
    expect(await order.path()).toEqual(['approved', 'auto_approved', 'in_review']);
    await order.does(bob, 'take-back');
    expect(await order.path()).toEqual(['in_review', 'waiting', 'waiting']);
    await order.does(bob, 'approve');
    expect(await order.path()).toEqual(['approved', 'auto_approved', 'in_review']);
  });

  it('given words, copies and reminders since, then it is still possible', async () => {
    const order = await openOn([{ users: ['bob'] }, { users: ['carol'] }]);
    await order.does(bob, 'approve');
    await order.does(carol, 'comments', { text: '嗯' });
    await order.does(carol, 'cc', { userCodes: ['gus'] });
    await order.does(ann, 'urge');
    expect((await order.does(bob, 'take-back')).steps[0]?.auditStatus).toBe('in_review');
  });

  it('is refused once somebody has acted on it, in whatever way', async () => {
    const acts: readonly (readonly [string, object])[] = [
      ['approve', {}],
      ['transfer', { toUserCode: 'fay' }],
      ['delegate', { toUserCode: 'fay' }],
      ['add-sign', { userCodes: ['fay'], position: 'with' }],
      ['return', { toStep: 0 }],
      ['return', { toStep: 1 }],
    ];
    for (const [command, body] of acts) {
      const order = await openOn([{ users: ['bob'] }, { users: ['carol'] }, { users: ['dave'] }]);
      await order.does(bob, 'approve');
      await order.does(carol, command, body);
      const answer = command === 'approve' ? '403 forbidden' : '409 not_awaited';
      expect(await order.refuses(bob, 'take-back'), command).toBe(answer);
    }
  });

  it('is refused to others, before any decision, twice, and once the order has ended or executes', async () => {
    const order = await openOn([{ users: ['bob'] }, { users: ['carol'] }]);
    expect(await order.refuses(bob, 'take-back')).toBe('409 not_awaited');
    await order.does(bob, 'approve');
    for (const who of [ann, carol, boss, root]) {
      expect(await order.refuses(who, 'take-back'), who.sub).toBe('403 forbidden');
    }
    await order.does(bob, 'take-back');
    expect(await order.refuses(bob, 'take-back')).toBe('409 not_awaited');
    await order.does(bob, 'reject');
    expect(await order.refuses(bob, 'take-back')).toBe('409 order_closed');
    const executing = await openOn([{ users: ['bob'] }], { executeUrl: 'https://example.com/execute' });
    await executing.does(bob, 'approve');
    expect(await executing.refuses(bob, 'take-back')).toBe('409 not_awaited');
    const completed = await openOn([{ users: ['bob'] }]);
    await completed.does(bob, 'approve');
    expect(await completed.refuses(bob, 'take-back')).toBe('409 order_closed');
  });

  it('is refused to whoever has left meanwhile', async () => {
    await given.group('left', ['gus', 'fay']);
    const order = await openOn([{ groups: ['left'] }, { users: ['carol'] }]);
    await order.does(gus, 'approve');
    await given.user('gus', { active: false });
    expect(await order.refuses(gus, 'take-back')).toBe('403 forbidden');
    await given.user('gus', { active: true });
    await order.does(gus, 'take-back');
  });
});

describe('somebody who left while the step was closed', () => {
  it('is not waited for once the order is reopened', async () => {
    await given.group('parted', ['bob', 'fay', 'gus']);
    const order = await openOn([{ groups: ['parted'], mode: 'all' }]);
    await order.does(bob, 'approve');
    await order.does(fay, 'reject');
    await given.group('parted', ['bob', 'fay']);
    await order.does(fay, 'reopen');
    await recounted(app);
    expect(await order.turns()).toEqual(['fay']);
    expect((await order.does(fay, 'approve')).applyStatus).toBe('completed');
  });

  it('is not waited for once the decision is taken back', async () => {
    await given.group('parting', ['bob', 'fay']);
    const stage: StageGiven = { groups: ['parting'], mode: 'threshold', node: { minApprovals: 1 } };
    const order = await openOn([stage, { users: ['carol'] }]);
    await order.does(bob, 'approve');
    await given.group('parting', ['bob']);
    await order.does(bob, 'take-back');
    await recounted(app);
    expect(await order.turns()).toEqual(['bob']);
  });

  it('is not waited for once the step is walked again, with the place or the signature they were given', async () => {
    for (const [command, body] of [
      ['transfer', { toUserCode: 'gus' }],
      ['add-sign', { userCodes: ['gus'], position: 'with' }],
    ] as const) {
      const order = await openOn([{ users: ['bob', 'fay'], mode: 'all' }, { users: ['carol'] }]);
      await order.does(bob, command, body);
      await order.does(gus, 'approve');
      for (const who of [bob, fay]) await order.act(who, 'approve');
      await given.user('gus', { active: false });
      await order.does(carol, 'return', { toStep: 1 });
      await recounted(app);
      for (const who of [bob, fay]) await order.act(who, 'approve');
      expect(await order.turns(), command).toEqual(['carol']);
      await given.user('gus', { active: true });
    }
  });
});

describe('reopening', () => {
  it('given whoever rejected it, then the step is open again, and what was cancelled waits', async () => {
    const order = await openOn([{ users: ['bob'] }, { users: ['carol', 'fay'] }, { users: ['dave'] }]);
    await order.does(bob, 'approve');
    await order.does(carol, 'reject', { auditMsg: '不行' });
    expect(await order.path()).toEqual(['approved', 'rejected', 'cancelled']);
    const view = await order.does(carol, 'reopen', { auditMsg: '再想想' });
    expect(view).toMatchObject({ applyStatus: 'in_review' });
    expect(view.steps[1]).toMatchObject({ auditUserCode: null, auditMsg: null });
    expect(await order.path()).toEqual(['approved', 'in_review', 'waiting']);
    expect(await order.turns()).toEqual(['carol', 'fay']);
    await order.does(fay, 'approve');
    expect((await order.does(dave, 'approve')).applyStatus).toBe('completed');
    expect(await order.operations()).toContain('order.reopened');
  });

  it('given the votes of others, then they stand', async () => {
    const order = await openOn([
      { users: ['bob', 'carol', 'dave'], mode: 'threshold', node: { minApprovals: 2 } },
    ]);
    await order.does(bob, 'reject');
    await order.does(carol, 'reject');
    await order.does(carol, 'reopen');
    expect(await order.turns()).toEqual(['carol', 'dave']);
    await order.does(carol, 'approve');
    expect((await order.does(dave, 'approve')).applyStatus).toBe('completed');
  });

  it('given that it is rejected and reopened again and again, then it is possible', async () => {
    const order = await openOn([{ users: ['bob'] }]);
    for (let round = 0; round < 3; round++) {
      await order.does(bob, 'reject');
      expect(await order.turns()).toEqual([]);
      await order.does(bob, 'reopen');
      expect(await order.turns()).toEqual(['bob']);
    }
    expect((await order.does(bob, 'approve')).applyStatus).toBe('completed');
  });

  it('given a signer, an administrator, or a group’s member who rejected, then they reopen it', async () => {
    const signed = await openOn([{ users: ['bob'] }]);
    await signed.does(bob, 'add-sign', { userCodes: ['fay'], position: 'before' });
    await signed.does(fay, 'reject');
    await signed.does(fay, 'reopen');
    expect(await signed.turns()).toEqual(['fay']);
    const ruled = await openOn([{ users: ['bob'] }]);
    await ruled.does(root, 'reject');
    expect(await ruled.refuses(bob, 'reopen')).toBe('403 forbidden');
    await ruled.does(root, 'reopen');
    expect(await ruled.turns()).toEqual(['bob']);
    await given.group('seconds', ['bob', 'fay']);
    const grouped = await openOn([{ groups: ['seconds'] }]);
    await grouped.does(fay, 'reject');
    await grouped.does(fay, 'reopen');
    expect(await grouped.turns()).toEqual(['bob', 'fay']);
  });

  it('is refused to everybody else', async () => {
    const order = await openOn([{ users: ['bob', 'carol'] }, { users: ['dave'] }]);
    await order.does(bob, 'reject');
    for (const who of [ann, carol, dave, gus, boss, root]) {
      expect(await order.refuses(who, 'reopen'), who.sub).toBe('403 forbidden');
    }
  });

  it('is refused to whoever may no longer review the step', async () => {
    await given.group('former', ['bob', 'fay']);
    const order = await openOn([{ groups: ['former'] }]);
    await order.does(fay, 'reject');
    await given.group('former', ['bob']);
    expect(await order.refuses(fay, 'reopen')).toBe('403 forbidden');
  });

  it('is refused of orders that no reviewer rejected', async () => {
    const order = await openOn([{ users: ['bob'] }]);
    expect(await order.refuses(bob, 'reopen')).toBe('409 not_awaited');
    await order.does(ann, 'withdraw');
    expect(await order.refuses(ann, 'reopen')).toBe('409 order_closed');
    expect(await order.refuses(bob, 'reopen')).toBe('409 order_closed');
    const completed = await openOn([{ users: ['bob'] }]);
    await completed.does(bob, 'approve');
    expect(await completed.refuses(bob, 'reopen')).toBe('409 order_closed');
  });
});
