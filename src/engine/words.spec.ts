import { describe, expect, it } from 'vitest';
import type { Command } from './decide.js';
import {
  acting,
  after,
  eventsOf,
  type FlowGiven,
  opened,
  personIn,
  refusalOf,
  statuses,
  target,
  typesOf,
} from './engine.spec-support.js';
import { evolveAll, replay } from './evolve.js';
import type { OrderState } from './order-state.js';

const flow: FlowGiven = { stages: [{ users: ['bob'] }, { users: ['carol'] }], inactive: ['gone'] };
const { approve, reject, copy, comment, urge, withdraw, giveBack } = acting(flow);
const { state: start, log } = opened(flow);

describe('a copy', () => {
  it('given anybody, listed by the directory or not, then they get one, and each once', () => {
    const unlisted: Command = {
      type: 'copy',
      actor: personIn('bob', flow),
      to: ['zoe', 'nobody', 'zoe'].map((userCode) => target(userCode, flow)),
    };
    expect(unlisted.to.map(({ standing }) => standing)).toEqual(['active', 'unknown', 'active']);
    expect(eventsOf(start, unlisted)).toEqual([
      { type: 'order.copied', userCode: 'bob', userCodes: ['zoe', 'nobody'] },
    ]);
  });

  it('given somebody inactive among them, then nobody gets one', () => {
    expect(refusalOf(start, copy('bob', ['zoe', 'gone']))).toBe('validation_failed');
  });

  it('given an order that has ended, then it is copied and commented all the same, and does not change', () => {
    const over = after(start, withdraw('ann'));
    const told = after(over, copy('ann', ['zoe']), comment('bob'));
    expect({ ...told, version: 0 }).toEqual({ ...over, version: 0 });
  });
});

describe('urging', () => {
  const later = 60_000;

  it('given the applicant or a system administrator, then once in the interval', () => {
    const urged = after(start, urge('ann', 1000));
    expect(refusalOf(urged, urge('root', 1000 + later - 1))).toBe('rate_limited');
    expect(refusalOf(urged, urge('root', 1000 + later))).toBe('allowed');
  });

  it('given anybody else, or nobody to be urged, then it is refused', () => {
    expect(refusalOf(start, urge('bob', 1))).toBe('forbidden');
    expect(refusalOf(after(start, giveBack('bob', 0)), urge('ann', 1))).toBe('not_in_review');
    expect(refusalOf(after(start, reject('bob')), urge('ann', 1))).toBe('not_in_review');
  });
});

describe('detaching an order from its business object', () => {
  const detach: Command = { type: 'detach', actor: personIn('root', flow) };
  const replayed = (state: OrderState, commands: readonly Command[]) => {
    let now = state;
    const all = [...log];
    for (const command of [...commands, detach]) {
      const events = eventsOf(now, command);
      all.push([...events]);
      now = evolveAll(now, events);
    }
    expect(replay(JSON.parse(JSON.stringify(all)) as typeof all)).toEqual(now);
    return now;
  };

  it.each([
    ['under review', [approve('bob')], ['step.cancelled'], ['approved', 'cancelled']],
    [
      'returned to its applicant',
      [giveBack('bob', 0)],
      ['step.cancelled', 'step.cancelled'],
      ['cancelled', 'cancelled'],
    ],
  ] as const)('given one that is %s, then it is ended first', (_name, commands, cancelled, expected) => {
    const before = after(start, ...commands);
    expect(typesOf(before, detach)).toEqual([...cancelled, 'order.withdrawn', 'order.detached']);
    const state = replayed(start, commands);
    expect([state.applyStatus, state.returned, statuses(state)]).toEqual(['withdrawn', null, expected]);
    expect(refusalOf(state, approve('carol'))).toBe('order_closed');
  });

  it('given one that waits for its execution, then it is ended as well', () => {
    const executing: FlowGiven = { stages: [{ users: ['bob'] }], hasExecute: true };
    const state = after(opened(executing).state, acting(executing).approve('bob'));
    expect(typesOf(state, detach)).toEqual(['order.withdrawn', 'order.detached']);
  });

  it.each([
    ['completed', [approve('bob'), approve('carol')]],
    ['rejected', [reject('bob')]],
    ['withdrawn', [withdraw('ann')]],
  ] as const)('given one that is %s, then it is only detached, and stays as it ended', (status, commands) => {
    const before = after(start, ...commands);
    expect(typesOf(before, detach)).toEqual(['order.detached']);
    const state = replayed(start, commands);
    expect(state).toEqual({ ...before, version: before.version + 1 });
    expect(state.applyStatus).toBe(status);
  });
});
