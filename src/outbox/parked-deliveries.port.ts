import { Injectable } from '@nestjs/common';
import type { Tx } from '../database/sql.js';
import type { ClaimedDelivery } from './delivery-handler.port.js';

/** A delivery that nobody tries any more until an administrator acts. */
export interface ParkedDelivery extends Pick<ClaimedDelivery, 'id' | 'topic' | 'orderId'> {
  /** What the last attempt met. Holds no secret. */
  readonly error: string;
}

export type ParkedListener = (tx: Tx, parked: ParkedDelivery) => Promise<void>;

/**
 * Who wants to know of parked deliveries, whatever their topic. A listener runs in the transaction that parks, and only
 * writes down what is to be done afterwards.
 */
@Injectable()
export class ParkedDeliveries {
  private readonly listeners: ParkedListener[] = [];

  register(listener: ParkedListener): void {
    this.listeners.push(listener);
  }

  async tell(tx: Tx, parked: ParkedDelivery): Promise<void> {
    for (const listener of this.listeners) await listener(tx, parked);
  }
}
