import { Injectable } from '@nestjs/common';
import { classify } from '../../database/errors.js';
import { SharedClock } from '../../database/shared-clock.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { Problem } from '../../http/problem.js';
import { fingerprintOf, sha256 } from '../reading/fingerprint.js';
import { chooseMatch } from '../reading/matching.js';
import type { RequestRow } from '../requests/request.entity.js';
import type { Hold } from '../vocabulary.js';
import type { Candidate, HeldView, Judgement, Visit } from './judgement.js';
import { PassesService } from './passes.service.js';
import { isOver, RequestCourse } from './request.course.js';
import { RequestHolding } from './request.holding.js';
import { RequestSeals } from './request.seals.js';
import { alteredWords, RequestsRepository } from './requests.repository.js';

/** More means that the same request is decided, executed and sent again all the time. */
const maxRounds = 8;

/**
 * Judges what an action names: the request is held until its order has ended, and what it then leads to, it leads to once
 * (docs/gate.md). Whatever cannot be judged does not pass.
 */
@Injectable()
export class KeeperService {
  constructor(
    private readonly requests: RequestsRepository,
    private readonly course: RequestCourse,
    private readonly holding: RequestHolding,
    private readonly passes: PassesService,
    private readonly seals: RequestSeals,
    private readonly shared: SharedClock,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** @throws Problem when no order can be opened for it: 403, 404, 409 or 422; nothing passes then */
  async judge(visit: Visit): Promise<Judgement> {
    const candidates = candidatesOf(visit);
    for (let round = 1; round <= maxRounds; round++) {
      const known = await this.requests.live(candidates.map(({ fingerprint }) => fingerprint));
      const judgement = known ? await this.judgeKnown(known) : await this.judgeNew(visit, candidates);
      if (judgement) return judgement;
    }
    throw new Problem('unavailable', 'the same request comes again and again; try again later');
  }

  /** @returns null when the request is over, or somebody else brought it on meanwhile: look again */
  private async judgeKnown(read: RequestRow): Promise<Judgement | null> {
    if (!this.seals.isSound(read)) return held({ ...read, state: 'failed', error: alteredWords });
    const followed = read.state === 'waiting' || read.state === 'denied';
    const row = followed ? await this.course.followed(read.applyOrderId) : read;
    if (!row) return null;
    if (isOver(row, await this.shared.now())) return this.end(row);
    switch (row.state) {
      case 'approved':
        return row.mode === 'retry-once' ? this.pass(row) : held(row);
      case 'executed':
      case 'failed': {
        const response = this.seals.openResponse(row);
        return response ? { kind: 'answered', held: viewOf(row), response } : held(row);
      }
      case 'cancelled':
      case 'expired':
        return null;
      default:
        return held(row);
    }
  }

  private async pass(row: RequestRow): Promise<Judgement | null> {
    const pass = await this.passes.take(row);
    if (pass === 'refused') return null;
    return pass && { kind: 'pass', pass };
  }

  /** What a repeat meant until now it means no longer. */
  private async end(row: RequestRow): Promise<null> {
    if (row.state === 'waiting' || row.state === 'approved') {
      await this.course.expire(row);
      return null;
    }
    await this.unitOfWork.run((tx) =>
      this.requests.change(tx, row, { state: row.state as never, live: null, endsAt: null }),
    );
    return null;
  }

  private async judgeNew(visit: Visit, candidates: readonly Candidate[]): Promise<Judgement | null> {
    const match = chooseMatch(
      visit.matches.filter(({ action }) => !action.deleted),
      visit.caller.accCode,
    );
    const candidate = candidates.find((one) => one.match === match);
    if (!candidate) return { kind: 'free' };
    try {
      const row = await this.holding.hold(visit, candidate);
      // Whether another action names it now, or none, is not known here.
      if (!row) throw new Problem('unavailable', 'the rules of this gate have just changed; try again');
      // Approved at once, it may pass at once.
      return row.state === 'approved' ? await this.judgeKnown(row) : held(row);
    } catch (error) {
      // The same request came twice in one moment: the other one holds it.
      if (classify(error) === 'duplicate') return null;
      throw error;
    }
  }
}

/** The actions of the caller's team and of the platform, deleted ones too: what they hold stays held. */
function candidatesOf({ gate, original, matches, body, caller }: Visit): Candidate[] {
  return matches
    .filter(({ action }) => action.scope === '' || action.scope === caller.accCode)
    .map((match) => {
      const upstream = match.action.upstream ?? gate.upstream;
      const { ignoreQuery } = match.action;
      const parts = { team: caller.accCode, user: caller.userCode, original, ignoreQuery, body };
      return { match, upstream, fingerprint: sha256(`${fingerprintOf(parts)} ${upstream ?? ''}`) };
    });
}

const held = (row: RequestRow): Judgement => ({ kind: 'held', held: viewOf(row) });

export const viewOf = (row: RequestRow): HeldView => ({
  requestId: row.id,
  orderId: row.applyOrderId,
  state: row.state as HeldView['state'],
  hold: row.hold as Hold,
  error: row.error,
});
