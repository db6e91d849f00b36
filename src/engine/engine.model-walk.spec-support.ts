import {
  ahead,
  base,
  type Chance,
  complete,
  type Desk,
  fresh,
  gave,
  holds,
  lazy,
  lost,
  onlyRepeated,
  type Order,
  type Place,
  seatsFor,
  signToo,
  turn,
} from './engine.model-desk.spec-support.js';
import type { FlowGiven, StageGiven } from './engine.spec-support.js';

/** How an order of the model walks from step to step, and who may do something on the one that is open. */
export class ModelWalk {
  order: Order;

  constructor(protected now: FlowGiven) {
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

  statuses(): string[] {
    return this.order.desks.map(({ status }) =>
      status === 'applicant' || status === 'repeated'
        ? 'auto_approved'
        : status === 'nobody'
          ? 'skipped'
          : status,
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

  protected seated(desk: Desk, who: string, own: Place | undefined): Chance | null {
    const asking = desk.places.find((place) => place.opinion === who);
    if (asking) return turn(desk, asking) ? { capacity: 'consultant', place: null } : null;
    if (own?.left || own?.opinion || desk.out.includes(who)) return null;
    if (own && own.sort !== 'acting') {
      if (!turn(desk, own)) return null;
      const lapsed = own.sort === 'asked' && !desk.stage.found && !this.named(desk.stage, who);
      return lapsed ? null : { capacity: own.sort === 'signer' ? 'signer' : 'assignee', place: own };
    }
    if (gave(desk, who)) return null;
    const shared =
      (lazy(desk.stage) && this.named(desk.stage, who)) || (desk.admins && ['root', 'tina'].includes(who));
    return shared && turn(desk, own ?? fresh(who, 'acting'))
      ? { capacity: 'assignee', place: own ?? null }
      : null;
  }

  /** What follows by itself. */
  protected finish(): boolean {
    const desk = this.desk();
    if (!desk) return this.walk();
    if (lost(desk)) {
      const against = desk.order
        .filter((who) => base(desk).some((one) => one.who === who && one.vote === 'no'))
        .at(-1);
      const before = structuredClone({ ...this.order, last: null, rejected: null });
      const theirs = before.desks[this.order.desks.indexOf(desk)]?.places.find(
        (place) => place.who === against,
      );
      if (theirs) theirs.vote = null;
      return this.reject(desk, against ?? '', before);
    }
    this.repeat(desk);
    if (!complete(desk)) return true;
    desk.status = onlyRepeated(desk) ? 'repeated' : 'approved';
    return this.walk();
  }

  protected repeat(desk: Desk): void {
    const index = this.order.desks.indexOf(desk);
    const { dedupe = 'none', autoApprove, applicant } = this.now;
    if (dedupe === 'none' || !desk.repeats) return;
    const earlier = this.order.desks
      .slice(0, index)
      .filter((one) => !['skipped', 'nobody'].includes(one.status));
    const counted = (dedupe === 'consecutive' ? earlier.slice(-1) : earlier).filter(
      (one) => one.status === 'approved' || one.status === 'repeated',
    );
    const approvers = counted
      .flatMap((one) => one.places.filter((place) => place.vote === 'yes').map(({ who }) => who))
      .toSorted();
    for (let some = true; some && !complete(desk);) {
      some = approvers.some((who) => {
        if (!this.active(who) || (autoApprove === 'never' && who === applicant) || complete(desk))
          return false;
        const own = desk.places.find((place) => place.who === who);
        const chance = own?.vote || own?.sort === 'acting' ? null : this.seated(desk, who, own);
        if (!chance || chance.capacity === 'consultant') return false;
        if (own) Object.assign(own, { vote: 'yes', repeated: true });
        else desk.places.push({ ...fresh(who, 'acting'), vote: 'yes', repeated: true });
        return true;
      });
    }
  }

  protected start(): void {
    const waiting = this.order.desks.filter((desk) => desk.status === 'waiting');
    const last =
      this.now.autoApprove === 'through_applicant_node'
        ? waiting.findLastIndex((desk) => this.named(desk.stage, this.now.applicant ?? '', desk))
        : -1;
    for (const desk of waiting.slice(0, last + 1)) desk.status = 'applicant';
    this.walk();
  }

  protected walk(): boolean {
    for (const desk of this.order.desks) {
      if (desk.status !== 'waiting') continue;
      this.order.status = 'in_review';
      if (
        this.now.autoApprove === 'applicant_nodes' &&
        this.named(desk.stage, this.now.applicant ?? '', desk)
      ) {
        desk.status = 'applicant';
        continue;
      }
      if (!this.openDesk(desk)) {
        desk.status = 'nobody';
        continue;
      }
      this.repeat(desk);
      if (!complete(desk)) return true;
      desk.status = 'repeated';
    }
    this.order.status = this.now.hasExecute ? 'executing' : 'completed';
    this.order.last = null;
    return true;
  }

  /** @returns false when the step is skipped, because nobody is found. */
  protected openDesk(desk: Desk): boolean {
    const whom = this.whom(desk);
    if (!whom) return false;
    const { people, others, admins } = whom;
    const seats = lazy(desk.stage) ? [] : seatsFor(desk, people);
    desk.admins = admins;
    desk.status = 'in_review';
    desk.repeats = true;
    desk.order = [...new Set([...seats, ...seatsFor(desk, others)])];
    if (lazy(desk.stage)) desk.order = [];
    for (const who of new Set([...seats, ...(others.length > 0 ? seatsFor(desk, others) : [])])) {
      const place = desk.places.find((one) => one.who === who);
      if (!place) {
        desk.places.push(
          seats.includes(who) ? fresh(who, 'asked') : { ...fresh(who, 'taken'), by: 'fallback' },
        );
        desk.gave = desk.gave.filter((one) => one !== who);
      }
    }
    signToo(desk);
    return true;
  }

  /** Whom a step asks that opens now; null when it is skipped. */
  protected whom(desk: Desk): {
    readonly people: readonly string[];
    readonly others: readonly string[];
    readonly admins: boolean;
  } | null {
    const found = this.found(desk);
    if (found === 'failed') return { people: [], others: [], admins: false };
    const { whenNobody = 'refuse' } = desk.stage.finding ?? {};
    const nobody = this.nobody(desk);
    if (nobody && whenNobody === 'skip') return null;
    const others = nobody && whenNobody === 'fallback' ? this.fallback(desk) : [];
    return { people: lazy(desk.stage) ? [] : found, others, admins: nobody && whenNobody === 'admin' };
  }

  protected nobody(desk: Desk): boolean {
    const found = this.found(desk);
    if (lazy(desk.stage)) {
      return found.length === 0 && !desk.places.some((place) => place.sort === 'taken');
    }
    const { mode, min = 1 } = desk.stage;
    return seatsFor(desk, found === 'failed' ? [] : found).length < (mode === 'threshold' ? min : 1);
  }

  /** Whom a stage asks as things are; under `never` not the applicant. */
  protected found(desk: Desk): readonly string[] | 'failed' {
    const { found, users = [], groups = [] } = desk.stage;
    const step = this.order.desks.indexOf(desk) + 1;
    const named = found
      ? (this.now.found?.[step] ?? [])
      : [...users, ...groups.flatMap((g) => this.now.groups?.[g] ?? [])];
    if (typeof named === 'string') return 'failed';
    return [...new Set(named)].filter((who) => this.askable(who));
  }

  protected fallback = (desk: Desk) =>
    (desk.stage.finding?.fallback ?? []).filter((who) => this.askable(who));
  protected active = (who: string) => !this.now.inactive?.includes(who);
  protected askable = (who: string) =>
    this.active(who) && (this.now.autoApprove !== 'never' || who !== this.now.applicant);

  /** Whether a stage with which an order could not be opened is among these. */
  protected orphaned(desks: readonly Desk[]): boolean {
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
      const enough = new Set([...seats, ...seatsFor(desk, this.fallback(desk))]).size >= needed;
      return (
        whenNobody === 'refuse' || (whenNobody === 'fallback' && !(this.fallback(desk).length > 0 && enough))
      );
    });
  }

  /** By name or group; with the desk, also by what its rule finds. */
  protected named({ users = [], groups = [], found }: StageGiven, who: string, desk?: Desk): boolean {
    if (found) {
      const people = desk ? this.now.found?.[this.order.desks.indexOf(desk) + 1] : [];
      return Array.isArray(people) && people.includes(who) && this.active(who);
    }
    return users.includes(who) || groups.some((code) => this.now.groups?.[code]?.includes(who));
  }

  protected fits(desk: Desk, to: string): boolean {
    if (to === 'nobody' || !this.askable(to)) return false;
    if (desk.places.some((place) => place.opinion === to)) return false;
    const own = desk.places.find((place) => place.who === to && !place.left);
    if (own && (own.sort !== 'acting' || own.vote || own.opinion)) return false;
    if (gave(desk, to)) return true;
    return !(
      (lazy(desk.stage) && this.named(desk.stage, to)) ||
      (desk.admins && ['root', 'tina'].includes(to))
    );
  }

  /** Who left the groups, or is not active, neither counts nor blocks. */
  protected leave(): boolean {
    const desk = this.desk();
    if (!desk) return false;
    const gone: string[] = [];
    for (const place of desk.places) {
      if (place.opinion && !this.active(place.opinion)) gone.push(place.opinion);
      if (place.left || place.vote || (lazy(desk.stage) && place.sort !== 'signer')) continue;
      if (place.sort === 'acting' && !place.opinion) continue;
      const lapsed = place.sort === 'asked' && !desk.stage.found && !this.named(desk.stage, place.who);
      if (lapsed || !this.active(place.who)) gone.push(place.who);
    }
    const same = this.order.last?.before.desks[this.order.desks.indexOf(desk)];
    for (const one of same?.status === 'in_review' ? [desk, same] : [desk]) {
      for (const place of one.places) {
        if (!place.vote && gone.includes(place.who)) Object.assign(place, { left: true, opinion: null });
        if (place.opinion && gone.includes(place.opinion)) {
          one.out.push(place.opinion);
          place.opinion = null;
        }
      }
    }
    return gone.length > 0;
  }

  /** Whether nobody is there any more who could decide. */
  protected abandoned(desk: Desk): boolean {
    if (desk.admins || (lazy(desk.stage) && !this.nobody(desk))) return false;
    return !desk.places.some(
      (place) => (place.sort !== 'acting' && !place.left && !place.vote) || place.opinion,
    );
  }

  /** As if the step opened now; what was decided before it is as if it had been asked so then. */
  protected askAnew(desk: Desk): boolean {
    const { places, gave: givers } = desk;
    // Who left, or only acted, sits there anew when found again; whoever handed over to them has handed over all the same.
    const stays = ({ left, sort, vote }: Place) => vote !== null || (!left && sort !== 'acting');
    desk.places = places.filter(stays);
    desk.gave = [...givers, ...places.flatMap(({ left, vote, of }) => (left && !vote && of ? [of] : []))];
    const whom = this.whom(desk);
    if (whom && !whom.admins && whom.people.length + whom.others.length === 0) {
      Object.assign(desk, { places, gave: givers });
      return true;
    }
    if (!this.openDesk(desk)) {
      desk.status = 'nobody';
      return this.walk();
    }
    desk.out = desk.out.filter(
      (who) => !desk.places.some((place) => place.who === who && place.sort !== 'acting'),
    );
    const same = this.order.last?.before.desks[this.order.desks.indexOf(desk)];
    if (same?.status === 'in_review') {
      const { admins, order, out, repeats, gave: gone } = structuredClone(desk);
      const kept = same.places.filter(stays);
      const known = new Set(kept.map(({ who }) => who));
      const added = structuredClone(desk.places).filter(({ who }) => !known.has(who));
      Object.assign(same, { admins, order, out, repeats, gave: gone, places: [...kept, ...added] });
      signToo(same);
    }
    return this.finish();
  }

  /** Whose vote is taken back after the step was asked anew, and did not find them then, has no place any more. */
  protected unask(): void {
    const desk = this.desk();
    if (!desk || lazy(desk.stage)) return;
    desk.places = desk.places.filter(
      ({ sort, vote, left, who }) => sort !== 'asked' || vote || left || desk.order.includes(who),
    );
  }

  protected reject(desk: Desk, who: string, before: Order): boolean {
    desk.status = 'rejected';
    this.end('rejected');
    this.order.rejected = { who, before };
    return true;
  }

  protected end(status: string): void {
    for (const desk of this.order.desks) if (ahead.includes(desk.status)) desk.status = 'cancelled';
    Object.assign(this.order, { status, returned: null, last: null });
  }

  desk = (): Desk | undefined => this.order.desks.find((desk) => desk.status === 'in_review');
}
