import { Injectable } from '@nestjs/common';
import type { TeamScope } from '../auth/principal.js';
import { Database } from '../database/database.js';
import { conditionHolds } from '../engine/conditions/condition.js';
import { type PlannedStep, planPath } from '../engine/open.js';
import type { StepSnapshot, StepState } from '../engine/order-state.js';
import type { AutoApprove, Dedupe } from '../engine/vocabulary.js';
import { OpeningStages } from './opening.stages.js';
import { OrderListsRepository } from './order-lists.repository.js';
import { OrderPeople } from './order.people.js';
import type { OrderRecord } from './order.record.js';
import { OrdersRepository } from './orders.repository.js';
import { PresentStagesRepository, type WantedStage } from './present-stages.repository.js';

export type { PlannedStep };
/** What a path is planned from. */
export type OrderForPlan = OrderRecord;

/** A template as it is, or would be after a change. */
export interface TemplatePlan {
  readonly autoApprove: AutoApprove;
  readonly dedupe: Dedupe;
  readonly distinct: boolean;
  readonly stages: readonly WantedStage[];
}

/** The paths of one past order: by its own copy of the template, and by another one. */
export interface ComparedPaths {
  readonly then: readonly PlannedStep[];
  readonly now: readonly PlannedStep[];
}

/** Which orders are wanted: some by their ids, or the last of a business type. */
export type WantedOrders =
  { readonly ids: readonly string[] } | { readonly businessType: string; readonly last: number };

/**
 * Plans the paths of past orders under other templates. Both paths are planned with the directory as it is now, so that
 * what differs between them comes from the template alone. Stores nothing, and asks no resolver.
 */
@Injectable()
export class OrderPlansService {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly lists: OrderListsRepository,
    private readonly stages: OpeningStages,
    private readonly present: PresentStagesRepository,
    private readonly people: OrderPeople,
    private readonly database: Database,
  ) {}

  /** The orders that are wanted, newest first where they are not named; null for one that does not exist for the caller. */
  async find(scope: TeamScope, wanted: WantedOrders): Promise<Map<string, OrderRecord | null>> {
    const ids =
      'ids' in wanted
        ? wanted.ids
        : (await this.lists.list(scope, null, { businessType: wanted.businessType }, wanted.last, null)).map(
            ({ id }) => id,
          );
    const found = new Map<string, OrderRecord | null>();
    for (const id of ids) found.set(id, await this.orders.find(scope, id));
    return found;
  }

  async compare(record: OrderRecord, plan: TemplatePlan): Promise<ComparedPaths> {
    const { head, state } = record;
    const stages = await this.present.ofStages(this.database, head.accCode, plan.stages);
    const steps = await this.stages.instead(this.database, head.accCode, stages, state.steps, plan.distinct);
    return {
      then: await this.path(record, state, state.steps.map(asCopied)),
      now: await this.path(record, plan, steps),
    };
  }

  private async path(
    { head, state }: OrderRecord,
    { autoApprove, dedupe, distinct }: Omit<TemplatePlan, 'stages'>,
    stages: readonly StepSnapshot[],
  ): Promise<PlannedStep[]> {
    const { variables } = head;
    const facts = await this.people.forOpening(this.database, {
      team: head.accCode,
      businessType: head.businessType,
      variables,
      // Who stands in for whom right now says nothing about a template.
      delegating: false,
      autoApprove,
      applicant: { userCode: state.applicant, systemAdmin: state.applicantSystemAdmin },
      steps: stages.filter((stage) => conditionHolds(stage.condition, variables)),
      answered: new Map(),
      everybody: true,
    });
    return planPath({ autoApprove, dedupe, distinct, variables, stages, facts });
  }
}

/** A step as it was when the order was opened: whatever has become of it since. */
const asCopied = ({
  auditStatus: _status,
  requiredApprovals: _required,
  people: _people,
  seats: _seats,
  auditUserCode: _by,
  auditMsg: _words,
  reason: _reason,
  clock: _clock,
  ...copied
}: StepState): StepSnapshot => copied;
