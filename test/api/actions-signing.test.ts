import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acting, closeTold, fay, givenCrew, gus, openActing, seated } from '../support/acting.js';
import { startApp, type TestApp } from '../support/harness.js';
import { directoryOf } from '../support/resolver-people.js';
import { ann, bob, boss, carol, dave, givenFlow, root, type StageGiven } from '../support/world.js';

/** 加签, 减签: signatures that a step needs besides its own, before, beside or after them. */
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

const sign = (position: string, ...userCodes: string[]) => ({ position, userCodes });

describe('an added signature', () => {
  it('given before, then the step’s own reviewers wait for it', async () => {
    const order = await openOn([{ users: ['bob', 'carol'] }, { users: ['dave'] }]);
    const view = await order.does(bob, 'add-sign', { ...sign('before', 'fay', 'gus'), auditMsg: '请先看' });
    expect(view.steps[0]?.requiredApprovals).toBe(3);
    expect(seated(view, 1)).toEqual(['(bob)', '(carol)', 'fay', 'gus']);
    expect(view.steps[0]?.assignees[2]).toMatchObject({ kind: 'added', position: 'before' });
    expect(await order.turns()).toEqual(['fay', 'gus']);
    expect(await order.refuses(bob, 'approve')).toBe('403 forbidden');
    await order.does(gus, 'approve');
    expect(await order.turns()).toEqual(['fay']);
    await order.does(fay, 'approve');
    expect(await order.turns()).toEqual(['bob', 'carol']);
    await order.does(carol, 'approve');
    expect(await order.turns()).toEqual(['dave']);
    expect(await order.operations()).toEqual([
      'order.opened',
      'step.in_review',
      'step.signers_added',
      'step.voted',
      'step.voted',
      'step.approved',
      'step.in_review',
    ]);
  });

  it('given with, then it is asked at the same time, and the step needs both', async () => {
    const order = await openOn([{ users: ['bob', 'carol'] }, { users: ['dave'] }]);
    await order.does(bob, 'add-sign', sign('with', 'fay'));
    expect(await order.turns()).toEqual(['bob', 'carol', 'fay']);
    await order.does(bob, 'approve');
    expect(await order.turns()).toEqual(['fay']);
    expect(await order.path()).toEqual(['in_review', 'waiting']);
    const passed = await order.does(fay, 'approve');
    expect(passed.steps[0]).toMatchObject({ auditStatus: 'approved', auditUserCode: 'fay' });
    expect(await order.turns()).toEqual(['dave']);
  });

  it('given with, then it may come first', async () => {
    const order = await openOn([{ users: ['bob', 'carol'] }]);
    await order.does(bob, 'add-sign', sign('with', 'fay'));
    expect((await order.does(fay, 'approve')).applyStatus).toBe('in_review');
    expect(await order.turns()).toEqual(['bob', 'carol']);
    expect((await order.does(carol, 'approve')).applyStatus).toBe('completed');
  });

  it('given after, then it is asked once the step’s own reviewers have approved', async () => {
    const order = await openOn([{ users: ['bob', 'carol'], mode: 'all' }]);
    await order.does(carol, 'add-sign', sign('after', 'fay'));
    expect(await order.turns()).toEqual(['bob', 'carol']);
    expect(await order.refuses(fay, 'approve')).toBe('403 forbidden');
    await order.does(bob, 'approve');
    await order.does(carol, 'approve');
    expect(await order.turns()).toEqual(['fay']);
    expect((await order.does(fay, 'approve')).applyStatus).toBe('completed');
  });

  it('given that it is refused, then the order is, in every mode and position', async () => {
    for (const position of ['before', 'with', 'after']) {
      for (const mode of ['any', 'all', 'threshold', 'sequential'] as const) {
        const node = mode === 'threshold' ? { minApprovals: 1 } : {};
        const order = await openOn([{ users: ['bob', 'carol'], mode, node }, { users: ['dave'] }]);
        await order.does(bob, 'add-sign', sign(position, 'fay'));
        if (position === 'after') for (const who of [bob, carol]) await order.act(who, 'approve');
        expect((await order.does(fay, 'reject')).applyStatus, `${position} ${mode}`).toBe('rejected');
        expect(await order.path()).toEqual(['rejected', 'cancelled']);
      }
    }
  });

  it('given before in a sequence, then the sequence goes on where it was', async () => {
    const order = await openOn([{ users: ['bob', 'carol'], mode: 'sequential' }]);
    await order.does(bob, 'approve');
    await order.does(carol, 'add-sign', sign('before', 'fay'));
    expect(await order.turns()).toEqual(['fay']);
    await order.does(fay, 'approve');
    expect(await order.turns()).toEqual(['carol']);
    expect((await order.does(carol, 'approve')).applyStatus).toBe('completed');
  });

  it('given a threshold, then a signature is no approval of the step’s own people', async () => {
    const order = await openOn([
      { users: ['bob', 'carol', 'dave'], mode: 'threshold', node: { minApprovals: 2 } },
    ]);
    const view = await order.does(bob, 'add-sign', sign('with', 'fay'));
    expect(view.steps[0]?.requiredApprovals).toBe(3);
    await order.does(fay, 'approve');
    await order.does(bob, 'approve');
    expect(await order.turns()).toEqual(['carol', 'dave']);
    expect((await order.does(dave, 'approve')).applyStatus).toBe('completed');
  });

  it('given a group, then its members stay and the signature is asked by name', async () => {
    await given.group('desk', ['bob', 'carol']);
    const order = await openOn([{ groups: ['desk'] }]);
    await order.does(bob, 'add-sign', sign('before', 'fay'));
    expect(await order.turns()).toEqual(['fay']);
    await order.does(fay, 'approve');
    expect(await order.turns()).toEqual(['bob', 'carol']);
    expect((await order.does(carol, 'approve')).applyStatus).toBe('completed');
  });

  it('given that a signer adds somebody, hands the signature over or asks for an opinion, then that is possible', async () => {
    const order = await openOn([{ users: ['bob'] }]);
    await order.does(bob, 'add-sign', sign('before', 'fay'));
    await order.does(fay, 'transfer', { toUserCode: 'gus' });
    expect(await order.turns()).toEqual(['gus']);
    await order.does(gus, 'delegate', { toUserCode: 'dave' });
    expect(await order.turns()).toEqual(['dave']);
    await order.does(dave, 'approve');
    await order.does(gus, 'add-sign', sign('before', 'carol'));
    expect(await order.turns()).toEqual(['carol', 'gus']);
    await order.does(carol, 'approve');
    await order.does(gus, 'approve');
    expect(await order.turns()).toEqual(['bob']);
    expect((await order.does(bob, 'approve')).applyStatus).toBe('completed');
  });

  it('given a signer who is made inactive, then the step does not wait for them at the next decision', async () => {
    await given.user('ivy');
    for (const position of ['before', 'with']) {
      for (const mode of ['any', 'all'] as const) {
        await given.user('ivy', { active: true });
        const order = await openOn([{ users: ['bob', 'carol'], mode }]);
        await order.does(bob, 'add-sign', sign(position, 'ivy'));
        await given.user('ivy', { active: false });
        await order.does(bob, 'approve');
        if (mode === 'all') await order.does(carol, 'approve');
        expect((await order.order()).applyStatus, `${position} ${mode}`).toBe('completed');
      }
    }
  });

  it('given a system administrator, then signatures are added without a place of theirs', async () => {
    const order = await openOn([{ users: ['bob'] }]);
    await order.does(root, 'add-sign', sign('with', 'fay'));
    expect(await order.turns()).toEqual(['bob', 'fay']);
    expect((await order.does(root, 'approve')).applyStatus).toBe('completed');
  });
});

