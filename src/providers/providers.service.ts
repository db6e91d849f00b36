import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import type { Sql, Tx } from '../database/sql.js';
import { OutboxService } from '../outbox/outbox.service.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import {
  type ApprovalProvider,
  ApprovalProviders,
  internalProvider,
  type ProviderConnection,
  type ProviderKind,
} from './provider.port.js';
import { ProviderConnections } from './provider-connections.js';
import { longestMessageId, ProviderMessagesRepository } from './provider-messages.repository.js';
import { ProvidersRepository, visibleFrom } from './providers.repository.js';
import type {
  Authenticity,
  EndedRequest,
  HeldRequest,
  IncomingAnswer,
  RequestTelling,
  TellingEvent,
} from './telling.port.js';
import { WebhookTeller } from './webhook/webhook.teller.js';

/** The topic under which providers are told something. */
export const providerTopic = 'provider.tell';

/** What a provider is to be told. */
export type Telling = {
  readonly orderId: string;
  /** The team of the order; null without one. Its administrators see the delivery. */
  readonly team: string | null;
  /**
   * The team that owns the action which names the provider; empty for the platform. Not the team of the request: with a
   * provider of its own under the same code, a team would otherwise decide what the platform holds.
   */
  readonly scope: string;
  /** The code that the action names. */
  readonly provider: string;
  readonly time: Date;
} & (
  | { readonly event: 'CREATE_APPROVE_REQUEST'; readonly data: HeldRequest }
  | { readonly event: 'CANCEL_APPROVE_REQUEST'; readonly data: EndedRequest }
);

/** What waits in the outbox. */
export interface ToldPayload {
  readonly event: TellingEvent;
  readonly scope: string;
  readonly provider: string;
  readonly data: RequestTelling['data'];
}

/** Outside approval systems, as other rooms meet them: who is there, telling them, and knowing their answers. */
@Injectable()
export class ProvidersService {
  constructor(
    private readonly rows: ProvidersRepository,
    private readonly kinds: ApprovalProviders,
    private readonly connections: ProviderConnections,
    private readonly webhooks: WebhookTeller,
    private readonly messages: ProviderMessagesRepository,
    private readonly outbox: OutboxService,
    private readonly clock: Clock,
    private readonly ids: Ids,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Whether a code names a provider that decides held requests: `internal` always does, others are a team's own or the
   * platform's, of kind `webhook`. Keeps it from being deleted until the transaction ends.
   * @param team who owns the action that names it; null for the platform
   */
  async known(tx: Tx, team: string | null, code: string): Promise<boolean> {
    if (code === internalProvider) return true;
    const scopes = visibleFrom(team ?? '');
    await this.rows.lock(tx, scopes, code);
    const found = await this.rows.find(scopes, code, tx);
    // Vendors know approvals, not requests: a business type is what they decide.
    return found?.kind === 'webhook';
  }

  /**
   * Tells a provider of a request, or that it is not asked any more: what it was to be told before is then taken back, in
   * case it has not arrived. Does nothing for `internal`.
   */
  async tell(tx: Tx, telling: Telling): Promise<void> {
    const { event, orderId, team, scope, provider, time } = telling;
    if (provider === internalProvider) return;
    if (event === 'CANCEL_APPROVE_REQUEST') await this.outbox.cancel(tx, orderId, providerTopic, time);
    const found = await this.rows.find(visibleFrom(scope), provider, tx);
    const data = {
      ...telling.data,
      ticket_id: orderId,
      callback_url: this.callbackUrl(telling.data.approve_request_id),
    };
    const payload: ToldPayload = { event, scope, provider, data };
    await this.outbox.enqueue(tx, [
      {
        topic: providerTopic,
        orderId,
        accCode: team,
        target: `p:${found?.id ?? ''}`,
        // Asked once; what has become of it may change as long as its order can be reopened.
        cause: event === 'CREATE_APPROVE_REQUEST' ? event : `${event} ${this.ids.next()}`,
        payload,
        time,
      },
    ]);
  }

  /**
   * Whether an answer comes from the provider that a code means at this moment, and now, and counts for this request:
   * from its first use on, a message counts for no other one.
   * @param about `scope` and `provider` as in {@link Telling}; `id` of the request that the answer was sent to
   */
  async verify(
    about: Pick<Telling, 'scope' | 'provider'> & { readonly id: string },
    answer: IncomingAnswer,
  ): Promise<Authenticity> {
    const refused = (why: string) => ({ ok: false, why }) as const;
    const from = await this.connection(about.scope, about.provider);
    if (!from) return refused(`there is no provider ${about.provider}`);
    const authenticity = this.webhooks.verify(from, answer, this.clock.now());
    if (!authenticity.ok) return authenticity;
    const { messageId } = authenticity;
    if (messageId.length > longestMessageId) {
      return refused(`the id of the message is longer than ${longestMessageId} characters`);
    }
    const countsFor = await this.messages.claim(from.id, messageId, about.id);
    return countsFor === about.id
      ? authenticity
      : refused(`message ${messageId} counts for another request: ${countsFor ?? 'forgotten by now'}`);
  }

  /** A provider with its secrets in clear, for this room's own sending and checking; null when there is none. */
  async connection(scope: string, code: string, sql?: Sql): Promise<ProviderConnection | null> {
    const row = await this.rows.find(visibleFrom(scope), code, sql);
    return row && this.connections.of(row);
  }

  /** A provider by its id, and who speaks with it; null when it is gone. */
  async correspondent(
    id: string,
  ): Promise<{ readonly to: ProviderConnection; readonly kind: ApprovalProvider } | null> {
    const row = await this.rows.byId(id);
    const kind = row && this.kinds.of(row.kind);
    return kind ? { to: this.connections.of(row), kind } : null;
  }

  /** The code of a provider; null when it is gone. */
  async codeOf(id: string): Promise<string | null> {
    return (await this.rows.byId(id))?.code ?? null;
  }

  /** All providers of a kind: whose message is it that came to an address that they share? */
  async ofKind(
    kind: ProviderKind,
  ): Promise<{ readonly to: ProviderConnection; readonly kind: ApprovalProvider }[]> {
    const speaker = this.kinds.of(kind);
    if (!speaker) return [];
    return (await this.rows.ofKind(kind)).map((row) => ({ to: this.connections.of(row), kind: speaker }));
  }

  /** Where the third party answers (requirement 000), relative where the service does not know its own address. */
  private callbackUrl(requestId: string): string {
    return `${this.config.publicUrl ?? ''}/api/v1/change_approve_request_status/${requestId}/`;
  }
}
