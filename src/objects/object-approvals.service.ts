import { Inject, Injectable } from '@nestjs/common';
import {
  actingTeam,
  isSystemAdmin,
  isTeamAdmin,
  type Principal,
  type UserPrincipal,
} from '../auth/principal.js';
import { BusinessTypesService } from '../business-types/business-types.service.js';
import { CONFIG, type Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { DirectoryService } from '../directory/directory.service.js';
import { userOfSubject } from '../engine/vocabulary.js';
import { type Page, pageOf, windowOf } from '../http/pagination.js';
import { Problem } from '../http/problem.js';
import { type ObjectFlows, ObjectOrdersService } from '../orders/object-orders.service.js';
import { OrdersService, type OrderSummary } from '../orders/orders.service.js';
import { summaryOf } from './approval.summary.js';
import type {
  DetachedOrders,
  ListObjectApprovals,
  ObjectApprovals,
  ObjectHistory,
  ObjectPath,
  ObjectTeam,
} from './objects.dto.js';

/** How business objects stand with their approvals, and every order that was ever about one. */
@Injectable()
export class ObjectApprovalsService {
  constructor(
    private readonly types: BusinessTypesService,
    private readonly objects: ObjectOrdersService,
    private readonly orders: OrdersService,
    private readonly directory: DirectoryService,
    private readonly database: Database,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** For pages of objects: two statements, and a third where groups or roles are asked. */
  async summaries(
    principal: Principal,
    objectType: string,
    { ids, accCode }: ListObjectApprovals,
  ): Promise<ObjectApprovals> {
    const flows = await this.flows(principal, objectType, accCode);
    const { team, businessTypes } = flows;
    const objectIds = [...new Set(ids)];
    const standings = await this.objects.standings(flows, objectIds);
    const shared = standings
      .flatMap(({ asked }) => asked)
      .filter((subject) => userOfSubject(subject) === null);
    const members =
      shared.length === 0
        ? new Map<string, string[]>()
        : await this.directory.membersOf(this.database, [...new Set(shared)], team);
    const byFlow = new Map(standings.map((order) => [`${order.businessType},${order.businessKey}`, order]));
    const items = objectIds.flatMap((objectId) =>
      businessTypes.map((businessType) => ({
        objectId,
        businessType,
        ...summaryOf(byFlow.get(`${businessType},${objectId}`), members),
      })),
    );
    return { items };
  }

  /** Every order about an object, newest first; people without an office see their own. */
  async history(
    principal: Principal,
    { objectType, objectId }: ObjectPath,
    query: ObjectHistory,
  ): Promise<Page<OrderSummary>> {
    const flows = await this.flows(principal, objectType, query.accCode);
    const all = principal.kind === 'service' || isTeamAdmin(principal) || isSystemAdmin(principal);
    const window = windowOf(query);
    const rows = await this.orders.list(
      // Which team it is stands in the filter.
      'all',
      all ? null : principal.userCode,
      { ofObject: { ...flows, objectId } },
      window,
    );
    return pageOf(
      rows,
      window,
      (row) => row.id,
      (row) => row,
    );
  }

  /** For test environments: an object starts anew. @throws Problem 403 in production */
  async detach(
    principal: UserPrincipal,
    { objectType, objectId }: ObjectPath,
    { accCode }: ObjectTeam,
  ): Promise<DetachedOrders> {
    if (this.config.production) {
      throw new Problem(
        'forbidden',
        'approvals are cleaned up in test environments only; this service runs with NODE_ENV=production',
      );
    }
    const flows = await this.flows(principal, objectType, accCode);
    return { detached: await this.objects.detachAll(principal, flows, objectId) };
  }

  private async flows(principal: Principal, objectType: string, accCode?: string): Promise<ObjectFlows> {
    const team = actingTeam(principal, accCode);
    const flows = await this.types.ofObjectType(team, objectType);
    return { team, businessTypes: flows.map((flow) => flow.businessType) };
  }
}
