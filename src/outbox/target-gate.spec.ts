import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TargetGate } from './target-gate.js';

const numRuns = 500;
const atFirst = 2;
const atMost = 16;

/** Time goes by, as many calls of a target start as the draw wants and the gate lets, or one of them ends. */
const anyMove = fc.record({
  target: fc.constantFrom('a', 'b', 'c'),
  what: fc.constantFrom('start', 'start', 'succeed', 'fail', 'fail', 'wait'),
  milliseconds: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 100_000 })),
});
type Move = typeof anyMove extends fc.Arbitrary<infer T> ? T : never;
const anyMoves = fc.array(anyMove, { maxLength: 60, size: 'max' });

/** A worker's view: it starts only what the gate lets, and knows what it has under way. */
class Worker {
  now = 1_000;
  readonly gate = new TargetGate();
  readonly inFlight = new Map<string, number>();

  running(target: string): number {
    return this.inFlight.get(target) ?? 0;
  }

  free(target: string): number {
    return this.gate.free(target, this.now);
  }

  start(target: string): boolean {
    if (this.free(target) === 0) return false;
    this.gate.started(target);
    this.inFlight.set(target, this.running(target) + 1);
    return true;
  }

  end(target: string, succeeded: boolean, milliseconds: number): void {
    if (this.running(target) === 0) return;
    this.inFlight.set(target, this.running(target) - 1);
    this.gate.finished(target, succeeded, milliseconds, this.now);
  }

  make({ target, what, milliseconds }: Move): void {
    if (what === 'start') this.start(target);
    else if (what === 'wait') this.now += milliseconds;
    else this.end(target, what === 'succeed', milliseconds);
  }

  /** Has so many calls under way, as successes make room for them. @throws Error when they do not */
  fill(target: string, room: number): void {
    for (let tries = 0; this.running(target) < room; tries++) {
      if (tries > 100) throw new Error(`${target} never has room for ${room}`);
      if (!this.start(target)) this.end(target, true, 10);
    }
  }

  /** Starts what may start. */
  fillUp(target: string): void {
    for (let room = this.free(target); room > 0; room--) this.start(target);
  }

  /** Calls that fail one after the other, each taking so long; none of them overlaps. @throws Error when one may not start */
  fail(target: string, times: number, milliseconds: number): void {
    for (let n = 0; n < times; n++) {
      if (!this.start(target)) throw new Error(`no call of ${target} may start now`);
      this.now += milliseconds;
      this.end(target, false, milliseconds);
    }
  }
}

const targets = ['a', 'b', 'c'];
const property = (check: (worker: Worker, move: Move) => void) =>
  fc.assert(
    fc.property(anyMoves, (moves) => {
      const worker = new Worker();
      for (const move of moves) check(worker, move);
    }),
    { numRuns },
  );

