import { Temporal } from 'temporal-polyfill';

/** A stretch of time in which the clocks of a zone are ahead of UTC by the same amount; moments and offset in milliseconds. */
export interface OffsetStretch {
  readonly start: number;
  /** The first moment after it; infinite when nothing is known to change. */
  readonly end: number;
  readonly offset: number;
}

/**
 * @returns the name of a time zone as the IANA database writes it, or null for a name that is not in it; a plain offset
 * such as `+08:00` is no zone.
 */
export function zoneName(given: string): string | null {
  if (!/^[A-Za-z]/.test(given)) return null;
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(given).timeZoneId;
  } catch {
    return null;
  }
}

/** The stretches that were asked for so far, by zone, in their sequence and without gaps: some hundred zones, a few a year. */
const known = new Map<string, OffsetStretch[]>();

/** The stretch that holds a moment. */
export function stretchAt(zone: string, moment: number): OffsetStretch {
  let stretches = known.get(zone);
  if (!stretches) known.set(zone, (stretches = [stretchAround(zone, moment)]));
  for (;;) {
    const [first] = stretches;
    const last = stretches.at(-1);
    if (!first || !last) throw new Error(`time zone ${zone} has no offsets`);
    if (moment < first.start) stretches.unshift(stretchAround(zone, first.start - 1));
    else if (moment >= last.end) stretches.push(stretchAround(zone, last.end));
    else return holding(stretches, moment) ?? first;
  }
}

/** By halves: a zone that many years were asked of has many stretches. */
function holding(stretches: readonly OffsetStretch[], moment: number): OffsetStretch | undefined {
  let low = 0;
  let high = stretches.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((stretches[middle]?.start ?? moment) <= moment) low = middle;
    else high = middle - 1;
  }
  return stretches[low];
}

function stretchAround(zone: string, moment: number): OffsetStretch {
  const local = Temporal.Instant.fromEpochMilliseconds(moment).toZonedDateTimeISO(zone);
  // The change before a moment is asked from behind it: one that happens just then begins the stretch.
  const change = local.add({ nanoseconds: 1 }).getTimeZoneTransition('previous');
  return {
    start: change?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    end: local.getTimeZoneTransition('next')?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offset: local.offsetNanoseconds / 1_000_000,
  };
}
