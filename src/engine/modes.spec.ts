import { describe, expect, it } from 'vitest';
import {
  acting,
  after,
  type FlowGiven,
  inTurn,
  opened,
  opening,
  refusalOf,
  statuses,
  typesOf,
} from './engine.spec-support.js';
import { open } from './open.js';

const three = ['bob', 'carol', 'dave'];
const step = (mode: 'any' | 'all' | 'threshold' | 'sequential', min?: number): FlowGiven => ({
  stages: [{ users: three, mode, ...(min === undefined ? {} : { min }) }],
});

describe('threshold', () => {
  const flow = step('threshold', 2);
  const { approve, reject } = acting(flow);

  it('given as many approvals as it takes, then it passes', () => {
    const state = after(opened(flow).state, approve('bob'));
    expect([state.applyStatus, inTurn(state)]).toEqual(['in_review', ['carol', 'dave']]);
    expect(after(state, approve('dave')).applyStatus).toBe('completed');
  });

  it('given a rejection that leaves enough, then it stays open, and the others decide', () => {
    expect(typesOf(opened(flow).state, reject('bob'))).toEqual(['step.voted_against']);
    const state = after(opened(flow).state, reject('bob'));
    expect([statuses(state), inTurn(state)]).toEqual([['in_review'], ['carol', 'dave']]);
    expect(refusalOf(state, approve('bob'))).toBe('already_decided');
    expect(after(state, approve('carol'), approve('dave')).applyStatus).toBe('completed');
  });

  it('given so many rejections that it can no longer be reached, then the order is rejected', () => {
    const state = after(opened(flow).state, approve('bob'), reject('carol'));
    expect(state.applyStatus).toBe('in_review');
    expect(typesOf(state, reject('dave'))).toEqual(['step.rejected', 'order.rejected']);
  });

  it('given more approvals than people, then it finds nobody, and says how many are missing', () => {
    const outcome = open(opening(step('threshold', 4)));
    expect(outcome).toMatchObject({ ok: false, refusal: { code: 'approver_not_found' } });
    expect(outcome.ok || outcome.refusal.detail).toContain('takes 4 approvals and finds only 3');
  });

  it('given people who leave after a rejection, then it is rejected once it cannot be reached', () => {
    const group: FlowGiven = { stages: [{ groups: ['g'], mode: 'threshold', min: 2 }], groups: { g: three } };
    const state = after(opened(group).state, acting(group).reject('bob'));
    const left = acting({ ...group, groups: { g: ['bob', 'dave'] } });
    expect(typesOf(state, left.recount())).toEqual(['step.people_left', 'step.rejected', 'order.rejected']);
    const rejected = after(state, left.recount());
    expect([rejected.applyStatus, rejected.steps[0]?.auditUserCode]).toEqual(['rejected', 'bob']);
  });
});

describe('sequential', () => {
  const flow = step('sequential');
  const { approve, reject } = acting(flow);

  it('given its people, then they decide one after the other', () => {
    const { state } = opened(flow);
    expect(inTurn(state)).toEqual(['bob']);
    expect(refusalOf(state, approve('carol'))).toBe('forbidden');
    const next = after(state, approve('bob'));
    expect(inTurn(next)).toEqual(['carol']);
    expect(refusalOf(next, approve('bob'))).toBe('already_decided');
    expect(after(next, approve('carol'), approve('dave')).applyStatus).toBe('completed');
  });

  it('given any rejection, then the order is rejected', () => {
    expect(after(opened(flow).state, approve('bob'), reject('carol')).applyStatus).toBe('rejected');
  });

  it('given somebody who becomes inactive, then the next one’s turn comes', () => {
    const gone = acting({ ...flow, inactive: ['carol'] });
    const state = after(opened(flow).state, approve('bob'), gone.recount());
    expect(inTurn(state)).toEqual(['dave']);
    expect(after(state, gone.approve('dave')).applyStatus).toBe('completed');
  });
});

describe('all', () => {
  const flow: FlowGiven = { stages: [{ groups: ['g'], mode: 'all' }], groups: { g: three } };

  it('given somebody who leaves the group, then they neither count nor block, and newcomers are not asked', () => {
    const now = { ...flow, groups: { g: ['bob', 'eve'] } };
    const { approve, recount } = acting(now);
    const state = after(opened(flow).state, recount());
    expect([inTurn(state), state.steps[0]?.requiredApprovals]).toEqual([['bob'], 1]);
    expect(refusalOf(state, approve('eve'))).toBe('forbidden');
    expect(refusalOf(state, approve('carol'))).toBe('forbidden');
    expect(after(state, approve('bob')).applyStatus).toBe('completed');
  });

  it('given a vote that is cast, then it stays when its author leaves, and the last to leave lets it pass', () => {
    const state = after(opened(flow).state, acting(flow).approve('bob'));
    expect(typesOf(state, acting({ ...flow, groups: { g: [] } }).recount())).toEqual([
      'step.people_left',
      'step.passed',
      'order.completed',
    ]);
  });

  it('given that nobody is left and nobody has approved, then only an administrator decides it', () => {
    const now = acting({ ...flow, groups: { g: [] } });
    const state = after(opened(flow).state, now.recount());
    expect([state.applyStatus, inTurn(state)]).toEqual(['in_review', []]);
    expect(refusalOf(state, now.approve('bob'))).toBe('forbidden');
    expect(after(state, now.approve('root')).applyStatus).toBe('completed');
  });

  it('given a recount that finds everybody there, then nothing happens', () => {
    expect(typesOf(opened(flow).state, acting(flow).recount())).toEqual([]);
  });
});

describe('any', () => {
  it('given a group, then it asks its members as they are at the decision', () => {
    const flow: FlowGiven = { stages: [{ groups: ['g'] }], groups: { g: ['bob'] } };
    const now = acting({ ...flow, groups: { g: ['eve'] } });
    expect(after(opened(flow).state, now.approve('eve')).applyStatus).toBe('completed');
  });
});

describe('a system administrator', () => {
  it.each(['any', 'all', 'threshold', 'sequential'] as const)(
    'decides an open %s step, which closes it',
    (mode) => {
      const flow = step(mode, 2);
      const { approve, reject } = acting(flow);
      expect(typesOf(opened(flow).state, approve('root'))).toEqual(['step.approved', 'order.completed']);
      expect(typesOf(opened(flow).state, reject('root'))).toEqual(['step.rejected', 'order.rejected']);
    },
  );
});
