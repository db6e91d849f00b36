import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config.js';
import { classify } from '../../database/errors.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { isEnded, type OrderState } from '../../engine/order-state.js';
import { OperationLogService } from '../../operation-log/operation-log.service.js';
import { OrderCallbacksService } from '../../orders/order-callbacks.service.js';
import { type OutsidePayload, outsideTopic, providerOfSteps } from '../../orders/order-outside.service.js';
import { type OrderRecord, OrdersService } from '../../orders/orders.service.js';
import {
  type AttemptResult,
  type ClaimedDelivery,
  type DeliveryHandler,
  DeliveryHandlers,
} from '../../outbox/delivery-handler.port.js';
import { Clock } from '../../runtime/clock.js';
import { Ids } from '../../runtime/ids.js';
import { FormsService } from '../forms/forms.service.js';
import { IdentitiesService } from '../identities/identities.service.js';
import type { ApprovalProvider, ProviderAttempt, ProviderConnection } from '../provider.port.js';
import { failedAttempt } from '../provider-failure.js';
import { ProvidersService } from '../providers.service.js';
import { Looking } from './looking.js';
import {
  isLive,
  keyOf,
  type OutsideApproval,
  OutsideApprovalsRepository,
  type OutsideChange,
} from './outside-approvals.repository.js';
import { answersDue, awaitsProvider, type TaskAnswer } from './own-tasks.js';

/** Whom an order's approval is with. */
interface Correspondent {
  readonly to: ProviderConnection;
  readonly kind: ApprovalProvider;
}

/**
 * Has an order and its approval at a provider agree, whatever has led them apart: asks for one where the order waits, ends
 * it where the order waits no longer, and answers the tasks there that are ours. Looks at how things stand, not at what
 * has happened, so that it may run at any time and as often as it likes.
 */
@Injectable()
export class OutsideHandler implements DeliveryHandler, OnModuleInit {
  readonly topics = [outsideTopic];

  constructor(
    private readonly handlers: DeliveryHandlers,
    private readonly approvals: OutsideApprovalsRepository,
    private readonly providers: ProvidersService,
    private readonly identities: IdentitiesService,
    private readonly forms: FormsService,
    private readonly orders: OrdersService,
    private readonly callbacks: OrderCallbacksService,
    private readonly log: OperationLogService,
    private readonly looking: Looking,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: Ids,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.handlers.register(this);
  }

  async attempt(
    { id, sentAt, orderId, payload }: ClaimedDelivery,
    signal: AbortSignal,
  ): Promise<AttemptResult> {
    const record = await this.orders.forService(orderId);
    const provider = record && providerOfSteps(record.state.steps);
    const latest = await this.approvals.latestOf(orderId);
    const live = latest && isLive(latest) ? latest : null;
    const { round } = payload as OutsidePayload;
    const wanted =
      record && round !== null && awaitsProvider(record.state) && isNew(latest, round) ? round : null;
    if (!provider || (!live && wanted === null)) return done;
    const correspondent = await this.providers.correspondent(provider.id);
    if (!correspondent) {
      const error = `provider ${provider.code} is gone: make it again and redeliver, or decide the order here`;
      return { outcome: 'failed', error, permanent: true };
    }
    const attempt = { id, sentAt, signal };
    try {
      if (live && !(await this.follow(record, live, correspondent, attempt, wanted))) return done;
      if (wanted !== null) await this.ask(record, wanted, correspondent, attempt);
      return done;
    } catch (error) {
      return failedAttempt(error);
    }
  }

  /**
   * What an approval that somebody may still decide needs: its tasks answered, or its end.
   * @param wanted the round for which another one is to be asked, if any
   * @returns whether the other one may be asked for now
   */
  private async follow(
    record: OrderRecord,
    live: OutsideApproval,
    correspondent: Correspondent,
    attempt: ProviderAttempt,
    wanted: number | null,
  ): Promise<boolean> {
    const { state, head } = record;
    if (live.externalId === null) {
      if (wanted === live.round) return true;
      if (wanted === null && !isOver(state, live)) return false;
      // Whoever asks for it at this moment sees so, and ends what it has begun.
      await this.change(live, () => ({ state: 'cancelled' }));
      return true;
    }
    const history = live.tasks.some(({ answer }) => answer === null)
      ? await this.log.history(head.id, state.version)
      : [];
    const told = history.flatMap(({ events }) => events);
    const answers = answersDue(state, live.tasks, told);
    let byHand = false;
    for (const answer of answers) {
      const came = await this.answer(live, live.externalId, answer, correspondent, attempt);
      byHand ||= came === 'already_decided';
    }
    // What somebody has decided in our place may have led elsewhere than our answer would have.
    if (answers.length > 0 && (!byHand || state.applyStatus === 'completed')) return false;
    if (wanted !== null && live.origin === 'there') {
      // It goes on there, and may have come to its end while the order was not ready for it.
      await this.unitOfWork.run((tx) => this.looking.now(tx, live, head.accCode));
      return false;
    }
    if (wanted === null && !isOver(state, live)) return false;
    await this.end(record, live, live.externalId, correspondent, attempt);
    return true;
  }

