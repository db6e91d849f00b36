import { Injectable } from '@nestjs/common';
import type { Principal } from '../auth/principal.js';
import { BusinessTypesService, type ObjectFlow } from '../business-types/business-types.service.js';
import { classify } from '../database/errors.js';
import type { Tx } from '../database/sql.js';
import { UnitOfWork, withoutCommitHook } from '../database/unit-of-work.js';
import type { ApplyStatus } from '../engine/vocabulary.js';
import { invalid, Problem } from '../http/problem.js';
import { OperationLogService } from '../operation-log/operation-log.service.js';
import { ObjectOrdersService } from '../orders/object-orders.service.js';
import { mayOpen, type OpeningPlan, OpeningService, requireOpenable } from '../orders/opening.service.js';
import { type ObjectRun, ObjectRunsRepository } from './object-runs.repository.js';
import type { AutoRun, AutoRunAnswer, AutoRunOrder, ObjectPath } from './objects.dto.js';

/** Starts the flows of a business object whose conditions hold, each once (requirement 002, `autoRun`). */
@Injectable()
export class AutoRunService {
  constructor(
    private readonly types: BusinessTypesService,
    private readonly opening: OpeningService,
    private readonly orders: ObjectOrdersService,
    private readonly runs: ObjectRunsRepository,
    private readonly log: OperationLogService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * Each flow is started by itself: what is wrong with one does not touch the others, and is told beside them. Only when
   * none is under way is the first refusal the answer, so that an answer without one means: go on.
   * @throws Problem 400 for a business type that is none of this kind of object; 403, 404 as for opening an order
   */
  async run(
    principal: Principal,
    { objectType, objectId }: ObjectPath,
    dto: AutoRun,
  ): Promise<AutoRunAnswer> {
    const team = this.opening.team(principal, dto);
    const flows = wanted(
      principal,
      objectType,
      dto.businessTypes,
      await this.types.ofObjectType(team, objectType),
    );
    const businessTypes = flows.map((flow) => flow.businessType);
    const newest = await this.orders.newest({ team, businessTypes }, objectId);
    return withoutCommitHook(async () => {
      const orders: AutoRunOrder[] = [];
      const refusals: Problem[] = [];
      for (const { businessType, enabled } of flows) {
        const run = { team, businessType, objectId };
        try {
          orders.push(
            known(newest.get(businessType)) ??
              (enabled ? await this.start(principal, run, dto) : notStarted(businessType, 'disabled')),
          );
        } catch (error) {
          if (!(error instanceof Problem) || error.status >= 500) throw error;
          refusals.push(error);
          orders.push(notStarted(businessType, error.code, error.detail));
        }
      }
      const triggered = orders.some(({ reason }) => reason === 'started' || reason === 'in_progress');
      if (!triggered && refusals[0]) throw refusals[0];
      return { triggered, orders };
    });
  }

  private async start(principal: Principal, run: ObjectRun, dto: AutoRun): Promise<AutoRunOrder> {
    const { businessType, objectId } = run;
    const { businessTypes: _named, ...application } = dto;
    const plan = await this.opening.plan(principal, { ...application, businessType, businessKey: objectId });
    const path = this.opening.path(plan);
    if (path.every(({ reason }) => reason === 'condition_false')) {
      return notStarted(businessType, 'condition_false');
    }
    try {
      return await this.once(run, plan, (tx) => this.runs.insert(tx, run));
    } catch (error) {
      if (classify(error) !== 'duplicate') throw error;
    }
    return this.once(run, plan, (tx) => this.runs.lock(tx, run));
  }

  /** @param take has the object's row before anybody else reads what it is about to start */
  private async once(
    run: ObjectRun,
    plan: OpeningPlan,
    take: (tx: Tx) => Promise<void>,
  ): Promise<AutoRunOrder> {
    const { team, businessType, objectId } = run;
    let firstLogId = '';
    return this.unitOfWork.run(
      async (tx) => {
        firstLogId = '';
        await take(tx);
        const newest = await this.orders.newest({ team, businessTypes: [businessType] }, objectId, tx);
        const earlier = known(newest.get(businessType));
        if (earlier) return earlier;
        const opened = await this.opening.store(tx, plan);
        const { head, state } = opened.record;
        await this.runs.note(tx, run, head.id);
        ({ firstLogId } = opened);
        // An order that nobody has to decide is over already.
        const reason = standings[state.applyStatus] === 'in_progress' ? 'started' : 'approved';
        return { businessType, orderId: head.id, created: true, reason, detail: null };
      },
      { confirm: (tx) => this.log.exists(tx, firstLogId) },
    );
  }
}

/** What an order that is there says of its object; one that was withdrawn says nothing. */
const standings = {
  initiating: 'in_progress',
  in_review: 'in_progress',
  executing: 'in_progress',
  completed: 'approved',
  rejected: 'rejected',
  withdrawn: null,
} as const satisfies Record<ApplyStatus, string | null>;

/** The answer for an object whose newest order stands in the way of another, or null. */
function known(
  newest:
    { readonly id: string; readonly businessType: string; readonly applyStatus: ApplyStatus } | undefined,
): AutoRunOrder | null {
  const reason = newest && standings[newest.applyStatus];
  if (!newest || !reason) return null;
  return { businessType: newest.businessType, orderId: newest.id, created: false, reason, detail: null };
}

const notStarted = (businessType: string, reason: string, detail: string | null = null): AutoRunOrder => ({
  businessType,
  orderId: null,
  created: false,
  reason,
  detail,
});

/** The flows that are named, or all that the caller may open. @throws Problem 400, 403 */
function wanted(
  principal: Principal,
  objectType: string,
  named: readonly string[] | undefined,
  flows: readonly ObjectFlow[],
): readonly ObjectFlow[] {
  if (!named) return flows.filter((flow) => mayOpen(principal, flow.businessType));
  for (const code of named) {
    if (!flows.some((flow) => flow.businessType === code)) {
      throw invalid(
        'businessTypes',
        `holds ${code}, which is no business type with objectType ${objectType}`,
      );
    }
    requireOpenable(principal, code);
  }
  return flows.filter((flow) => named.includes(flow.businessType));
}
