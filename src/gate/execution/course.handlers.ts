import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Tx } from '../../database/sql.js';
import { SharedClock } from '../../database/shared-clock.js';
import {
  type AttemptResult,
  type ClaimedDelivery,
  type DeliveryHandler,
  DeliveryHandlers,
} from '../../outbox/delivery-handler.port.js';
import { gateTopics, isOver, RequestCourse } from '../keeping/request.course.js';
import { RequestsRepository } from '../keeping/requests.repository.js';

/** Hears that an order has ended, and brings its request on; ends what has waited too long, and forgets credentials in time. */
@Injectable()
export class CourseHandler implements DeliveryHandler, OnModuleInit {
  readonly topics = [gateTopics.order, gateTopics.expire, gateTopics.forget];

  constructor(
    private readonly handlers: DeliveryHandlers,
    private readonly course: RequestCourse,
    private readonly requests: RequestsRepository,
    private readonly shared: SharedClock,
  ) {}

  onModuleInit(): void {
    this.handlers.register(this);
  }

  async attempt({ topic, orderId }: ClaimedDelivery): Promise<AttemptResult> {
    if (topic === gateTopics.order) {
      const settle = async (tx: Tx) => {
        await this.course.follow(tx, orderId);
      };
      return { outcome: 'succeeded', forget: true, settle };
    }
    const row = await this.requests.ofOrder(orderId);
    if (topic === gateTopics.forget) {
      const settle = (tx: Tx) => (row ? this.requests.forgetCredentials(tx, row.id) : Promise.resolve());
      return { outcome: 'succeeded', forget: true, settle };
    }
    if (row && isOver(row, await this.shared.now())) await this.course.expire(row);
    return { outcome: 'succeeded', forget: true };
  }
}