describe('how many calls of a target run at once', () => {
  it('given one that nobody knows, then two, and nothing about it is remembered', () => {
    const gate = new TargetGate();
    expect([gate.free('a', 0), gate.closed(0), gate.nextOpening(0)]).toEqual([atFirst, [], null]);
  });

  it('given success, then one more with each, up to sixteen', () => {
    const worker = new Worker();
    const rooms: number[] = [];
    for (let n = 0; n < 20; n++) {
      worker.fillUp('a');
      rooms.push(worker.running('a'));
      worker.end('a', true, 10);
    }
    expect(rooms.slice(0, 16)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16]);
    expect(Math.max(...rooms)).toBe(atMost);
  });

  it('given failure, then half of them with each, down to one', () => {
    const worker = new Worker();
    worker.fill('a', atMost);
    // What is under way goes on; nothing starts until there is less of it than half, and half again.
    worker.end('a', false, 10);
    worker.end('a', false, 10);
    expect([worker.running('a'), worker.free('a')]).toEqual([14, 0]);
    while (worker.running('a') > 0) worker.end('a', false, 10);
    worker.now += 100_000;
    expect(worker.free('a')).toBe(1);
  });

  it('given a success after failures, then one more again', () => {
    const worker = new Worker();
    worker.fill('a', 8);
    worker.end('a', false, 10);
    for (const _ of [1, 2, 3]) worker.end('a', true, 10);
    // 8, halved to 4, and one for each of three.
    expect([worker.running('a'), worker.free('a')]).toEqual([4, 3]);
  });

  it('given anything, then never more than sixteen, each start takes one place, and none is a negative number', () => {
    property((worker, move) => {
      const before = worker.free(move.target);
      const started = move.what === 'start' && before > 0;
      worker.make(move);
      const room = worker.free(move.target);
      if (started) expect(room).toBe(before - 1);
      expect(room).toBeGreaterThanOrEqual(0);
      expect(room + worker.running(move.target)).toBeLessThanOrEqual(atMost);
    });
  });

  it('given anything, then a target with nothing under way is open, or will be within a minute', () => {
    property((worker, move) => {
      worker.make(move);
      const { gate, now } = worker;
      const resting = targets.filter((target) => worker.running(target) === 0 && worker.free(target) === 0);
      const opening = gate.nextOpening(now);
      if (resting.length > 0) expect(opening).toBeGreaterThan(now);
      if (opening !== null) expect(opening).toBeLessThanOrEqual(now + 60_000);
      expect(resting.filter((target) => gate.free(target, now + 60_000) === 0)).toEqual([]);
    });
  });

  it('given anything, then closed() names those that free() lets nothing of through, now and later', () => {
    property((worker, move) => {
      worker.make(move);
      const { gate, now } = worker;
      for (const at of [now, gate.nextOpening(now) ?? now + 30_000]) {
        const shut = targets.filter((target) => gate.free(target, at) === 0);
        expect(gate.closed(at).toSorted()).toEqual(shut);
      }
    });
  });

  it('given a rest, then nothing opens before the next opening, and something does then', () => {
    property((worker, move) => {
      worker.make(move);
      const { gate, now } = worker;
      const opening = gate.nextOpening(now);
      const idle = (at: number) => gate.closed(at).filter((target) => worker.running(target) === 0);
      if (opening === null) {
        expect(idle(now)).toEqual([]);
        return;
      }
      expect(gate.closed(opening - 0.5)).toEqual(gate.closed(now));
      const opened = idle(now).filter((target) => !idle(opening).includes(target));
      const stillBusy = gate.closed(now).some((target) => worker.running(target) > 0);
      expect(opened.length > 0 || stillBusy).toBe(true);
    });
  });

  it('given anything that happens to others, then a target goes its own way', () => {
    fc.assert(
      fc.property(anyMoves, (moves) => {
        const together = new Worker();
        const alone = new Worker();
        for (const move of moves) {
          together.make(move);
          if (move.target === 'a' || move.what === 'wait') alone.make(move);
          expect(together.free('a')).toBe(alone.free('a'));
        }
      }),
      { numRuns },
    );
  });
});

