import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acting, closeTold, crew, fay, givenCrew, openActing } from '../support/acting.js';
import { startApp, type TestApp } from '../support/harness.js';
import { directoryOf } from '../support/resolver-people.js';
import { ann, bob, carol, dave, givenFlow, root, type StageGiven } from '../support/world.js';

/** 去重: whoever has approved before is not asked again, as far as the template says so (domain rule 5). */
let app: TestApp;
let given: ReturnType<typeof directoryOf>;
beforeAll(async () => {
  app = await startApp();
  given = directoryOf(app.as(root));
  await givenCrew(app);
});
afterAll(() => closeTold(app));

const openOn = async (dedupe: string, ...stages: StageGiven[]): Promise<Acting> =>
  openActing(app, (await givenFlow(app, stages, { dedupe })).businessType);

const bobs: StageGiven = { users: ['bob'] };
const carols: StageGiven = { users: ['carol'] };

describe('somebody who has approved and is asked by name again', () => {
  it('none: is asked each time', async () => {
    const order = await openOn('none', bobs, bobs);
    await order.does(bob, 'approve');
    expect(await order.path()).toEqual(['approved', 'in_review']);
    expect(await order.turns()).toEqual(['bob']);
  });

  it('consecutive: is approved on the next step, and asked after others', async () => {
    const order = await openOn('consecutive', bobs, bobs, carols, bobs);
    const view = await order.does(bob, 'approve');
    expect(await order.path()).toEqual(['approved', 'auto_approved', 'in_review', 'waiting']);
    expect(view.steps[1]).toMatchObject({ reason: 'repeat_approver', auditUserCode: 'bob' });
    await order.does(carol, 'approve');
    expect(await order.turns()).toEqual(['bob']);
    expect(await order.operations()).toContain('step.auto_approved');
  });

  it('consecutive: steps that are skipped lie not between', async () => {
    const order = await openOn('consecutive', bobs, { ...carols, condition: 'amount > 1' }, bobs);
    expect((await order.does(bob, 'approve')).applyStatus).toBe('completed');
    expect(await order.path()).toEqual(['approved', 'skipped', 'auto_approved']);
  });

  it('all: is approved on every later step', async () => {
    const order = await openOn('all', bobs, carols, bobs, carols, bobs);
    await order.does(bob, 'approve');
    expect((await order.does(carol, 'approve')).applyStatus).toBe('completed');
    expect(await order.path()).toEqual(['approved', 'approved', ...Array<string>(3).fill('auto_approved')]);
  });

  it('given that the whole order is one person’s, then one approval is enough', async () => {
    for (const dedupe of ['consecutive', 'all']) {
      const order = await openOn(dedupe, bobs, bobs, bobs);
      expect((await order.does(bob, 'approve')).applyStatus, dedupe).toBe('completed');
    }
  });

  it('given that preview tells it, then it comes so', async () => {
    const { businessType } = await givenFlow(app, [bobs, bobs, carols], { dedupe: 'consecutive' });
    const { steps } = (await app.as(ann).post('/orders/preview', { businessType })).body;
    expect(steps.map((one: { outcome: string; reason: string }) => [one.outcome, one.reason])).toEqual([
      ['review', ''],
      ['auto_approved', 'repeat_approver'],
      ['review', ''],
    ]);
  });
});

