import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config.js';
import { SharedClock } from '../../database/shared-clock.js';
import type { Tx } from '../../database/sql.js';
import { OutboxService } from '../../outbox/outbox.service.js';
import { Clock } from '../../runtime/clock.js';
import { Ids } from '../../runtime/ids.js';

/** The topic under which forms are looked through for approvals that no event has told of. */
export const sweepTopic = 'provider.sweep';

/** What a delivery of {@link sweepTopic} carries. */
export interface SweepPayload {
  readonly formId: string;
  /** Milliseconds since 1970: approvals that were begun before then are known, or of no interest. */
  readonly from: number;
}

/** Arranges for looks through a form: one after the other, for as long as it is there. */
@Injectable()
export class Sweeping {
  constructor(
    private readonly outbox: OutboxService,
    private readonly shared: SharedClock,
    private readonly clock: Clock,
    private readonly ids: Ids,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** What was begun before a form was known is not ours. */
  async begin(tx: Tx, form: { readonly id: string; readonly providerId: string }): Promise<void> {
    await this.next(tx, form, await this.shared.now(tx));
  }

  /** After PROVIDER_POLL_INTERVAL. @param from {@link SweepPayload.from} */
  async next(
    tx: Tx,
    { id, providerId }: { readonly id: string; readonly providerId: string },
    from: number,
  ): Promise<void> {
    const payload: SweepPayload = { formId: id, from };
    await this.outbox.enqueue(tx, [
      {
        topic: sweepTopic,
        orderId: '',
        accCode: null,
        target: `p:${providerId}`,
        cause: this.ids.next(),
        payload,
        time: this.clock.now(),
        dueAt: (await this.shared.now(tx)) + this.config.pollInterval,
      },
    ]);
  }
}
