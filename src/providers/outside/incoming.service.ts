import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { toDbTime } from '../../database/dialect.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { Problem } from '../../http/problem.js';
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
const maxEventId = 160;
const maxType = 64;
const maxExternalId = 128;

/** Messages that come from providers: known by their signature, stored once, answered at once, and looked into later. */
@Injectable()
export class IncomingService {
  private readonly logger = new Logger('providers');

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
   * @throws Problem 401 for whatever no provider has sent, with the same words for every reason
   */
  async receive(kind: ProviderKind, id: string | null, incoming: IncomingEvent): Promise<EventReply> {
    const known = await this.providers.ofKind(kind);
    const candidates = id === null ? known : known.filter(({ to }) => to.id === id);
    const reasons: string[] = [];
    for (const { to, kind: speaker } of candidates) {
      const received = speaker.receive(to, incoming, this.clock.now());
      if (received.kind === 'refused') {
        reasons.push(`${to.code}: ${received.why}`);
        continue;
      }
      if (received.kind === 'events') await this.store(to, received.events);
      return received.reply;
    }
    this.logger.warn({ kind, id, reasons }, 'a message of nobody known is refused');
    throw new Problem(
      'unauthenticated',
      'the message is not signed by a provider that is set up here, or not at this time',
    );
  }

  private get insertOnce(): string {
    return this.database.dialect === 'sqlite' ? 'INSERT OR IGNORE' : 'INSERT IGNORE';
  }

  /** What was told before is not told again; of several events each counts by itself. */
  private async store(to: ProviderConnection, events: readonly OutsideEvent[]): Promise<void> {
    if (events.length === 0) return;
    await this.unitOfWork.run(async (tx) => {
      const now = this.clock.now();
      await tx.run(`DELETE FROM ${table} WHERE create_time < ?`, [
        toDbTime(new Date(now.getTime() - keptFor)),
      ]);
      for (const event of events) {
        const id = event.id.slice(0, maxEventId);
        const externalId = event.externalId?.slice(0, maxExternalId) ?? null;
        // Whoever comes second with the same event waits here for the first, and adds nothing.
        const added = await tx.run(
          `${this.insertOnce} INTO ${table} (provider_id, event_id, type, external_id, create_time) VALUES (?, ?, ?, ?, ?)`,
          [to.id, id, event.type.slice(0, maxType), externalId, toDbTime(now)],
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
            time: now,
          },
        ]);
      }
    });
  }
}
