const day = 24 * 60 * 60 * 1000;

/** A date of HTTP begins with a weekday (RFC 9110, 5.6.7); `Date.parse` alone would read much more. */
const httpDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? [\w: -]+$/;

/**
 * Reads the header `Retry-After` (RFC 9110, 10.2.3): seconds, or a date in one of the three forms of HTTP.
 * @returns milliseconds from now, 0 for a date that has passed and at most a day; null when absent or unreadable.
 */
export function readRetryAfter(value: string | string[] | undefined, now: Date): number | null {
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, day);
  if (!httpDate.test(text)) return null;
  // The oldest form (asctime) names no zone, and means GMT as the others do.
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(at) ? null : Math.min(Math.max(at - now.getTime(), 0), day);
}
