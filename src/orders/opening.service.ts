import { Injectable } from '@nestjs/common';
import { actingTeam, isSystemAdmin, isTeamAdmin, type Principal } from '../auth/principal.js';
import { Database } from '../database/database.js';
import { wholeSecond } from '../database/dialect.js';
import type { Tx } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { conditionHolds } from '../engine/conditions/condition.js';
import type { OrderEvent } from '../engine/events.js';
import { evolveAll } from '../engine/evolve.js';
import { open, type Opening, type PlannedStep, planPath } from '../engine/open.js';
import { invalid, notFound, Problem } from '../http/problem.js';
import { Metrics } from '../observability/metrics.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { type OpeningSnapshot, OpeningRepository } from './opening.repository.js';
import { decidedOutside, providerStage } from './opening.outside.js';
import { OpeningStages } from './opening.stages.js';
import { problemOf } from './order.commands.js';
import { OrderPeople } from './order.people.js';
import { type OrderRecord, seatKey } from './order.record.js';
import { OrderResolvers } from './order.resolvers.js';
import { OrderTransitions } from './order.transitions.js';
import { toView } from './order.view.js';
import type { OpenOrder, OrderPreview, OrderView } from './orders.dto.js';
import { OrdersRepository } from './orders.repository.js';
import { previewOf } from './preview.js';

/** What another room opens an order with. */
export { OpenOrder } from './orders.dto.js';

const maxVariablesBytes = 60_000;

/** Who applies, in which team. */
interface Application {
  readonly userCode: string;
  readonly team: string | null;
  readonly systemAdmin: boolean;
  /** Opened by a service account on behalf of the user. */
  readonly byService: boolean;
}

/** What a request to open says besides the business type. */
type Applicant = Pick<OpenOrder, 'userCode' | 'accCode' | 'variables'>;

/** An order that could be opened: what it copies, and what the engine needs to decide on it. */
export interface OpeningPlan {
  readonly application: Application;
  readonly snapshot: OpeningSnapshot;
  readonly opening: Opening;
  readonly dto: OpenOrder;
  /** Under which topic the order's end is told to the room that opens it; null when nobody waits for it. */
  readonly endedTopic: string | null;
}

/** An order that was opened, in a transaction that may still fail. */
export interface OpenedOrder {
  readonly record: OrderRecord;
  /** The id of its first log row, by which a lost commit is confirmed. */
  readonly firstLogId: string;
}

