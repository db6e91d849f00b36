import type { FlowGiven, StageGiven } from './engine.spec-support.js';
import type { ResumeWay, SignPosition } from './order-state.js';

/**
 * Who must still approve an order, written naively from the rules, in words and lists of names, without the engine's
 * seats and events. Undoing is putting an older copy back.
 */

/** Somebody's place on a step. `acting`: through a group or as administrator, which takes no place. */
interface Place {
  who: string;
  readonly sort: 'asked' | 'taken' | 'signer' | 'acting';
  /** Of a signer whom the step asks besides. */
  also: boolean;
  readonly position: SignPosition | null;
  /** Who added the signer; `fallback`: seated because nobody was found. */
  readonly by: string | null;
  /** Who had the place before. */
  chain: readonly string[];
  vote: 'yes' | 'no' | null;
  repeated: boolean;
  left: boolean;
  /** Of whom an opinion is awaited. */
  opinion: string | null;
}

interface Desk {
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

interface Order {
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

const ahead = ['waiting', 'in_review'];
const holds = ({ condition }: StageGiven, flow: FlowGiven) =>
  !condition || (condition !== '0' && Number(flow.variables?.['amount']) > 5);
const lazy = ({ mode, found }: StageGiven) => (mode ?? 'any') === 'any' && !found;

export class Model {
  order: Order;

  constructor(private now: FlowGiven) {
    const desks = now.stages.map((stage): Desk => ({
      stage,
      status: holds(stage, now) ? 'waiting' : 'skipped',
      condition: holds(stage, now),
      places: [],
      order: [],
      admins: false,
      gave: [],
      out: [],
      repeats: true,
    }));
    this.order = { status: 'initiating', desks, returned: null, last: null, rejected: null };
  }

  /** @returns whether the order may be opened. */
  open(): boolean {
    if (this.orphaned(this.order.desks)) return false;
    if (!this.now.hasCheck) this.start();
    return true;
  }

  /** Does something in a directory as it is now; when it is refused, nothing has changed. */
  attempt(now: FlowGiven, act: () => boolean): boolean {
    const before = structuredClone(this.order);
    this.now = now;
    const allowed = act();
    if (!allowed) this.order = before;
    return allowed;
  }

  checked(): boolean {
    if (this.order.status !== 'initiating' || this.order.returned) return false;
    this.start();
    return true;
  }

  decide(who: string, vote: 'yes' | 'no'): boolean {
    this.leave();
    const chance = this.chance(who);
    const desk = this.desk();
    if (!chance || !desk) return false;
    if (chance.capacity === 'consultant') {
      const asking = desk.places.find((place) => place.opinion === who);
      if (asking) asking.opinion = null;
      this.order.last = null;
      return this.finish();
    }
    const before = structuredClone({ ...this.order, last: null, rejected: null });
    if (chance.place) chance.place.vote = vote;
    else desk.places.push({ ...fresh(who, 'acting'), vote });
    const overrules = chance.capacity === 'system_admin';
    if (vote === 'no' && (overrules || this.lost(desk))) return this.reject(desk, who, before);
    this.order.last = { who, before };
    if (overrules) {
      desk.status = 'approved';
      return this.walk();
    }
    return this.finish();
  }

  transfer(who: string, to: string): boolean {
    this.leave();
    const chance = this.chance(who);
    const desk = this.desk();
    if (!chance || !desk || who === to || !this.fits(desk, to)) return false;
    this.order.last = null;
    vacate(desk, to);
    const { capacity, place } = chance;
    const asking = capacity === 'consultant' ? desk.places.find((one) => one.opinion === who) : undefined;
    if (asking) {
      asking.opinion = to;
      desk.out.push(who);
      return this.finish();
    }
    if (capacity === 'system_admin') desk.places.push(fresh(to, 'taken'));
    else if (place?.sort === 'signer') place.who = to;
    else if (place && place.sort !== 'acting') {
      desk.places = desk.places.map((one) =>
        one === place ? { ...fresh(to, 'taken'), chain: [...place.chain, who] } : one,
      );
    } else {
      desk.places = desk.places.filter((one) => one !== place);
      desk.places.push({ ...fresh(to, 'taken'), chain: [who] });
    }
    if (capacity !== 'system_admin') desk.gave.push(who);
    if (capacity !== 'system_admin' && desk.order.includes(who)) desk.order = desk.order.map((one) => (one === who ? to : one));
    else if (!lazy(desk.stage) && place?.sort !== 'signer') desk.order.push(to);
    return this.finish();
  }

