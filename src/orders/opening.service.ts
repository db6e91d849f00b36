import { Injectable } from '@nestjs/common';
import { isSystemAdmin, isTeamAdmin, type Principal, teamOf } from '../auth/principal.js';
import { Database } from '../database/database.js';
import { wholeSecond } from '../database/dialect.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { DirectoryService } from '../directory/directory.service.js';
import { evolveAll } from '../engine/evolve.js';
import { open, type Opening, type OpeningStage, planPath } from '../engine/open.js';
import { groupSubject, roleSubject, type Subject, userSubject } from '../engine/vocabulary.js';
import { invalid, notFound, Problem } from '../http/problem.js';
import { Metrics } from '../observability/metrics.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { type OpeningSnapshot, OpeningRepository, type SnapshotStage } from './opening.repository.js';
import { OrderPeople } from './order.people.js';
import { assigneesAfter, type AssigneeRecord, type OrderRecord } from './order.record.js';
import { OrderTransitions } from './order.transitions.js';
import { toView } from './order.view.js';
import type { OpenOrder, OrderPreview, OrderView } from './orders.dto.js';
import { OrdersRepository } from './orders.repository.js';

const maxVariablesBytes = 60_000;

/** Who applies, in which team. */
interface Application {
  readonly userCode: string;
  readonly team: string | null;
  readonly systemAdmin: boolean;
  /** Opened by a service account on behalf of the user. */
  readonly byService: boolean;
}

