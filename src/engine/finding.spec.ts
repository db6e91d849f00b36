import { describe, expect, it } from 'vitest';
import {
  acting,
  after,
  eventsOf,
  type FlowGiven,
  inTurn,
  opened,
  opening,
  person,
  refusalOf,
  statuses,
} from './engine.spec-support.js';
import { open, planPath } from './open.js';
import type { FindingRule } from './order-state.js';

/** Bob, then whom a rule finds. */
const flowOf = (
  found: readonly string[] | string,
  finding: Partial<FindingRule> = {},
  mode: 'any' | 'all' | 'threshold' = 'any',
): FlowGiven => ({
  stages: [
    { users: ['bob'] },
    { found: 'leader', finding, mode, ...(mode === 'threshold' ? { min: 2 } : {}) },
  ],
  found: { 2: found },
});
const reached = (flow: FlowGiven, now = flow) => after(opened(flow).state, acting(now).approve('bob'));
const planOf = (flow: FlowGiven) => planPath(opening(flow))[1];

describe('a rule that finds people', () => {
  it('given whom it finds when the step opens, then they are asked by name', () => {
    const flow = flowOf(['carol']);
    expect(inTurn(reached(flow))).toEqual(['carol']);
    expect(inTurn(reached(flow, { ...flow, found: { 2: ['dave'] } }))).toEqual(['dave']);
    expect(after(reached(flow), acting(flow).approve('carol')).applyStatus).toBe('completed');
  });

  it('given the applicant among them, then it is the applicant’s own step', () => {
    expect(opened(flowOf(['ann'])).state.applyStatus).toBe('completed');
  });

  it('given the applicant under never, then they are not asked', () => {
    const flow: FlowGiven = { ...flowOf(['ann', 'carol']), autoApprove: 'never' };
    expect(inTurn(reached(flow))).toEqual(['carol']);
  });

  it('given that it was not asked, then the step opens, and says so', () => {
    const { found: _found, ...flow } = flowOf([]);
    expect(statuses(reached(flow))).toEqual(['approved', 'in_review']);
    expect(reached(flow).steps[1]?.reason).toBe('unasked');
  });
});

