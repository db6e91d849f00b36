import { Injectable } from '@nestjs/common';
import { CallbackTicketsService } from '../../callbacks/callback-tickets.service.js';
import { Database } from '../../database/database.js';
import { DirectoryService } from '../../directory/directory.service.js';
import { Problem } from '../../http/problem.js';
import { OrderOutsideService } from '../../orders/order-outside.service.js';
import type { AttemptResult } from '../../outbox/delivery-handler.port.js';
import { Clock } from '../../runtime/clock.js';
import { Ids } from '../../runtime/ids.js';
import { FormsService, type KnownForm } from '../forms/forms.service.js';
import { IdentitiesService } from '../identities/identities.service.js';
import type { ApprovalProvider, Observation, ProviderAttempt, ProviderConnection } from '../provider.port.js';
import { fieldsOf, ticketOf } from './filled-in.js';
import { Looking } from './looking.js';
import { OutsideApprovalsRepository } from './outside-approvals.repository.js';
import { tasksAfter } from './own-tasks.js';

/** What the columns hold. */
const maxUserCode = 64;
const maxTitle = 255;

/** Orders that begin outside (requirement 001): somebody fills in a form there, and our check node is the first to be asked. */
@Injectable()
export class Beginnings {
  constructor(
    private readonly approvals: OutsideApprovalsRepository,
    private readonly forms: FormsService,
    private readonly identities: IdentitiesService,
    private readonly directory: DirectoryService,
    private readonly orders: OrderOutsideService,
    private readonly tickets: CallbackTicketsService,
    private readonly looking: Looking,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * Opens the order of an approval that waits for us there. One that cannot be opened is refused there, with the reason
   * for its applicant.
   */
  async of(
    to: ProviderConnection,
    kind: ApprovalProvider,
    observation: Observation,
    attempt: ProviderAttempt,
  ): Promise<AttemptResult> {
    const { formCode, status } = observation;
    const form = formCode === null ? null : await this.forms.byCode(to.id, formCode);
    if (!form) return { ...done, answer: 'no form of this code is known here' };
    const tasks = tasksAfter([], observation.tasks);
    const [first] = tasks;
    if (status !== 'pending' || !first) return { ...done, answer: 'nothing there waits for us' };
    try {
      return await this.open(to, form, observation, tasks);
    } catch (error) {
      if (!(error instanceof Problem) || error.status >= 500) throw error;
      const { externalId } = observation;
      const comment = error.detail;
      await kind.act(
        to,
        { externalId, formCode, taskId: first.id, actor: null, decision: 'reject', comment },
        attempt,
      );
      return { ...done, forget: false, answer: `refused there: ${error.code}: ${comment}` };
    }
  }

  private async open(
    to: ProviderConnection,
    form: KnownForm,
    observation: Observation,
    tasks: ReturnType<typeof tasksAfter>,
  ): Promise<AttemptResult> {
    const { externalId, title } = observation;
    const userCode = await this.applicantOf(to, observation);
    const team = form.accCode ?? (to.scope === '' ? await this.teamOf(userCode) : to.scope);
    if (team === null) {
      throw new Problem(
        'validation_failed',
        `form ${form.code} names no team, and the directory lists ${userCode} in none`,
      );
    }
    const plan = await this.orders.plan(to, team, {
      businessType: form.businessType,
      userCode,
      businessKey: externalId,
      title: (title ?? form.name).slice(0, maxTitle),
      variables: fieldsOf(observation, form),
    });
    if (plan.snapshot.provider?.id !== to.id) {
      throw new Problem(
        'business_type_disabled',
        `approvals of ${form.businessType} are not decided here any more; apply where they are`,
      );
    }
    const [first] = tasks;
    return {
      ...done,
      settle: async (tx) => {
        // Two events of one beginning may be under way at once; the unique key would stop the second one for good.
        if (await this.approvals.byExternal(to.id, externalId, tx)) return;
        const { record } = await this.orders.open(tx, plan);
        const now = this.clock.now();
        const approval = {
          id: this.ids.next(),
          orderId: record.head.id,
          providerId: to.id,
          round: 0,
          origin: 'there',
          state: 'pending',
          externalId,
          formCode: form.code,
          askedBy: null,
          tasks,
          seen: observation,
          seenAt: now,
          createTime: now,
        } as const;
        await this.approvals.insert(tx, approval);
        if (first) {
          await this.tickets.name(tx, record.head.id, first.kind, ticketOf(observation, first.id, form));
        }
        await this.looking.later(tx, approval, record.head.accCode);
      },
    };
  }

  /** Somebody whom nobody has named here applies under a code that nobody else can have. */
  private async applicantOf(to: ProviderConnection, { applicant }: Observation): Promise<string> {
    const externalId = applicant ?? 'unknown';
    const known = await this.identities.userOf(to.id, externalId);
    return known ?? `provider:${to.code}/${externalId}`.slice(0, maxUserCode);
  }

  private async teamOf(userCode: string): Promise<string | null> {
    return this.directory.teamOf(this.database, userCode);
  }
}

const done = { outcome: 'succeeded', forget: true } as const;
