import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acting, closeTold, fay, givenCrew, gus, openActing, seated } from '../support/acting.js';
import { startApp, type TestApp } from '../support/harness.js';
import { directoryOf } from '../support/resolver-people.js';
import { ann, bob, boss, carol, dave, givenFlow, root, type StageGiven } from '../support/world.js';

/** 退回: a reviewer leads the order back to a step that was passed, or to its applicant, who resubmits it. */
let app: TestApp;
let given: ReturnType<typeof directoryOf>;
beforeAll(async () => {
  app = await startApp();
  given = directoryOf(app.as(root));
  await givenCrew(app);
});
afterAll(() => closeTold(app));

const three: readonly StageGiven[] = [{ users: ['bob'] }, { users: ['carol'] }, { users: ['dave'] }];

const openOn = async (
  stages: readonly StageGiven[],
  more: object = {},
  options: { autoApprove?: string } = {},
): Promise<Acting> => openActing(app, (await givenFlow(app, stages, options)).businessType, more);

/** An order of three steps that waits for dave, who is the last. */
async function atDave(more: object = {}): Promise<Acting> {
  const order = await openOn(three, more);
  await order.does(bob, 'approve', { auditMsg: '一' });
  await order.does(carol, 'approve', { auditMsg: '二' });
  return order;
}

describe('a return to a step that was passed', () => {
  it('given again, then every step from there is walked once more', async () => {
    const order = await atDave();
    const view = await order.does(dave, 'return', { toStep: 1, auditMsg: '请重看' });
    expect(view).toMatchObject({ applyStatus: 'in_review', returned: null, version: 4 });
    expect(view.steps[0]).toMatchObject({ auditUserCode: null, auditMsg: null });
    expect(seated(view, 1)).toEqual(['bob']);
    expect(await order.path()).toEqual(['in_review', 'waiting', 'waiting']);
    expect(await order.turns()).toEqual(['bob']);
    expect(await order.refuses(dave, 'approve')).toBe('403 forbidden');
    for (const who of [bob, carol, dave]) {
      expect(await order.turns()).toEqual([who.sub]);
      await order.does(who, 'approve');
    }
    expect((await order.order()).applyStatus).toBe('completed');
    const operations = await order.operations();
    expect(operations.slice(6, 8)).toEqual(['order.returned', 'step.in_review']);
  });

  it('given back, then it comes straight back to the step that returned it', async () => {
    const order = await atDave();
    await order.does(dave, 'return', { toStep: 1, resume: 'back' });
    expect(await order.path()).toEqual(['in_review', 'approved', 'waiting']);
    expect((await order.order()).steps[1]).toMatchObject({ auditUserCode: 'carol', auditMsg: '二' });
    await order.does(bob, 'approve');
    expect(await order.turns()).toEqual(['dave']);
    expect((await order.does(dave, 'approve')).applyStatus).toBe('completed');
  });

  it('given that whoever passed it rejects it now, then the order is rejected', async () => {
    const order = await atDave();
    await order.does(dave, 'return', { toStep: 2 });
    expect((await order.does(carol, 'reject')).applyStatus).toBe('rejected');
    expect(await order.path()).toEqual(['approved', 'rejected', 'cancelled']);
  });

  it('given a step of several, then all of them are asked again, and who left the group is not', async () => {
    await given.group('returned', ['bob', 'carol']);
    const order = await openOn([{ groups: ['returned'], mode: 'all' }, { users: ['dave'] }]);
    for (const who of [bob, carol]) await order.does(who, 'approve');
    await given.group('returned', ['carol', 'fay']);
    const view = await order.does(dave, 'return', { toStep: 1 });
    expect(view.steps[0]?.requiredApprovals).toBe(2);
    expect(await order.turns()).toEqual(['carol', 'fay']);
    for (const who of [fay, carol]) await order.does(who, 'approve');
    expect(await order.turns()).toEqual(['dave']);
  });

  it('given a place that was handed over and a signature that was added, then both stay', async () => {
    const order = await openOn([{ users: ['bob'], mode: 'all' }, { users: ['dave'] }]);
    await order.does(bob, 'transfer', { toUserCode: 'gus' });
    await order.does(gus, 'add-sign', { userCodes: ['fay'], position: 'before' });
    await order.does(fay, 'approve');
    await order.does(gus, 'approve');
    await order.does(dave, 'return', { toStep: 1 });
    expect(await order.turns()).toEqual(['fay']);
    await order.does(fay, 'approve');
    expect(await order.turns()).toEqual(['gus']);
    await order.does(gus, 'approve');
    expect((await order.does(dave, 'approve')).applyStatus).toBe('completed');
  });

  it('given who decided before, then it stays among the orders they have done', async () => {
    const order = await atDave();
    await order.does(dave, 'return', { toStep: 1 });
    for (const who of [bob, carol]) {
      const done = (await app.as(who).get('/orders?scope=done&limit=100')).body.items as { id: string }[];
      expect(
        done.map(({ id }) => id),
        who.sub,
      ).toContain(order.id);
    }
  });
});