  private async ask(
    { head, state }: OrderRecord,
    round: number,
    { to, kind }: Correspondent,
    attempt: ProviderAttempt,
  ): Promise<void> {
    const form = head.businessTypeId === null ? null : await this.forms.ofType(to.id, head.businessTypeId);
    const claimed = await this.claim(head.id, round, to.id, form?.code ?? null, attempt.id);
    if (!claimed) return;
    const { applicant } = state;
    const key = keyOf(claimed.approval);
    const { externalId } = await kind.create(
      to,
      {
        key,
        again: claimed.again,
        orderId: head.id,
        businessType: head.businessType,
        businessKey: head.businessKey,
        team: head.accCode,
        title: head.title,
        remark: head.remark,
        applicant: { userCode: applicant, externalId: await this.identities.externalOf(to.id, applicant) },
        form,
        fields: head.variables,
        link: this.config.publicUrl === null ? null : `${this.config.publicUrl}/console/orders/${head.id}`,
        resultUrl: `${this.config.publicUrl ?? ''}/api/v1/webhook/callback/${to.id}`,
        time: claimed.approval.createTime,
      },
      attempt,
    );
    const late = await this.unitOfWork.run(async (tx) => {
      await this.callbacks.lock(tx, 'all', head.id);
      const now = this.clock.now();
      const row = await this.approvals.find(claimed.approval.id, tx);
      // An event may have told of it before its own answer came; or it is wanted no longer.
      if (row?.state === 'asking') {
        await this.approvals.update(
          tx,
          row.id,
          { state: 'pending', ...(externalId ? { externalId } : {}) },
          now,
        );
      }
      await this.looking.later(tx, claimed.approval, head.accCode);
      // The order may have gone on in the meantime.
      await this.looking.again(tx, head, to.id);
      return row?.state === 'cancelled';
    });
    if (late && externalId !== null)
      await this.end({ head, state }, claimed.approval, externalId, { to, kind }, attempt);
  }

  /** One delivery asks for a round; asked again by the same one, the provider may have heard it already. */
  private async claim(
    orderId: string,
    round: number,
    providerId: string,
    formCode: string | null,
    askedBy: string,
  ): Promise<{ readonly approval: OutsideApproval; readonly again: boolean } | null> {
    const approval: OutsideApproval = {
      id: this.ids.next(),
      orderId,
      providerId,
      round,
      origin: 'here',
      state: 'asking',
      externalId: null,
      formCode,
      askedBy,
      tasks: [],
      seen: null,
      seenAt: null,
      createTime: this.clock.now(),
    };
    try {
      await this.unitOfWork.run((tx) => this.approvals.insert(tx, approval));
      return { approval, again: false };
    } catch (error) {
      if (classify(error) !== 'duplicate') throw error;
    }
    const known = await this.approvals.latestOf(orderId);
    if (known?.round !== round || known.state !== 'asking' || known.askedBy !== askedBy) return null;
    // Says that it is being asked for now.
    await this.change(known, () => ({}));
    return { approval: known, again: true };
  }

  private async answer(
    approval: OutsideApproval,
    externalId: string,
    { task, decision, comment }: TaskAnswer,
    { to, kind }: Correspondent,
    attempt: ProviderAttempt,
  ): Promise<'done' | 'already_decided'> {
    const { formCode } = approval;
    const came = await kind.act(
      to,
      { externalId, formCode, taskId: task.id, actor: null, decision, comment },
      { ...attempt, id: `${attempt.id}/${task.id}` },
    );
    const answer = decision === 'approve' ? 'approved' : 'rejected';
    await this.change(approval, (row) => ({
      tasks: row.tasks.map((one) => (one.id === task.id ? { ...one, answer } : one)),
    }));
    return came;
  }

  private async end(
    { head, state }: Pick<OrderRecord, 'head' | 'state'>,
    approval: OutsideApproval,
    externalId: string,
    { to, kind }: Correspondent,
    attempt: ProviderAttempt,
  ): Promise<void> {
    await kind.cancel(
      to,
      {
        externalId,
        key: keyOf(approval),
        formCode: approval.formCode,
        applicant: approval.seen?.applicant ?? (await this.identities.externalOf(to.id, state.applicant)),
        orderId: head.id,
        reason: state.returned ? 'returned' : state.applyStatus,
        time: head.updateTime,
      },
      { ...attempt, id: `${attempt.id}/end` },
    );
    await this.change(approval, () => ({ state: 'cancelled' }));
  }

  /** Changes a row that is still live, under the lock of its order. */
  private change(
    { id, orderId }: OutsideApproval,
    make: (row: OutsideApproval) => OutsideChange,
  ): Promise<void> {
    return this.unitOfWork.run(async (tx) => {
      await this.callbacks.lock(tx, 'all', orderId);
      const row = await this.approvals.find(id, tx);
      if (row && isLive(row)) await this.approvals.update(tx, id, make(row), this.clock.now());
    });
  }
}

/** Whether an order needs an approval no longer: it has ended, or is with its applicant, who hands in another one. */
const isOver = (state: OrderState, { origin }: OutsideApproval): boolean =>
  isEnded(state) || (state.returned !== null && origin === 'here');

const done: AttemptResult = { outcome: 'succeeded', forget: true };

/** Whether a round is one that nobody has asked for, or that is still being asked for. */
const isNew = (latest: OutsideApproval | null, round: number): boolean =>
  latest === null || latest.round < round || (latest.round === round && latest.state === 'asking');
