import { Injectable } from '@nestjs/common';
import type { Sql, Tx } from '../database/sql.js';
import type { OrderEvent } from '../engine/events.js';
import { OperationLogService } from '../operation-log/operation-log.service.js';
import { type Delivery, OutboxService } from '../outbox/outbox.service.js';
import type { OrderRecord } from './order.record.js';

/** What every committed command of an order leaves besides the order itself: its log rows and its deliveries. */
@Injectable()
export class OrderTransitions {
  constructor(
    private readonly log: OperationLogService,
    private readonly outbox: OutboxService,
  ) {}

  /** @returns the id of the transition's first log row, for {@link happened}. */
  async tell(tx: Tx, record: OrderRecord, userCode: string, events: readonly OrderEvent[]): Promise<string> {
    const { id, updateTime, accCode } = record.head;
    const deliveries = events.flatMap((event): Delivery[] => {
      const topic = topicOf(event);
      return topic ? [{ topic, orderId: id, accCode, payload: { ticket_id: id }, time: updateTime }] : [];
    });
    await this.outbox.enqueue(tx, deliveries);
    return this.log.append(tx, {
      orderId: id,
      number: record.state.version,
      userCode,
      events,
      time: updateTime,
    });
  }

  /** Whether a transition was committed although the answer to its COMMIT was lost. */
  happened(sql: Sql, firstLogId: string): Promise<boolean> {
    return this.log.exists(sql, firstLogId);
  }
}

function topicOf(event: OrderEvent): Delivery['topic'] | null {
  if (event.type === 'check.requested') return 'order.check';
  return event.type === 'order.executing' ? 'order.execute' : null;
}
