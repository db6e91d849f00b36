import type { StageGiven, FlowGiven } from './engine.spec-support.js';
import type { ResumeWay, SignPosition } from './order-state.js';

/** Steps, places and votes as the model of the engine's properties sees them. */

/** Somebody's place on a step. `acting`: through a group or as administrator, which takes no place. */
export interface Place {
  who: string;
  readonly sort: 'asked' | 'taken' | 'signer' | 'acting';
  /** Of a signer whom the step asks besides. */
  also: boolean;
  readonly position: SignPosition | null;
  /** Who added the signer; `fallback`: seated because nobody was found. */
  readonly by: string | null;
  /** Whose place it was first, of one that was handed over. */
  of: string | null;
  vote: 'yes' | 'no' | null;
  repeated: boolean;
  left: boolean;
  /** Of whom an opinion is awaited. */
  opinion: string | null;
}

export interface Desk {
  readonly stage: StageGiven;
  status: string;
  condition: boolean;
  places: Place[];
  /** Whom the mode asks, in their sequence. */
  order: string[];
  /** Administrators were asked because nobody was found. */
  admins: boolean;
  gave: string[];
  /** Who is out of this round: handed an opinion on, or did not give it. */
  out: string[];
  repeats: boolean;
}

export interface Order {
  status: string;
  desks: Desk[];
  returned: { readonly from: number; readonly resume: ResumeWay } | null;
  last: { readonly who: string; readonly before: Order } | null;
  rejected: { readonly who: string; readonly before: Order } | null;
}

export interface Chance {
  readonly capacity: 'assignee' | 'signer' | 'consultant' | 'system_admin';
  readonly place: Place | null;
}

export const ahead = ['waiting', 'in_review'];
export const holds = ({ condition }: StageGiven, flow: FlowGiven) =>
  !condition || (condition !== '0' && Number(flow.variables?.['amount']) > 5);
export const lazy = ({ mode, found }: StageGiven) => (mode ?? 'any') === 'any' && !found;

/** Whose turn it is: signers before, then the step’s own and the signers with, then the signers after. */
export function turn(desk: Desk, place: Place): boolean {
  if (place.left || place.vote) return false;
  const missing = (position: SignPosition) =>
    desk.places.some((one) => one.position === position && pending(one));
  if (place.position === 'before') return true;
  if (missing('before')) return false;
  if (place.position === 'with') return true;
  const enough = met(desk);
  if (place.position === 'after')
    return place.also ? !enough || !missing('with') : enough && !missing('with');
  if (enough) return false;
  if (place.sort === 'acting' || desk.stage.mode !== 'sequential') return true;
  const next = desk.order.find((who) =>
    base(desk).some((one) => one.who === who && !one.also && pending(one)),
  );
  return next === place.who;
}

export function met(desk: Desk): boolean {
  const { mode = 'any', min = 1 } = desk.stage;
  const votes = [...base(desk), ...desk.places.filter((place) => place.sort === 'acting')];
  const yes = votes.filter((place) => place.vote === 'yes').length;
  if (desk.admins && desk.places.some((place) => place.sort === 'acting' && place.vote === 'yes'))
    return true;
  if (mode === 'any') return yes > 0;
  return mode === 'threshold' ? yes >= min : yes > 0 && !base(desk).some(pending);
}

export function lost(desk: Desk): boolean {
  const no = (place: Place) => place.vote === 'no';
  if (desk.places.some((place) => no(place) && (place.sort === 'signer' || place.sort === 'acting')))
    return true;
  if (desk.stage.mode !== 'threshold') return base(desk).some(no);
  const possible = base(desk).filter((place) => place.vote === 'yes' || pending(place)).length;
  return base(desk).some(no) && !desk.admins && possible < (desk.stage.min ?? 1);
}

export const complete = (desk: Desk): boolean =>
  met(desk) && desk.places.every((place) => place.sort !== 'signer' || place.left || place.vote === 'yes');

export const fresh = (who: string, sort: Place['sort']): Place => ({
  who,
  sort,
  also: false,
  position: null,
  by: null,
  of: null,
  vote: null,
  repeated: false,
  left: false,
  opinion: null,
});

export const pending = (place: Place): boolean => place.vote === null && !place.left;
export const base = (desk: Desk): Place[] =>
  desk.places.filter((place) => place.sort === 'asked' || place.sort === 'taken' || place.also);
export const onlyRepeated = (desk: Desk): boolean => {
  const votes = desk.places.filter((place) => place.vote);
  return votes.length > 0 && votes.every((place) => place.repeated);
};

/** Who sits there: whoever holds the place of those found, and who was seated before. */
export function seatsFor(desk: Desk, found: readonly string[]): string[] {
  const taken = desk.places
    .filter((place) => place.sort === 'taken' && !place.left)
    .toSorted((one, other) => (one.who < other.who ? -1 : 1));
  const holder = (who: string) => taken.find((place) => place.of === who)?.who ?? who;
  return [...new Set([...found.map(holder), ...taken.map((place) => place.who)])];
}

/** Whether somebody has given their place away, whatever they were asked for since. */
export const gave = (desk: Desk, who: string): boolean =>
  desk.gave.includes(who) || desk.places.some((place) => place.of === who);

/** Signers whom the step asks besides count for both. */
export function signToo(desk: Desk): void {
  for (const place of desk.places) {
    if (place.sort === 'signer') place.also = !lazy(desk.stage) && desk.order.includes(place.who);
  }
}

/** Walked again: votes are gone, hand-overs and signatures stay. */
export function reset(desk: Desk): void {
  desk.status = 'waiting';
  desk.places = desk.places
    .filter((place) => place.sort === 'signer' || (place.sort === 'taken' && place.by !== 'fallback'))
    .map((place) => ({ ...place, vote: null, repeated: false, left: false, opinion: null, also: false }));
  Object.assign(desk, { order: [], out: [], gave: [], admins: false, repeats: true });
}

/** Makes room for somebody who gets another place. */
export function vacate(desk: Desk, who: string): void {
  desk.places = desk.places.filter((place) => place.who !== who);
  desk.order = desk.order.filter((one) => one !== who);
  desk.gave = desk.gave.filter((one) => one !== who);
  desk.out = desk.out.filter((one) => one !== who);
}
