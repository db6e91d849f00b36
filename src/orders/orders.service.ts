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
import type { Sql } from '../database/sql.js';
import { DirectoryService } from '../directory/directory.service.js';
import { mayDecide, needsConfirmation } from '../engine/permission.js';
import { standsIn } from '../engine/seats.js';
import type { Person } from '../engine/vocabulary.js';
import { both, type Language } from '../http/language.js';
import { type Page, type PageQuery, windowOf } from '../http/pagination.js';
import { notFound, Problem } from '../http/problem.js';
import { type LogEntry, OperationLogService } from '../operation-log/operation-log.service.js';
import { CopiesRepository } from './copies.repository.js';
import { OrderDesk } from './order.desk.js';
import { OrderPeople } from './order.people.js';
import type { OrderRecord } from './order.record.js';
import type { CommentView } from './order-actions.dto.js';
import { OrderResolvers, ResolverNeeded } from './order.resolvers.js';
import { shownEvent, toView } from './order.view.js';
import { type OrderFilter, OrderListsRepository } from './order-lists.repository.js';
import type { CanAct, DecideOrder, OrderSummary, OrderView, WithdrawOrder } from './orders.dto.js';
import { type OrderStanding, OrdersRepository } from './orders.repository.js';
import { whyMay, whyNot } from './why.texts.js';

/** What other rooms may show of an order. */
export { CanAct, OrderSummary, OrderView, StepView } from './orders.dto.js';
export type { OrderRecord };
export { UnreadableOrder } from './unreadable.js';

/** Where a page of a list starts. */
export interface ListWindow {
  readonly take: number;
  readonly after: string | null;
}

/** Decisions on orders, and reading them. The engine decides; this loads, locks, saves and logs. */
@Injectable()
export class OrdersService {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly lists: OrderListsRepository,
    private readonly copies: CopiesRepository,
    private readonly people: OrderPeople,
    private readonly resolvers: OrderResolvers,
    private readonly directory: DirectoryService,
    private readonly log: OperationLogService,
    private readonly desk: OrderDesk,
    private readonly database: Database,
  ) {}

  approve(principal: UserPrincipal, id: string, dto: DecideOrder): Promise<OrderView> {
    return this.decideStep('approve', principal, id, dto);
  }

  reject(principal: UserPrincipal, id: string, dto: DecideOrder): Promise<OrderView> {
    return this.decideStep('reject', principal, id, dto);
  }

  withdraw(principal: UserPrincipal, id: string, dto: WithdrawOrder): Promise<OrderView> {
    return this.desk.command(
      principal,
      id,
      ({ actor }) => Promise.resolve({ type: 'withdraw', actor, remark: dto.remark ?? null }),
      false,
    );
  }

  /** @throws Problem 404, or 403 for a colleague whom the order does not concern. */
  async get(principal: Principal, id: string): Promise<OrderView> {
    return toView(await this.readable(principal, id));
  }

  async logs(principal: Principal, id: string, query: PageQuery): Promise<Page<LogEntry>> {
    await this.readable(principal, id);
    const { items, nextCursor } = await this.log.page(id, windowOf(query, 100));
    return { items: items.map((entry) => ({ ...entry, data: shownEvent(entry.data) })), nextCursor };
  }

  /** What people have said about an order, oldest first. @throws Problem 404, 403 */
  async comments(principal: Principal, id: string, query: PageQuery): Promise<Page<CommentView>> {
    await this.readable(principal, id);
    const { items, nextCursor } = await this.log.page(id, windowOf(query), 'order.commented');
    return { items: items.flatMap(toComment), nextCursor };
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
    return this.lists.tiedTo('decided', scope, userCode, filter, window.take, window.after);
  }

  /** Orders that a person was sent for information, newest first. */
  copiedTo(
    scope: TeamScope,
    userCode: string,
    filter: OrderFilter,
    window: ListWindow,
  ): Promise<OrderSummary[]> {
    return this.lists.tiedTo('copied', scope, userCode, filter, window.take, window.after);
  }

  /** Whether the caller could decide the order now, and why (not): the same rule that a decision is judged by. */
  async canAct(principal: UserPrincipal, id: string, language: Language): Promise<CanAct> {
    const record = await this.find(principal, id);
    const permission = mayDecide(record.state, await this.confirmed(principal, record));
    if ('code' in permission) {
      const { why, detail, code } = permission;
      const reasons = why ? whyNot(why, detail) : both(detail, detail);
      return { canAct: false, reason: reasons[language], word: why?.word ?? code, reasons, onBehalfOf: null };
    }
    const { step, seat, capacity } = permission;
    const onBehalfOf = seat && standsIn(step, seat) ? seat.onBehalfOf : null;
    const reasons = whyMay(step, capacity, onBehalfOf);
    return { canAct: true, reason: reasons[language], word: capacity, reasons, onBehalfOf };
  }

  /**
   * An order that the caller may read: applicant, reviewer of any step, who has a copy, administrator, or service account.
   * @throws UnreadableOrder where it is there for the caller, and holds what cannot be read
   */
  async readable(principal: Principal, id: string): Promise<OrderRecord> {
    const record = await this.find(principal, id);
    if (principal.kind === 'service' || isSystemAdmin(principal) || isTeamAdmin(principal)) return record;
    if (record.state.applicant === principal.userCode) return record;
    const { accCode } = record.head;
    const actor = await this.people.actor(this.database, accCode, record.state, { principal, active: true });
    const sits = record.state.steps.some((step) =>
      step.seats.some((seat) => actor.subjects.has(seat.subject)),
    );
    if (sits || (await this.copies.has(id, principal.userCode))) return record;
    throw new Problem('forbidden', 'only the applicant, its reviewers and administrators read an order');
  }

  /** An order for the service itself, whatever its team; null when none exists. */
  forService(id: string): Promise<OrderRecord | null> {
    return this.orders.find('all', id);
  }

  /** How far an order has come, for the service itself; null when there is none. */
  standingOf(sql: Sql, id: string): Promise<OrderStanding | null> {
    return this.orders.standingOf(sql, id);
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
    return this.desk.command(
      principal,
      id,
      async (atHand) => {
        const { sql, actor, answers } = atHand;
        const facts = await this.people.facts(sql, atHand, answers.approvers);
        // By the time the next step opens, the caller is one of those who have approved before.
        const approvers = new Map(facts.approvers).set(actor.userCode, actor);
        return {
          type,
          actor,
          facts: { ...facts, approvers },
          auditMsg: dto.auditMsg ?? null,
          expectedVersion: dto.version ?? null,
        };
      },
      true,
    );
  }

  /** The caller on an order, with the word of the open step's resolver where it takes that. */
  private async confirmed(principal: UserPrincipal, record: OrderRecord): Promise<Person> {
    const { accCode } = record.head;
    const active = await this.directory.isActive(this.database, accCode, principal.userCode);
    const actor = await this.people.actor(this.database, accCode, record.state, { principal, active });
    const step = needsConfirmation(record.state, actor);
    if (!step) return actor;
    const asked = new ResolverNeeded(record, step, principal.userCode);
    return { ...actor, confirmed: await this.resolvers.confirms(asked) };
  }
}

const toComment = ({ id, data, operationTime }: LogEntry): CommentView[] =>
  data.type === 'order.commented'
    ? [{ id, userCode: data.userCode, text: data.text, attachments: data.attachments, time: operationTime }]
    : [];