describe('a target that keeps failing', () => {
  it.each([
    [0, 20],
    [1, 20],
    [5, 20],
    [6, 24],
    [1_000, 4_000],
    [15_000, 60_000],
    [30_000, 60_000],
  ])('given a third failure in a row that took %d ms, then it rests %d ms', (took, rest) => {
    const worker = new Worker();
    worker.fail('a', 2, 100);
    expect([worker.free('a'), worker.gate.nextOpening(worker.now)]).toEqual([1, null]);
    worker.fail('a', 1, took);
    const { gate, now } = worker;
    expect(gate.nextOpening(now)).toBe(now + rest);
    expect([gate.free('a', now), gate.free('a', now + rest - 1)]).toEqual([0, 0]);
    expect([gate.free('a', now + rest), gate.closed(now + rest)]).toEqual([1, []]);
    expect(gate.nextOpening(now + rest)).toBeNull();
  });

  it('given rests, then it is tried one call at a time, and each failure brings a rest of its own', () => {
    const worker = new Worker();
    worker.fail('a', 3, 1_000);
    for (const took of [2_000, 10, 500]) {
      worker.now = worker.gate.nextOpening(worker.now) ?? Number.NaN;
      expect(worker.free('a')).toBe(1);
      worker.fail('a', 1, took);
      expect(worker.gate.nextOpening(worker.now)).toBe(worker.now + Math.max(20, 4 * took));
    }
  });

  it('given two that rest, then the next opening is that of the first', () => {
    const worker = new Worker();
    worker.fail('a', 3, 10_000);
    worker.fail('b', 3, 100);
    const { gate, now } = worker;
    expect(gate.closed(now).toSorted()).toEqual(['a', 'b']);
    expect(gate.nextOpening(now)).toBe(now + 400);
    expect(gate.closed(now + 400)).toEqual(['a']);
    expect(gate.nextOpening(now + 400)).toBe(now - 300 + 40_000);
  });

  it('given a success among failures, then it takes three in a row again', () => {
    const worker = new Worker();
    worker.fill('a', 10);
    for (const succeeded of [false, false, true, false, false]) {
      worker.end('a', succeeded, 1_000);
      expect(worker.gate.nextOpening(worker.now)).toBeNull();
    }
    worker.end('a', false, 1_000);
    expect(worker.gate.nextOpening(worker.now)).toBe(worker.now + 4_000);
  });

  it('given a success of a call that was still under way, then its rest is over', () => {
    const worker = new Worker();
    worker.fill('a', 5);
    for (const _ of [1, 2, 3]) worker.end('a', false, 1_000);
    expect(worker.gate.nextOpening(worker.now)).toBe(worker.now + 4_000);
    worker.end('a', true, 10);
    expect(worker.gate.nextOpening(worker.now)).toBeNull();
    expect(worker.running('a')).toBe(1);
    expect(worker.free('a')).toBe(1);
  });

  it('given one that is idle and healthy, then it is forgotten after a while; one that fails is not', () => {
    const worker = new Worker();
    worker.fill('a', atMost);
    while (worker.running('a') > 0) worker.end('a', true, 10);
    worker.fail('b', 1, 10);
    worker.now += 3_600_000;
    expect(worker.free('a')).toBe(atFirst);
    expect(worker.free('b')).toBe(1);
    worker.start('b');
    worker.end('b', true, 10);
    worker.now += 3_600_000;
    expect(worker.free('b')).toBe(atFirst);
  });

  it('given one that was forgotten, then it begins anew, with what it had not coming back', () => {
    const worker = new Worker();
    worker.fill('a', atMost);
    while (worker.running('a') > 0) worker.end('a', true, 10);
    worker.now += 3_600_000;
    worker.start('a');
    expect(worker.free('a')).toBe(atFirst - 1);
    worker.end('a', true, 10);
    expect(worker.free('a')).toBe(atFirst + 1);
  });

  it('given ten thousand targets over time, then those that work change nothing for one that does not', () => {
    const worker = new Worker();
    worker.fail('a', 3, 15_000);
    const opening = worker.gate.nextOpening(worker.now);
    for (let n = 0; n < 10_000; n++) {
      worker.start(`t${n}`);
      worker.end(`t${n}`, true, 10);
    }
    expect(worker.gate.closed(worker.now)).toEqual(['a']);
    expect(worker.gate.nextOpening(worker.now)).toBe(opening);
    worker.now += 3_600_000;
    worker.start('t0');
    worker.end('t0', true, 10);
    expect(worker.free('a')).toBe(1);
  });

  it('given the end of a call that it has never heard of, then nothing changes', () => {
    const gate = new TargetGate();
    for (const _ of [1, 2, 3]) gate.finished('a', false, 1_000, 1_000);
    expect([gate.free('a', 1_000), gate.closed(1_000), gate.nextOpening(1_000)]).toEqual([atFirst, [], null]);
  });
});
