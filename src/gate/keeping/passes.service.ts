import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config.js';
import { SharedClock } from '../../database/shared-clock.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
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
      done: (outcome) => this.record(taken, outcome),
    };
  }

  private async refuse(row: RequestRow, error: string): Promise<void> {
    await this.unitOfWork.run(async (tx) => {
      await this.requests.change(tx, row, failedFor(error, row, await this.shared.now(tx)));
    });
  }

  /** Never throws: the repeat has passed, whatever can be noted of it. */
  private async record(row: RequestRow, outcome: { readonly status: number | null } | Error): Promise<void> {
    try {
      await this.unitOfWork.run((tx) => this.requests.change(tx, row, changeOf(outcome)));
    } catch (error) {
      this.logger.error({ err: error, request: row.id }, 'how a repeat ended could not be noted');
    }
  }
}

function changeOf(outcome: { readonly status: number | null } | Error): RequestChange {
  if (outcome instanceof Error)
    return { state: 'unknown', endsAt: null, error: 'the repeat passed and broke off' };
  const { status } = outcome;
  if (status === null) return { state: 'executed', endsAt: null };
  return { state: status < 400 ? 'executed' : 'failed', endsAt: null, responseStatus: status };
}
