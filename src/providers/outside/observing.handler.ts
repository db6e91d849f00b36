import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config.js';
import type { Tx } from '../../database/sql.js';
import {
  type AttemptResult,
  type ClaimedDelivery,
  type DeliveryHandler,
  DeliveryHandlers,
} from '../../outbox/delivery-handler.port.js';
import { OutboxService } from '../../outbox/outbox.service.js';
import { FormsService } from '../forms/forms.service.js';
import type { Observation, OutsideEvent, ProviderConnection } from '../provider.port.js';
import { failedAttempt } from '../provider-failure.js';
import { ProvidersService } from '../providers.service.js';
import { Beginnings } from './beginnings.js';
import { eventTopic } from './incoming.service.js';
import { type LookPayload, Looking, observeTopic } from './looking.js';
import { isLive, type OutsideApproval, OutsideApprovalsRepository } from './outside-approvals.repository.js';
import { OutsideCourse } from './outside.course.js';
import { ofTask } from './own-tasks.js';

/** Milliseconds after which an event is looked at again that came while its approval was still being asked for. */
const soon = 1_000;

/** What a delivery of {@link eventTopic} carries. */
interface EventPayload {
  readonly providerId: string;
  readonly event: OutsideEvent;
}

/** Looks at how approvals stand outside: because of an event, or because it is time. */
@Injectable()
export class ObservingHandler implements DeliveryHandler, OnModuleInit {
  readonly topics = [observeTopic, eventTopic];

  constructor(
    private readonly handlers: DeliveryHandlers,
    private readonly approvals: OutsideApprovalsRepository,
    private readonly providers: ProvidersService,
    private readonly forms: FormsService,
    private readonly beginnings: Beginnings,
    private readonly course: OutsideCourse,
    private readonly looking: Looking,
    private readonly outbox: OutboxService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.handlers.register(this);
  }

  async attempt(delivery: ClaimedDelivery, signal: AbortSignal): Promise<AttemptResult> {
    try {
      return delivery.topic === observeTopic
        ? await this.look(delivery, signal)
        : await this.hear(delivery, signal);
    } catch (error) {
      const failed = failedAttempt(error);
      return delivery.topic === observeTopic ? this.lookAgain(delivery, failed) : failed;
    }
  }

  /**
   * A regular look that fails is followed by the next one, however long the provider is away: nobody need act for the poll
   * to find what was missed meanwhile. Only the last failure of an order is kept.
   */
  private lookAgain(delivery: ClaimedDelivery, failed: AttemptResult): AttemptResult {
    const { outsideId, regular } = delivery.payload as LookPayload;
    if (!regular || failed.outcome !== 'failed') return failed;
    return {
      ...failed,
      settle: async (tx) => {
        await this.outbox.forgetGivenUp(tx, delivery);
        const approval = await this.approvals.find(outsideId, tx);
        if (approval && isLive(approval)) await this.looking.later(tx, approval, delivery.accCode);
      },
    };
  }

  private async look(delivery: ClaimedDelivery, signal: AbortSignal): Promise<AttemptResult> {
    const { outsideId, regular } = delivery.payload as LookPayload;
    const approval = await this.approvals.find(outsideId);
    if (!approval || !isLive(approval)) return done;
    const next = (tx: Tx): Promise<void> =>
      regular ? this.looking.later(tx, approval, delivery.accCode) : Promise.resolve();
    if (approval.externalId === null) return { ...done, settle: next };
    const correspondent = await this.providers.correspondent(approval.providerId);
    if (!correspondent) return gone;
    const { to, kind } = correspondent;
    const attempt = { id: delivery.id, sentAt: delivery.sentAt, signal };
    const observation = await kind.observe(to, approval.externalId, attempt);
    if (!observation) return { ...done, settle: next };
    return this.seen(to, approval, observation, next);
  }

  private async hear(delivery: ClaimedDelivery, signal: AbortSignal): Promise<AttemptResult> {
    const { providerId, event } = delivery.payload as EventPayload;
    const correspondent = await this.providers.correspondent(providerId);
    if (!correspondent) return gone;
    const { to, kind } = correspondent;
    const attempt = { id: delivery.id, sentAt: delivery.sentAt, signal };
    const known = await this.known(providerId, event);
    if (known && !isLive(known)) return done;
    if (!known && event.formCode !== null && !(await this.forms.byCode(providerId, event.formCode))) {
      return { ...done, answer: `no form ${event.formCode} is known here` };
    }
    const seen =
      event.observation ??
      (event.externalId === null ? null : await kind.observe(to, event.externalId, attempt));
    if (!seen) return { ...done, answer: 'the provider does not know it' };
    // DingTalk tells the form with the event, and not with the instance.
    const observation = ofTask({ ...seen, formCode: seen.formCode ?? event.formCode }, event.taskId ?? null);
    const approval = known ?? (await this.known(providerId, { ...event, key: observation.key }));
    if (approval) return isLive(approval) ? this.seen(to, approval, observation) : done;
    // It may be one that we are asking for at this moment: then its own answer says so first.
    const since = new Date(delivery.sentAt.getTime() - this.config.callback.timeout - soon);
    if (
      observation.formCode !== null &&
      (await this.approvals.isAsking(providerId, observation.formCode, since))
    ) {
      return { outcome: 'failed', error: 'an approval of this form is being asked for', retryAfter: soon };
    }
    return this.beginnings.of(to, kind, observation, attempt);
  }

  private async seen(
    to: ProviderConnection,
    approval: OutsideApproval,
    observation: Observation,
    next: (tx: Tx) => Promise<void> = () => Promise.resolve(),
  ): Promise<AttemptResult> {
    const formCode = observation.formCode ?? approval.formCode;
    const form = formCode === null ? null : await this.forms.byCode(to.id, formCode);
    const sighting = { to, form, observation: { ...observation, formCode } };
    return {
      ...done,
      settle: async (tx) => {
        if (await this.course.apply(tx, approval.id, sighting)) await next(tx);
      },
    };
  }

  private async known(
    providerId: string,
    { externalId, key }: OutsideEvent,
  ): Promise<OutsideApproval | null> {
    const byId = externalId === null ? null : await this.approvals.byExternal(providerId, externalId);
    return byId ?? (key === null ? null : this.approvals.byKey(providerId, key));
  }
}

const done = { outcome: 'succeeded', forget: true } as const;
const gone: AttemptResult = { outcome: 'failed', error: 'the provider is gone', permanent: true };
