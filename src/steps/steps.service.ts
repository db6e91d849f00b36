import { Injectable } from '@nestjs/common';
import {
  isSystemAdmin,
  isTeamAdmin,
  type Principal,
  scopeOf,
  teamOf,
  type TeamScope,
  type UserPrincipal,
} from '../auth/principal.js';
import { Database } from '../database/database.js';
import { fromDbTime } from '../database/dialect.js';
import { DirectoryService } from '../directory/directory.service.js';
import { roleSubject, userSubject } from '../engine/vocabulary.js';
import { type Page, pageOf, type PageWindow, windowOf } from '../http/pagination.js';
import { invalid, notFound, Problem } from '../http/problem.js';
import { OrdersService, type OrderSummary, type StepView } from '../orders/orders.service.js';
import { type Desk, InboxRepository, type InboxRow } from './inbox.repository.js';
import { StuckService } from '../stuck/stuck.service.js';
import type { ListOrders, ListScope, TodoCount } from './steps.dto.js';

const countCap = 999;

/** Lists of orders from one person's point of view, and the steps of one order. */
@Injectable()
export class StepsService {
  constructor(
    private readonly inbox: InboxRepository,
    private readonly orders: OrdersService,
    private readonly stuck: StuckService,
    private readonly directory: DirectoryService,
    private readonly database: Database,
  ) {}

  async list(principal: Principal, query: ListOrders): Promise<Page<OrderSummary>> {
    const window = windowOf(query);
    const scope = query.scope ?? (principal.kind === 'service' ? 'team' : 'mine');
    if (scope === 'stuck')
      return this.stuck.page(teamScope(inPerson(principal), query.accCode), query, window);
    const rows = await this.rows(principal, scope, query, window);
    return pageOf(
      rows,
      window,
      (row) => row.id,
      (row) => row,
    );
  }

  async countTodo(principal: UserPrincipal): Promise<TodoCount> {
    const found = await this.inbox.count(await this.desk(principal), countCap + 1);
    return { count: Math.min(found, countCap), more: found > countCap };
  }

  async steps(
    principal: Principal,
    orderId: string,
  ): Promise<{ items: readonly StepView[]; nextCursor: null }> {
    const { steps } = await this.orders.get(principal, orderId);
    return { items: steps, nextCursor: null };
  }

  private async rows(
    principal: Principal,
    scope: Exclude<ListScope, 'stuck'>,
    query: ListOrders,
    window: PageWindow,
  ): Promise<readonly OrderSummary[]> {
    const page = { take: window.take, after: window.after };
    if (scope === 'team') return this.orders.list(teamScope(principal, query.accCode), null, query, page);
    const person = inPerson(principal);
    const own = scopeOf(person);
    switch (scope) {
      case 'mine':
        return this.orders.list(own, person.userCode, query, page);
      case 'done':
        return this.orders.decidedBy(own, person.userCode, query, page);
      case 'todo': {
        const { applyStatus, businessType, businessKey } = query;
        if (applyStatus !== undefined && applyStatus !== 'in_review' && applyStatus !== 'initiating')
          return [];
        const filter = { applyStatus, businessType, businessKey };
        const rows = await this.inbox.todo(await this.desk(person), filter, page.take, page.after);
        return rows.map(toSummary);
      }
      case 'cc':
        return this.orders.copiedTo(own, person.userCode, query, page);
    }
  }

  /** Every subject under which the caller sits somewhere. */
  private async desk(principal: UserPrincipal): Promise<Desk> {
    const { accCode, userCode } = principal;
    const { subjects, active } = await this.directory.deskOf(this.database, accCode, userCode);
    // What a token says of its holder counts besides what the directory says.
    const roles = principal.roles.map(roleSubject);
    return {
      userCode,
      scope: scopeOf(principal),
      subjects: [...new Set([userSubject(userCode), ...subjects, ...roles])],
      active,
    };
  }
}

/** @throws Problem 400 for API keys */
function inPerson(principal: Principal): UserPrincipal {
  if (principal.kind === 'user') return principal;
  throw invalid('scope', 'must be team with an API key, which is nobody in person');
}

/** @throws Problem 403 for members, 404 for a team that does not exist for the caller. */
function teamScope(principal: Principal, accCode: string | undefined): TeamScope {
  if (principal.kind === 'service') {
    if (accCode === undefined) return principal.accCodes;
    if (!principal.accCodes.includes(accCode)) throw notFound(`team ${accCode}`);
    return [accCode];
  }
  if (!isTeamAdmin(principal) && !isSystemAdmin(principal)) {
    throw new Problem(
      'forbidden',
      'only administrators list all orders of a team; use scope=mine, todo or done',
    );
  }
  const team = teamOf(principal, accCode);
  return team === null ? 'all' : [team];
}

const toSummary = (row: InboxRow): OrderSummary => ({
  id: row.apply_order_id,
  businessType: row.business_type,
  businessKey: row.business_key,
  title: row.title,
  applyTemplateId: row.template_id,
  templateName: row.template_name,
  applyStatus: row.apply_step === 0 ? 'initiating' : 'in_review',
  userCode: row.user_code,
  accCode: row.acc_code,
  createTime: fromDbTime(row.create_time),
});
