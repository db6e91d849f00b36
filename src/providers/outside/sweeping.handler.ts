import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config.js';
import { OutboxService } from '../../outbox/outbox.service.js';
import {
  type AttemptResult,
  type ClaimedDelivery,
  type DeliveryHandler,
  DeliveryHandlers,
} from '../../outbox/delivery-handler.port.js';
import { Ids } from '../../runtime/ids.js';
import { FormsRepository } from '../forms/forms.repository.js';
import type { OutsideEvent } from '../provider.port.js';
import { ProvidersService } from '../providers.service.js';
import { eventTopic } from './incoming.service.js';
import { OutsideApprovalsRepository } from './outside-approvals.repository.js';
import { type SweepPayload, Sweeping, sweepTopic } from './sweeping.js';

/** Milliseconds by which two looks overlap: clocks differ, and a check node may be reached late. */
const overlap = 600_000;
/** Milliseconds; vendors list no longer spans, and nobody waits for so long without asking. */
const longestSpan = 30 * 86_400_000;

/**
 * Finds approvals that were begun at a provider and whose events never came. Every look arranges for the next one, whatever
 * came of it: a provider may be away for days, and what was begun then is found when it is back.
 */
@Injectable()
export class SweepingHandler implements DeliveryHandler, OnModuleInit {
  readonly topics = [sweepTopic];
  private readonly logger = new Logger('providers');

  constructor(
    private readonly handlers: DeliveryHandlers,
    private readonly forms: FormsRepository,
    private readonly providers: ProvidersService,
    private readonly approvals: OutsideApprovalsRepository,
    private readonly sweeping: Sweeping,
    private readonly outbox: OutboxService,
    private readonly ids: Ids,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.handlers.register(this);
  }

  async attempt({ payload, sentAt }: ClaimedDelivery, signal: AbortSignal): Promise<AttemptResult> {
    const { formId, from } = payload as SweepPayload;
    const form = await this.forms.byId(formId);
    if (!form) return done;
    const now = sentAt.getTime();
    const since = Math.max(from, now - longestSpan);
    const missed = await this.missed(form, { from: new Date(since), to: sentAt }, signal).catch(
      (error: unknown) => {
        this.logger.warn({ formId, err: error }, 'a form cannot be looked through right now');
        return null;
      },
    );
    return {
      ...done,
      settle: async (tx) => {
        await this.outbox.enqueue(
          tx,
          (missed?.externalIds ?? []).map((externalId) => {
            const event: OutsideEvent = {
              id: this.ids.next(),
              type: 'sweep',
              externalId,
              key: null,
              formCode: form.formCode,
            };
            return {
              topic: eventTopic,
              orderId: '',
              accCode: missed?.team ?? null,
              target: `p:${form.providerId}`,
              cause: event.id,
              payload: { providerId: form.providerId, event },
              time: sentAt,
            };
          }),
        );
        const next = missed === null ? from : Math.max(from, now - overlap - this.config.pollInterval);
        await this.sweeping.next(tx, form, next);
      },
    };
  }

  /** What was begun in a time and is not known here. */
  private async missed(
    { providerId, formCode }: { readonly providerId: string; readonly formCode: string },
    between: { readonly from: Date; readonly to: Date },
    signal: AbortSignal,
  ): Promise<{ readonly team: string | null; readonly externalIds: readonly string[] }> {
    const correspondent = await this.providers.correspondent(providerId);
    const { to, kind } = correspondent ?? {};
    if (!to || !kind?.recent) return { team: null, externalIds: [] };
    const begun = await kind.recent(to, formCode, between, signal);
    const known = await this.approvals.known(providerId, begun);
    return {
      team: to.scope === '' ? null : to.scope,
      externalIds: begun.filter((externalId) => !known.has(externalId)),
    };
  }
}

const done: AttemptResult & { readonly outcome: 'succeeded' } = { outcome: 'succeeded', forget: true };
