/** What a delegation covers, as far as rules are concerned. A period holds its start and not its end. */
export interface Standing {
  readonly from: string;
  readonly to: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
  /** Null: all. */
  readonly businessTypes: readonly string[] | null;
}

/** A field that is wrong, and what is wrong with it, to stand behind the field's name. */
interface Complaint {
  readonly field: 'toUserCode' | 'startsAt' | 'endsAt';
  readonly message: string;
}

const minute = 60_000;
const day = 86_400_000;

/** Clocks of callers are not ours: a start that is this little past is taken for now. */
const tolerance = minute;
/** A year, leap days included: nobody stands in for ever without anybody noticing. */
const maxDays = 366;

/** Why a new delegation cannot be; null when nothing speaks against its own fields. */
export function complaintOf(wanted: Standing, now: Date): Complaint | null {
  if (wanted.from === wanted.to) {
    return { field: 'toUserCode', message: 'is the delegator: nobody stands in for themselves' };
  }
  const past = wanted.startsAt.getTime() < now.getTime() - tolerance;
  if (past) return { field: 'startsAt', message: 'is past: what was decided before stays as it was decided' };
  return complaintOfEnd(wanted, now);
}

/** The same for a delegation that is under way and gets another end. */
export function complaintOfEnd(
  { startsAt, endsAt }: Pick<Standing, 'startsAt' | 'endsAt'>,
  now: Date,
): Complaint | null {
  if (endsAt <= now) return { field: 'endsAt', message: 'is past; DELETE ends a delegation at once' };
  if (endsAt <= startsAt) return { field: 'startsAt', message: 'must be before endsAt' };
  if (endsAt.getTime() - startsAt.getTime() > maxDays * day) {
    return { field: 'endsAt', message: `must be at most ${maxDays} days after the start` };
  }
  return null;
}

/** When and for what several delegations hold together. */
type Common = Pick<Standing, 'startsAt' | 'endsAt' | 'businessTypes'>;

/** Another delegation of the same person for some of the same work at the same time: who would stand in is not clear. */
export function overlapping<T extends Standing>(wanted: Standing, others: readonly T[]): T | null {
  return others.find((other) => other.from === wanted.from && commonOf(wanted, other) !== null) ?? null;
}

/**
 * The people through whom work would come back to its delegator: all of the delegations hold at one moment for one
 * business type. Whether re-delegation is allowed makes no difference: it may be allowed tomorrow.
 * @returns from the delegator back to the delegator; null when there is no such way
 */
export function circleOf(wanted: Standing, others: readonly Standing[]): readonly string[] | null {
  const byDelegator = new Map<string, Standing[]>();
  for (const other of others) byDelegator.set(other.from, [...(byDelegator.get(other.from) ?? []), other]);
  const walk = (common: Common, people: readonly string[]): readonly string[] | null => {
    for (const next of byDelegator.get(people.at(-1) ?? '') ?? []) {
      const shared = commonOf(common, next);
      if (!shared) continue;
      if (next.to === wanted.from) return [...people, next.to];
      if (people.includes(next.to)) continue;
      const found = walk(shared, [...people, next.to]);
      if (found) return found;
    }
    return null;
  };
  return walk(wanted, [wanted.from, wanted.to]);
}

function commonOf(one: Common, other: Common): Common | null {
  const startsAt = one.startsAt > other.startsAt ? one.startsAt : other.startsAt;
  const endsAt = one.endsAt < other.endsAt ? one.endsAt : other.endsAt;
  if (startsAt >= endsAt) return null;
  const businessTypes = commonTypes(one.businessTypes, other.businessTypes);
  return businessTypes?.length === 0 ? null : { startsAt, endsAt, businessTypes };
}

function commonTypes(one: readonly string[] | null, other: readonly string[] | null) {
  if (one === null) return other;
  return other === null ? one : one.filter((type) => other.includes(type));
}
