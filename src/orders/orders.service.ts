import { Injectable } from '@nestjs/common';
import {
  isSystemAdmin,
  isTeamAdmin,
  type Principal,
  scopeOf,
  type TeamScope,
  type UserPrincipal,
} from '../auth/principal.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { DirectoryService } from '../directory/directory.service.js';
import { type Command, mayDecide } from '../engine/decide.js';
import { type Page, type PageQuery, windowOf } from '../http/pagination.js';
import { notFound, Problem } from '../http/problem.js';
import { type LogEntry, OperationLogService } from '../operation-log/operation-log.service.js';
import { OrderCommands } from './order.commands.js';
import { OrderPeople } from './order.people.js';
import type { OrderRecord } from './order.record.js';
import { OrderTransitions } from './order.transitions.js';
import { toView } from './order.view.js';
import { type OrderFilter, OrderListsRepository } from './order-lists.repository.js';
import type { CanAct, DecideOrder, OrderSummary, OrderView, WithdrawOrder } from './orders.dto.js';
import { OrdersRepository } from './orders.repository.js';

/** What other rooms may show of an order. */
export { CanAct, OrderSummary, OrderView, StepView } from './orders.dto.js';
export type { OrderRecord };

/** Where a page of a list starts. */
export interface ListWindow {
  readonly take: number;
  readonly after: string | null;
}

/** Commands on orders, and reading them. The engine decides; this loads, locks, saves and logs. */
@Injectable()
export class OrdersService {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly lists: OrderListsRepository,
    private readonly people: OrderPeople,
    private readonly directory: DirectoryService,
    private readonly log: OperationLogService,
    private readonly transitions: OrderTransitions,
    private readonly commands: OrderCommands,
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  approve(principal: UserPrincipal, id: string, dto: DecideOrder): Promise<OrderView> {
    return this.decideStep('approve', principal, id, dto);
  }

  reject(principal: UserPrincipal, id: string, dto: DecideOrder): Promise<OrderView> {
    return this.decideStep('reject', principal, id, dto);
  }

  withdraw(principal: UserPrincipal, id: string, dto: WithdrawOrder): Promise<OrderView> {
    return this.command(principal, id, async (tx, record, active) => {
      const { actor } = await this.people.forCommand(tx, record.head.accCode, record.state, {
        principal,
        active,
      });
      return { type: 'withdraw', actor, remark: dto.remark ?? null };
    });
  }

  /** @throws Problem 404, or 403 for a colleague whom the order does not concern. */
  async get(principal: Principal, id: string): Promise<OrderView> {
    return toView(await this.readable(principal, id));
  }

  async logs(principal: Principal, id: string, query: PageQuery): Promise<Page<LogEntry>> {
    await this.readable(principal, id);
    return this.log.page(id, windowOf(query, 100));
  }

  /** Orders of an applicant, or of all, within teams; newest first. The caller's right to the list is judged before. */
  list(
    scope: TeamScope,
    applicant: string | null,
    filter: OrderFilter,
    window: ListWindow,
  ): Promise<OrderSummary[]> {
    return this.lists.list(scope, applicant, filter, window.take, window.after);
  }

  /** Orders of which a person has decided a step, newest first. */
  decidedBy(
    scope: TeamScope,
    userCode: string,
    filter: OrderFilter,
    window: ListWindow,
  ): Promise<OrderSummary[]> {
    return this.lists.decidedBy(scope, userCode, filter, window.take, window.after);
  }

  /** Whether the caller could decide the order now, and why (not): the same rule that a decision is judged by. */
  async canAct(principal: UserPrincipal, id: string): Promise<CanAct> {
    const record = await this.find(principal, id);
    const active = await this.directory.isActive(this.database, record.head.accCode, principal.userCode);
    const { actor } = await this.people.forCommand(this.database, record.head.accCode, record.state, {
      principal,
      active,
    });
    const permission = mayDecide(record.state, actor);
    if ('code' in permission) return { canAct: false, reason: permission.detail };
    const { step, capacity } = permission;
    const quality = capacity === 'assignee' ? 'a reviewer of' : 'a system administrator and may decide';
    return { canAct: true, reason: `you are ${quality} step ${step.applyStep} "${step.nodeName}"` };
  }

  /** An order that the caller may read: applicant, reviewer of any step, administrator, or service account. */
  async readable(principal: Principal, id: string): Promise<OrderRecord> {
    const record = await this.find(principal, id);
    if (principal.kind === 'service' || isSystemAdmin(principal) || isTeamAdmin(principal)) return record;
    if (record.state.applicant === principal.userCode) return record;
    const { actor } = await this.people.forCommand(this.database, record.head.accCode, record.state, {
      principal,
      active: true,
    });
    if (record.assignees.some((row) => actor.subjects.has(row.subject))) return record;
    throw new Problem('forbidden', 'only the applicant, its reviewers and administrators read an order');
  }

  /** An order for the service itself, whatever its team; null when none exists. */
  forService(id: string): Promise<OrderRecord | null> {
    return this.orders.find('all', id);
  }

  private async find(principal: Principal, id: string): Promise<OrderRecord> {
    const record = await this.orders.find(scopeOf(principal), id);
    if (!record) throw notFound(`order ${id}`);
    return record;
  }

  private decideStep(
    type: 'approve' | 'reject',
    principal: UserPrincipal,
    id: string,
    dto: DecideOrder,
  ): Promise<OrderView> {
    return this.command(principal, id, async (tx, record, active) => ({
      type,
      ...(await this.people.forCommand(tx, record.head.accCode, record.state, { principal, active })),
      auditMsg: dto.auditMsg ?? null,
      expectedVersion: dto.version ?? null,
    }));
  }

  /** One command of a person, in a transaction of its own. */
  private async command(
    principal: UserPrincipal,
    id: string,
    prepare: (tx: Tx, record: OrderRecord, actorActive: boolean) => Promise<Command>,
  ): Promise<OrderView> {
    const target = { scope: scopeOf(principal), id, userCode: principal.userCode };
    let firstLogId = '';
    return this.unitOfWork.run(
      async (tx) => {
        const done = await this.commands.carryOut(tx, target, (record, active) =>
          prepare(tx, record, active),
        );
        ({ firstLogId } = done);
        return toView(done.record);
      },
      { confirm: (tx) => this.transitions.happened(tx, firstLogId) },
    );
  }
}
