import { describe, expect, it } from 'vitest';
import { opened, opening, statuses } from './engine.spec-support.js';
import { evolveAll } from './evolve.js';
import { open, planPath } from './open.js';

describe('open', () => {
  it('given an applicant on no step, then every step is walked from the first', () => {
    const { state } = opened({ stages: [{ users: ['bob'] }, { users: ['carol'] }] });
    expect([state.applyStatus, ...statuses(state)]).toEqual(['in_review', 'in_review', 'waiting']);
  });

  it.each([
    ['first', 0, ['auto_approved', 'in_review', 'waiting']],
    ['middle', 1, ['auto_approved', 'auto_approved', 'in_review']],
    ['last', 2, ['auto_approved', 'auto_approved', 'auto_approved']],
  ] as const)(
    'given an applicant on the %s step, then the flow starts after it',
    (_name, index, expected) => {
      const stages = [0, 1, 2].map((n) => ({ users: n === index ? ['ann'] : [`r${n}`] }));
      expect(statuses(opened({ stages }).state)).toEqual(expected);
    },
  );

  it('given an applicant on two steps, then the later one counts', () => {
    const { state } = opened({
      stages: [{ users: ['ann'] }, { users: ['bob'] }, { groups: ['g'] }, { users: ['carol'] }],
      groups: { g: ['ann'] },
    });
    expect(statuses(state)).toEqual(['auto_approved', 'auto_approved', 'auto_approved', 'in_review']);
  });

  it('given an applicant on a skipped step only, then that step approves nothing', () => {
    const { state } = opened({ stages: [{ users: ['bob'] }, { users: ['ann'], condition: '0' }] });
    expect(statuses(state)).toEqual(['in_review', 'skipped']);
  });

  it('given every step skipped, then the order completes at once', () => {
    const { state } = opened({
      stages: [{ users: ['bob'], condition: 'amount > 5' }],
      variables: { amount: 1 },
    });
    expect([state.applyStatus, ...statuses(state)]).toEqual(['completed', 'skipped']);
  });

  it('given an execute URL, then an order that passes by itself waits for the business module', () => {
    expect(opened({ stages: [{ users: ['ann'] }], hasExecute: true }).state.applyStatus).toBe('executing');
  });

  it('given a check, then the order waits initiating, with its conditions judged and no step open', () => {
    const { state } = opened({
      stages: [{ users: ['bob'] }, { users: ['carol'], condition: '0' }],
      hasCheck: true,
    });
    expect([state.applyStatus, ...statuses(state)]).toEqual(['initiating', 'waiting', 'skipped']);
  });

  it('given a step that nobody can review, then it is refused, naming the stage', () => {
    const outcome = open(opening({ stages: [{ users: ['bob'] }, { groups: ['empty'] }] }));
    expect(outcome).toMatchObject({ ok: false, refusal: { code: 'approver_not_found' } });
    expect(outcome.ok || outcome.refusal.detail).toContain('stage 2');
  });

  it('given an unreachable step that is skipped or passed automatically, then nobody is needed', () => {
    expect(
      statuses(opened({ stages: [{ groups: ['empty'], condition: '0' }, { users: ['bob'] }] }).state),
    ).toEqual(['skipped', 'in_review']);
    expect(
      statuses(opened({ stages: [{ groups: ['empty'] }, { users: ['ann'] }, { users: ['bob'] }] }).state),
    ).toEqual(['auto_approved', 'auto_approved', 'in_review']);
  });

  it('given an all step, then it asks everyone once, and never the applicant under never', () => {
    const flow = {
      stages: [{ groups: ['g', 'h'], mode: 'all' as const }],
      groups: { g: ['bob', 'ann'], h: ['bob', 'carol'] },
    };
    const walked = opened({ ...flow, applicant: 'zoe' }).state.steps[0];
    expect([walked?.requiredApprovals, walked?.people]).toEqual([3, ['bob', 'ann', 'carol']]);
    const barred = opened({ ...flow, autoApprove: 'never' }).state.steps[0];
    expect([barred?.requiredApprovals, barred?.people]).toEqual([2, ['bob', 'carol']]);
  });

  it('given an all step with somebody inactive, then they are not asked, and block nothing', () => {
    const { state } = opened({ stages: [{ users: ['bob', 'gone'], mode: 'all' }], inactive: ['gone'] });
    expect([state.steps[0]?.requiredApprovals, state.steps[0]?.people]).toEqual([1, ['bob']]);
  });

  it('the plan is the path that opening takes', () => {
    const given = opening({
      stages: [
        { users: ['bob'] },
        { users: ['x'], condition: '0' },
        { users: ['ann'] },
        { users: ['carol'] },
      ],
    });
    expect(planPath(given).map((step) => step.outcome)).toEqual([
      'auto_approved',
      'skipped',
      'auto_approved',
      'review',
    ]);
    const outcome = open(given);
    expect(outcome.ok && statuses(evolveAll(null, outcome.events))).toEqual([
      'auto_approved',
      'skipped',
      'auto_approved',
      'in_review',
    ]);
  });
});
