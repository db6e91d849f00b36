import { Injectable, Logger } from '@nestjs/common';
import { CallbackTicketsService } from '../../callbacks/callback-tickets.service.js';
import type { Tx } from '../../database/sql.js';
import { isEnded } from '../../engine/order-state.js';
import { Problem } from '../../http/problem.js';
import { OrderOutsideService, type OrderRecord } from '../../orders/order-outside.service.js';
import { Clock } from '../../runtime/clock.js';
import { IdentitiesService } from '../identities/identities.service.js';
import type { Observation, ProviderConnection, ProviderForm } from '../provider.port.js';
import { fieldsOf, ticketOf } from './filled-in.js';
import { Looking } from './looking.js';
import {
  isLive,
  type OutsideApproval,
  OutsideApprovalsRepository,
  type OwnTask,
} from './outside-approvals.repository.js';
import { awaitsProvider, tasksAfter } from './own-tasks.js';

/** Longest words on a step, in characters. */
const maxWords = 2_000;

/** How an approval was seen, by whom it is kept, and with which form. */
export interface Sighting {
  readonly to: ProviderConnection;
  readonly form: ProviderForm | null;
  readonly observation: Observation;
}

/** What becomes of an order because of how its approval stands at a provider. */
@Injectable()
export class OutsideCourse {
  private readonly logger = new Logger('providers');

  constructor(
    private readonly approvals: OutsideApprovalsRepository,
    private readonly outside: OrderOutsideService,
    private readonly tickets: CallbackTicketsService,
    private readonly identities: IdentitiesService,
    private readonly looking: Looking,
    private readonly clock: Clock,
  ) {}

  /**
   * Has an order follow what was seen. Approvals that have ended change nothing any more: what is seen late was seen
   * before.
   * @returns whether somebody there may still decide
   */
  async apply(tx: Tx, outsideId: string, sighting: Sighting): Promise<boolean> {
    const found = await this.approvals.find(outsideId, tx);
    if (!found) return false;
    const record = await this.outside.locked(tx, found.orderId);
    const row = await this.approvals.find(outsideId, tx);
    if (!row || !record || !isLive(row)) return false;
    const { observation, to } = sighting;
    const tasks = tasksAfter(row.tasks, observation.tasks);
    const fresh = tasks.slice(row.tasks.length);
    await this.begin(tx, row, record, fresh, sighting);
    const status = await this.follow(tx, row, record, tasks, sighting);
    const now = this.clock.now();
    await this.approvals.update(
      tx,
      row.id,
      {
        state: status,
        externalId: observation.externalId,
        formCode: observation.formCode ?? row.formCode,
        tasks,
        seen: observation,
        seenAt: now,
      },
      now,
    );
    if (fresh.length > 0) await this.looking.again(tx, record.head, to.id);
    return status === 'pending';
  }

  /** A further check task means that the approval has gone back to its beginning there, and comes again. */
  private async begin(
    tx: Tx,
    row: OutsideApproval,
    record: OrderRecord,
    fresh: readonly OwnTask[],
    { to, form, observation }: Sighting,
  ): Promise<void> {
    const check = fresh.find(({ kind }) => kind === 'check');
    if (!check || row.origin === 'here' || !row.tasks.some(({ kind }) => kind === 'check')) return;
    if (!awaitsProvider(record.state)) return;
    const orderId = record.head.id;
    await this.tickets.name(tx, orderId, 'check', ticketOf(observation, check.id, form));
    const auditMsg = `${to.code}: ${observation.externalId}`;
    await this.attempt(orderId, () =>
      this.outside.beginAgain(tx, { orderId, provider: to.code, auditMsg }, fieldsOf(observation, form)),
    );
  }

  private async follow(
    tx: Tx,
    row: OutsideApproval,
    record: OrderRecord,
    tasks: readonly OwnTask[],
    sighting: Sighting,
  ): Promise<Observation['status']> {
    const { observation } = sighting;
    const { status } = observation;
    const { state } = record;
    const execution = tasks.find(({ kind, answer }) => kind === 'execute' && answer === null);
    switch (status) {
      case 'pending':
        if (execution && awaitsProvider(state)) {
          if (row.origin === 'there') {
            const ticket = ticketOf(observation, execution.id, sighting.form);
            await this.tickets.name(tx, record.head.id, 'execute', ticket);
          }
          await this.decide(tx, record, 'approve', sighting);
        }
        return status;
      case 'approved':
        // Ended there before its check was answered here: the order is not ready, and is looked at again when it is.
        if (state.applyStatus === 'initiating') return 'pending';
        if (awaitsProvider(state)) await this.decide(tx, record, 'approve', sighting);
        return status;
      case 'rejected':
        if (awaitsProvider(state)) await this.decide(tx, record, 'reject', sighting);
        else await this.withdraw(tx, record, await this.wordsOf(tx, sighting));
        return status;
      default:
        await this.withdraw(tx, record, await this.wordsOf(tx, sighting));
        return status;
    }
  }

  private async decide(
    tx: Tx,
    { head }: OrderRecord,
    decision: 'approve' | 'reject',
    sighting: Sighting,
  ): Promise<void> {
    const auditMsg = await this.wordsOf(tx, sighting);
    await this.attempt(head.id, () =>
      this.outside.decide(tx, { orderId: head.id, provider: sighting.to.code, decision, auditMsg }),
    );
  }

  /** What has ended there without a decision ends here as its applicant's withdrawal; what has ended here stays so. */
  private async withdraw(tx: Tx, { head, state }: OrderRecord, words: string | null): Promise<void> {
    if (isEnded(state) || state.applyStatus === 'executing') return;
    await this.attempt(head.id, () => this.outside.withdraw(tx, head.id, state.applicant, words ?? ''));
  }

  /** Who has decided, as we know them, and what they said. */
  private async wordsOf(tx: Tx, { to, observation }: Sighting): Promise<string | null> {
    const { decidedBy, comment } = observation;
    const known = decidedBy === null ? null : await this.identities.userOf(to.id, decidedBy, tx);
    const words = [known ?? decidedBy, comment].filter((part) => part).join(': ');
    return words === '' ? null : Array.from(words).slice(0, maxWords).join('');
  }

  /** An order that somebody else has to decide, or that is over, stays as it is; what was seen is recorded all the same. */
  private async attempt(orderId: string, act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.logger.warn(
        { orderId, code: error.code, detail: error.detail },
        'an outside decision does not count',
      );
    }
  }
}
