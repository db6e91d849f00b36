import { Injectable, type OnModuleInit } from '@nestjs/common';
import { systemUserCode } from '../auth/token.verifier.js';
import { places, type Tx } from '../database/sql.js';
import { DirectoryService } from '../directory/directory.service.js';
import { MembershipChanges } from '../directory/membership-changes.port.js';
import { type Subject, userOfSubject, userSubject } from '../engine/vocabulary.js';
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

/** How many people, groups and roles one question names. */
const subjectsAtOnce = 500;

/** Whoever waits for an opinion has no turn; without them, nobody waits for the opinion either. */
const asksForOpinion = `(a.gone IS NULL AND a.decision IS NULL AND EXISTS (
  SELECT 1 FROM dms_s_apply_order_assignee c
   WHERE c.apply_order_id = a.apply_order_id AND c.apply_step = a.apply_step AND c.state = 1
     AND c.kind = 'consulted' AND c.given_by = SUBSTR(a.subject, 3)))`;

/**
 * Lets the open steps of orders follow the directory: whoever has left a group, lost a role or become inactive neither
 * counts nor blocks there any more (domain rule 4), and where nobody is left the stage's policy applies. The directory's
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
    private readonly directory: DirectoryService,
    private readonly resolvers: OrderResolvers,
    private readonly orders: OrdersRepository,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  onModuleInit(): void {
    this.handlers.register(this);
    this.changes.register(async (tx, { team, left }) => {
      const people = left.map(({ userCode }) => userSubject(userCode));
      const shared = left.map(({ subject }) => subject).filter((subject) => userOfSubject(subject) === null);
      await this.note(tx, [...new Set([...people, ...(await this.deserted(tx, team, shared))])]);
    });
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
          async (order) => ({
            type: 'recount',
            facts: await this.people.facts(tx, order, ahead, (step) => step.auditStatus === 'in_review'),
          }),
        );
      },
    };
  }

  lock(tx: Tx, { orderId }: Pick<ClaimedDelivery, 'orderId'>): Promise<unknown> {
    return this.callbacks.lock(tx, 'all', orderId);
  }

  /** Which of the groups and roles that somebody has left have nobody any more, or one: who may be an order's applicant. */
  private async deserted(tx: Tx, team: string | null, subjects: readonly Subject[]): Promise<Subject[]> {
    if (subjects.length === 0) return [];
    const members = await this.directory.membersOf(tx, [...new Set(subjects)], team);
    return subjects.filter((subject) => (members.get(subject) ?? []).length < 2);
  }

  /** The orders on which it is the turn of one of these, or of whoever stands in for them; each is recounted. */
  private async note(tx: Tx, subjects: readonly Subject[]): Promise<void> {
    const orders = new Map<string, string | null>();
    for (let from = 0; from < subjects.length; from += subjectsAtOnce) {
      const part = subjects.slice(from, from + subjectsAtOnce);
      const rows = await tx.rows<{ readonly id: string; readonly team: string | null }>(
        `SELECT DISTINCT a.apply_order_id AS id, a.acc_code AS team FROM dms_s_apply_order_assignee a
          WHERE a.subject IN (${places(part.length)}) AND (a.state = 1 OR a.gone = 'delegated' OR ${asksForOpinion})`,
        part,
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