  askOpinion(who: string, to: string): boolean {
    this.leave();
    const chance = this.chance(who);
    const desk = this.desk();
    if (!chance || !desk || who === to || !this.fits(desk, to)) return false;
    if (chance.capacity === 'system_admin' || chance.capacity === 'consultant') return false;
    this.order.last = null;
    if (chance.place) chance.place.opinion = to;
    else desk.places.push({ ...fresh(who, 'acting'), opinion: to });
    desk.places = desk.places.filter((place) => place.who !== to);
    desk.out = desk.out.filter((one) => one !== to);
    return this.finish();
  }

  addSigner(who: string, to: string, position: SignPosition): boolean {
    this.leave();
    const chance = this.chance(who);
    const desk = this.desk();
    if (!chance || !desk || chance.capacity === 'consultant' || !this.fits(desk, to)) return false;
    this.order.last = null;
    vacate(desk, to);
    desk.places.push({ ...fresh(to, 'signer'), position, by: who });
    return this.finish();
  }

  removeSigner(who: string, to: string): boolean {
    const desk = this.desk();
    if (this.order.status !== 'in_review' || !desk) return false;
    const admin = who === 'root' && this.active(who);
    const asking = desk.places.find((place) => place.opinion === to);
    if (asking) {
      if (asking.who !== who && !admin) return false;
      asking.opinion = null;
    } else {
      const place = desk.places.find((one) => one.who === to && one.sort === 'signer' && !one.left);
      if (!place || place.vote || (place.by !== who && !admin)) return false;
      desk.places = desk.places.filter((one) => one !== place);
    }
    this.order.last = null;
    return this.finish();
  }

  giveBack(who: string, toStep: number, resume: ResumeWay): boolean {
    this.leave();
    const chance = this.chance(who);
    const from = this.order.desks.findIndex((desk) => desk.status === 'in_review') + 1;
    if (!chance || chance.capacity === 'consultant') return false;
    const target = this.order.desks[toStep - 1];
    const passed = target && ['approved', 'repeated'].includes(target.status);
    if (toStep !== 0 && (toStep >= from || !passed)) return false;
    for (const [index, desk] of this.order.desks.entries()) {
      const step = index + 1;
      const again = step === from || (resume === 'again' ? step >= toStep && step < from : step === toStep);
      if (again && desk.condition) reset(desk);
    }
    this.order.last = null;
    if (!target) {
      this.order.status = 'initiating';
      this.order.returned = { from, resume };
      return true;
    }
    if (!this.openDesk(target)) {
      target.status = 'in_review';
      target.order = lazy(target.stage) ? [] : seatsFor(target, []);
    }
    target.repeats = false;
    return true;
  }

  resubmit(who: string): boolean {
    const { returned, desks } = this.order;
    if (who !== this.now.applicant || !returned) return false;
    const judged = desks.filter((desk) => returned.resume === 'again' || desk.status === 'waiting' || !desk.condition);
    for (const desk of judged) {
      desk.condition = holds(desk.stage, this.now);
      reset(desk);
      if (!desk.condition) desk.status = 'skipped';
    }
    if (this.orphaned(judged)) return false;
    this.order.returned = null;
    if (!this.now.hasCheck) this.start();
    return true;
  }

