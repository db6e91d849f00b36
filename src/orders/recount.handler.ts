import { Injectable, type OnModuleInit } from '@nestjs/common';
import { systemUserCode } from '../auth/token.verifier.js';
import { places, type Tx } from '../database/sql.js';
import { MembershipChanges } from '../directory/membership-changes.port.js';
import { userSubject } from '../engine/vocabulary.js';
import {
  type AttemptResult,
  type ClaimedDelivery,
  type DeliveryHandler,
  DeliveryHandlers,
} from '../outbox/delivery-handler.port.js';
import { OutboxService } from '../outbox/outbox.service.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { OrderCallbacksService } from './order-callbacks.service.js';
import { OrderCommands } from './order.commands.js';
import { OrderPeople } from './order.people.js';
import { contextOf, OrderResolvers } from './order.resolvers.js';
import { recountTopic } from './order.transitions.js';
import { OrdersRepository } from './orders.repository.js';

/** How many people one question names. */
const peopleAtOnce = 500;

/**
 * Lets the open steps of orders follow the directory: whoever has left a group, lost a role or become inactive neither
 * counts nor blocks there any more (domain rule 4), also when nobody else decides afterwards. The directory's
 * transaction only notes which orders are concerned; each is recounted by itself, with the directory as it is then.
 */
@Injectable()
export class RecountHandler implements DeliveryHandler, OnModuleInit {
  readonly topics = [recountTopic];

  constructor(
    private readonly changes: MembershipChanges,
    private readonly handlers: DeliveryHandlers,
    private readonly outbox: OutboxService,
    private readonly commands: OrderCommands,
    private readonly callbacks: OrderCallbacksService,
    private readonly people: OrderPeople,
    private readonly resolvers: OrderResolvers,
    private readonly orders: OrdersRepository,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  onModuleInit(): void {
    this.handlers.register(this);
    this.changes.register((tx, { left }) => this.note(tx, [...new Set(left.map((one) => one.userCode))]));
  }

  async attempt({ orderId }: ClaimedDelivery): Promise<AttemptResult> {
    const record = await this.orders.find('all', orderId);
    const waiting = record?.state.steps.filter((step) => step.auditStatus === 'waiting') ?? [];
    const ahead = record ? await this.resolvers.approvers(waiting, contextOf(record)) : new Map();
    return {
      outcome: 'succeeded',
      forget: true,
      settle: async (tx) => {
        if (!record) return;
        await this.commands.carryOut(
          tx,
          { scope: 'all', id: orderId, userCode: systemUserCode },
          async (order) => ({ type: 'recount', facts: await this.people.facts(tx, order, ahead) }),
        );
      },
    };
  }

  lock(tx: Tx, { orderId }: Pick<ClaimedDelivery, 'orderId'>): Promise<unknown> {
    return this.callbacks.lock(tx, 'all', orderId);
  }

  /** The orders on which it is one of these people's turn, or that of whoever stands in for them; each is recounted. */
  private async note(tx: Tx, userCodes: readonly string[]): Promise<void> {
    const orders = new Map<string, string | null>();
    for (let from = 0; from < userCodes.length; from += peopleAtOnce) {
      const part = userCodes.slice(from, from + peopleAtOnce);
      const rows = await tx.rows<{ readonly id: string; readonly team: string | null }>(
        `SELECT DISTINCT apply_order_id AS id, acc_code AS team FROM dms_s_apply_order_assignee
          WHERE subject IN (${places(part.length)}) AND (state = 1 OR gone = 'delegated')`,
        part.map(userSubject),
      );
      for (const { id, team } of rows) orders.set(id, team);
    }
    const time = this.clock.now();
    await this.outbox.enqueue(
      tx,
      [...orders].map(([orderId, accCode]) => ({
        topic: recountTopic,
        orderId,
        accCode,
        target: recountTopic,
        cause: this.ids.next(),
        payload: {},
        time,
      })),
    );
  }
}
