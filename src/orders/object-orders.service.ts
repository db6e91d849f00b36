import { Injectable } from '@nestjs/common';
import { isSystemAdmin, scopeOf, type UserPrincipal } from '../auth/principal.js';
import { Database } from '../database/database.js';
import type { Sql } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { OutboxService } from '../outbox/outbox.service.js';
import {
  type NewestOrder,
  type ObjectFlows,
  ObjectOrdersRepository,
  type ObjectStanding,
  shownApprovers,
} from './object-orders.repository.js';
import { OrderCommands } from './order.commands.js';
import { callbackTopics, OrderTransitions } from './order.transitions.js';

export { type NewestOrder, type ObjectFlows, type ObjectStanding, shownApprovers };

/** The orders of business objects: an order is about the object whose id is its `businessKey`. */
@Injectable()
export class ObjectOrdersService {
  constructor(
    private readonly objects: ObjectOrdersRepository,
    private readonly commands: OrderCommands,
    private readonly transitions: OrderTransitions,
    private readonly outbox: OutboxService,
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** The newest order of an object in each of these flows, by business type. */
  async newest(
    flows: ObjectFlows,
    objectId: string,
    sql: Sql = this.database,
  ): Promise<Map<string, NewestOrder>> {
    const orders = await this.objects.newest(sql, flows, [objectId]);
    return new Map(orders.map((order) => [order.businessType, order]));
  }

  /** The newest order of each of these objects in each of these flows; one statement. */
  standings(flows: ObjectFlows, objectIds: readonly string[]): Promise<ObjectStanding[]> {
    return this.objects.standings(flows, objectIds);
  }

  /**
   * Takes every order from an object, each in a transaction of its own: those still under way end. Orders and their
   * logs stay where they are.
   * @returns how many
   */
  async detachAll(principal: UserPrincipal, flows: ObjectFlows, objectId: string): Promise<number> {
    let detached = 0;
    for (const id of await this.objects.idsOf(flows, objectId)) {
      if (await this.detach(principal, id)) detached++;
    }
    return detached;
  }

  /** @returns false when somebody else was faster. */
  private detach(principal: UserPrincipal, id: string): Promise<boolean> {
    const { userCode } = principal;
    const actor = { userCode, subjects: new Set<string>(), systemAdmin: isSystemAdmin(principal) };
    let firstLogId = '';
    return this.unitOfWork.run(
      async (tx) => {
        firstLogId = '';
        if (!(await this.objects.detach(tx, id))) return false;
        const done = await this.commands.carryOut(tx, { scope: scopeOf(principal), id, userCode }, () =>
          Promise.resolve({ type: 'detach', actor }),
        );
        // An order that was executing does so no more; its check is taken back wherever an order is withdrawn.
        await this.outbox.cancel(tx, id, callbackTopics.execute, done.record.head.updateTime);
        ({ firstLogId } = done);
        return true;
      },
      { confirm: (tx) => this.transitions.happened(tx, firstLogId) },
    );
  }
}
