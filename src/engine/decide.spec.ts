import { describe, expect, it } from 'vitest';
import { apply, decision, type FlowGiven, opened, person, statuses } from './engine.spec-support.js';
import { decide } from './decide.js';

const refusalOf = (
  flow: FlowGiven,
  actor: string,
  state = opened(flow).state,
  version: number | null = null,
) => {
  const outcome = decide(state, decision('approve', actor, flow, version));
  return outcome.ok ? 'allowed' : outcome.refusal.code;
};

describe('decide', () => {
  const two: FlowGiven = { stages: [{ users: ['bob', 'bea'] }, { users: ['carol'] }] };

  it('given the first approval of an any step, then the next step opens', () => {
    const { state, outcome } = apply(opened(two).state, decision('approve', 'bob', two));
    expect(statuses(state)).toEqual(['approved', 'in_review']);
    expect(outcome.ok && outcome.events.map((event) => event.type)).toEqual([
      'step.approved',
      'step.in_review',
    ]);
  });

  it('given the last approval, then the order completes, or waits to be executed', () => {
    const flow: FlowGiven = { stages: [{ users: ['bob'] }] };
    expect(apply(opened(flow).state, decision('approve', 'bob', flow)).state.applyStatus).toBe('completed');
    const executing = { ...flow, hasExecute: true };
    expect(apply(opened(executing).state, decision('approve', 'bob', executing)).state.applyStatus).toBe(
      'executing',
    );
  });

  it('given a rejection, then the steps still open are cancelled and the order is rejected', () => {
    const { state } = apply(opened(two).state, decision('reject', 'bea', two));
    expect([state.applyStatus, ...statuses(state)]).toEqual(['rejected', 'rejected', 'cancelled']);
  });

  it('given an all step, then it stays open until everyone has approved', () => {
    const flow: FlowGiven = { stages: [{ users: ['bob', 'bea'], mode: 'all' }] };
    const half = apply(opened(flow).state, decision('approve', 'bob', flow));
    expect(half.outcome.ok && half.outcome.events.map((event) => event.type)).toEqual(['step.voted']);
    expect(refusalOf(flow, 'bob', half.state)).toBe('already_decided');
    expect(apply(half.state, decision('approve', 'bea', flow)).state.applyStatus).toBe('completed');
  });

  it('given a system administrator, then they decide any step, and the log says in which capacity', () => {
    const flow: FlowGiven = { stages: [{ users: ['bob', 'bea'], mode: 'all' }] };
    const { outcome, state } = apply(opened(flow).state, decision('approve', 'root', flow));
    expect(outcome.ok && outcome.events[0]).toMatchObject({
      type: 'step.approved',
      capacity: 'system_admin',
    });
    expect(state.applyStatus).toBe('completed');
  });

  it('given applicant_nodes, then a step is approved when it is reached, not before', () => {
    const flow: FlowGiven = {
      stages: [{ users: ['bob'] }, { users: ['ann'] }, { users: ['carol'] }],
      autoApprove: 'applicant_nodes',
    };
    const { state } = opened(flow);
    expect(statuses(state)).toEqual(['in_review', 'waiting', 'waiting']);
    expect(statuses(apply(state, decision('approve', 'bob', flow)).state)).toEqual([
      'approved',
      'auto_approved',
      'in_review',
    ]);
  });

  it.each(['ann', 'root'])(
    'given never, then the applicant %s decides nothing, whatever they are',
    (applicant) => {
      const flow: FlowGiven = {
        stages: [{ groups: ['g'] }],
        groups: { g: [applicant, 'bob'] },
        autoApprove: 'never',
        applicant,
      };
      expect(refusalOf(flow, applicant)).toBe('forbidden');
      expect(refusalOf(flow, 'bob')).toBe('allowed');
    },
  );

  it('given somebody who left the group, then their membership no longer counts', () => {
    const flow: FlowGiven = { stages: [{ groups: ['g'] }], groups: { g: ['bob'] } };
    const { state } = opened(flow);
    expect(refusalOf({ ...flow, groups: { g: ['bea'] } }, 'bob', state)).toBe('forbidden');
    expect(refusalOf({ ...flow, groups: { g: ['bea'] } }, 'bea', state)).toBe('allowed');
  });

  it('given each of the other mistakes, then it is refused with its own code', () => {
    const { state } = opened(two);
    expect(refusalOf(two, 'zoe', state)).toBe('forbidden');
    expect(refusalOf(two, 'carol', state)).toBe('forbidden');
    expect(refusalOf(two, 'bob', state, 7)).toBe('version_conflict');
    const next = apply(state, decision('approve', 'bob', two)).state;
    expect(refusalOf(two, 'bea', next)).toBe('already_decided');
    const done = apply(next, decision('approve', 'carol', two)).state;
    expect(refusalOf(two, 'carol', done)).toBe('order_closed');
    expect(refusalOf({ ...two, hasCheck: true }, 'bob')).toBe('not_in_review');
  });

  it('given a withdrawal, then only the applicant may, and only before the end', () => {
    const { state } = opened(two);
    const byBob = decide(state, { type: 'withdraw', actor: person('bob'), remark: null });
    expect(byBob).toMatchObject({ ok: false, refusal: { code: 'forbidden' } });
    const { state: withdrawn } = apply(state, { type: 'withdraw', actor: person('ann'), remark: 'no' });
    expect([withdrawn.applyStatus, ...statuses(withdrawn)]).toEqual(['withdrawn', 'cancelled', 'cancelled']);
    const again = decide(withdrawn, { type: 'withdraw', actor: person('ann'), remark: null });
    expect(again).toMatchObject({ ok: false, refusal: { code: 'order_closed' } });
    const executing = opened({ stages: [{ users: ['ann'] }], hasExecute: true }).state;
    const late = decide(executing, { type: 'withdraw', actor: person('ann'), remark: null });
    expect(late).toMatchObject({ ok: false, refusal: { code: 'not_in_review' } });
  });
});
