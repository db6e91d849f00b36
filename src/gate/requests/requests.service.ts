import { Injectable } from '@nestjs/common';
import {
  isSystemAdmin,
  isTeamAdmin,
  type Principal,
  scopeOf,
  teamOf,
  type TeamScope,
  type UserPrincipal,
} from '../../auth/principal.js';
import { SharedClock } from '../../database/shared-clock.js';
import { withAnswerOf, withoutCommitHook } from '../../database/unit-of-work.js';
import { type Page, pageOf, windowOf } from '../../http/pagination.js';
import { invalid, notFound, Problem } from '../../http/problem.js';
import { OrderActionsService } from '../../orders/order-actions.service.js';
import { OrdersService, type OrderView } from '../../orders/orders.service.js';
import { RequestCourse } from '../keeping/request.course.js';
import { shownQuery } from '../reading/redact.js';
import { RequestListsRepository, type RequestRecord } from './request-lists.repository.js';
import { statusOf } from './request.standing.js';
import type {
  ApproveRequestDetail,
  ApproveRequestView,
  CancelApproveRequest,
  DecideApproveRequest,
  ListApproveRequests,
  ResolveApproveRequest,
} from './requests.dto.js';

/** Held requests as applicants, reviewers and administrators see them (requirement 000), and the decisions on them. */
@Injectable()
export class RequestsService {
  constructor(
    private readonly requests: RequestListsRepository,
    private readonly orders: OrdersService,
    private readonly actions: OrderActionsService,
    private readonly course: RequestCourse,
    private readonly clock: SharedClock,
  ) {}

  /** @throws Problem 400 for `mine` with an API key; 403 for a member who asks for all; 404 for another team */
  async list(principal: Principal, query: ListApproveRequests): Promise<Page<ApproveRequestView>> {
    const window = windowOf(query);
    const wanted = query.scope ?? (principal.kind === 'service' ? 'all' : 'mine');
    const [teams, applicant] =
      wanted === 'all'
        ? [teamsOf(principal, query.accCode), null]
        : [scopeOf(principal), inPerson(principal)];
    const now = await this.clock.now();
    const rows = await this.requests.list(teams, applicant, query, window, now);
    return pageOf(
      rows,
      window,
      (row) => row.id,
      (row) => toView(row, now),
    );
  }

  /** For whoever may read its order. @throws Problem 404, 403 */
  async get(principal: Principal, id: string): Promise<ApproveRequestDetail> {
    const request = await this.find(principal, id);
    const { head, state } = await this.orders.readable(principal, request.orderId);
    return {
      ...toView(request, await this.clock.now()),
      version: state.version,
      request: { headers: headersIn(head.variables), body: head.variables.body ?? null },
    };
  }

  /** A reviewer agrees, by the order's ordinary rules. @throws Problem 404, 403, 409 as for orders */
  pass(principal: UserPrincipal, id: string, dto: DecideApproveRequest): Promise<ApproveRequestView> {
    return this.decide(principal, id, (orderId) => this.orders.approve(principal, orderId, dto));
  }

  /** A reviewer refuses. @throws Problem 404, 403, 409 as for orders */
  deny(principal: UserPrincipal, id: string, dto: DecideApproveRequest): Promise<ApproveRequestView> {
    return this.decide(principal, id, (orderId) => this.orders.reject(principal, orderId, dto));
  }

  /** The applicant does not want it any more. @throws Problem 404, 403, 409 as for orders */
  cancel(principal: UserPrincipal, id: string, dto: CancelApproveRequest): Promise<ApproveRequestView> {
    return this.decide(principal, id, (orderId) => this.orders.withdraw(principal, orderId, dto));
  }

  /**
   * An administrator has found out what has become of a request whose outcome nobody knows, or gives up one that cannot be
   * sent. It stands in the order's log as a comment.
   * @throws Problem 404; 403 for others; 409 when its outcome is known
   */
  async resolve(
    principal: UserPrincipal,
    id: string,
    { status, remark }: ResolveApproveRequest,
  ): Promise<ApproveRequestView> {
    const { orderId } = await this.find(principal, id);
    return withoutCommitHook(async () => {
      await this.course.resolve(orderId, status, `${remark} (${principal.userCode})`);
      await this.actions.comment(principal, orderId, {
        text: `the held request counts as ${status}: ${remark}`,
      });
      return toView(await this.find(principal, id), await this.clock.now());
    });
  }

  /** @throws Problem 404 */
  async find(principal: Principal, id: string): Promise<RequestRecord> {
    const request = await this.requests.find(scopeOf(principal), id);
    if (!request) throw notFound(`approve request ${id}`);
    return request;
  }

  /** The request follows its order a moment later (a handler): until then the order tells where it stands. */
  private async decide(
    principal: UserPrincipal,
    id: string,
    command: (orderId: string) => Promise<OrderView>,
  ): Promise<ApproveRequestView> {
    const request = await this.find(principal, id);
    const now = await this.clock.now();
    return withAnswerOf(
      ({ applyStatus }: OrderView) => toView({ ...request, applyStatus }, now),
      () => command(request.orderId),
    );
  }
}

/** @throws Problem 400 for API keys */
function inPerson(principal: Principal): string {
  if (principal.kind === 'user') return principal.userCode;
  throw invalid('scope', 'must be all with an API key, which is nobody in person');
}

/** @throws Problem 403 for members, 404 for a team that does not exist for the caller. */
function teamsOf(principal: Principal, accCode: string | undefined): TeamScope {
  if (principal.kind === 'service') {
    if (accCode === undefined) return principal.accCodes;
    if (!principal.accCodes.includes(accCode)) throw notFound(`team ${accCode}`);
    return [accCode];
  }
  if (!isTeamAdmin(principal) && !isSystemAdmin(principal)) {
    throw new Problem('forbidden', 'only administrators list all requests of a team; use scope=mine');
  }
  const team = teamOf(principal, accCode);
  return team === null ? 'all' : [team];
}

function toView(record: RequestRecord, now: number): Pick<ApproveRequestView, keyof ApproveRequestView> {
  const { state, applyStatus: _told, endsAt, query, ...rest } = record;
  const status = statusOf(record, now);
  return {
    ...rest,
    status,
    query: query === '' ? '' : shownQuery(query),
    // What is stored belongs to the status that is over.
    endsAt: endsAt === null || status !== state ? null : new Date(endsAt),
  };
}

const headersIn = ({ headers }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  ...(headers as Readonly<Record<string, unknown>> | undefined),
});
