import { Injectable, type OnModuleInit } from '@nestjs/common';
import { SharedClock } from '../../database/shared-clock.js';
import {
  type AttemptResult,
  type ClaimedDelivery,
  type DeliveryHandler,
  DeliveryHandlers,
} from '../../outbox/delivery-handler.port.js';
import { gateTopics, isOver, RequestCourse } from '../keeping/request.course.js';
import { RequestsRepository } from '../keeping/requests.repository.js';

/** Hears that an order has ended, and brings its request on; and ends what has waited too long. */
@Injectable()
export class CourseHandler implements DeliveryHandler, OnModuleInit {
  readonly topics = [gateTopics.order, gateTopics.expire];

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
      const settle = async (tx: Parameters<RequestCourse['follow']>[0]) => {
        await this.course.follow(tx, orderId);
      };
      return { outcome: 'succeeded', forget: true, settle };
    }
    const row = await this.requests.ofOrder(orderId);
    if (row && isOver(row, await this.shared.now())) await this.course.expire(row);
    return { outcome: 'succeeded', forget: true };
  }
}
