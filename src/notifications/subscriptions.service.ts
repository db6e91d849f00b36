import { Injectable } from '@nestjs/common';
import { scopeOf, teamOf, type UserPrincipal } from '../auth/principal.js';
import { wholeSecond } from '../database/dialect.js';
import type { Tx } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { secondsOf } from '../http/fields.js';
import { type Page, pageOf, windowOf } from '../http/pagination.js';
import { invalid, notFound } from '../http/problem.js';
import { AddressGuard } from '../outbound/address-guard.js';
import { WebhookSecrets } from '../outbound/webhook-secrets.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { type MessageChannel, MessagesService } from '../providers/messages.service.js';
import { Mailer } from './mailer.js';
import { addressesIn } from './recipients.js';
import { sealContext } from './seal-context.js';
import type { SubscriptionRow } from './subscription.entity.js';
import { toView } from './subscription.view.js';
import type {
  Channel,
  CreatedSubscription,
  CreateSubscription,
  ListSubscriptions,
  RotateSubscriptionSecret,
  SubscriptionSecret,
  SubscriptionView,
  UpdateSubscription,
} from './subscriptions.dto.js';
import { platformScope, SubscriptionsRepository } from './subscriptions.repository.js';

/** Who hears of which events: each team's own subscriptions, and the platform's, which hear of all teams. */
@Injectable()
export class SubscriptionsService {
  constructor(
    private readonly subscriptions: SubscriptionsRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly addresses: AddressGuard,
    private readonly secrets: WebhookSecrets,
    private readonly mailer: Mailer,
    private readonly messages: MessagesService,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * @throws Problem 400 for fields that do not fit the channel or an address that must not be called; 404, also for a
   * provider that is not there, or of another kind
   */
  async create(principal: UserPrincipal, dto: CreateSubscription): Promise<CreatedSubscription> {
    const place = { id: this.ids.next(), scope: teamOf(principal, dto.accCode) ?? platformScope };
    this.requireChannel(dto);
    await this.refuseUrl(dto.url);
    const made = dto.channel === 'webhook' ? this.secrets.make(sealContext(place)) : null;
    const now = wholeSecond(this.clock.now());
    const row: SubscriptionRow = {
      ...place,
      name: dto.name,
      channel: dto.channel,
      events: dto.events.join(','),
      businessTypes: dto.businessTypes?.join(',') ?? null,
      url: dto.url ?? null,
      recipients: dto.to?.join(',') ?? null,
      providerId: null,
      providerCode: null,
      language: dto.language ?? 'zh',
      active: Number(dto.active ?? true),
      sealedSecret: made?.sealed ?? null,
      sealedPreviousSecret: null,
      previousSecretUntil: null,
      createTime: now,
      updateTime: now,
    };
    return this.unitOfWork.run(async (tx) => {
      Object.assign(row, await this.named(tx, row, dto.provider));
      await this.subscriptions.insert(tx, row);
      return { ...toView(row), secret: made?.secret ?? null };
    });
  }

  async list(principal: UserPrincipal, query: ListSubscriptions): Promise<Page<SubscriptionView>> {
    const team = teamOf(principal, query.accCode);
    const window = windowOf(query);
    const rows = await this.subscriptions.list(team === null ? scopeOf(principal) : [team], window);
    return pageOf(rows, window, (row) => row.id, toView);
  }

  /** @throws Problem 404 */
  async get(principal: UserPrincipal, id: string): Promise<SubscriptionView> {
    return toView(await this.row(principal, id));
  }

  /** @throws Problem 404, 400 for fields of other channels or an address that must not be called */
  async update(principal: UserPrincipal, id: string, dto: UpdateSubscription): Promise<SubscriptionView> {
    await this.refuseUrl(dto.url);
    return this.unitOfWork.run(async (tx) => {
      const row = await this.own(tx, principal, id);
      refuseForeignFields(row.channel as Channel, dto);
      const change = {
        ...changeOf(dto),
        ...(await this.named(tx, row, dto.provider)),
        updateTime: wholeSecond(this.clock.now()),
      };
      await this.subscriptions.update(tx, row.id, change);
      return toView({ ...row, ...change });
    });
  }

  /** What is still to be sent finds the subscription gone, and ends. @throws Problem 404 */
  async remove(principal: UserPrincipal, id: string): Promise<void> {
    await this.unitOfWork.run(async (tx) => {
      const row = await this.own(tx, principal, id);
      await this.subscriptions.delete(tx, row.id);
    });
  }

  /**
   * Gives the webhooks a new secret. The old one goes on beside it for the overlap, so that the receiver can be told of
   * the new one in the meantime; the one before that ends.
   * @throws Problem 404, 400 for e-mail and messages, which are not signed
   */
  async rotateSecret(
    principal: UserPrincipal,
    id: string,
    { overlap = '24h' }: RotateSubscriptionSecret,
  ): Promise<SubscriptionSecret> {
    return this.unitOfWork.run(async (tx) => {
      const row = await this.own(tx, principal, id);
      if (row.channel !== 'webhook')
        throw invalid('id', `is a subscription of channel ${row.channel}, which has no secret`);
      const { secret, change } = this.secrets.rotate(row, sealContext(row), secondsOf(overlap));
      await this.subscriptions.update(tx, row.id, { ...change, updateTime: wholeSecond(this.clock.now()) });
      return { secret, previousSecretValidUntil: change.previousSecretUntil };
    });
  }

  /** The row itself, for those who send to it. @throws Problem 404 */
  async row(principal: UserPrincipal, id: string): Promise<SubscriptionRow> {
    const row = await this.subscriptions.find(scopeOf(principal), id);
    if (!row) throw notFound(`subscription ${id}`);
    return row;
  }

  private async own(tx: Tx, principal: UserPrincipal, id: string): Promise<SubscriptionRow> {
    const row = await this.subscriptions.lock(tx, scopeOf(principal), id);
    if (!row) throw notFound(`subscription ${id}`);
    return row;
  }

  /** Whether a new subscription has what its channel needs, and nothing of the other. */
  private requireChannel(dto: CreateSubscription): void {
    refuseForeignFields(dto.channel, dto);
    if (dto.channel === 'webhook' && dto.url === undefined) throw invalid('url', 'is needed for a webhook');
    if (dto.channel === 'webhook') return;
    if (dto.to === undefined) throw invalid('to', `is needed for ${dto.channel}`);
    if (dto.channel !== 'email') {
      if (dto.provider === undefined) throw invalid('provider', 'is needed: whose app writes the messages?');
      return;
    }
    if (!this.mailer.configured) {
      throw invalid('channel', 'email needs a mail server, and the service has none: SMTP_URL is not set');
    }
  }

  /** The columns of the provider that a subscription of messages names from now on; none when it names none. */
  private async named(
    tx: Tx,
    { channel, scope }: Pick<SubscriptionRow, 'channel' | 'scope'>,
    code: string | undefined,
  ): Promise<Partial<SubscriptionRow>> {
    if (code === undefined) return {};
    const providerId = await this.messages.named(tx, scope, code, channel as MessageChannel);
    if (providerId === null) throw notFound(`provider ${code} of kind ${channel}`);
    return { providerId, providerCode: code };
  }

  private async refuseUrl(url: string | undefined): Promise<void> {
    const reason = url === undefined ? null : await this.addresses.whyRefused(url);
    if (reason !== null) throw invalid('url', reason);
  }
}

const changeOf = (dto: UpdateSubscription): Partial<SubscriptionRow> => ({
  ...(dto.name === undefined ? {} : { name: dto.name }),
  ...(dto.events === undefined ? {} : { events: dto.events.join(',') }),
  ...(dto.businessTypes === undefined ? {} : { businessTypes: dto.businessTypes?.join(',') ?? null }),
  ...(dto.url === undefined ? {} : { url: dto.url }),
  ...(dto.to === undefined ? {} : { recipients: dto.to.join(',') }),
  ...(dto.language === undefined ? {} : { language: dto.language }),
  ...(dto.active === undefined ? {} : { active: Number(dto.active) }),
});

const foreignFields: Readonly<Record<Channel, readonly (keyof UpdateSubscription)[]>> = {
  webhook: ['to', 'language', 'provider'],
  email: ['url', 'provider'],
  lark: ['url'],
  dingtalk: ['url'],
  wecom: ['url'],
};

function refuseForeignFields(channel: Channel, dto: UpdateSubscription): void {
  const field = foreignFields[channel].find((name) => dto[name] !== undefined);
  if (field !== undefined) throw invalid(field, `is no field of the channel ${channel}`);
  if (channel !== 'email' && addressesIn(dto.to ?? []).length > 0) {
    throw invalid('to', `must name people: messages of ${channel} go to no e-mail address`);
  }
}
