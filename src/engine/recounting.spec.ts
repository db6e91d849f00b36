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

  it('given skip, then it is skipped, and nobody has a turn on it', () => {
    const flow: FlowGiven = {
      stages: [{ users: ['bob'], mode: 'all', finding: { whenNobody: 'skip' } }, { users: ['carol'] }],
    };
    const recounted = after(opened(flow).state, acting({ ...flow, inactive: ['bob'] }).recount());
    expect(statuses(recounted)).toEqual(['skipped', 'in_review']);
    expect(inTurn(recounted)).toEqual(['carol']);
  });
});