describe('a return to the applicant', () => {
  it('given again, then the order is the applicant’s, and after the resubmission every step is walked', async () => {
    const order = await atDave();
    const view = await order.does(dave, 'return', { toStep: 0, auditMsg: '请补充附件' });
    expect(view).toMatchObject({
      applyStatus: 'initiating',
      returned: { by: 'dave', fromStep: 3, resume: 'again' },
    });
    expect(await order.path()).toEqual(['waiting', 'waiting', 'waiting']);
    expect(await order.turns()).toEqual(['ann']);
    const list = await app.as(ann).get('/orders?scope=todo&limit=100');
    expect(list.body.items.find((one: { id: string }) => one.id === order.id).applyStatus).toBe('initiating');
    const resubmitted = await order.does(ann, 'resubmit', { remark: '已补充' });
    expect(resubmitted).toMatchObject({ applyStatus: 'in_review', returned: null });
    for (const who of [bob, carol, dave]) {
      expect(await order.turns()).toEqual([who.sub]);
      await order.does(who, 'approve');
    }
    expect(await order.turns()).toEqual([]);
    expect((await order.order()).applyStatus).toBe('completed');
  });

  it('given back, then it goes straight to the one who returned it', async () => {
    const order = await atDave();
    await order.does(dave, 'return', { toStep: 0, resume: 'back' });
    expect(await order.path()).toEqual(['approved', 'approved', 'waiting']);
    await order.does(ann, 'resubmit');
    expect(await order.turns()).toEqual(['dave']);
    expect((await order.does(dave, 'approve')).applyStatus).toBe('completed');
  });

  it('given that it happens twice, then it is possible twice', async () => {
    const order = await openOn([{ users: ['bob'] }]);
    for (const resume of ['again', 'back', 'again']) {
      await order.does(bob, 'return', { toStep: 0, resume });
      expect(await order.turns()).toEqual(['ann']);
      await order.does(ann, 'resubmit');
      expect(await order.turns()).toEqual(['bob']);
    }
    expect((await order.does(bob, 'approve')).applyStatus).toBe('completed');
  });

  it('given while it is returned, then nobody decides or hands over, and the applicant may withdraw', async () => {
    const order = await atDave();
    await order.does(dave, 'return', { toStep: 0 });
    for (const [command, body] of [
      ['approve', {}],
      ['reject', {}],
      ['transfer', { toUserCode: 'fay' }],
      ['delegate', { toUserCode: 'fay' }],
      ['add-sign', { userCodes: ['fay'], position: 'with' }],
      ['remove-sign', { userCodes: ['fay'] }],
      ['return', { toStep: 0 }],
    ] as const) {
      for (const who of [bob, dave, root]) {
        expect(await order.refuses(who, command, body), command).toBe('409 not_in_review');
      }
    }
    expect(await order.refuses(ann, 'urge')).toBe('409 not_in_review');
    expect(await order.refuses(dave, 'take-back')).toBe('409 not_awaited');
    expect(await order.refuses(dave, 'withdraw')).toBe('403 forbidden');
    const withdrawn = await order.does(ann, 'withdraw', { remark: '不要了' });
    expect(withdrawn).toMatchObject({ applyStatus: 'withdrawn', returned: null });
    expect(await order.turns()).toEqual([]);
    expect(await order.refuses(ann, 'resubmit')).toBe('409 order_closed');
  });
});