  reopen(who: string): boolean {
    const { rejected } = this.order;
    if (this.order.status !== 'rejected' || rejected?.who !== who) return false;
    this.order = structuredClone(rejected.before);
    return this.chance(who) !== null;
  }

  takeBack(who: string): boolean {
    const { last } = this.order;
    if (this.order.status !== 'in_review' || last?.who !== who) return false;
    this.order = structuredClone(last.before);
    return this.chance(who) !== null;
  }

  withdraw(who: string): boolean {
    if (who !== this.now.applicant || !['initiating', 'in_review'].includes(this.order.status)) return false;
    this.end('withdrawn');
    return true;
  }

  recount(): boolean {
    return this.leave() ? this.finish() : true;
  }

  statuses(): string[] {
    return this.order.desks.map(({ status }) =>
      status === 'applicant' || status === 'repeated' ? 'auto_approved' : status === 'nobody' ? 'skipped' : status,
    );
  }

  /** In which capacity somebody may decide now. */
  chance(who: string): Chance | null {
    const desk = this.desk();
    if (this.order.status !== 'in_review' || !desk) return null;
    if (this.now.autoApprove === 'never' && who === this.now.applicant) return null;
    const own = desk.places.find((place) => place.who === who);
    if (own?.vote && !own.left) return null;
    if (!this.active(who)) return null;
    return this.seated(desk, who, own) ?? (who === 'root' ? { capacity: 'system_admin', place: null } : null);
  }

  private seated(desk: Desk, who: string, own: Place | undefined): Chance | null {
    const asking = desk.places.find((place) => place.opinion === who);
    if (asking) return this.turn(desk, asking) ? { capacity: 'consultant', place: null } : null;
    if (own?.left || own?.opinion || desk.out.includes(who)) return null;
    if (own && own.sort !== 'acting') {
      if (!this.turn(desk, own)) return null;
      const lapsed = own.sort === 'asked' && !desk.stage.found && !this.named(desk.stage, who);
      return lapsed ? null : { capacity: own.sort === 'signer' ? 'signer' : 'assignee', place: own };
    }
    if (desk.gave.includes(who)) return null;
    const shared = (lazy(desk.stage) && this.named(desk.stage, who)) || (desk.admins && ['root', 'tina'].includes(who));
    return shared && this.turn(desk, own ?? fresh(who, 'acting')) ? { capacity: 'assignee', place: own ?? null } : null;
  }

  /** Whose turn it is: signers before, then the step’s own and the signers with, then the signers after. */
  private turn(desk: Desk, place: Place): boolean {
    if (place.left || place.vote) return false;
    const missing = (position: SignPosition) => desk.places.some((one) => one.position === position && pending(one));
    if (place.position === 'before') return true;
    if (missing('before')) return false;
    if (place.position === 'with') return true;
    const met = this.met(desk);
    if (place.position === 'after') return place.also ? !met || !missing('with') : met && !missing('with');
    if (met) return false;
    if (place.sort === 'acting' || desk.stage.mode !== 'sequential') return true;
    const next = desk.order.find((who) => base(desk).some((one) => one.who === who && !one.also && pending(one)));
    return next === place.who;
  }

  private met(desk: Desk): boolean {
    const { mode = 'any', min = 1 } = desk.stage;
    const votes = [...base(desk), ...desk.places.filter((place) => place.sort === 'acting')];
    const yes = votes.filter((place) => place.vote === 'yes').length;
    if (desk.admins && desk.places.some((place) => place.sort === 'acting' && place.vote === 'yes')) return true;
    if (mode === 'any') return yes > 0;
    return mode === 'threshold' ? yes >= min : yes > 0 && !base(desk).some(pending);
  }

  private lost(desk: Desk): boolean {
    const no = (place: Place) => place.vote === 'no';
    if (desk.places.some((place) => no(place) && (place.sort === 'signer' || place.sort === 'acting'))) return true;
    if (desk.stage.mode !== 'threshold') return base(desk).some(no);
    const possible = base(desk).filter((place) => place.vote === 'yes' || pending(place)).length;
    return base(desk).some(no) && !desk.admins && possible < (desk.stage.min ?? 1);
  }