describe('adding signatures is refused', () => {
  it.each<[string, object, string]>([
    ['for nobody', sign('with'), '400 validation_failed'],
    [
      'for 51 people',
      sign('with', ...Array.from({ length: 51 }, (_, n) => `u${n}`)),
      '400 validation_failed',
    ],
    ['twice in one list', sign('with', 'fay', 'fay'), '400 validation_failed'],
    ['for somebody unknown', sign('with', 'fay', 'nobody'), '400 validation_failed'],
    ['for somebody inactive', sign('with', 'away'), '400 validation_failed'],
    ['for oneself', sign('with', 'bob'), '409 already_exists'],
    ['for a reviewer of the step', sign('with', 'carol'), '409 already_exists'],
    ['at no place', { userCodes: ['fay'] }, '400 validation_failed'],
    ['at an unknown place', sign('behind', 'fay'), '400 validation_failed'],
    ['for a text', { userCodes: 'fay', position: 'with' }, '400 validation_failed'],
    ['for codes with commas', sign('with', 'fay,gus'), '400 validation_failed'],
  ])('%s', async (_, body, answer) => {
    const order = await openOn([{ users: ['bob', 'carol'] }]);
    expect(await order.refuses(bob, 'add-sign', body)).toBe(answer);
  });

  it('for whoever was added before, at whatever place', async () => {
    const order = await openOn([{ users: ['bob'] }]);
    await order.does(bob, 'add-sign', sign('with', 'fay'));
    for (const position of ['before', 'with', 'after']) {
      expect(await order.refuses(bob, 'add-sign', sign(position, 'gus', 'fay'))).toBe('409 already_exists');
    }
    expect(await order.turns()).toEqual(['bob', 'fay']);
  });

  it('for the applicant under never', async () => {
    const order = await openOn([{ users: ['bob'] }], { autoApprove: 'never' });
    expect(await order.refuses(bob, 'add-sign', sign('after', 'ann'))).toBe('400 validation_failed');
  });

  it('for more than a hundred on one step', async () => {
    const people = Array.from({ length: 101 }, (_, n) => `many-${n}`);
    for (const code of people) await given.user(code);
    const order = await openOn([{ users: ['bob'] }]);
    await order.does(bob, 'add-sign', sign('with', ...people.slice(0, 50)));
    const full = await order.does(bob, 'add-sign', sign('after', ...people.slice(50, 100)));
    expect(full.steps[0]?.requiredApprovals).toBe(101);
    expect(await order.refuses(bob, 'add-sign', sign('with', 'many-100'))).toBe('400 validation_failed');
  });

  it('by whoever may not decide now', async () => {
    const order = await openOn([{ users: ['bob'] }, { users: ['dave'] }]);
    for (const who of [ann, dave, gus, boss]) {
      expect(await order.refuses(who, 'add-sign', sign('with', 'fay')), who.sub).toBe('403 forbidden');
    }
    await order.does(bob, 'reject');
    expect(await order.refuses(bob, 'add-sign', sign('with', 'fay'))).toBe('409 order_closed');
  });
});

