import { ApiProperty, OmitType, PartialType } from '@nestjs/swagger';
import { Code, Codes, Duration, Flag, Moment, OneOf, Text } from '../http/fields.js';
import { PageQuery } from '../http/pagination.js';
import { CallbackUrl } from '../outbound/callback-url.js';
import { messageChannels } from '../providers/messages.service.js';
import { type Language, languages } from './mail.texts.js';
import { type NoticeType, noticeTypes } from './notice.js';
import { NoticeTypes, RecipientList } from './subscription.fields.js';

const channels = ['webhook', 'email', ...messageChannels] as const;
export type Channel = (typeof channels)[number];

export class CreateSubscription {
  @Text(128, { example: '审批通知' })
  name: string;

  @OneOf(channels, {
    description:
      '`webhook`: signed POSTs. `email`: mails. `lark`, `dingtalk`, `wecom`: messages to people by the app of a provider of ' +
      'that kind.',
    example: 'webhook',
  })
  channel: Channel;

  @NoticeTypes({
    description:
      'What to hear of. `step.in_review`: a step opened. `step.assigned`: somebody else is asked on an open step. ' +
      '`step.decided`: somebody approved or rejected a step. `delivery.parked`: a delivery is no longer tried: a ' +
      'callback of the order, what a provider is asked or told, or (in news without an order) an event of a provider.',
    example: ['step.in_review', 'order.completed'],
  })
  events: NoticeType[];

  @Codes(
    { min: 1, max: 100, length: 125 },
    {
      optional: true,
      nullable: true,
      description: 'Only orders of these business types; null or left out: of all.',
      example: ['data-export'],
      special: true,
    },
  )
  businessTypes?: string[] | null;

  @CallbackUrl({
    description:
      'Of a webhook: where `{type, timestamp, data}` is posted to, signed as Standard Webhooks says. Any 2xx is a ' +
      'success, 410 ends the delivery, everything else is tried again.',
    example: 'https://dms.example.com/approvals/events',
  })
  url?: string;

  @RecipientList({
    description:
      'Of e-mail and messages: `reviewers` (the people asked on the step that the news is about; of `step.assigned`, those who were ' +
      'not asked before), `applicant`, `copied` (of `order.copied`, who gets the copy; else everybody who has got one), ' +
      '`user:` and a user code, and (e-mail only) addresses. Each mailbox gets a mail, and each person a message of their ' +
      'own. People whom the directory has no address for, or who have no identity at the provider, are left out.',
    example: ['reviewers', 'approvals@example.com'],
    special: true,
  })
  to?: string[];

  @Code(64, {
    optional: true,
    description:
      "Of messages: the provider whose app writes them, of the channel's kind; the team's own before the platform's.",
    example: 'feishu',
    special: true,
  })
  provider?: string;

  @OneOf(languages, {
    optional: true,
    description: 'Of e-mail and messages: their language, `zh` by default.',
    example: 'zh',
    special: true,
  })
  language?: Language;

  @Flag({ optional: true, description: 'True by default.', example: true })
  active?: boolean;

  @Code(64, {
    optional: true,
    description:
      'The team, for system administrators only; without it the subscription is platform-wide and hears of all teams.',
    example: 't1',
    special: true,
  })
  accCode?: string;
}

/** A null is a value here: it lifts the limit to business types, and is refused by the other fields. */
export class UpdateSubscription extends PartialType(
  OmitType(CreateSubscription, ['channel', 'accCode'] as const),
  { skipNullProperties: false },
) {}

export class ListSubscriptions extends PageQuery {
  @Code(64, { optional: true, description: 'Only those of this team; for system administrators.' })
  accCode?: string;
}

export class SubscriptionView {
  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  id: string;

  @ApiProperty({ example: '审批通知' })
  name: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The team; null for the platform.',
    example: 't1',
  })
  accCode: string | null;

  @ApiProperty({ enum: [...channels], example: 'webhook' })
  channel: Channel;

  @ApiProperty({ enum: [...noticeTypes], isArray: true, example: ['step.in_review'] })
  events: NoticeType[];

  @ApiProperty({ type: [String], nullable: true, description: 'Null: all.', example: ['data-export'] })
  businessTypes: string[] | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Null for e-mail and messages.',
    example: 'https://dms.example.com/approvals/events',
  })
  url: string | null;

  @ApiProperty({ type: [String], nullable: true, description: 'Null for webhooks.', example: ['reviewers'] })
  to: string[] | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Null for webhooks and e-mail.',
    example: 'feishu',
  })
  provider: string | null;

  @ApiProperty({
    enum: [...languages],
    nullable: true,
    description: 'Null for webhooks, which have no words of their own.',
    example: 'zh',
  })
  language: Language | null;

  @ApiProperty({ example: true })
  active: boolean;

  @Moment()
  createTime: Date;

  @Moment()
  updateTime: Date;
}

const secretExample = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw1qYbT3k0p5E=';

export class CreatedSubscription extends SubscriptionView {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Signs the webhooks (Standard Webhooks). Shown this once; null for e-mail and messages.',
    example: secretExample,
  })
  secret: string | null;
}

export class RotateSubscriptionSecret {
  @Duration('0s', '30d', {
    optional: true,
    description:
      'How long webhooks are signed with the old secret as well; whole seconds, `0s` to `30d`, `24h` by default. ' +
      '`0s` ends the old one at once.',
    example: '24h',
  })
  overlap?: string;
}

export class SubscriptionSecret {
  @ApiProperty({ description: 'Signs the webhooks. Shown this once.', example: secretExample })
  secret: string;

  @Moment({
    nullable: true,
    description: 'Until when webhooks carry a signature of the old secret too; null when it has ended.',
  })
  previousSecretValidUntil: Date | null;
}

export class TrialAnswer {
  @ApiProperty({ description: 'Whether it was taken: a status of 200 to 299.', example: true })
  ok: boolean;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description:
      "The receiver's or the provider's HTTP status, or the mail server's reply code; null when none came.",
    example: 200,
  })
  status: number | null;

  @ApiProperty({ type: 'integer', example: 42 })
  durationMs: number;

  @ApiProperty({ type: String, nullable: true, description: 'What went wrong; null when nothing did.' })
  error: string | null;
}

export class SubscriptionPage {
  @ApiProperty({ type: [SubscriptionView] })
  items: readonly SubscriptionView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