  /** What follows by itself. */
  private finish(): boolean {
    const desk = this.desk();
    if (!desk) return this.walk();
    if (this.lost(desk)) {
      const against = desk.order.filter((who) => base(desk).some((one) => one.who === who && one.vote === 'no')).at(-1);
      const before = structuredClone({ ...this.order, last: null, rejected: null });
      const theirs = before.desks[this.order.desks.indexOf(desk)]?.places.find((place) => place.who === against);
      if (theirs) theirs.vote = null;
      return this.reject(desk, against ?? '', before);
    }
    this.repeat(desk);
    if (!this.complete(desk)) return true;
    desk.status = onlyRepeated(desk) ? 'repeated' : 'approved';
    return this.walk();
  }

  private complete = (desk: Desk): boolean =>
    this.met(desk) && desk.places.every((place) => place.sort !== 'signer' || place.left || place.vote === 'yes');

  private repeat(desk: Desk): void {
    const index = this.order.desks.indexOf(desk);
    const { dedupe = 'none', autoApprove, applicant } = this.now;
    if (dedupe === 'none' || !desk.repeats) return;
    const earlier = this.order.desks.slice(0, index).filter((one) => !['skipped', 'nobody'].includes(one.status));
    const counted = (dedupe === 'consecutive' ? earlier.slice(-1) : earlier).filter(
      (one) => one.status === 'approved' || one.status === 'repeated',
    );
    const approvers = counted
      .flatMap((one) => one.places.filter((place) => place.vote === 'yes').map(({ who }) => who))
      .toSorted();
    for (let some = true; some && !this.complete(desk); ) {
      some = approvers.some((who) => {
        if (!this.active(who) || (autoApprove === 'never' && who === applicant) || this.complete(desk)) return false;
        const own = desk.places.find((place) => place.who === who);
        const chance = own?.vote || own?.sort === 'acting' ? null : this.seated(desk, who, own);
        if (!chance || chance.capacity === 'consultant') return false;
        if (own) Object.assign(own, { vote: 'yes', repeated: true });
        else desk.places.push({ ...fresh(who, 'acting'), vote: 'yes', repeated: true });
        return true;
      });
    }
  }

  private start(): void {
    const waiting = this.order.desks.filter((desk) => desk.status === 'waiting');
    const last =
      this.now.autoApprove === 'through_applicant_node'
        ? waiting.findLastIndex((desk) => this.named(desk.stage, this.now.applicant ?? '', desk))
        : -1;
    for (const desk of waiting.slice(0, last + 1)) desk.status = 'applicant';
    this.walk();
  }

  private walk(): boolean {
    for (const desk of this.order.desks) {
      if (desk.status !== 'waiting') continue;
      this.order.status = 'in_review';
      if (this.now.autoApprove === 'applicant_nodes' && this.named(desk.stage, this.now.applicant ?? '', desk)) {
        desk.status = 'applicant';
        continue;
      }
      if (!this.openDesk(desk)) {
        desk.status = 'nobody';
        continue;
      }
      this.repeat(desk);
      if (!this.complete(desk)) return true;
      desk.status = 'repeated';
    }
    this.order.status = this.now.hasExecute ? 'executing' : 'completed';
    this.order.last = null;
    return true;
  }

