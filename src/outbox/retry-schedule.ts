const day = 24 * 60 * 60 * 1000;
const jitter = 0.2;

/**
 * When a delivery is tried again.
 * @param failures how many attempts have failed, from 1
 * @param schedule pauses in milliseconds: behind the first failure, the second, …
 * @param retryAfter what the target asked for, in milliseconds; honoured up to a day
 * @param spread a random share of `milliseconds`, at most 20 % off
 * @returns milliseconds, or null when the schedule is used up
 */
export function nextPause(
  failures: number,
  schedule: readonly number[],
  retryAfter: number | undefined,
  spread: (milliseconds: number, share: number) => number,
): number | null {
  const pause = schedule[failures - 1];
  if (pause === undefined) return null;
  return Math.round(Math.max(spread(pause, jitter), Math.min(retryAfter ?? 0, day)));
}
