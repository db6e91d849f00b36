import { Injectable } from '@nestjs/common';
import type { Sql, Tx } from '../database/sql.js';
import type { OrderEvent } from '../engine/events.js';
import type { CallbackKind } from '../engine/vocabulary.js';
import { OperationLogService } from '../operation-log/operation-log.service.js';
import { type Delivery, OutboxService } from '../outbox/outbox.service.js';
import type { OrderRecord } from './order.record.js';

/** Under which topic an order's callbacks leave the house. */
export const callbackTopics = { check: 'order.check', execute: 'order.execute' } as const satisfies Record<
  CallbackKind,
  string
>;

/** The topic that tells subscribers of a transition: one row, however many events and subscribers there are. */
export const eventsTopic = 'order.events';

/** The topic under which an open step is asked who of its people is still there. */
export const recountTopic = 'order.recount';

/** One committed command of an order. */
export interface Told {
  readonly record: OrderRecord;
  readonly events: readonly OrderEvent[];
  /** Who did it. */
  readonly userCode: string;
  /** Whether somebody subscribes to what happens to the team's orders. */
  readonly watched: boolean;
}

/** What every committed command of an order leaves besides the order itself: its log rows and its deliveries. */
@Injectable()
export class OrderTransitions {
  constructor(
    private readonly log: OperationLogService,
    private readonly outbox: OutboxService,
  ) {}

  /** @returns the id of the transition's first log row, for {@link happened}. */
  async tell(tx: Tx, told: Told): Promise<string> {
    const { record, events } = told;
    const { id, updateTime } = record.head;
    await this.outbox.enqueue(tx, deliveriesOf(told));
    if (events.some((event) => event.type === 'order.withdrawn')) {
      await this.outbox.cancel(tx, id, callbackTopics.check, updateTime);
    }
    return this.log.append(tx, {
      orderId: id,
      number: record.state.version,
      userCode: told.userCode,
      events,
      time: updateTime,
    });
  }

  /** Whether a transition was committed although the answer to its COMMIT was lost. */
  happened(sql: Sql, firstLogId: string): Promise<boolean> {
    return this.log.exists(sql, firstLogId);
  }
}

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
  return deliveries;
}

/** Whether an event asks people who were seated earlier: they may have left while the step was not open. */
function bringsBack({ state }: OrderRecord, event: OrderEvent): boolean {
  if (event.type === 'order.reopened' || event.type === 'step.decision_taken_back') return true;
  if (event.type !== 'step.in_review') return false;
  const step = state.steps.find((one) => one.applyStep === event.applyStep);
  return step?.seats.some((seat) => seat.by !== null && seat.gone === null) ?? false;
}

function topicOf(event: OrderEvent): Delivery['topic'] | null {
  if (event.type === 'check.requested') return callbackTopics.check;
  return event.type === 'order.executing' ? callbackTopics.execute : null;
}
