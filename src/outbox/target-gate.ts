/** How many calls of one target run at once: at first, and at most, when they succeed. */
const firstLimit = 2;
const maxLimit = 16;
/** Failures in a row behind which a target rests. */
const patience = 3;
/** A failing target rests this many times as long as its failed call took, within these bounds (milliseconds). */
const restFactor = 4;
const minRest = 20;
const maxRest = 60_000;
/** A target that works and has nothing to do is forgotten after this time (milliseconds); looked for when many are known. */
const rememberedFor = 300_000;
const many = 1_000;

interface Target {
  inFlight: number;
  limit: number;
  failuresInARow: number;
  restsUntil: number;
  /** When its last call ended. */
  usedAt: number;
}

/**
 * Keeps one dead business module from delaying the others: every target has a number of calls of its own, which grows
 * with success and shrinks with failure, and a target that keeps failing is tried one call at a time with rests in
 * between, in proportion to what its failures cost us: one that refuses at once is tried again soon, one that lets
 * every call run into the timeout holds one slot a fifth of the time. Times are monotonic milliseconds.
 */
export class TargetGate {
  private readonly targets = new Map<string, Target>();

  /** How many more calls of a target may start now. @param crowded whether most of the room of all targets is taken */
  free(target: string, now: number, crowded: boolean = false): number {
    const known = this.targets.get(target);
    if (!known) return firstLimit;
    if (isForgotten(known, now)) {
      this.targets.delete(target);
      return firstLimit;
    }
    if (known.restsUntil > now) return 0;
    return Math.max(0, (crowded ? Math.min(known.limit, firstLimit) : known.limit) - known.inFlight);
  }

  /** Targets of which no call may start now. */
  closed(now: number): string[] {
    return [...this.targets.keys()].filter((target) => this.free(target, now) === 0);
  }

  /** When the next target has rested; null when none rests. */
  nextOpening(now: number): number | null {
    const ends = [...this.targets.values()].map((target) => target.restsUntil).filter((end) => end > now);
    return ends.length === 0 ? null : Math.min(...ends);
  }

  started(target: string): void {
    const known = this.targets.get(target) ?? {
      inFlight: 0,
      limit: firstLimit,
      failuresInARow: 0,
      restsUntil: 0,
      usedAt: 0,
    };
    known.inFlight++;
    this.targets.set(target, known);
  }

  /** @param milliseconds how long the call took */
  finished(target: string, succeeded: boolean, milliseconds: number, now: number): void {
    const known = this.targets.get(target);
    if (!known) return;
    known.inFlight--;
    known.usedAt = now;
    if (succeeded) {
      known.limit = Math.min(maxLimit, known.limit + 1);
      known.failuresInARow = 0;
      known.restsUntil = 0;
    } else {
      known.limit = Math.max(1, Math.floor(known.limit / 2));
      known.failuresInARow++;
      if (known.failuresInARow >= patience) {
        known.restsUntil = now + Math.min(maxRest, Math.max(minRest, restFactor * milliseconds));
      }
    }
    if (this.targets.size > many) this.forgetIdle(now);
  }

  private forgetIdle(now: number): void {
    for (const [target, known] of this.targets) if (isForgotten(known, now)) this.targets.delete(target);
  }
}

/** There may be many targets over time; one that fails is remembered until it works. */
const isForgotten = ({ inFlight, failuresInARow, usedAt }: Target, now: number): boolean =>
  inFlight === 0 && failuresInARow === 0 && now - usedAt > rememberedFor;
