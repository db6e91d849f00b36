import { Injectable } from '@nestjs/common';
import type { Sql, Tx } from '../database/sql.js';
import type { OrderEvent } from '../engine/events.js';
import type { CallbackKind } from '../engine/vocabulary.js';
import {
  type NewRows,
  OperationLogService,
  type Transition,
} from '../operation-log/operation-log.service.js';
import { type Delivery, OutboxService } from '../outbox/outbox.service.js';
import { providerOfSteps } from './opening.outside.js';
import type { OrderHead, OrderRecord } from './order.record.js';

/** Under which topic an order's callbacks leave the house. */
export const callbackTopics = { check: 'order.check', execute: 'order.execute' } as const satisfies Record<
  CallbackKind,
  string
>;

/** The topic that tells subscribers of a transition: one row, however many events and subscribers there are. */
export const eventsTopic = 'order.events';

/** The topic under which an open step is asked who of its people is still there. */
export const recountTopic = 'order.recount';

/** The topic that has an order and its approval in an outside system made to agree. */
export const outsideTopic = 'order.outside';

/** What a delivery of {@link outsideTopic} carries. */
export interface OutsidePayload {
  /** The transition that has opened the provider's step, for which it is to be asked; null: none has. */
  readonly round: number | null;
}

/** The topic that has an order shown in an outside system as it is now. */
export const mirrorTopic = 'order.mirror';

/** One committed command of an order. */
export interface Told {
  readonly record: OrderRecord;
  readonly events: readonly OrderEvent[];
  /** Who did it. */
  readonly userCode: string;
  /** Whether somebody subscribes to what happens to the team's orders. */
  readonly watched: boolean;
  /** Its log rows. */
  readonly rows: NewRows;
}

/** A transition that its log rows are made of. */
export interface Logged {
  /** Of the order as the transition leaves it, but for `logHash`, which the rows tell. */
  readonly head: OrderHead;
  readonly version: number;
  readonly events: readonly OrderEvent[];
  readonly userCode: string;
}

/** What every committed command of an order leaves besides the order itself: its log rows and its deliveries. */
@Injectable()
export class OrderTransitions {
  constructor(
    private readonly log: OperationLogService,
    private readonly outbox: OutboxService,
  ) {}

  /** The log rows of an order's opening. */
  opened(logged: Logged): NewRows {
    return this.log.rowsOf(transitionOf(logged));
  }

  /**
   * The log rows of a later transition: they go on from the hash that the order keeps. Only an order from before there
   * were hashes has its earlier rows read for it, once.
   * @param before the head that the transition was decided on
   */
  async continued(tx: Tx, before: OrderHead, logged: Logged): Promise<NewRows> {
    const previous = before.logHash ?? (await this.log.chainedOver(tx, before.id));
    return this.log.rowsOf(transitionOf(logged), previous);
  }

  /** Stores the log rows and deliveries. @returns the id of the first log row, for {@link happened}. */
  async tell(tx: Tx, told: Told): Promise<string> {
    const { record, events, rows } = told;
    const { id, updateTime } = record.head;
    await this.outbox.enqueue(tx, deliveriesOf(told));
    if (events.some((event) => event.type === 'order.withdrawn')) {
      await this.outbox.cancel(tx, id, callbackTopics.check, updateTime);
    }
    await this.log.append(tx, rows);
    return rows.firstId;
  }

  /** Whether a transition was committed although the answer to its COMMIT was lost. */
  happened(sql: Sql, firstLogId: string): Promise<boolean> {
    return this.log.exists(sql, firstLogId);
  }
}

const transitionOf = ({ head, version, events, userCode }: Logged): Transition => ({
  orderId: head.id,
  number: version,
  userCode,
  events,
  time: head.updateTime,
});

function deliveriesOf({ record, events, watched }: Told): Delivery[] {
  const { id, accCode, businessTypeId, updateTime } = record.head;
  const common = { orderId: id, accCode, time: updateTime };
  const transition = record.state.version;
  const deliveries = events.flatMap((event): Delivery[] => {
    const topic = topicOf(event);
    if (!topic) return [];
    // The opening's check has no cause; one after a resubmission is another check of the same order.
    const cause = topic === callbackTopics.check && transition > 1 ? String(transition) : '';
    return [{ ...common, topic, cause, target: `b:${businessTypeId ?? ''}`, payload: { ticket_id: id } }];
  });
  if (watched) {
    deliveries.push({
      ...common,
      topic: eventsTopic,
      target: 'events',
      cause: String(transition),
      payload: { transition },
    });
  }
  if (events.some((event) => bringsBack(record, event))) {
    const cause = String(transition);
    deliveries.push({ ...common, topic: recountTopic, cause, target: recountTopic, payload: {} });
  }
  if (record.head.endedTopic !== null && events.some((event) => ends.has(event.type))) {
    const topic = record.head.endedTopic;
    deliveries.push({ ...common, topic, cause: String(transition), target: topic, payload: {} });
  }
  const provider = providerOfSteps(record.state.steps);
  const cause = String(transition);
  if (provider) {
    const asks = events.some((event) => event.type === 'step.in_review' || event.type === 'order.reopened');
    const payload: OutsidePayload = { round: asks ? transition : null };
    deliveries.push({ ...common, topic: outsideTopic, cause, target: `p:${provider.id}`, payload });
  }
  const { mirrorId } = record.head;
  if (mirrorId !== null) {
    deliveries.push({ ...common, topic: mirrorTopic, cause, target: `p:${mirrorId}`, payload: {} });
  }
  return deliveries;
}

/** After these an order has ended, or has not any more. */
const ends: ReadonlySet<OrderEvent['type']> = new Set([
  'order.completed',
  'order.rejected',
  'order.withdrawn',
  'order.reopened',
]);

/** Whether an event gives the turn to people who were seated earlier: they may have left while it was not theirs. */
function bringsBack({ state }: OrderRecord, event: OrderEvent): boolean {
  switch (event.type) {
    case 'order.reopened':
    case 'step.decision_taken_back':
    case 'step.opinion_given':
    case 'step.signers_removed':
      return true;
    case 'step.voted':
      return event.capacity === 'signer';
    case 'step.in_review': {
      const step = state.steps.find((one) => one.applyStep === event.applyStep);
      return step?.seats.some((seat) => seat.by !== null && seat.gone === null) ?? false;
    }
    default:
      return false;
  }
}

function topicOf(event: OrderEvent): Delivery['topic'] | null {
  if (event.type === 'check.requested') return callbackTopics.check;
  return event.type === 'order.executing' ? callbackTopics.execute : null;
}