describe('nobody is found', () => {
  it('given refuse, then the order is not opened', () => {
    expect(open(opening(flowOf([])))).toMatchObject({ ok: false, refusal: { code: 'approver_not_found' } });
  });

  it('given refuse under way, then the step opens with nobody, and an administrator seats somebody', () => {
    const flow = flowOf(['carol']);
    const now = { ...flow, found: { 2: [] } };
    const state = reached(flow, now);
    expect([statuses(state), inTurn(state)]).toEqual([['approved', 'in_review'], []]);
    expect(state.steps[1]?.reason).toBe('nobody_found');
    const { transfer, approve } = acting(now);
    expect(after(state, transfer('root', 'dave'), approve('dave')).applyStatus).toBe('completed');
  });

  it('given skip, then the step is skipped when it is reached', () => {
    const flow = flowOf([], { whenNobody: 'skip' });
    expect(planOf(flow)).toMatchObject({ outcome: 'skipped', reason: 'nobody_found' });
    expect(statuses(opened(flow).state)).toEqual(['in_review', 'waiting']);
    expect(eventsOf(opened(flow).state, acting(flow).approve('bob'))[1]).toEqual({
      type: 'step.skipped',
      applyStep: 2,
      reason: 'nobody_found',
    });
  });

  it.each(['any', 'all', 'threshold'] as const)(
    'given admin and %s, then an administrator of the team decides',
    (mode) => {
      const flow = flowOf([], { whenNobody: 'admin' }, mode);
      expect(planOf(flow)).toMatchObject({ outcome: 'review', reason: 'asks_admin' });
      const { approve, reject } = acting(flow);
      expect(inTurn(reached(flow))).toEqual(['r:team_admin', 'r:system_admin']);
      expect(after(reached(flow), approve('tina')).applyStatus).toBe('completed');
      expect(after(reached(flow), reject('tina')).applyStatus).toBe('rejected');
      expect(after(reached(flow), approve('root')).applyStatus).toBe('completed');
      expect(refusalOf(reached(flow), approve('carol'))).toBe('forbidden');
    },
  );

  it('given admin where a resolver names nobody, then its word is not needed', () => {
    const flow = flowOf([], { whenNobody: 'admin' });
    const resolver: FlowGiven = {
      ...flow,
      stages: [flow.stages[0]!, { ...flow.stages[1]!, found: 'resolver' }],
    };
    expect(after(reached(resolver), acting(resolver).approve('tina')).applyStatus).toBe('completed');
  });

  it('given fallback, then the people of the node are asked, as far as they are active', () => {
    const flow: FlowGiven = {
      ...flowOf([], { whenNobody: 'fallback', fallback: ['gone', 'carol', 'dave'] }, 'all'),
      inactive: ['gone'],
    };
    expect(planOf(flow)).toMatchObject({ reason: 'asks_fallback', people: ['carol', 'dave'] });
    const { approve } = acting(flow);
    expect(inTurn(reached(flow))).toEqual(['carol', 'dave']);
    expect(after(reached(flow), approve('carol'), approve('dave')).applyStatus).toBe('completed');
  });

  it('given a fallback that is there no more, then it is as under refuse', () => {
    const flow = { ...flowOf([], { whenNobody: 'fallback', fallback: ['gone'] }), inactive: ['gone'] };
    expect(open(opening(flow)).ok).toBe(false);
  });

  it('given a group without members, then the same rules hold', () => {
    const stages = [{ users: ['bob'] }, { groups: ['g'], finding: { whenNobody: 'skip' as const } }];
    const flow: FlowGiven = { stages, groups: { g: [] } };
    expect(statuses(reached(flow))).toEqual(['approved', 'skipped']);
    expect(statuses(reached(flow, { ...flow, groups: { g: ['eve'] } }))).toEqual(['approved', 'in_review']);
  });
});

describe('nobody but the applicant, under never (ADR 0009)', () => {
  const alone = (finding: Partial<FindingRule>, mode: 'any' | 'all' = 'any'): FlowGiven => ({
    stages: [{ users: ['ann'], finding, mode }, { users: ['bob'] }],
    autoApprove: 'never',
  });

  it.each(['any', 'all'] as const)(
    'given refuse and %s, then the order opens and waits for a system administrator',
    (mode) => {
      const flow = alone({ whenNobody: 'refuse' }, mode);
      expect(planPath(opening(flow))[0]).toMatchObject({ outcome: 'review', problem: null });
      const { state } = opened(flow);
      expect(statuses(state)).toEqual(['in_review', 'waiting']);
      const { approve } = acting(flow);
      for (const actor of ['ann', 'bob', 'tina']) expect(refusalOf(state, approve(actor))).toBe('forbidden');
      expect(statuses(after(state, approve('root')))).toEqual(['approved', 'in_review']);
    },
  );

  it.each(['any', 'all'] as const)('given %s and another policy, then the applicant is nobody', (mode) => {
    const skip = alone({ whenNobody: 'skip' }, mode);
    const admin = alone({ whenNobody: 'admin' }, mode);
    const fallback = alone({ whenNobody: 'fallback', fallback: ['ann', 'carol'] }, mode);
    const planned = [skip, admin, fallback].map((flow) => planPath(opening(flow))[0]?.reason);
    expect(planned).toEqual(['nobody_found', 'asks_admin', 'asks_fallback']);
    expect(statuses(opened(skip).state)).toEqual(['skipped', 'in_review']);
    expect(opened(admin).state.steps[0]?.reason).toBe('asks_admin');
    expect(statuses(after(opened(admin).state, acting(admin).approve('tina')))).toEqual([
      'approved',
      'in_review',
    ]);
    const { state } = opened(fallback);
    expect([state.steps[0]?.reason, refusalOf(state, acting(fallback).approve('ann'))]).toEqual([
      'asks_fallback',
      'forbidden',
    ]);
    expect(statuses(after(state, acting(fallback).approve('carol')))).toEqual(['approved', 'in_review']);
    expect(open(opening(alone({ whenNobody: 'fallback', fallback: ['ann'] }, mode))).ok).toBe(false);
  });

  it('given a rule that finds only the applicant, then it has found nobody', () => {
    const leader: FlowGiven = { ...flowOf(['ann']), autoApprove: 'never' };
    expect(open(opening(leader))).toMatchObject({ ok: false, refusal: { code: 'approver_not_found' } });
  });
});