/** Opens orders: copies the template of team and business type, and starts the walk (domain rules 1 to 3). */
@Injectable()
export class OpeningService {
  constructor(
    private readonly snapshots: OpeningRepository,
    private readonly stages: OpeningStages,
    private readonly people: OrderPeople,
    private readonly resolvers: OrderResolvers,
    private readonly orders: OrdersRepository,
    private readonly transitions: OrderTransitions,
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * @throws Problem 404 for an unknown business type, 409 business_type_disabled, 422 approver_not_found; nothing is
   * stored then.
   */
  async open(principal: Principal, dto: OpenOrder): Promise<OrderView> {
    const plan = await this.plan(principal, dto);
    let firstLogId = '';
    return this.unitOfWork.run(
      async (tx) => {
        const opened = await this.store(tx, plan);
        ({ firstLogId } = opened);
        return toView(opened.record);
      },
      { confirm: (tx) => this.transitions.happened(tx, firstLogId) },
    );
  }

  /** Tells the path that an order would take if it were opened now; stores nothing, and asks nobody but resolvers. */
  async preview(principal: Principal, dto: OpenOrder): Promise<OrderPreview> {
    const plan = await this.plan(principal, dto, true);
    return previewOf(plan.snapshot.templateId, plan.opening, planPath(plan.opening));
  }

  /** The team in which the caller would open. @throws Problem 400, 403 or 404 when the caller may not apply like that. */
  team(principal: Principal, dto: Applicant): string | null {
    return applicationOf(principal, dto).team;
  }

  /** The path of an order that could be opened. */
  path(plan: OpeningPlan): PlannedStep[] {
    return planPath(plan.opening);
  }

  /**
   * Reads all that an opening copies and depends on. Asks resolvers, so never inside a transaction.
   * @param everybody whether the people are wanted too that an opening does not need: to tell of them
   */
  async plan(principal: Principal, dto: OpenOrder, everybody: boolean = false): Promise<OpeningPlan> {
    requireOpenable(principal, dto.businessType);
    const application = applicationOf(principal, dto);
    const snapshot = await this.snapshot(application, dto.businessType);
    return {
      application,
      snapshot,
      dto,
      opening: await this.opening(application, snapshot, dto, everybody),
      endedTopic: null,
    };
  }

  /** Opens a planned order. @throws Problem 422 approver_not_found */
  async store(tx: Tx, plan: OpeningPlan): Promise<OpenedOrder> {
    const outcome = open(plan.opening);
    if (!outcome.ok) throw problemOf(outcome.refusal);
    const { events } = outcome;
    const opened = this.record(plan, events);
    const { watched } = plan.snapshot;
    const { userCode } = plan.application;
    const { head, state } = opened;
    const rows = this.transitions.opened({ head, version: state.version, events, userCode });
    const record = { ...opened, head: { ...head, logHash: rows.hash } };
    await this.orders.insert(tx, record);
    const firstLogId = await this.transitions.tell(tx, { record, events, userCode, watched, rows });
    tx.afterCommit(() => this.metrics.countEvents(events));
    return { record, firstLogId };
  }

  private record(
    { application, snapshot, dto, endedTopic }: OpeningPlan,
    events: readonly OrderEvent[],
  ): OrderRecord {
    const state = evolveAll(null, events);
    const now = wholeSecond(this.clock.now());
    const decided = state.steps.flatMap((step) =>
      step.seats
        .filter((seat) => seat.decision !== null)
        .map((seat) => seatKey(step.applyStep, seat.subject)),
    );
    return {
      head: {
        id: this.ids.next(),
        applyTemplateId: snapshot.templateId,
        templateName: snapshot.templateName,
        templateVersion: snapshot.templateVersion,
        logHash: null,
        endedTopic,
        // Who decides elsewhere needs no picture of it there.
        mirrorId: snapshot.provider ? null : snapshot.mirrorId,
        businessType: dto.businessType,
        businessTypeId: snapshot.businessTypeId,
        businessKey: dto.businessKey ?? null,
        title: dto.title ?? null,
        remark: dto.remark ?? null,
        accCode: application.team,
        variables: dto.variables ?? {},
        createTime: now,
        updateTime: now,
      },
      state,
      steps: state.steps.map(({ applyStep }) => ({
        id: this.ids.next(),
        applyStep,
        createTime: now,
        updateTime: now,
      })),
      decidedAt: new Map(decided.map((key) => [key, now])),
    };
  }

  private async snapshot(application: Application, businessType: string): Promise<OpeningSnapshot> {
    const { team, userCode } = application;
    const read = await this.snapshots.read(team, businessType, userCode);
    if (!read) throw notFound(`business type ${businessType}`);
    const snapshot = read.provider ? decidedOutside(read, read.provider) : read;
    if (!snapshot.enabled) {
      throw new Problem(
        'business_type_disabled',
        `business type ${businessType} is switched off; an administrator can set enabled to true`,
      );
    }
    const { applicant } = snapshot;
    if (applicant && applicant.accCode !== null && applicant.accCode !== team) {
      if (application.byService) throw notFound(`user ${userCode} of team ${team}`);
      // A token says of which team its holder is; what another team's directory says of the code does not count.
      return { ...snapshot, applicant: null };
    }
    if (applicant?.active === false) throw new Problem('forbidden', `user ${userCode} is not active`);
    return snapshot;
  }

  private async opening(
    { team, userCode, systemAdmin: isAdmin }: Application,
    snapshot: OpeningSnapshot,
    dto: OpenOrder,
    everybody: boolean,
  ): Promise<Opening> {
    const { autoApprove, dedupe, distinct, templateVersion, provider } = snapshot;
    const variables = dto.variables ?? {};
    const stages = provider
      ? [providerStage(provider)]
      : await this.stages.of(this.database, team, snapshot.stages, dto.chosenApprovers, distinct);
    const systemAdmin = isAdmin || (snapshot.applicant?.roles.includes('system_admin') ?? false);
    const asked = stages.filter((stage) => conditionHolds(stage.condition, variables));
    const answered = await this.resolvers.approvers(asked, {
      ticketId: null,
      team,
      businessType: dto.businessType,
      businessTypeId: snapshot.businessTypeId,
      businessKey: dto.businessKey ?? null,
      applicant: userCode,
      variables,
    });
    const facts = await this.people.forOpening(this.database, {
      team,
      businessType: dto.businessType,
      variables,
      delegating: snapshot.delegating,
      autoApprove,
      applicant: { userCode, systemAdmin },
      steps: asked,
      answered,
      everybody,
      inactive: new Map(snapshot.stages.flatMap((stage) => [...stage.inactive])),
    });
    return {
      autoApprove,
      dedupe,
      distinct,
      ...(templateVersion === null ? {} : { templateVersion }),
      hasCheck: snapshot.checkUrl !== null,
      hasExecute: snapshot.executeUrl !== null,
      variables,
      facts,
      stages,
    };
  }
}

/** @throws Problem 400 for variables that take more than the column holds. */
export function requireSmallVariables(variables: Readonly<Record<string, unknown>> = {}): void {
  if (Buffer.byteLength(JSON.stringify(variables)) <= maxVariablesBytes) return;
  throw invalid('variables', `must not take more than ${maxVariablesBytes} bytes as JSON`);
}

/** @throws Problem 403 when the caller may not open orders of this business type at all. */
export function requireOpenable(principal: Principal, businessType: string): void {
  if (mayOpen(principal, businessType)) return;
  throw new Problem('forbidden', `this API key may not open orders of business type ${businessType}`);
}

/** Whether the caller may open orders of a business type: API keys can be limited to some. */
export const mayOpen = (principal: Principal, businessType: string): boolean =>
  principal.kind === 'user' || (principal.businessTypes?.includes(businessType) ?? true);

/** @throws Problem 400, 403 or 404 when the caller may not apply for this person in this team. */
function applicationOf(principal: Principal, dto: Applicant): Application {
  requireSmallVariables(dto.variables);
  if (principal.kind === 'user') {
    if (dto.userCode !== undefined && dto.userCode !== principal.userCode) {
      const who =
        isTeamAdmin(principal) || isSystemAdmin(principal) ? 'even administrators open' : 'people open';
      throw new Problem('forbidden', `${who} orders for themselves; a service account opens them for others`);
    }
    const team = actingTeam(principal, dto.accCode);
    return { userCode: principal.userCode, team, systemAdmin: isSystemAdmin(principal), byService: false };
  }
  if (dto.userCode === undefined) throw invalid('userCode', 'is required with an API key: who applies?');
  if (dto.userCode === 'system') throw invalid('userCode', 'system is the service itself');
  const team = actingTeam(principal, dto.accCode);
  return { userCode: dto.userCode, team, systemAdmin: false, byService: true };
}
