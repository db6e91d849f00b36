/** Milliseconds of the units in which lengths of time are written (docs/time.md). */
const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Eight digits of the largest unit stay exact in milliseconds. */
const pattern = /^(\d{1,8})([smhd])$/;

/** A length of time as people write it, taken apart. */
export interface LengthParts {
  readonly count: number;
  readonly unit: keyof typeof units;
}

/** @returns null for a text that is no length: `2d` is one, `1h30m`, `1.5h`, `-1d` and `2 d` are not. */
export function lengthParts(text: string): LengthParts | null {
  const [, count, unit] = pattern.exec(text) ?? [];
  return count && unit ? { count: Number(count), unit: unit as LengthParts['unit'] } : null;
}

/**
 * A length in milliseconds: `90s`, `30m`, `8h`, `2d`.
 * @param day how long `1d` is: 24 hours, or the working day of a calendar.
 * @returns null for a text that is no length.
 */
export function lengthMs(text: string, day: number = units.d): number | null {
  const parts = lengthParts(text);
  return parts && parts.count * (parts.unit === 'd' ? day : units[parts.unit]);
}
