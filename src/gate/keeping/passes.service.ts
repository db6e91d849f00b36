import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config.js';
import { classify } from '../../database/errors.js';
import { SharedClock } from '../../database/shared-clock.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { Problem } from '../../http/problem.js';
import { UpstreamError } from '../../outbound/upstream.client.js';
import { Ids } from '../../runtime/ids.js';
import type { RequestRow } from '../requests/request.entity.js';
import type { Pass } from './judgement.js';
import { ApprovalProof } from './approval.proof.js';
import { RequestCourse } from './request.course.js';
import { failedFor, type RequestChange, RequestsRepository } from './requests.repository.js';

/** How long after an answer is due a pass counts as lost, in milliseconds: answers may stream for long. */
const lostAfter = 600_000;

/** Lets approved repeats pass (mode `retry-once`): each leave is taken once, whoever comes with it at the same moment. */
@Injectable()
export class PassesService {
  private readonly logger = new Logger('gate');

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly requests: RequestsRepository,
    private readonly course: RequestCourse,
    private readonly proof: ApprovalProof,
    private readonly shared: SharedClock,
    private readonly unitOfWork: UnitOfWork,
    private readonly ids: Ids,
  ) {}

  /**
   * @returns null when somebody else was first, or its time is over; `refused` when it may not pass, which is stored
   */
  async take(row: RequestRow): Promise<Pass | 'refused' | null> {
    const why = await this.proof.whyNot(row);
    if (why !== null) {
      await this.refuse(row, why);
      return 'refused';
    }
    const token = this.ids.next();
    const taken = await this.unitOfWork.run(async (tx) => {
      const now = await this.shared.now(tx);
      if (row.endsAt !== null && row.endsAt <= now) return null;
      // A repeat from now on is another request.
      const endsAt = now + this.config.gate.timeout + lostAfter;
      const after = await this.requests.change(tx, row, { state: 'executing', live: null, token, endsAt });
      if (after) await this.course.arrange(tx, after);
      return after;
    });
    if (!taken) return null;
    return {
      requestId: row.id,
      orderId: row.applyOrderId,
      upstream: row.upstream,
      headers: [
        ['x-approval-request-id', row.id],
        ['idempotency-key', row.id],
      ],
      done: (outcome) => this.record(taken, row.endsAt, outcome),
    };
  }

  private async refuse(row: RequestRow, error: string): Promise<void> {
    await this.unitOfWork.run(async (tx) => {
      await this.requests.change(tx, row, failedFor(error, row, await this.shared.now(tx)));
    });
  }

  /**
   * Never throws: the repeat has passed, whatever can be noted of it. Leave of which certainly nothing was used is given back.
   * @param until when the leave ends
   */
  private async record(row: RequestRow, until: number | null, outcome: PassOutcome): Promise<void> {
    try {
      const cause = outcome instanceof Problem ? outcome.more.cause : outcome;
      const unused = cause instanceof UpstreamError && !cause.sent;
      if (unused && (await this.giveBack(row, until))) return;
      await this.unitOfWork.run((tx) => this.requests.change(tx, row, changeOf(outcome, unused)));
    } catch (error) {
      this.logger.error({ err: error, request: row.id }, 'how a repeat ended could not be noted');
    }
  }

  /** @returns whether it could be: another repeat may have become a request of its own meanwhile */
  private async giveBack(row: RequestRow, endsAt: number | null): Promise<boolean> {
    const change: RequestChange = { state: 'approved', live: row.fingerprint, token: null, endsAt };
    try {
      return await this.unitOfWork.run(async (tx) => {
        const after = await this.requests.change(tx, row, change);
        if (after) await this.course.arrange(tx, after);
        return after !== null;
      });
    } catch (error) {
      if (classify(error) === 'duplicate') return false;
      throw error;
    }
  }
}

type PassOutcome = { readonly status: number | null } | Error;

function changeOf(outcome: PassOutcome, unused: boolean): RequestChange {
  if (unused)
    return { state: 'failed', endsAt: null, error: 'the upstream could not be reached; nothing was sent' };
  if (outcome instanceof Error)
    return { state: 'unknown', endsAt: null, error: 'the repeat passed and broke off' };
  const { status } = outcome;
  if (status === null) return { state: 'executed', endsAt: null };
  return { state: status < 400 ? 'executed' : 'failed', endsAt: null, responseStatus: status };
}
