import { fresh, holds, lazy, lost, reset, seatsFor, vacate } from './engine.model-desk.spec-support.js';
import { ModelWalk } from './engine.model-walk.spec-support.js';
import type { FlowGiven } from './engine.spec-support.js';
import type { ResumeWay, SignPosition } from './order-state.js';

/**
 * Who must still approve an order, written naively from the rules, in words and lists of names, without the engine's
 * seats and events. Undoing is putting an older copy back.
 */

export class Model extends ModelWalk {
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
    if (vote === 'no' && (overrules || lost(desk))) return this.reject(desk, who, before);
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
    const first = (of: string) => (of === to ? null : of);
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
        one === place ? { ...fresh(to, 'taken'), of: first(place.of ?? who) } : one,
      );
    } else {
      desk.places = desk.places.filter((one) => one !== place);
      desk.places.push({ ...fresh(to, 'taken'), of: first(who) });
    }
    if (capacity !== 'system_admin') desk.gave.push(who);
    if (capacity !== 'system_admin' && desk.order.includes(who))
      desk.order = desk.order.map((one) => (one === who ? to : one));
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
    vacate(desk, to);
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
    const judged = desks.filter(
      (desk) => returned.resume === 'again' || desk.status === 'waiting' || !desk.condition,
    );
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
    this.unask();
    return this.chance(who) !== null;
  }

  withdraw(who: string): boolean {
    if (who !== this.now.applicant || !['initiating', 'in_review'].includes(this.order.status)) return false;
    this.end('withdrawn');
    return true;
  }

  recount(): boolean {
    if (this.leave()) this.finish();
    const desk = this.desk();
    return desk && this.abandoned(desk) ? this.askAnew(desk) : true;
  }
}
