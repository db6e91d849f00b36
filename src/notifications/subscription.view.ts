import type { AttemptResult } from '../outbox/delivery-handler.port.js';
import type { Language } from './mail.texts.js';
import type { NoticeType } from './notice.js';
import type { SubscriptionRow } from './subscription.entity.js';
import type { Channel, SubscriptionView } from './subscriptions.dto.js';
import { platformScope } from './subscriptions.repository.js';

/** A row as the API answers it. Event names, codes and recipients hold no comma: the columns give back the very lists. */
export const toView = (row: SubscriptionRow) =>
  ({
    id: row.id,
    name: row.name,
    accCode: row.scope === platformScope ? null : row.scope,
    channel: row.channel as Channel,
    events: eventsOf(row),
    businessTypes: row.businessTypes?.split(',') ?? null,
    url: row.url,
    to: row.recipients?.split(',') ?? null,
    provider: row.providerCode,
    language: row.channel === 'webhook' ? null : languageOf(row),
    active: row.active === 1,
    createTime: row.createTime,
    updateTime: row.updateTime,
  }) satisfies SubscriptionView;

export const eventsOf = (row: SubscriptionRow): NoticeType[] => row.events.split(',') as NoticeType[];
export const recipientsOf = (row: SubscriptionRow): string[] => row.recipients?.split(',') ?? [];
export const languageOf = (row: SubscriptionRow): Language => row.language as Language;

/** The end of a delivery whose subscription was deleted or switched off in the meantime. */
export const undeliverable = (id: string, row: SubscriptionRow | null): AttemptResult => ({
  outcome: 'failed',
  permanent: true,
  error: row ? `subscription ${id} is switched off` : `subscription ${id} no longer exists`,
});
