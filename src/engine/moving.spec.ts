import { describe, expect, it } from 'vitest';
import { after, acting, answer, type FlowGiven, inTurn, refusalOf, statuses } from './engine.spec-support.js';
import { evolveAll } from './evolve.js';
import { planMove } from './moving.js';
import { moving, type NewStage, stagesOf, versioned, type VersionGiven } from './moving.spec-support.js';
import { open } from './open.js';
import type { OrderState } from './order-state.js';
import { maxStages } from './vocabulary.js';

const four: FlowGiven = {
  stages: [{ users: ['bob'] }, { users: ['carol'] }, { users: ['dave'] }, { users: ['eve'] }],
};

function opened(flow: FlowGiven): OrderState {
  const outcome = open(versioned(flow));
  if (!outcome.ok) throw new Error(outcome.refusal.detail);
  return evolveAll(null, outcome.events);
}

const planned = (state: OrderState, given: VersionGiven, flow: FlowGiven) =>
  planMove(state, moving(state, given, flow));
const moved = (state: OrderState, given: VersionGiven, flow: FlowGiven): OrderState =>
  after(state, moving(state, given, flow));
const nodes = (state: OrderState): string[] =>
  state.steps.map((step) => `${step.nodeId} ${step.auditStatus}`);
const stage = (node: string, user: string, more: Partial<NewStage> = {}): NewStage => ({
  node,
  users: [user],
  ...more,
});

