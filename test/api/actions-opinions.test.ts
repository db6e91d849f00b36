import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acting, closeTold, fay, givenCrew, gus, openActing, seated } from '../support/acting.js';
import { startApp, type TestApp } from '../support/harness.js';
import { directoryOf } from '../support/resolver-people.js';
import { ann, bob, boss, carol, dave, givenFlow, root, type StageGiven } from '../support/world.js';

/** 委派: a reviewer asks somebody for an opinion, after which the decision is back with the reviewer. */
let app: TestApp;
let given: ReturnType<typeof directoryOf>;
beforeAll(async () => {
  app = await startApp();
  given = directoryOf(app.as(root));
  await givenCrew(app);
  await given.user('away', { active: false });
});
afterAll(() => closeTold(app));

const openOn = async (
  stages: readonly StageGiven[],
  options: { autoApprove?: string } = {},
): Promise<Acting> => openActing(app, (await givenFlow(app, stages, options)).businessType);

const ask = { toUserCode: 'fay', auditMsg: '你看呢？' };

describe('an opinion', () => {
  it('given that it was asked for, then it is the other one’s turn, and then the reviewer’s again', async () => {
    const order = await openOn([{ users: ['bob'] }, { users: ['dave'] }]);
    const asked = await order.does(bob, 'delegate', ask);
    expect(asked.steps[0]).toMatchObject({ auditStatus: 'in_review', requiredApprovals: 1 });
    expect(asked.steps[0]?.assignees).toMatchObject([
      { userCode: 'bob', canDecide: false },
      { userCode: 'fay', kind: 'consulted', canDecide: true, onBehalfOf: 'bob' },
    ]);
    expect(await order.turns()).toEqual(['fay']);
    expect(await order.refuses(bob, 'approve')).toBe('403 forbidden');
    const answered = await order.does(fay, 'approve', { auditMsg: '没问题' });
    expect(answered.steps[0]).toMatchObject({ auditStatus: 'in_review', auditUserCode: null });
    expect(answered.steps[0]?.assignees[1]).toMatchObject({ decision: 'approved', auditMsg: '没问题' });
    expect(await order.turns()).toEqual(['bob']);
    await order.does(bob, 'approve');
    expect(await order.turns()).toEqual(['dave']);
    expect(await order.operations()).toEqual([
      'order.opened',
      'step.in_review',
      'step.opinion_asked',
      'step.opinion_given',
      'step.approved',
      'step.in_review',
    ]);
  });

  it('given one against it, then the order goes on all the same: it decides nothing', async () => {
    for (const mode of ['any', 'all', 'threshold', 'sequential'] as const) {
      const node = mode === 'threshold' ? { minApprovals: 1 } : {};
      const order = await openOn([{ users: ['bob', 'carol'], mode, node }]);
      await order.does(bob, 'delegate', ask);
      expect((await order.does(fay, 'reject', { auditMsg: '太贵' })).applyStatus, mode).toBe('in_review');
      expect((await order.does(bob, 'approve')).applyStatus).toMatch(/in_review|completed/);
    }
  });

  it('given the other reviewers of the step, then they go on deciding meanwhile', async () => {
    const all = await openOn([{ users: ['bob', 'carol'], mode: 'all' }]);
    await all.does(bob, 'delegate', ask);
    expect(await all.turns()).toEqual(['carol', 'fay']);
    await all.does(carol, 'approve');
    expect(await all.turns()).toEqual(['fay']);
    await all.does(fay, 'approve');
    expect((await all.does(bob, 'approve')).applyStatus).toBe('completed');
    const any = await openOn([{ users: ['bob', 'carol'] }]);
    await any.does(bob, 'delegate', ask);
    expect((await any.does(carol, 'approve')).applyStatus).toBe('completed');
    expect(await any.turns()).toEqual([]);
    expect(await any.refuses(fay, 'approve')).toBe('409 order_closed');
  });

  it('given a member of a group who asks, then the group’s others may decide, and the member waits', async () => {
    await given.group('desk', ['bob', 'carol']);
    const order = await openOn([{ groups: ['desk'] }]);
    await order.does(bob, 'delegate', ask);
    expect(await order.turns()).toEqual(['carol', 'fay']);
    expect(await order.refuses(bob, 'approve')).toBe('403 forbidden');
    await order.does(fay, 'approve');
    expect(await order.turns()).toEqual(['bob', 'carol']);
    expect((await order.does(bob, 'approve')).applyStatus).toBe('completed');
  });

  it('given a second one, then somebody else or the same person is asked once more', async () => {
    const order = await openOn([{ users: ['bob'] }]);
    await order.does(bob, 'delegate', ask);
    await order.does(fay, 'approve');
    await order.does(bob, 'delegate', { toUserCode: 'gus' });
    await order.does(gus, 'reject');
    await order.does(bob, 'delegate', ask);
    expect(await order.turns()).toEqual(['fay']);
    await order.does(fay, 'reject');
    expect((await order.does(bob, 'approve')).applyStatus).toBe('completed');
  });

  it('given that it is not wanted any more, then whoever asked takes it back', async () => {
    const order = await openOn([{ users: ['bob'] }]);
    await order.does(bob, 'delegate', ask);
    expect(await order.refuses(carol, 'remove-sign', { userCodes: ['fay'] })).toBe('403 forbidden');
    await order.does(bob, 'remove-sign', { userCodes: ['fay'] });
    expect(await order.turns()).toEqual(['bob']);
    expect(await order.refuses(fay, 'approve')).toBe('403 forbidden');
    expect((await order.does(bob, 'approve')).applyStatus).toBe('completed');
  });

  it('given that whoever is asked hands the question on, then the opinion is the receiver’s', async () => {
    const order = await openOn([{ users: ['bob'] }]);
    await order.does(bob, 'delegate', ask);
    await order.does(fay, 'transfer', { toUserCode: 'gus' });
    expect(await order.turns()).toEqual(['gus']);
    await order.does(gus, 'approve');
    expect(await order.turns()).toEqual(['bob']);
  });

  it('given that the asked person is deactivated, then the reviewer does not wait for them at the next decision', async () => {
    await given.user('ivy');
    const order = await openOn([{ users: ['bob'] }]);
    await order.does(bob, 'delegate', { toUserCode: 'ivy' });
    await given.user('ivy', { active: false });
    expect((await order.does(bob, 'approve')).applyStatus).toBe('completed');
  });
});

