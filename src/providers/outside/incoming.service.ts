import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { toDbTime } from '../../database/dialect.js';
import type { Tx } from '../../database/sql.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { invalid, Problem } from '../../http/problem.js';
import { OutboxService } from '../../outbox/outbox.service.js';
import { Clock } from '../../runtime/clock.js';
import { Ids } from '../../runtime/ids.js';
import type {
  EventReply,
  IncomingEvent,
  OutsideEvent,
  ProviderConnection,
  ProviderKind,
} from '../provider.port.js';
import { ProvidersService } from '../providers.service.js';
import { OutsideApprovalsRepository } from './outside-approvals.repository.js';

/** The topic under which events of providers are looked into. */
export const eventTopic = 'provider.event';

const table = 'dms_s_apply_provider_event';
/** Milliseconds; the vendors send an event again for some hours. */
const keptFor = 30 * 86_400_000;
/** Milliseconds that a message waits for others; the vendors wait for at least a second. */
const gathering = 10;
const maxEventId = 160;
const maxType = 64;
const maxExternalId = 128;

/** A message whose sender waits for its acknowledgement. */
interface Waiting {
  readonly to: ProviderConnection;
  readonly events: readonly OutsideEvent[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Messages that come from providers: known by their signature, stored once, answered at once, and looked into later. */
@Injectable()
export class IncomingService {
  private readonly logger = new Logger('providers');
  private readonly waiting: Waiting[] = [];

  constructor(
    private readonly providers: ProvidersService,
    private readonly approvals: OutsideApprovalsRepository,
    private readonly outbox: OutboxService,
    private readonly unitOfWork: UnitOfWork,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * @param kind of the address
   * @param id the provider that the address names; null for one that all of a kind share
   * @throws Problem 400 for what a provider has sent that makes no sense; 401 for whatever no provider has sent, with the same words for every reason
   */
  async receive(kind: ProviderKind, id: string | null, incoming: IncomingEvent): Promise<EventReply> {
    const candidates = id === null ? await this.providers.ofKind(kind) : await this.named(kind, id);
    const reasons: string[] = [];
    let reply: EventReply | null = null;
    // One app can be a provider of several teams: each hears of what its forms are about.
    for (const { to, kind: speaker } of candidates) {
      const received = speaker.receive(to, incoming, this.clock.now());
      if (received.kind === 'refused') {
        reasons.push(`${to.code}: ${received.why}`);
        continue;
      }
      if (received.kind === 'malformed') throw invalid(received.field, received.why);
      if (received.kind === 'events') await this.store(to, received.events);
      reply ??= received.reply;
    }
    if (reply !== null) return reply;
    this.logger.warn({ kind, id, reasons }, 'a message of nobody known is refused');
    throw new Problem(
      'unauthenticated',
      'the message is not signed by a provider that is set up here, or not at this time',
    );
  }

  /** The provider of an id, if it is of the kind that its address says: of all others no secret need be opened. */
  private async named(kind: ProviderKind, id: string): ReturnType<ProvidersService['ofKind']> {
    const correspondent = await this.providers.correspondent(id);
    return correspondent?.to.kind === kind ? [correspondent] : [];
  }

  private get insertOnce(): string {
    return this.database.dialect === 'sqlite' ? 'INSERT OR IGNORE' : 'INSERT IGNORE';
  }

  /**
   * Stores what came together with everything else that has come until it is this process's turn to write, so that many
   * at once are acknowledged in time.
   */
  private store(to: ProviderConnection, events: readonly OutsideEvent[]): Promise<void> {
    if (events.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.waiting.push({ to, events, resolve, reject });
      if (this.waiting.length === 1) void this.storeWaiting();
    });
  }

  private async storeWaiting(): Promise<void> {
    const taken: Waiting[] = [];
    // A moment for whatever comes at the same time: one commit costs as much as many messages.
    await pause(gathering);
    try {
      await this.unitOfWork.run(async (tx) => {
        // Run again after a conflict, it has what it had, and what has come since.
        taken.push(...this.waiting.splice(0));
        const old = new Date(this.clock.now().getTime() - keptFor);
        await tx.run(`DELETE FROM ${table} WHERE create_time < ?`, [toDbTime(old)]);
        for (const { to, events } of taken) await this.add(tx, to, events);
      });
      for (const { resolve } of taken) resolve();
    } catch (error) {
      // A transaction that could not begin has taken nobody.
      for (const { reject } of taken.length > 0 ? taken : this.waiting.splice(0)) reject(error as Error);
    }
  }

  /** What was told before is not told again; of several events each counts by itself. */
  private async add(tx: Tx, to: ProviderConnection, events: readonly OutsideEvent[]): Promise<void> {
    const time = this.clock.now();
    for (const event of events) {
      const id = event.id.slice(0, maxEventId);
      const externalId = event.externalId?.slice(0, maxExternalId) ?? null;
      // Whoever comes second with the same event waits here for the first, and adds nothing.
      const added = await tx.run(
        `${this.insertOnce} INTO ${table} (provider_id, event_id, type, external_id, create_time) VALUES (?, ?, ?, ?, ?)`,
        [to.id, id, event.type.slice(0, maxType), externalId, toDbTime(time)],
      );
      if (added === 0) continue;
      const about = externalId === null ? null : await this.approvals.byExternal(to.id, externalId, tx);
      await this.outbox.enqueue(tx, [
        {
          topic: eventTopic,
          orderId: about?.orderId ?? '',
          accCode: to.scope === '' ? null : to.scope,
          target: `p:${to.id}`,
          cause: this.ids.next(),
          payload: { providerId: to.id, event },
          time,
        },
      ]);
    }
  }
}
