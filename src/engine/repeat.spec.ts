import { describe, expect, it } from 'vitest';
import {
  acting,
  after,
  eventsOf,
  type FlowGiven,
  inTurn,
  opened,
  opening,
  type StageGiven,
  statuses,
  typesOf,
} from './engine.spec-support.js';
import { planPath } from './open.js';
import type { Dedupe } from './vocabulary.js';

const flowOf = (dedupe: Dedupe, stages: readonly StageGiven[], more: Partial<FlowGiven> = {}): FlowGiven => ({
  dedupe,
  stages,
  ...more,
});
const [bob, carol]: StageGiven[] = [{ users: ['bob'] }, { users: ['carol'] }];
const three = (dedupe: Dedupe, ...stages: StageGiven[]) => {
  const flow = flowOf(dedupe, stages);
  return after(opened(flow).state, acting(flow).approve('bob'));
};

describe('people who have approved before', () => {
  it('given none, then they are asked again', () => {
    expect(statuses(three('none', bob!, bob!))).toEqual(['approved', 'in_review']);
  });

  it('given consecutive, then the next step passes by itself, and so does the one behind it', () => {
    expect(statuses(three('consecutive', bob!, bob!, bob!))).toEqual([
      'approved',
      'auto_approved',
      'auto_approved',
    ]);
  });

  it('given consecutive and another step between, then they are asked again; a skipped one is no step', () => {
    const flow = flowOf('consecutive', [bob!, carol!, bob!]);
    const { approve } = acting(flow);
    const state = after(opened(flow).state, approve('bob'), approve('carol'));
    expect(statuses(state)).toEqual(['approved', 'approved', 'in_review']);
    expect(statuses(three('consecutive', bob!, { users: ['x'], condition: '0' }, bob!))).toEqual([
      'approved',
      'skipped',
      'auto_approved',
    ]);
  });

  it('given all, then any earlier step counts', () => {
    const flow = flowOf('all', [bob!, carol!, bob!]);
    const { approve } = acting(flow);
    const state = after(opened(flow).state, approve('bob'));
    expect(eventsOf(state, approve('carol')).slice(1)).toEqual([
      { type: 'step.auto_approved', applyStep: 3, reason: 'repeat_approver', people: ['bob'] },
      { type: 'order.completed' },
    ]);
  });

  it('given a step that asks others as well, then their vote is cast, and the others are asked', () => {
    const all = three('all', bob!, { users: ['bob', 'carol'], mode: 'all' });
    expect([statuses(all), inTurn(all)]).toEqual([['approved', 'in_review'], ['carol']]);
    const flow = flowOf('all', [bob!, { users: ['bob', 'carol'], mode: 'all' }]);
    expect(typesOf(opened(flow).state, acting(flow).approve('bob'))).toEqual([
      'step.approved',
      'step.in_review',
      'step.vote_repeated',
    ]);
    expect(statuses(three('all', bob!, { users: ['carol', 'bob'] }))).toEqual(['approved', 'auto_approved']);
  });

  it('given a sequence, then their turn passes by itself when it comes', () => {
    const flow = flowOf('all', [bob!, { users: ['carol', 'bob', 'dave'], mode: 'sequential' }]);
    const { approve } = acting(flow);
    const state = after(opened(flow).state, approve('bob'));
    expect(inTurn(state)).toEqual(['carol']);
    expect(inTurn(after(state, approve('carol')))).toEqual(['dave']);
  });

  it('given groups, then membership counts as it is now', () => {
    const flow = flowOf('all', [bob!, { groups: ['g'] }], { groups: { g: ['bob', 'eve'] } });
    expect(statuses(after(opened(flow).state, acting(flow).approve('bob')))).toEqual([
      'approved',
      'auto_approved',
    ]);
    const left = acting({ ...flow, groups: { g: ['eve'] } });
    expect(statuses(after(opened(flow).state, left.approve('bob')))).toEqual(['approved', 'in_review']);
  });

  it('given a transfer to them, then the step passes by itself', () => {
    const flow = flowOf('all', [bob!, carol!, { users: ['eve'] }]);
    const { approve, transfer } = acting(flow);
    const state = after(opened(flow).state, approve('bob'), transfer('carol', 'bob'));
    expect(statuses(state)).toEqual(['approved', 'auto_approved', 'in_review']);
    expect(state.steps[1]?.reason).toBe('repeat_approver');
  });

  it('given a signature of theirs, then it is given, and the others are still asked', () => {
    const flow = flowOf('all', [bob!, carol!]);
    const { approve, addSigners } = acting(flow);
    const state = after(opened(flow).state, approve('bob'), addSigners('carol', ['bob'], 'before'));
    expect([statuses(state), inTurn(state)]).toEqual([['approved', 'in_review'], ['carol']]);
    expect(state.steps[1]?.requiredApprovals).toBe(2);
  });

  it('given an opinion of theirs, then nothing repeats', () => {
    const flow = flowOf('all', [bob!, carol!]);
    const { approve, askOpinion } = acting(flow);
    const state = after(opened(flow).state, approve('bob'), askOpinion('carol', 'bob'));
    expect(inTurn(state)).toEqual(['bob']);
    const asked = flowOf('all', [bob!, { users: ['dave'] }]);
    const by = acting(asked);
    const given = after(
      opened(asked).state,
      by.askOpinion('bob', 'dave'),
      by.approve('dave'),
      by.approve('bob'),
    );
    expect(statuses(given)).toEqual(['approved', 'in_review']);
  });

  it('given a step that the order is returned to, then nobody is repeated on it, whatever happens there', () => {
    const flow = flowOf('all', [bob!, { users: ['bob', 'carol'], mode: 'all' }, { users: ['eve'] }]);
    const { approve, giveBack } = acting(flow);
    const atEve = after(opened(flow).state, approve('bob'), approve('carol'));
    const state = after(atEve, giveBack('eve', 2));
    expect(inTurn(state)).toEqual(['bob', 'carol']);
    expect(inTurn(after(state, approve('carol')))).toEqual(['bob']);
    const auto = flowOf('all', [bob!, bob!, { users: ['eve'] }]);
    const reached = after(opened(auto).state, acting(auto).approve('bob'));
    expect(statuses(after(reached, acting(auto).giveBack('eve', 2)))).toEqual([
      'approved',
      'in_review',
      'waiting',
    ]);
  });
});

describe('the plan', () => {
  const planned = (dedupe: Dedupe, stages: readonly StageGiven[], more: Partial<FlowGiven> = {}) =>
    planPath(opening(flowOf(dedupe, stages, more))).map((step) => step.outcome);

  it('given whoever alone decides a step, then it tells which later ones pass by themselves', () => {
    expect(planned('consecutive', [bob!, bob!, carol!, bob!])).toEqual([
      'review',
      'auto_approved',
      'review',
      'review',
    ]);
    expect(planned('all', [bob!, carol!, bob!])).toEqual(['review', 'review', 'auto_approved']);
    const both: StageGiven = { users: ['bob', 'carol'], mode: 'all' };
    expect(planned('consecutive', [both, carol!, both])).toEqual(['review', 'auto_approved', 'review']);
    expect(planned('consecutive', [{ users: ['bob', 'carol'] }, carol!])).toEqual(['review', 'review']);
  });

  it('given a step of the applicant between, then consecutive repeats nobody', () => {
    const stages = [bob!, { users: ['ann'] }, bob!];
    expect(planned('consecutive', stages, { autoApprove: 'applicant_nodes' })).toEqual([
      'review',
      'auto_approved',
      'review',
    ]);
  });
});
