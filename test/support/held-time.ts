import { vi } from 'vitest';
import { SharedClock } from '../../src/database/shared-clock.js';
import { lengthMs } from '../../src/engine/lengths.js';
import type { TestApp } from './harness.js';

/** The time that replicas share, in a test's hands. Tokens and columns go by the process's clock, which runs on. */
export interface HeldTime {
  now(): number;
  /** Lets a length of plain time pass: `8h`. */
  pass(length: string): void;
  /** Puts it forward, or back. */
  set(moment: string): void;
}

/** Holds the shared time of applications, on every database; `vi.restoreAllMocks()` lets go of it. */
export function holdTime(...apps: readonly TestApp[]): HeldTime {
  // Never before what has happened by the running clock.
  let now = Math.ceil(Date.now() / 1000) * 1000;
  for (const app of apps) {
    vi.spyOn(app.get(SharedClock), 'now').mockImplementation(() => Promise.resolve(now));
  }
  return {
    now: () => now,
    pass: (length) => {
      now += lengthMs(length) ?? Number.NaN;
    },
    set: (moment) => {
      now = Date.parse(moment);
    },
  };
}