describe('asking for an opinion is refused', () => {
  it.each<[string, object, string]>([
    ['of oneself', { toUserCode: 'bob' }, '400 validation_failed'],
    ['of somebody unknown', { toUserCode: 'nobody' }, '400 validation_failed'],
    ['of somebody inactive', { toUserCode: 'away' }, '400 validation_failed'],
    ['of somebody on the step', { toUserCode: 'carol' }, '409 already_exists'],
    ['of nobody', {}, '400 validation_failed'],
  ])('%s', async (_, body, answer) => {
    const order = await openOn([{ users: ['bob', 'carol'] }]);
    expect(await order.refuses(bob, 'delegate', body)).toBe(answer);
  });

  it('of the applicant under never', async () => {
    const order = await openOn([{ users: ['bob'] }], { autoApprove: 'never' });
    expect(await order.refuses(bob, 'delegate', { toUserCode: 'ann' })).toBe('400 validation_failed');
  });

  it('while one is asked for already', async () => {
    const order = await openOn([{ users: ['bob'] }]);
    await order.does(bob, 'delegate', ask);
    expect(await order.refuses(bob, 'delegate', { toUserCode: 'gus' })).toBe('403 forbidden');
    expect(await order.refuses(bob, 'transfer', { toUserCode: 'gus' })).toBe('403 forbidden');
  });

  it('by whoever is no reviewer: a stranger, the applicant, an administrator, who is asked', async () => {
    const order = await openOn([{ users: ['bob'] }, { users: ['dave'] }]);
    for (const who of [ann, dave, gus, boss, root]) {
      expect(await order.refuses(who, 'delegate', ask), who.sub).toBe('403 forbidden');
    }
    await order.does(bob, 'delegate', ask);
    expect(await order.refuses(fay, 'delegate', { toUserCode: 'gus' })).toBe('403 forbidden');
    for (const [command, body] of [
      ['add-sign', { userCodes: ['gus'], position: 'with' }],
      ['return', { toStep: 0 }],
    ] as const) {
      expect(await order.refuses(fay, command, body)).toBe('403 forbidden');
    }
    expect(seated(await order.order(), 1)).toEqual(['(bob)', 'fay']);
  });
});
