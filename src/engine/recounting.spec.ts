import { describe, expect, it } from 'vitest';
import { acting, after, type FlowGiven, inTurn, opened, statuses } from './engine.spec-support.js';

const led = (leader: string, more: Partial<FlowGiven> = {}): FlowGiven => ({
  stages: [{ found: 'leader' }],
  found: { 1: [leader] },
  ...more,
});

describe('a step that nobody is left on', () => {
  it('given that its rule finds somebody else, then they are asked, and decide', () => {
    const then = led('eve', { inactive: ['bob'] });
    const recounted = after(opened(led('bob')).state, acting(then).recount());
    expect(inTurn(recounted)).toEqual(['eve']);
    expect(after(recounted, acting(then).approve('eve')).applyStatus).toBe('completed');
  });

  it('given somebody who has only given an opinion so far, then their place is one to decide from', () => {
    const now = led('bob');
    const then = led('eve', { inactive: ['bob'] });
    const asked = after(opened(now).state, acting(now).askOpinion('bob', 'eve'), acting(now).approve('eve'));
    const recounted = after(asked, acting(then).recount());
    expect(inTurn(recounted)).toEqual(['eve']);
    expect(after(recounted, acting(then).approve('eve')).applyStatus).toBe('completed');
  });

  it('given administrators for the case of too few, then a vote that is there already decides nothing for them', () => {
    const flow: FlowGiven = {
      stages: [{ users: ['bob', 'carol'], mode: 'threshold', min: 2, finding: { whenNobody: 'admin' } }],
    };
    const then = acting({ ...flow, inactive: ['bob', 'carol'] });
    const recounted = after(opened(flow).state, acting(flow).approve('bob'), then.recount());
    expect(statuses(recounted)).toEqual(['in_review']);
    expect(inTurn(recounted)).toEqual(['r:team_admin', 'r:system_admin']);
    expect(after(recounted, then.approve('tina')).applyStatus).toBe('completed');
  });

  it('given an administrator who took a decision back and was inactive meanwhile, then they are asked like any other', () => {
    const flow: FlowGiven = {
      stages: [{ found: 'leader', finding: { whenNobody: 'admin' } }, { users: ['bob'] }],
      found: { 1: [] },
    };
    const by = acting(flow);
    const away = acting({ ...flow, inactive: ['tina'] });
    const asked = after(opened(flow).state, by.approve('tina'), by.takeBack('tina'), away.recount());
    expect(statuses(after(asked, by.approve('tina')))).toEqual(['approved', 'in_review']);
  });

  it('given a vote taken back on a step that asks others by now, then its place is nobody to wait for', () => {
    const stage = { found: 'leader', mode: 'threshold', min: 2 } as const;
    const by = (leaders: readonly string[], inactive: readonly string[]) =>
      acting({ stages: [stage], found: { 1: leaders }, inactive });
    const first = by(['root', 'carol'], []);
    const second = by(['dave', 'eve'], ['carol']);
    const third = by(['bea', 'zoe'], ['carol', 'dave', 'eve']);
    const asked = after(
      opened({ stages: [stage], found: { 1: ['root', 'carol'] } }).state,
      first.approve('root'),
      second.recount(),
      second.takeBack('root'),
    );
    expect(inTurn(asked)).toEqual(['dave', 'eve']);
    expect(inTurn(after(asked, third.recount()))).toEqual(['bea', 'zoe']);
  });

  it('given somebody found before who is asked as an administrator now, then they decide as one', () => {
    const finding = { whenNobody: 'admin' } as const;
    const stages = [{ found: 'leader', mode: 'threshold', min: 2, finding }] as const;
    const first = acting({ stages, found: { 1: ['tina', 'carol'] } });
    const second = acting({ stages, found: { 1: ['eve'] }, inactive: ['carol'] });
    const asked = after(
      opened({ stages, found: { 1: ['tina', 'carol'] } }).state,
      first.approve('tina'),
      second.recount(),
      second.takeBack('tina'),
    );
    expect(after(asked, second.approve('tina')).applyStatus).toBe('completed');
  });

  it('given skip, then it is skipped, and nobody has a turn on it', () => {
    const flow: FlowGiven = {
      stages: [{ users: ['bob'], mode: 'all', finding: { whenNobody: 'skip' } }, { users: ['carol'] }],
    };
    const recounted = after(opened(flow).state, acting({ ...flow, inactive: ['bob'] }).recount());
    expect(statuses(recounted)).toEqual(['skipped', 'in_review']);
    expect(inTurn(recounted)).toEqual(['carol']);
  });
});