describe('somebody who has approved and is asked otherwise', () => {
  it('by a group or a role: any is passed', async () => {
    await given.group('again', ['bob', 'fay']);
    for (const { sub } of crew)
      await given.user(sub, { roles: ['bob', 'fay'].includes(sub) ? ['again'] : [] });
    for (const stage of [{ groups: ['again'] }, { roles: ['again'] }]) {
      const order = await openOn('all', bobs, stage, carols);
      const view = await order.does(bob, 'approve');
      expect(await order.path()).toEqual(['approved', 'auto_approved', 'in_review']);
      expect(view.steps[1]).toMatchObject({ reason: 'repeat_approver', auditUserCode: 'bob' });
    }
  });

  it('by a group of which all must approve: the others are asked', async () => {
    await given.group('both', ['bob', 'fay']);
    const order = await openOn('consecutive', bobs, { groups: ['both'], mode: 'all' });
    const view = await order.does(bob, 'approve');
    expect(await order.turns()).toEqual(['fay']);
    expect(view.steps[1]?.assignees[0]).toMatchObject({ userCode: 'bob', decision: 'approved' });
    expect((await order.does(fay, 'approve')).applyStatus).toBe('completed');
    expect(await order.operations()).toContain('step.vote_repeated');
  });

  it('by a group that the person has left: is not', async () => {
    await given.group('former', ['bob', 'fay']);
    const order = await openOn('all', bobs, carols, { groups: ['former'] });
    await order.does(bob, 'approve');
    await given.group('former', ['fay']);
    await order.does(carol, 'approve');
    expect(await order.turns()).toEqual(['fay']);
  });

  it('in a sequence: when the turn comes', async () => {
    const first = await openOn('all', bobs, { users: ['bob', 'carol'], mode: 'sequential' });
    await first.does(bob, 'approve');
    expect(await first.turns()).toEqual(['carol']);
    const last = await openOn('all', bobs, { users: ['carol', 'bob'], mode: 'sequential' });
    await last.does(bob, 'approve');
    expect(await last.turns()).toEqual(['carol']);
    expect((await last.does(carol, 'approve')).applyStatus).toBe('completed');
  });

  it('in a threshold: the approval counts as one', async () => {
    const stage: StageGiven = {
      users: ['bob', 'carol', 'dave'],
      mode: 'threshold',
      node: { minApprovals: 2 },
    };
    const order = await openOn('all', bobs, stage);
    await order.does(bob, 'approve');
    expect(await order.turns()).toEqual(['carol', 'dave']);
    expect((await order.does(dave, 'approve')).applyStatus).toBe('completed');
  });

  it('by a transfer: it passes at once', async () => {
    const order = await openOn('all', bobs, carols, { users: ['dave'] });
    await order.does(bob, 'approve');
    await order.does(carol, 'transfer', { toUserCode: 'bob' });
    expect(await order.turns()).toEqual(['dave']);
    const [, second] = (await order.order()).steps;
    expect(second).toMatchObject({ auditStatus: 'auto_approved', reason: 'repeat_approver' });
  });

  it('by an added signature: it is given at once', async () => {
    for (const position of ['before', 'with']) {
      const order = await openOn('all', bobs, carols);
      await order.does(bob, 'approve');
      await order.does(carol, 'add-sign', { userCodes: ['bob'], position });
      expect(await order.turns(), position).toEqual(['carol']);
      expect((await order.does(carol, 'approve')).applyStatus).toBe('completed');
    }
    const after = await openOn('all', bobs, carols);
    await after.does(bob, 'approve');
    await after.does(carol, 'add-sign', { userCodes: ['bob'], position: 'after' });
    expect(await after.turns()).toEqual(['carol']);
    expect((await after.does(carol, 'approve')).applyStatus).toBe('completed');
  });

  it('for an opinion: is asked all the same', async () => {
    const order = await openOn('all', bobs, carols);
    await order.does(bob, 'approve');
    await order.does(carol, 'delegate', { toUserCode: 'bob' });
    expect(await order.turns()).toEqual(['bob']);
  });
});

describe('what counts as an approval', () => {
  it('given to whom a place was handed, or who was added, then theirs does', async () => {
    const taken = await openOn('all', bobs, { users: ['fay'] });
    await taken.does(bob, 'transfer', { toUserCode: 'fay' });
    expect((await taken.does(fay, 'approve')).applyStatus).toBe('completed');
    const signed = await openOn('all', bobs, { users: ['fay'] });
    await signed.does(bob, 'add-sign', { userCodes: ['fay'], position: 'with' });
    await signed.does(fay, 'approve');
    expect((await signed.does(bob, 'approve')).applyStatus).toBe('completed');
  });

  it('given an opinion, or a vote against, then it does not', async () => {
    const asked = await openOn('all', bobs, { users: ['fay'] });
    await asked.does(bob, 'delegate', { toUserCode: 'fay' });
    await asked.does(fay, 'approve');
    await asked.does(bob, 'approve');
    expect(await asked.turns()).toEqual(['fay']);
    const against = await openOn(
      'all',
      { users: ['bob', 'carol'], mode: 'threshold', node: { minApprovals: 1 } },
      carols,
    );
    await against.does(carol, 'reject');
    await against.does(bob, 'approve');
    expect(await against.turns()).toEqual(['carol']);
  });

  it('given the others of a step that passed before their turn, then theirs does not', async () => {
    const order = await openOn('all', { users: ['bob', 'carol'] }, carols);
    await order.does(bob, 'approve');
    expect(await order.turns()).toEqual(['carol']);
  });

  it('given a return, then whoever passed the step is asked again, and later ones once more', async () => {
    const order = await openOn('all', bobs, bobs, carols);
    await order.does(bob, 'approve');
    await order.does(carol, 'return', { toStep: 2 });
    expect(await order.turns()).toEqual(['bob']);
    expect(await order.path()).toEqual(['approved', 'in_review', 'waiting']);
    await order.does(bob, 'approve');
    await order.does(carol, 'return', { toStep: 0 });
    await order.does(ann, 'resubmit');
    expect(await order.turns()).toEqual(['bob']);
    await order.does(bob, 'approve');
    expect(await order.path()).toEqual(['approved', 'auto_approved', 'in_review']);
  });

  it('given a check before the first step and an end with an execution, then the rest is as ever', async () => {
    const { businessType } = await givenFlow(app, [bobs, bobs], {
      dedupe: 'all',
      executeUrl: 'https://example.com/execute',
    });
    const order = await openActing(app, businessType);
    expect((await order.does(bob, 'approve')).applyStatus).toBe('executing');
    expect(await app.as(dave).get(`/orders/${order.id}`)).toMatchObject({ status: 403 });
  });
});