  /** @returns false when the step is skipped, because nobody is found. */
  private openDesk(desk: Desk): boolean {
    const found = this.found(desk);
    const asked = found === 'failed' ? [] : found;
    const seats = lazy(desk.stage) ? [] : seatsFor(desk, asked);
    const { whenNobody = 'refuse' } = desk.stage.finding ?? {};
    const nobody = this.nobody(desk);
    if (nobody && found !== 'failed' && whenNobody === 'skip') return false;
    const others = nobody && found !== 'failed' && whenNobody === 'fallback' ? this.fallback(desk) : [];
    desk.admins = nobody && found !== 'failed' && whenNobody === 'admin';
    desk.status = 'in_review';
    desk.repeats = true;
    desk.order = [...new Set([...seats, ...seatsFor(desk, others)])];
    if (lazy(desk.stage)) desk.order = [];
    for (const who of new Set([...seats, ...(others.length > 0 ? seatsFor(desk, others) : [])])) {
      const place = desk.places.find((one) => one.who === who);
      if (place?.sort === 'signer') place.also = !lazy(desk.stage);
      else if (!place) {
        desk.places.push(seats.includes(who) ? fresh(who, 'asked') : { ...fresh(who, 'taken'), by: 'fallback' });
      }
      if (!place) desk.gave = desk.gave.filter((one) => one !== who);
    }
    return true;
  }

  private nobody(desk: Desk): boolean {
    const found = this.found(desk);
    if (lazy(desk.stage)) {
      return found.length === 0 && !desk.places.some((place) => place.sort === 'taken');
    }
    const { mode, min = 1 } = desk.stage;
    return seatsFor(desk, found === 'failed' ? [] : found).length < (mode === 'threshold' ? min : 1);
  }

  /** Whom a stage asks as things are; under `never` not the applicant. */
  private found(desk: Desk): readonly string[] | 'failed' {
    const { found, users = [], groups = [] } = desk.stage;
    const step = this.order.desks.indexOf(desk) + 1;
    const named = found ? (this.now.found?.[step] ?? []) : [...users, ...groups.flatMap((g) => this.now.groups?.[g] ?? [])];
    if (typeof named === 'string') return 'failed';
    return [...new Set(named)].filter((who) => this.askable(who));
  }

  private fallback = (desk: Desk) => (desk.stage.finding?.fallback ?? []).filter((who) => this.askable(who));
  private active = (who: string) => !this.now.inactive?.includes(who);
  private askable = (who: string) =>
    this.active(who) && (this.now.autoApprove !== 'never' || who !== this.now.applicant);

  /** Whether a stage with which an order could not be opened is among these. */
  private orphaned(desks: readonly Desk[]): boolean {
    const { autoApprove, applicant = '' } = this.now;
    const waiting = desks.filter((desk) => desk.status === 'waiting');
    const own = waiting.map((desk) => autoApprove !== 'never' && this.named(desk.stage, applicant, desk));
    const last = autoApprove === 'through_applicant_node' ? own.lastIndexOf(true) : -1;
    return waiting.some((desk, index) => {
      if (index <= last || own[index] || !this.nobody(desk)) return false;
      const found = this.found(desk);
      if (found === 'failed') return true;
      const { whenNobody = 'refuse' } = desk.stage.finding ?? {};
      // ADR 0009: what the applicant alone would decide is an administrator's.
      const seats = lazy(desk.stage) ? found : seatsFor(desk, found);
      const theirs = autoApprove === 'never' && seats.length === 0 && !desk.stage.found;
      if (whenNobody === 'refuse' && theirs && this.named(desk.stage, applicant)) return false;
      const needed = desk.stage.mode === 'threshold' ? (desk.stage.min ?? 1) : 1;
      const enough = new Set([...seats, ...this.fallback(desk)]).size >= needed;
      return whenNobody === 'refuse' || (whenNobody === 'fallback' && !(this.fallback(desk).length > 0 && enough));
    });
  }

  /** By name or group; with the desk, also by what its rule finds. */
  private named({ users = [], groups = [], found }: StageGiven, who: string, desk?: Desk): boolean {
    if (found) {
      const people = desk ? this.now.found?.[this.order.desks.indexOf(desk) + 1] : [];
      return Array.isArray(people) && people.includes(who) && this.active(who);
    }
    return users.includes(who) || groups.some((code) => this.now.groups?.[code]?.includes(who));
  }

