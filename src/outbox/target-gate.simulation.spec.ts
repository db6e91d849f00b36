import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TargetGate } from './target-gate.js';

interface Call {
  readonly succeeds: boolean;
  /** Milliseconds. */
  readonly takes: number;
}

/** What calls to one target, as many and as early as the gate lets, come to until some time (milliseconds). */
function simulate(until: number, callOf: (now: number, count: number) => Call) {
  const gate = new TargetGate();
  const underWay: (Call & { readonly endsAt: number })[] = [];
  let now = 0;
  let calls = 0;
  /** Milliseconds of all calls together: in all, and before the target first rests. */
  let busy = 0;
  let busyBefore = 0;
  let restsFrom = until;
  while (now < until) {
    for (let room = gate.free('a', now); room > 0; room--) {
      gate.started('a');
      const call = callOf(now, calls++);
      underWay.push({ ...call, endsAt: now + call.takes });
    }
    underWay.sort((one, other) => one.endsAt - other.endsAt);
    const next = Math.min(underWay[0]?.endsAt ?? until, gate.nextOpening(now) ?? until, until);
    busy += underWay.length * (next - now);
    now = next;
    for (let call = underWay[0]; call && call.endsAt <= now; call = underWay[0]) {
      underWay.shift();
      gate.finished('a', call.succeeds, call.takes, now);
    }
    if (restsFrom === until && gate.nextOpening(now) !== null) {
      restsFrom = now;
      busyBefore = busy;
    }
  }
  return { calls, busyBefore, restsFrom, busyAfter: busy - busyBefore };
}

const longest = 15_000;

describe('what a dead target costs the others', () => {
  it('given every call running into the timeout, then it holds one place for a fifth of the time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: longest }), (takes) => {
        const until = takes * 400;
        const { busyBefore, restsFrom, busyAfter } = simulate(until, () => ({ succeeds: false, takes }));
        // It is found out by three calls, of which two run at once.
        expect([busyBefore, restsFrom]).toEqual([3 * takes, 2 * takes]);
        const share = busyAfter / (until - restsFrom);
        expect(share).toBeLessThanOrEqual(0.2);
        expect(share).toBeGreaterThan(0.15);
      }),
      { numRuns: 200 },
    );
  });

  it('given failures of any length, then no more than that', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: longest }), { minLength: 1 }), (lengths) => {
        const until = 3_600_000;
        const { busyBefore, restsFrom, busyAfter } = simulate(until, (_now, count) => ({
          succeeds: false,
          takes: lengths[count % lengths.length] as number,
        }));
        expect(busyBefore).toBeLessThanOrEqual(3 * longest);
        // The rest of the last call may still be to come.
        expect(busyAfter).toBeLessThanOrEqual((until - restsFrom) / 5 + longest);
      }),
      { numRuns: 100 },
    );
  });

  it('given a timeout of more than 15 s, then it rests a minute, and its share grows', () => {
    const until = 6_000_000;
    const { restsFrom, busyAfter } = simulate(until, () => ({ succeeds: false, takes: 60_000 }));
    expect(busyAfter / (until - restsFrom)).toBeCloseTo(0.5, 1);
  });

  it('given a refusal at once, then it is tried often, but not in a tight loop', () => {
    const { calls } = simulate(60_000, () => ({ succeeds: false, takes: 1 }));
    expect(calls / 60).toBeGreaterThan(40);
    expect(calls / 60).toBeLessThan(51);
  });
});

describe('what a target that works gets', () => {
  const minute = 60_000;

  it('given a target that comes back, then it has its full room within the minute of its rest and a bit', () => {
    const back = 10 * minute;
    const callOf = (now: number, count: number): Call =>
      now >= back ? { succeeds: true, takes: 40 + ((count * 7) % 21) } : { succeeds: false, takes: longest };
    const before = simulate(back, callOf).calls;
    const { calls } = simulate(back + 2 * minute, callOf);
    // Sixteen at a time, each of 50 ms, for most of the second minute.
    expect(calls - before).toBeGreaterThan((16 * 40_000) / 50);
  });

  it('given a backlog, then its room grows, also when its calls take alike and end together', () => {
    const { calls } = simulate(minute, () => ({ succeeds: true, takes: 1_000 }));
    expect(calls).toBeGreaterThan(16 * 50);
  });

  it('given a call in ten that fails, then it never rests', () => {
    const { calls, restsFrom } = simulate(minute, (_now, count) => ({
      succeeds: count % 10 !== 0,
      takes: 40 + ((count * 7) % 21),
    }));
    expect(restsFrom).toBe(minute);
    expect(calls).toBeGreaterThan((4 * minute) / 50);
  });
});

describe('what a target gets when most of the room of all is taken', () => {
  it('given any number of calls under way, then no more than two places, and never none for one that waits', () => {
    const gate = new TargetGate();
    for (let n = 0; n < 16; n++) gate.started('a');
    for (let n = 0; n < 16; n++) gate.finished('a', true, 50, 0);
    const rooms = Array.from({ length: 5 }, () => {
      const room = [gate.free('a', 0), gate.free('a', 0, true)];
      gate.started('a');
      return room;
    });
    expect(rooms).toEqual([
      [16, 2],
      [15, 1],
      [14, 0],
      [13, 0],
      [12, 0],
    ]);
    expect(gate.free('b', 0, true)).toBe(2);
  });

  it('given one that fails, then no more than what it would get otherwise', () => {
    const gate = new TargetGate();
    gate.started('a');
    gate.finished('a', false, 50, 0);
    expect([gate.free('a', 0), gate.free('a', 0, true)]).toEqual([1, 1]);
    for (const _ of [1, 2]) {
      gate.started('a');
      gate.finished('a', false, 50, 0);
    }
    expect([gate.free('a', 0), gate.free('a', 0, true), gate.free('a', 200, true)]).toEqual([0, 0, 1]);
  });
});