describe('moving an order', () => {
  it('changes nothing where nothing has changed, not even the version', () => {
    const state = opened(four);
    const command = moving(state, { stages: stagesOf(four), toVersion: 1 }, four);
    expect(planMove(state, command)).toMatchObject({ outcome: 'stay', reason: 'up_to_date', events: [] });
    expect(after(state, command)).toEqual(evolveAll(state, []));
  });

  it('keeps what follows unchanged, so that only what differs is copied', () => {
    const state = opened(four);
    const [a, b, c, d] = stagesOf(four) as [NewStage, NewStage, NewStage, NewStage];
    const [event] = planned(state, { stages: [a, b, stage('x', 'zoe'), c, d] }, four).events;
    expect(event).toMatchObject({ type: 'order.moved', kept: 2, present: null });
    expect(
      event?.type === 'order.moved' && event.ahead.map((step) => `${step.applyStep} ${step.nodeId}`),
    ).toEqual(['3 x', '4 n3', '5 n4']);
  });

  it('a step with fewer stages of its node left goes before one that was skipped', () => {
    const flow: FlowGiven = {
      stages: [{ users: ['bob'], condition: '0' }, { users: ['bob'] }, { users: ['carol'] }],
    };
    const state = after(opened(flow), acting(flow).approve('bob'));
    // Both of the first stages are of one node.
    const same = {
      ...state,
      steps: state.steps.map((step, index) => (index < 2 ? { ...step, nodeId: 'n' } : step)),
    };
    expect(nodes(same)).toEqual(['n skipped', 'n approved', 'n3 in_review']);
    const next = moved(same, { stages: [stage('n', 'bob'), stage('n3', 'carol')] }, flow);
    expect(nodes(next)).toEqual(['n skipped', 'n approved', 'n3 in_review']);
    expect(next.steps[0]?.reason).toBe('moved');
  });

  it('skips what its condition rules out, the open step too, and goes on to what follows', () => {
    const flow = { ...four, variables: { amount: 1 } };
    const state = opened(flow);
    const [a, b, c, d] = stagesOf(four) as [NewStage, NewStage, NewStage, NewStage];
    const given = { stages: [{ ...a, condition: 'amount > 5' }, { ...b, condition: 'amount > 5' }, c, d] };
    expect(statuses(moved(state, given, flow))).toEqual(['skipped', 'skipped', 'in_review', 'waiting']);
    expect(planned(state, given, flow)).toMatchObject({ from: { applyStep: 1 }, to: { applyStep: 3 } });
  });

  it('may end an order whose open step is ruled out, and behind which nothing is left', () => {
    const state = opened(four);
    const given = { stages: [stage('n1', 'bob', { condition: '0' })] };
    expect(moved(state, given, four).applyStatus).toBe('completed');
    expect(planned(state, given, four).to).toBeNull();
  });

  it('after returns in returns, what waits among walked steps is put aside, and walked once by the new version', () => {
    const does = acting(four);
    let state = after(opened(four), does.approve('bob'), does.approve('carol'), does.approve('dave'));
    state = after(state, does.giveBack('eve', 2, 'back'), does.giveBack('carol', 1, 'back'));
    expect(statuses(state)).toEqual(['in_review', 'waiting', 'approved', 'waiting']);
    const [a, b, c, d] = stagesOf(four) as [NewStage, NewStage, NewStage, NewStage];
    expect(statuses(moved(state, { stages: [a, b, c, d] }, four))).toEqual(statuses(state));
    const next = moved(state, { stages: [a, stage('n2', 'zoe', { version: 2 }), c, d] }, four);
    expect(nodes(next)).toEqual(['n1 in_review', 'n2 skipped', 'n3 approved', 'n2 waiting', 'n4 waiting']);
    const walked = after(next, does.approve('bob'));
    expect(inTurn(walked)).toEqual(['zoe']);
    // Nor does a return walk it again.
    const back = after(
      after(walked, does.approve('zoe')),
      does.giveBack('eve', 1, 'again'),
      does.approve('bob'),
    );
    expect(nodes(back)).toEqual(['n1 approved', 'n2 skipped', 'n3 in_review', 'n2 waiting', 'n4 waiting']);
    const whole = after(back, does.giveBack('dave', 0, 'again'), does.resubmit('ann'));
    expect(statuses(whole)).toEqual(['in_review', 'skipped', 'waiting', 'waiting', 'waiting']);
  });

  it('a step to which the order was returned is asked again, also by who would be passed over on the way', () => {
    const flow: FlowGiven = {
      stages: [{ users: ['bob'] }, { users: ['bob'] }, { users: ['carol'] }],
      dedupe: 'all',
    };
    const does = acting(flow);
    const state = after(opened(flow), does.approve('bob'));
    expect(statuses(state)).toEqual(['approved', 'auto_approved', 'in_review']);
    const returned = after(state, does.giveBack('carol', 2));
    const [a, , c] = stagesOf(flow) as [NewStage, NewStage, NewStage];
    const given = { stages: [a, { node: 'n2', users: ['bob', 'zoe'], version: 2 }, c] };
    const next = moved(returned, given, flow);
    expect(statuses(next)).toEqual(['approved', 'in_review', 'waiting']);
    expect(next.steps[1]?.reason).toBe('returned');
  });

  it('an opinion is no vote, a repeated approval neither', () => {
    const flow: FlowGiven = {
      stages: [{ users: ['bob'] }, { users: ['bob', 'carol'], mode: 'all' }],
      dedupe: 'all',
    };
    const does = acting(flow);
    let state = after(opened(flow), does.approve('bob'));
    expect(inTurn(state)).toEqual(['carol']);
    state = after(state, does.askOpinion('carol', 'zoe'), does.approve('zoe'));
    const given = { stages: [stage('n1', 'bob'), stage('n2', 'dave', { version: 2 })] };
    expect(planned(state, given, flow)).toMatchObject({ outcome: 'move', reopened: true });
    expect(inTurn(moved(state, given, flow))).toEqual(['dave']);
    const voted = after(state, does.approve('carol'));
    expect(planned(voted, given, flow)).toMatchObject({ outcome: 'stay', reason: 'ended' });
  });

  it('conflicts where the step to which it would go straight back is gone, and nobody is found for a new one', () => {
    const does = acting(four);
    const [a, , c] = stagesOf(four) as [NewStage, NewStage, NewStage, NewStage];
    const state = after(opened(four), does.approve('bob'), does.giveBack('carol', 0, 'back'));
    expect(planned(state, { stages: [a, c] }, four)).toMatchObject({ reason: 'no_counterpart' });
    const empty: NewStage = { node: 'x', groups: ['nobody'] };
    const command = moving(opened(four), { stages: [a, empty] }, four);
    expect(planMove(opened(four), command)).toMatchObject({ reason: 'approver_not_found', events: [] });
    expect(refusalOf(opened(four), command)).toBe('approver_not_found');
  });

  it('takes the new version even where all stages are as before, and the new copies of nodes', () => {
    const state = opened(four);
    const [a, b, c, d] = stagesOf(four) as [NewStage, NewStage, NewStage, NewStage];
    expect(planned(state, { stages: [a, b, c, d] }, four)).toMatchObject({
      outcome: 'move',
      reopened: false,
    });
    const next = moved(state, { stages: [a, b, { ...c, version: 2 }, d] }, four);
    expect(next.steps.map((step) => step.nodeVersion)).toEqual([1, 1, 2, 1]);
  });

  it('where nobody may decide two steps from now on, whoever decided one is not asked when the order comes back to it', () => {
    const flow: FlowGiven = { stages: [{ users: ['bob', 'carol'] }, { users: ['dave'] }] };
    const state = after(opened(flow), acting(flow).approve('bob'));
    const next = moved(state, { stages: stagesOf(flow), distinct: true }, flow);
    expect(next.steps.map((step) => step.byName)).toEqual([true, true]);
    expect(moved(next, { stages: stagesOf(flow), distinct: false }, flow).steps[0]).not.toHaveProperty(
      'byName',
    );
  });

  it('has at most 255 steps', () => {
    const does = acting(four);
    const state = after(opened(four), does.approve('bob'));
    const many = (count: number) => Array.from({ length: count }, (_, index) => stage(`x${index}`, 'zoe'));
    const stages = [...many(maxStages - 1), stage('n2', 'carol')];
    expect(planned(state, { stages }, four)).toMatchObject({ outcome: 'conflict', reason: 'too_many_steps' });
    expect(refusalOf(state, moving(state, { stages }, four))).toBe('not_awaited');
    expect(planned(state, { stages: stages.slice(1) }, four).outcome).toBe('move');
  });

  it('waits for its check as before', () => {
    const flow = { ...four, hasCheck: true };
    const state = moved(opened(flow), { stages: [stage('x', 'zoe'), ...stagesOf(flow)] }, flow);
    expect([state.applyStatus, state.steps.length]).toEqual(['initiating', 5]);
    expect(
      inTurn(after(state, answer('check', true, { ...flow, stages: [{ users: ['zoe'] }, ...flow.stages] }))),
    ).toEqual(['zoe']);
  });

  it('a decision cannot be taken back across it', () => {
    const does = acting(four);
    const state = after(opened(four), does.approve('bob'));
    expect(refusalOf(state, does.takeBack('bob'))).toBe('allowed');
    const next = moved(state, { stages: [...stagesOf(four), stage('x', 'zoe')] }, four);
    expect(refusalOf(next, does.takeBack('bob'))).toBe('not_awaited');
  });

  it('under a stricter policy, whoever sits on the open step and may no longer decide it makes it open anew', () => {
    const flow: FlowGiven = {
      stages: [{ users: ['bob'] }, { users: ['ann', 'carol'], mode: 'all' }],
      autoApprove: 'through_applicant_node',
    };
    const state = after(
      opened({ ...flow, applicant: 'zoe' }),
      acting({ ...flow, applicant: 'zoe' }).approve('bob'),
    );
    expect(inTurn(state)).toEqual(['ann', 'carol']);
    const theirs = { ...state, applicant: 'ann' };
    const next = moved(
      theirs,
      { stages: stagesOf(flow), autoApprove: 'never' },
      { ...flow, autoApprove: 'never' },
    );
    expect(inTurn(next)).toEqual(['carol']);
  });
});