  private fits(desk: Desk, to: string): boolean {
    if (to === 'nobody' || !this.askable(to)) return false;
    if (desk.places.some((place) => place.opinion === to)) return false;
    const own = desk.places.find((place) => place.who === to && !place.left);
    if (own && (own.sort !== 'acting' || own.vote)) return false;
    if (desk.gave.includes(to)) return true;
    return !((lazy(desk.stage) && this.named(desk.stage, to)) || (desk.admins && ['root', 'tina'].includes(to)));
  }

  /** Who left the groups, or is not active, neither counts nor blocks. */
  private leave(): boolean {
    const desk = this.desk();
    if (!desk) return false;
    const gone: string[] = [];
    for (const place of desk.places) {
      if (place.opinion && !this.active(place.opinion)) gone.push(place.opinion);
      if (place.left || place.vote || (lazy(desk.stage) && place.sort !== 'signer')) continue;
      const lapsed = place.sort === 'asked' && !desk.stage.found && !this.named(desk.stage, place.who);
      if (lapsed || !this.active(place.who)) gone.push(place.who);
    }
    const same = this.order.last?.before.desks[this.order.desks.indexOf(desk)];
    for (const one of same?.status === 'in_review' ? [desk, same] : [desk]) {
      for (const place of one.places) {
        if (!place.vote && gone.includes(place.who)) place.left = true;
        if (place.opinion && gone.includes(place.opinion)) {
          one.out.push(place.opinion);
          place.opinion = null;
        }
      }
    }
    return gone.length > 0;
  }

  private reject(desk: Desk, who: string, before: Order): boolean {
    desk.status = 'rejected';
    this.end('rejected');
    this.order.rejected = { who, before };
    return true;
  }

  private end(status: string): void {
    for (const desk of this.order.desks) if (ahead.includes(desk.status)) desk.status = 'cancelled';
    Object.assign(this.order, { status, returned: null, last: null });
  }

  desk = (): Desk | undefined => this.order.desks.find((desk) => desk.status === 'in_review');
}

const fresh = (who: string, sort: Place['sort']): Place => ({
  who,
  sort,
  also: false,
  position: null,
  by: null,
  chain: [],
  vote: null,
  repeated: false,
  left: false,
  opinion: null,
});

const pending = (place: Place): boolean => place.vote === null && !place.left;
const base = (desk: Desk): Place[] =>
  desk.places.filter((place) => place.sort === 'asked' || place.sort === 'taken' || place.also);
const onlyRepeated = (desk: Desk): boolean => {
  const votes = desk.places.filter((place) => place.vote);
  return votes.length > 0 && votes.every((place) => place.repeated);
};

/** Who sits there: whoever holds the place of those found, and who was seated before. */
function seatsFor(desk: Desk, found: readonly string[]): string[] {
  const taken = desk.places.filter((place) => place.sort === 'taken');
  const holder = (who: string) =>
    desk.gave.includes(who) ? (taken.find((place) => place.chain.includes(who))?.who ?? who) : who;
  return [...new Set([...found.map(holder), ...taken.map((place) => place.who)])];
}

/** Walked again: votes are gone, hand-overs and signatures stay. */
function reset(desk: Desk): void {
  desk.status = 'waiting';
  desk.places = desk.places
    .filter((place) => place.sort === 'signer' || (place.sort === 'taken' && place.by !== 'fallback'))
    .map((place) => ({ ...place, vote: null, repeated: false, left: false, opinion: null, also: false }));
  Object.assign(desk, { order: [], out: [], admins: false, repeats: true });
}

/** Makes room for somebody who gets another place. */
function vacate(desk: Desk, who: string): void {
  desk.places = desk.places.filter((place) => place.who !== who);
  desk.order = desk.order.filter((one) => one !== who);
  desk.gave = desk.gave.filter((one) => one !== who);
  desk.out = desk.out.filter((one) => one !== who);
}
