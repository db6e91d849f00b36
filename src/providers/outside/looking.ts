import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config.js';
import { SharedClock } from '../../database/shared-clock.js';
import type { Tx } from '../../database/sql.js';
import { type OutsidePayload, outsideTopic } from '../../orders/order-outside.service.js';
import { OutboxService } from '../../outbox/outbox.service.js';
import { Clock } from '../../runtime/clock.js';
import { Ids } from '../../runtime/ids.js';
import type { OutsideApproval } from './outside-approvals.repository.js';

/** The topic under which approvals at providers are looked at. */
export const observeTopic = 'provider.observe';

/** What a delivery of {@link observeTopic} carries. */
export interface LookPayload {
  readonly outsideId: string;
  /** Whether it is one of the regular ones, behind which the next one comes. */
  readonly regular: boolean;
}

/** The longest pause between two regular looks, in milliseconds. */
const longestPause = 3_600_000;

type Watched = Pick<OutsideApproval, 'id' | 'orderId' | 'providerId' | 'createTime'>;

/** Arranges for looks at how an approval stands outside: at once, and regularly, for what no event has told. */
@Injectable()
export class Looking {
  constructor(
    private readonly outbox: OutboxService,
    private readonly shared: SharedClock,
    private readonly clock: Clock,
    private readonly ids: Ids,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  now(tx: Tx, approval: Watched, team: string | null): Promise<void> {
    return this.look(tx, approval, team, false, 0);
  }

  /** After PROVIDER_POLL_INTERVAL; an approval that has been waiting for long is looked at less often. */
  async later(tx: Tx, approval: Watched, team: string | null): Promise<void> {
    const now = await this.shared.now(tx);
    const { pollInterval } = this.config;
    const age = Math.max(0, now - approval.createTime.getTime());
    const pause = Math.max(pollInterval, Math.min(age / 10, longestPause));
    await this.look(tx, approval, team, true, now + Math.round(pause));
  }

  /** Has the order and its approval made to agree once more. */
  async again(
    tx: Tx,
    { id: orderId, accCode }: { readonly id: string; readonly accCode: string | null },
    providerId: string,
  ): Promise<void> {
    const payload: OutsidePayload = { round: null };
    await this.outbox.enqueue(tx, [
      {
        topic: outsideTopic,
        orderId,
        accCode,
        target: `p:${providerId}`,
        cause: this.ids.next(),
        payload,
        time: this.clock.now(),
      },
    ]);
  }

  private async look(
    tx: Tx,
    { id, orderId, providerId }: Watched,
    accCode: string | null,
    regular: boolean,
    dueAt: number,
  ): Promise<void> {
    const payload: LookPayload = { outsideId: id, regular };
    await this.outbox.enqueue(tx, [
      {
        topic: observeTopic,
        orderId,
        accCode,
        target: `p:${providerId}`,
        cause: this.ids.next(),
        payload,
        time: this.clock.now(),
        dueAt,
      },
    ]);
  }
}