describe('taking a signature out', () => {
  it('given whoever added it, then it is not needed any more', async () => {
    const order = await openOn([{ users: ['bob', 'carol'] }]);
    await order.does(bob, 'add-sign', sign('before', 'fay', 'gus'));
    const view = await order.does(bob, 'remove-sign', { userCodes: ['fay', 'gus'] });
    expect(view.steps[0]?.requiredApprovals).toBe(1);
    expect(seated(view, 1)).toEqual(['bob', 'carol']);
    expect(await order.turns()).toEqual(['bob', 'carol']);
    expect((await order.operations()).at(-1)).toBe('step.signers_removed');
    expect(await order.refuses(fay, 'approve')).toBe('403 forbidden');
    // and may be asked for again
    await order.does(carol, 'add-sign', sign('with', 'fay'));
    expect(await order.turns()).toEqual(['bob', 'carol', 'fay']);
  });

  it('given that nothing else is missing, then the step has passed', async () => {
    const order = await openOn([{ users: ['bob'] }, { users: ['dave'] }]);
    await order.does(bob, 'add-sign', sign('after', 'fay'));
    await order.does(bob, 'approve');
    const passed = await order.does(bob, 'remove-sign', { userCodes: ['fay'] });
    expect(passed.steps.map((step) => step.auditStatus)).toEqual(['approved', 'in_review']);
    expect(await order.turns()).toEqual(['dave']);
  });

  it('given a system administrator, then anybody’s signature is taken out', async () => {
    const order = await openOn([{ users: ['bob'] }]);
    await order.does(bob, 'add-sign', sign('before', 'fay'));
    await order.does(root, 'remove-sign', { userCodes: ['fay'] });
    expect(await order.turns()).toEqual(['bob']);
  });

  it('is refused: by others, for others, once it is given, once the order has ended, for nobody', async () => {
    const order = await openOn([{ users: ['bob', 'carol'], mode: 'all' }]);
    await order.does(bob, 'add-sign', sign('with', 'fay', 'gus'));
    await order.does(fay, 'approve');
    const without = (...userCodes: string[]) => ({ userCodes });
    expect(await order.refuses(carol, 'remove-sign', without('gus'))).toBe('403 forbidden');
    expect(await order.refuses(gus, 'remove-sign', without('gus'))).toBe('403 forbidden');
    expect(await order.refuses(bob, 'remove-sign', without('fay'))).toBe('409 already_decided');
    expect(await order.refuses(bob, 'remove-sign', without('gus', 'fay'))).toBe('409 already_decided');
    expect(await order.refuses(bob, 'remove-sign', without('carol'))).toBe('400 validation_failed');
    expect(await order.refuses(bob, 'remove-sign', without('nobody'))).toBe('400 validation_failed');
    expect(await order.refuses(bob, 'remove-sign', without())).toBe('400 validation_failed');
    expect(await order.refuses(bob, 'remove-sign', without('gus', 'gus'))).toBe('400 validation_failed');
    await order.does(ann, 'withdraw');
    expect(await order.refuses(bob, 'remove-sign', without('gus'))).toBe('409 order_closed');
  });
});
