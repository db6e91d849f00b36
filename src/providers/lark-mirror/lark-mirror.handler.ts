import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CallbackTargetsService } from '../../business-types/callback-targets.service.js';
import { CONFIG, type Config } from '../../config/config.js';
import { OperationLogService } from '../../operation-log/operation-log.service.js';
import { mirrorTopic } from '../../orders/order-outside.service.js';
import { type OrderRecord, OrdersService } from '../../orders/orders.service.js';
import {
  type AttemptResult,
  type ClaimedDelivery,
  type DeliveryHandler,
  DeliveryHandlers,
} from '../../outbox/delivery-handler.port.js';
import { LarkClient } from '../lark/lark.client.js';
import { codes, isRefusal } from '../lark/lark.errors.js';
import { settingsOf } from '../lark/lark.settings.js';
import type { ProviderConnection } from '../provider.port.js';
import { ProviderConnections } from '../provider-connections.js';
import { failedAttempt, ProviderFailure } from '../provider-failure.js';
import { ProvidersRepository } from '../providers.repository.js';
import { ActionContext } from './action-context.js';
import { MirrorDefinitionsService } from './mirror-definitions.service.js';
import { instanceOf } from './mirrored-order.js';
import { tasksOf } from './mirrored-tasks.js';
import { MirrorPeopleService } from './mirror-people.service.js';
import { MirrorTurnsRepository } from './mirror-turns.repository.js';
import { momentsOf } from './order-moments.js';

/** How often one attempt shows an order that goes on meanwhile, and milliseconds until the next attempt then. */
const maxRounds = 3;
const soon = 1_000;

/**
 * Shows orders in Feishu's approval centre as they are now. A delivery says that there is something new, and not what: what
 * is shown is read when it is sent.
 */
@Injectable()
export class LarkMirrorHandler implements DeliveryHandler, OnModuleInit {
  readonly topics = [mirrorTopic];

  constructor(
    private readonly handlers: DeliveryHandlers,
    private readonly orders: OrdersService,
    private readonly log: OperationLogService,
    private readonly types: CallbackTargetsService,
    private readonly providers: ProvidersRepository,
    private readonly connections: ProviderConnections,
    private readonly definitions: MirrorDefinitionsService,
    private readonly people: MirrorPeopleService,
    private readonly turns: MirrorTurnsRepository,
    private readonly context: ActionContext,
    private readonly client: LarkClient,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.handlers.register(this);
  }

  async attempt(delivery: ClaimedDelivery, signal: AbortSignal): Promise<AttemptResult> {
    const { id, orderId, cause } = delivery;
    const record = await this.orders.forService(orderId);
    const mirrorId = record?.head.mirrorId ?? null;
    if (!record || mirrorId === null) return done;
    const row = await this.providers.byId(mirrorId);
    if (!row) {
      // Nobody need act: there is no place left in which it would be shown.
      return {
        outcome: 'failed',
        error: 'the provider is gone in which it was shown',
        settle: () => Promise.resolve(),
      };
    }
    const transition = /^\d{1,9}$/.test(cause) ? Number(cause) : null;
    const latest = record.state.version;
    const turn = await this.turns.take({ orderId, sender: id, transition, latest });
    if (turn !== 'mine') return done;
    try {
      return await this.show(this.connections.of(row), orderId, id, signal);
    } catch (error) {
      await this.turns.release(orderId, id);
      return failedAttempt(error);
    }
  }

  private async show(
    to: ProviderConnection,
    orderId: string,
    sender: string,
    signal: AbortSignal,
  ): Promise<AttemptResult> {
    for (let round = 0; round < maxRounds; round++) {
      const record = await this.orders.forService(orderId);
      if (!record) return done;
      const stamp = await this.turns.begin(orderId, sender, record.head.updateTime);
      if (stamp === null) throw new ProviderFailure('another delivery shows it by now', { retryAfter: soon });
      await this.send(to, record, stamp, signal);
      const ended = await this.turns.end(orderId, sender, record.state.version);
      if (ended === 'over') return done;
      if (ended === 'lost') {
        throw new ProviderFailure('another delivery has shown it meanwhile, perhaps before this one', {
          retryAfter: soon,
        });
      }
    }
    throw new ProviderFailure('the order goes on faster than it can be shown', { retryAfter: soon });
  }

  private async send(
    to: ProviderConnection,
    record: OrderRecord,
    stamp: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { head, state } = record;
    const { businessTypeId, accCode: team, businessType } = head;
    const type = await this.types.find({ id: businessTypeId, team, code: businessType });
    const typeId = businessTypeId ?? businessType;
    const typeName = type?.name ?? businessType;
    const approvalCode = await this.definitions.approvalCode(to, { id: typeId, name: typeName }, signal);
    const moments = momentsOf(await this.log.history(head.id, state.version));
    const { externals, deciders, applicantName } = await this.people.of(to.id, record, [
      ...moments.copied.keys(),
    ]);
    const body = instanceOf({
      record,
      approvalCode,
      typeName,
      fieldMapping: type?.fieldMapping ?? null,
      tasks: tasksOf(record, moments, deciders),
      moments,
      externals,
      userIdType: settingsOf(to).userIdType,
      applicantName,
      publicUrl: this.config.publicUrl ?? '',
      stamp,
      contextOf: ({ id: taskId, userCode }) =>
        this.context.of({ providerId: to.id, orderId: head.id, taskId, userCode, version: state.version }),
    });
    try {
      await this.client.call(to, {
        method: 'POST',
        path: '/open-apis/approval/v4/external_instances',
        body,
        signal,
      });
    } catch (error) {
      if (!isRefusal(error, codes.unknownApproval)) throw error;
      // Somebody has deleted the definition there: it is told anew.
      await this.definitions.forget(to.id, typeId);
      throw new ProviderFailure(error.message, { retryAfter: 0 });
    }
  }
}

const done: AttemptResult = { outcome: 'succeeded', forget: true };