describe('a resubmission', () => {
  const graded: readonly StageGiven[] = [
    { users: ['bob'] },
    { users: ['carol'], condition: 'amount >= 10000' },
    { users: ['dave'] },
  ];

  it('given other variables, then every condition is judged anew: what was skipped is asked', async () => {
    for (const resume of ['again', 'back']) {
      const order = await openOn(graded, { variables: { amount: 20 } });
      await order.does(bob, 'approve');
      expect(await order.path()).toEqual(['approved', 'skipped', 'in_review']);
      await order.does(dave, 'return', { toStep: 0, resume });
      const view = await order.does(ann, 'resubmit', { variables: { amount: 20000 } });
      expect(view.variables).toEqual({ amount: 20000 });
      if (resume === 'again') await order.does(bob, 'approve');
      expect(await order.path()).toEqual(['approved', 'in_review', 'waiting']);
      await order.does(carol, 'approve');
      expect((await order.does(dave, 'approve')).applyStatus).toBe('completed');
    }
  });

  it('given other variables, then every condition is judged anew: what was asked is skipped', async () => {
    const order = await openOn(graded, { variables: { amount: 20000 } });
    await order.does(bob, 'approve');
    await order.does(carol, 'return', { toStep: 0 });
    await order.does(ann, 'resubmit', { variables: { amount: 20 } });
    expect(await order.path()).toEqual(['in_review', 'skipped', 'waiting']);
    await order.does(bob, 'approve');
    expect((await order.does(dave, 'approve')).applyStatus).toBe('completed');
  });

  it('given none, then the variables stay', async () => {
    const order = await openOn(graded, { variables: { amount: 20, note: '甲' } });
    await order.does(bob, 'return', { toStep: 0 });
    expect((await order.does(ann, 'resubmit')).variables).toEqual({ amount: 20, note: '甲' });
    await order.does(bob, 'return', { toStep: 0 });
    expect((await order.does(ann, 'resubmit', { variables: {} })).variables).toEqual({});
    expect(await order.path()).toEqual(['in_review', 'skipped', 'waiting']);
  });

  it('given that nothing is left to review, then the order is completed', async () => {
    const order = await openOn([{ users: ['bob'], condition: 'amount > 10' }], { variables: { amount: 20 } });
    await order.does(bob, 'return', { toStep: 0 });
    const view = await order.does(ann, 'resubmit', { variables: { amount: 5 } });
    expect(view.applyStatus).toBe('completed');
    expect(await order.path()).toEqual(['skipped']);
  });

  it('given that a stage finds nobody now, then it is refused by name, and the order stays returned', async () => {
    await given.group('vanishing', ['carol']);
    const order = await openOn([{ users: ['bob'] }, { groups: ['vanishing'], condition: 'amount > 10' }]);
    await order.does(bob, 'return', { toStep: 0 });
    await given.group('vanishing', []);
    expect(await order.refuses(ann, 'resubmit', { variables: { amount: 20 } })).toBe(
      '422 approver_not_found',
    );
    expect((await order.act(ann, 'resubmit', { variables: { amount: 20 } })).body.detail).toContain(
      'stage 2',
    );
    expect(await order.turns()).toEqual(['ann']);
    await order.does(ann, 'resubmit', { variables: { amount: 5 } });
    expect((await order.does(bob, 'approve')).applyStatus).toBe('completed');
  });

  it('is refused: by others, of an order under way, of one that has ended, with too much', async () => {
    const order = await openOn([{ users: ['bob'] }, { users: ['carol'] }]);
    expect(await order.refuses(ann, 'resubmit')).toBe('409 not_awaited');
    await order.does(bob, 'return', { toStep: 0 });
    for (const who of [bob, carol, boss, root]) {
      expect(await order.refuses(who, 'resubmit'), who.sub).toBe('403 forbidden');
    }
    expect(await order.refuses(ann, 'resubmit', { variables: [] })).toBe('400 validation_failed');
    expect(await order.refuses(ann, 'resubmit', { variables: { a: 'x'.repeat(60_000) } })).toBe(
      '400 validation_failed',
    );
    await order.does(ann, 'resubmit');
    expect(await order.refuses(ann, 'resubmit')).toBe('409 not_awaited');
    await order.does(bob, 'reject');
    expect(await order.refuses(ann, 'resubmit')).toBe('409 order_closed');
  });
});

describe('a return is refused', () => {
  it('to a step that its reviewers have not passed: the present, a later, a skipped, an automatic one', async () => {
    const order = await openOn(
      [
        { users: ['ann'] },
        { users: ['carol'], condition: 'amount > 10' },
        { users: ['bob'] },
        { users: ['dave'] },
      ],
      { variables: { amount: 1 } },
    );
    expect(await order.path()).toEqual(['auto_approved', 'skipped', 'in_review', 'waiting']);
    for (const toStep of [1, 2, 3, 4, 5, -1, 256, 1.5, '0', null, undefined]) {
      expect(await order.refuses(bob, 'return', { toStep }), String(toStep)).toBe('400 validation_failed');
    }
    expect(await order.refuses(bob, 'return', { toStep: 0, resume: 'sometimes' })).toBe(
      '400 validation_failed',
    );
    await order.does(bob, 'approve');
    expect((await order.does(dave, 'return', { toStep: 3 })).steps[2]?.auditStatus).toBe('in_review');
  });

  it('by whoever may not decide now, and once the order has ended', async () => {
    const order = await atDave();
    for (const who of [ann, gus, boss]) {
      expect(await order.refuses(who, 'return', { toStep: 1 }), who.sub).toBe('403 forbidden');
    }
    expect(await order.refuses(carol, 'return', { toStep: 1 })).toBe('409 already_decided');
    await order.does(dave, 'approve');
    expect(await order.refuses(dave, 'return', { toStep: 1 })).toBe('409 order_closed');
  });
});