/** Opens orders: copies the template of team and business type, and starts the walk (domain rules 1 to 3). */
@Injectable()
export class OpeningService {
  constructor(
    private readonly snapshots: OpeningRepository,
    private readonly people: OrderPeople,
    private readonly directory: DirectoryService,
    private readonly orders: OrdersRepository,
    private readonly transitions: OrderTransitions,
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @throws Problem 404 for an unknown business type, 422 approver_not_found; nothing is stored then. */
  async open(principal: Principal, dto: OpenOrder): Promise<OrderView> {
    const application = applicationOf(principal, dto);
    const snapshot = await this.snapshot(application, dto.businessType);
    const outcome = open(await this.opening(application, snapshot, dto));
    if (!outcome.ok) throw new Problem(outcome.refusal.code, outcome.refusal.detail);
    const { events } = outcome;
    const state = evolveAll(null, events);
    const now = wholeSecond(this.clock.now());
    const record: OrderRecord = {
      head: {
        id: this.ids.next(),
        applyTemplateId: snapshot.templateId,
        templateName: snapshot.templateName,
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
      assignees: events.reduce<readonly AssigneeRecord[]>(
        (rows, event) => assigneesAfter(rows, event, state, now),
        [],
      ),
    };
    let firstLogId = '';
    return this.unitOfWork.run(
      async (tx) => {
        await this.orders.insert(tx, record);
        const { watched } = snapshot;
        const { userCode } = application;
        firstLogId = await this.transitions.tell(tx, { record, events, userCode, watched });
        tx.afterCommit(() => this.metrics.countEvents(events));
        return toView(record);
      },
      { confirm: (tx) => this.transitions.happened(tx, firstLogId) },
    );
  }

  /** Tells the path that an order would take if it were opened now; stores nothing. */
  async preview(principal: Principal, dto: OpenOrder): Promise<OrderPreview> {
    const application = applicationOf(principal, dto);
    const snapshot = await this.snapshot(application, dto.businessType);
    const path = planPath(await this.opening(application, snapshot, dto));
    return {
      templateId: snapshot.templateId,
      steps: path.map(({ stage, outcome, reason }) => ({
        applyStep: stage.applyStep,
        nodeName: stage.nodeName,
        outcome,
        reason: outcome === 'review' && !stage.reachable ? 'approver_not_found' : reason,
        approvers: stage.auditObject,
      })),
    };
  }

  private async snapshot(application: Application, businessType: string): Promise<OpeningSnapshot> {
    const { team, userCode } = application;
    const snapshot = await this.snapshots.read(team, businessType, userCode);
    if (!snapshot) throw notFound(`business type ${businessType}`);
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
    application: Application,
    snapshot: OpeningSnapshot,
    dto: OpenOrder,
  ): Promise<Opening> {
    const { team } = application;
    const subjects = await this.subjectsOf(team, snapshot.stages);
    const groups = [...new Set([...subjects.values()].flat().filter((subject) => subject.startsWith('g:')))];
    const reachable =
      groups.length > 0 ? await this.directory.reachable(this.database, team, groups) : new Set<Subject>();
    const asking = snapshot.stages
      .filter((stage) => stage.approvalMode === 'all')
      .flatMap((stage) => subjects.get(stage) ?? []);
    const systemAdmin =
      application.systemAdmin || (snapshot.applicant?.roles.includes('system_admin') ?? false);
    const facts = await this.people.forOpening(
      this.database,
      team,
      { userCode: application.userCode, systemAdmin },
      groups,
      asking,
    );
    return {
      autoApprove: snapshot.autoApprove,
      hasCheck: snapshot.checkUrl !== null,
      hasExecute: snapshot.executeUrl !== null,
      variables: dto.variables ?? {},
      facts,
      stages: snapshot.stages.map((stage): OpeningStage => {
        const own = subjects.get(stage) ?? [];
        return {
          applyStep: stage.applyStep,
          nodeId: stage.nodeId,
          nodeName: stage.nodeName,
          auditObjectType: stage.auditObjectType,
          auditObject: stage.auditObject,
          approvalMode: stage.approvalMode,
          condition: stage.condition,
          subjects: own,
          reachable: isReachable(stage, own, reachable),
        };
      }),
    };
  }

  /** The subjects behind each stage's codes; a group's code means the team's own group, else the platform's. */
  private async subjectsOf(
    team: string | null,
    stages: readonly SnapshotStage[],
  ): Promise<ReadonlyMap<SnapshotStage, readonly Subject[]>> {
    const scopes = new Map<string | null, ReadonlyMap<string, string>>();
    for (const nodeTeam of new Set(stages.map((stage) => stage.nodeTeam))) {
      const codes = stages
        .filter((stage) => stage.auditObjectType === 'group' && stage.nodeTeam === nodeTeam)
        .flatMap((stage) => stage.auditObject);
      if (codes.length > 0) {
        scopes.set(
          nodeTeam,
          await this.directory.resolveGroups(this.database, nodeTeam && team, [...new Set(codes)]),
        );
      }
    }
    const subjects = (stage: SnapshotStage): Subject[] => {
      if (stage.auditObjectType === 'user') return stage.auditObject.map(userSubject);
      if (stage.auditObjectType === 'role') return stage.auditObject.map(roleSubject);
      const known = scopes.get(stage.nodeTeam);
      // A group that does not exist (yet) stays a candidate without members, in the scope of the node.
      return stage.auditObject.map((code) => groupSubject(known?.get(code) ?? stage.nodeTeam ?? '', code));
    };
    return new Map(stages.map((stage) => [stage, subjects(stage)]));
  }
}

function isReachable(stage: SnapshotStage, own: readonly Subject[], groups: ReadonlySet<Subject>): boolean {
  // A system administrator can always be found: the service cannot be set up without one.
  if (stage.auditObjectType === 'role') return true;
  if (stage.auditObjectType === 'group') return own.some((subject) => groups.has(subject));
  return stage.auditObject.length > stage.unreachable.length;
}

/** @throws Problem 400, 403 or 404 when the caller may not apply for this person in this team. */
function applicationOf(principal: Principal, dto: OpenOrder): Application {
  if (Buffer.byteLength(JSON.stringify(dto.variables ?? {})) > maxVariablesBytes) {
    throw invalid('variables', `must not take more than ${maxVariablesBytes} bytes as JSON`);
  }
  if (principal.kind === 'user') {
    if (dto.userCode !== undefined && dto.userCode !== principal.userCode) {
      const who =
        isTeamAdmin(principal) || isSystemAdmin(principal) ? 'even administrators open' : 'people open';
      throw new Problem('forbidden', `${who} orders for themselves; a service account opens them for others`);
    }
    const team = teamOf(principal, dto.accCode);
    return { userCode: principal.userCode, team, systemAdmin: isSystemAdmin(principal), byService: false };
  }
  if (dto.userCode === undefined) throw invalid('userCode', 'is required with an API key: who applies?');
  if (dto.userCode === 'system') throw invalid('userCode', 'system is the service itself');
  if (principal.businessTypes && !principal.businessTypes.includes(dto.businessType)) {
    throw new Problem('forbidden', `this API key may not open orders of business type ${dto.businessType}`);
  }
  const team = dto.accCode ?? (principal.accCodes.length === 1 ? principal.accCodes[0] : undefined);
  if (team === undefined) throw invalid('accCode', 'is required: this API key acts for several teams');
  if (!principal.accCodes.includes(team)) throw notFound(`team ${team}`);
  return { userCode: dto.userCode, team, systemAdmin: false, byService: true };
}