describe('a threshold above the number of people', () => {
  it('counts as nobody found', () => {
    expect(open(opening(flowOf(['carol'], {}, 'threshold')))).toMatchObject({
      ok: false,
      refusal: { code: 'approver_not_found' },
    });
    expect(statuses(reached(flowOf(['carol'], { whenNobody: 'skip' }, 'threshold')))).toEqual([
      'approved',
      'skipped',
    ]);
  });

  it('given a fallback, then it is asked besides, if that is enough', () => {
    const flow = flowOf(['carol'], { whenNobody: 'fallback', fallback: ['dave'] }, 'threshold');
    const { approve } = acting(flow);
    expect(inTurn(reached(flow))).toEqual(['carol', 'dave']);
    expect(after(reached(flow), approve('carol'), approve('dave')).applyStatus).toBe('completed');
    const short = flowOf([], { whenNobody: 'fallback', fallback: ['dave'] }, 'threshold');
    expect(open(opening(short)).ok).toBe(false);
    // The same person twice is one.
    const same = flowOf(['dave'], { whenNobody: 'fallback', fallback: ['dave'] }, 'threshold');
    expect(open(opening(same)).ok).toBe(false);
  });
});

describe('a rule that cannot be asked', () => {
  it.each(['refuse', 'skip', 'admin', 'fallback'] as const)(
    'given %s, then nothing is skipped and nobody else asked: the order is not opened, the step under way open',
    (whenNobody) => {
      const finding = { whenNobody, fallback: ['dave'] };
      const outcome = open(opening(flowOf('the resolver answered HTTP 500', finding)));
      expect(outcome).toMatchObject({ ok: false, refusal: { code: 'approver_not_found' } });
      expect(outcome.ok || outcome.refusal.detail).toContain('HTTP 500');
      const flow = flowOf(['carol'], finding);
      const state = reached(flow, { ...flow, found: { 2: 'the resolver answered HTTP 500' } });
      expect([statuses(state), inTurn(state)]).toEqual([['approved', 'in_review'], []]);
      expect(state.steps[1]?.reason).toBe('the resolver answered HTTP 500');
    },
  );
});

describe('a resolver', () => {
  const flow: FlowGiven = {
    stages: [{ users: ['bob'] }, { found: 'resolver', mode: 'all' }],
    found: { 2: ['carol', 'dave'] },
  };
  const approveAs = (userCode: string, confirmed: boolean) => ({
    ...acting(flow).approve(userCode),
    actor: { ...person(userCode), confirmed },
  });

  it('given whom it names no more, then they decide nothing; given a newcomer, they are not counted', () => {
    const state = reached(flow);
    expect(refusalOf(state, approveAs('carol', false))).toBe('forbidden');
    expect(refusalOf(state, approveAs('carol', true))).toBe('allowed');
    expect(refusalOf(state, approveAs('eve', true))).toBe('forbidden');
  });

  it('given any, then a newcomer decides like whom it named before', () => {
    const any: FlowGiven = { ...flow, stages: [{ users: ['bob'] }, { found: 'resolver' }] };
    expect(refusalOf(reached(any), approveAs('eve', true))).toBe('allowed');
    expect(refusalOf(reached(any), approveAs('eve', false))).toBe('forbidden');
  });
});
