import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** Who wants to hear of which events, and how. */
export interface SubscriptionRow {
  id: string;
  /** The team whose orders it is about; empty for the platform, which hears of all teams. */
  scope: string;
  name: string;
  /** `webhook`, `email`, or the kind of the provider whose app writes to people. */
  channel: string;
  /** Comma-separated. */
  events: string;
  /** Comma-separated; null for all. */
  businessTypes: string | null;
  /** Where a webhook goes; null for the other channels. */
  url: string | null;
  /** Whom it goes to, comma-separated: `reviewers`, `applicant`, `copied`, `user:` and a code, addresses. Null for webhooks. */
  recipients: string | null;
  /** The provider whose app writes to people, and its code when it was named; null for webhooks and e-mail. */
  providerId: string | null;
  providerCode: string | null;
  /** In which language mails and messages are written. */
  language: string;
  /** 1 or 0 */
  active: number;
  /** The `whsec_` secret that signs webhooks, sealed. */
  sealedSecret: string | null;
  /** The secret before the last rotation, sealed; webhooks are signed with it too until its time has come. */
  sealedPreviousSecret: string | null;
  previousSecretUntil: Date | null;
  createTime: Date;
  updateTime: Date;
}

export const subscriptionEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<SubscriptionRow>({
    name: 'Subscription',
    tableName: 'dms_s_apply_subscription',
    columns: {
      id: c.id(),
      scope: c.varchar('scope', 64),
      name: c.varchar('name', 128),
      channel: c.varchar('channel', 16),
      events: c.text('events'),
      businessTypes: c.text('business_types', { nullable: true }),
      url: c.varchar('url', 2048, { nullable: true }),
      recipients: c.text('recipients', { nullable: true }),
      providerId: c.varchar('provider_id', 64, { nullable: true }),
      providerCode: c.varchar('provider_code', 64, { nullable: true }),
      language: c.varchar('language', 8, { default: 'zh' }),
      active: c.tinyint('active', { default: 1 }),
      sealedSecret: c.text('sealed_secret', { nullable: true }),
      sealedPreviousSecret: c.text('sealed_previous_secret', { nullable: true }),
      previousSecretUntil: c.datetime('previous_secret_until', { nullable: true }),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
    indices: [{ name: 'ix_subscription_scope', columns: ['scope', 'active'] }],
  });
};
