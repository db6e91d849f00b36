import { ApiProperty, PartialType } from '@nestjs/swagger';
import { Code, Duration, Moment, Nested, OneOf, Text } from '../http/fields.js';
import { PageQuery } from '../http/pagination.js';
import { CallbackUrl } from '../outbound/callback-url.js';
import { type ProviderKind, providerKinds } from './provider.port.js';
import { DingTalkFields, LarkFields, VendorView, WeComFields } from './vendor-fields.dto.js';

/** Characters; `provider:` and the code are the user code under which a provider decides, and user codes have 64. */
const maxCode = 48;

class ProviderFields {
  @Text(128, { description: 'For people.', example: '集团 OA' })
  name: string;

  @CallbackUrl({
    description:
      'Of a webhook, required: told of everything that waits for this provider, by signed POSTs. Of a vendor: where its ' +
      'API is, where that is not its public address.',
    example: 'https://oa.example.com/countersign/requests',
  })
  url?: string;
}

export class CreateProvider extends ProviderFields {
  @Code(maxCode, {
    description:
      "Unique within the team, or among the platform's. Approve actions name it. `internal` is taken: by people, here.",
    example: 'group_oa',
  })
  code: string;

  @OneOf(providerKinds, {
    optional: true,
    description:
      '`webhook` (default): any third party that posts and takes signed messages (Standard Webhooks). `lark`: Feishu. ' +
      '`dingtalk`: DingTalk. `wecom`: WeCom. A vendor needs the field of its name.',
    example: 'webhook',
  })
  kind?: ProviderKind;

  @Nested(() => LarkFields, { optional: true, description: 'Of kind `lark`.' })
  lark?: LarkFields;

  @Nested(() => DingTalkFields, { optional: true, description: 'Of kind `dingtalk`.' })
  dingtalk?: DingTalkFields;

  @Nested(() => WeComFields, { optional: true, description: 'Of kind `wecom`.' })
  wecom?: WeComFields;

  @Code(64, {
    optional: true,
    description: 'The team, for system administrators only; without it the provider is platform-wide.',
    example: 't1',
    special: true,
  })
  accCode?: string;
}

class LarkChange extends PartialType(LarkFields, { skipNullProperties: false }) {}
class DingTalkChange extends PartialType(DingTalkFields, { skipNullProperties: false }) {}
class WeComChange extends PartialType(WeComFields, { skipNullProperties: false }) {}

/** What is left out stays as it is, also among the fields of a vendor. */
export class UpdateProvider extends PartialType(ProviderFields, { skipNullProperties: false }) {
  @Nested(() => LarkChange, { optional: true, description: 'Of kind `lark`.' })
  lark?: LarkChange;

  @Nested(() => DingTalkChange, { optional: true, description: 'Of kind `dingtalk`.' })
  dingtalk?: DingTalkChange;

  @Nested(() => WeComChange, { optional: true, description: 'Of kind `wecom`.' })
  wecom?: WeComChange;
}

/** Which of the providers of one code is meant. */
export class ProviderOwner {
  @Code(64, {
    optional: true,
    description: "For system administrators: the team whose own provider is meant; else the platform's.",
  })
  accCode?: string;
}

export class ListProviders extends PageQuery {
  @Code(64, { optional: true, description: 'Only what this team sees; for system administrators.' })
  accCode?: string;
}

export class ProviderView {
  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  id: string;

  @ApiProperty({ example: 'group_oa' })
  code: string;

  @ApiProperty({ example: '集团 OA' })
  name: string;

  @ApiProperty({ enum: [...providerKinds], example: 'webhook' })
  kind: ProviderKind;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The team; null for the platform.',
    example: 't1',
  })
  accCode: string | null;

  @ApiProperty({ example: 'https://oa.example.com/countersign/requests' })
  url: string;

  @ApiProperty({ type: VendorView, nullable: true, description: 'Of a vendor; null for a webhook.' })
  vendor: VendorView | null;

  @Moment()
  createTime: Date;

  @Moment()
  updateTime: Date;
}

const secretDocumentation = {
  description:
    'Signs what the provider is told, and what it answers (Standard Webhooks). Shown this once; null for a vendor, whose own secrets count.',
  example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw1qYbT3k0p5E=',
};

export class CreatedProvider extends ProviderView {
  @ApiProperty({ ...secretDocumentation, type: String, nullable: true })
  secret: string | null;
}

export class RotateProviderSecret {
  @Duration('0s', '30d', {
    optional: true,
    description:
      'How long the old secret counts as well, in both directions; whole seconds, `0s` to `30d`, `24h` by default. ' +
      '`0s` ends it at once.',
    example: '24h',
  })
  overlap?: string;
}

export class ProviderSecret {
  @ApiProperty(secretDocumentation)
  secret: string;

  @Moment({ nullable: true, description: 'Until when the old secret counts too; null when it has ended.' })
  previousSecretValidUntil: Date | null;
}

export class ProviderPing {
  @ApiProperty({ example: 'https://oa.example.com/countersign/requests' })
  url: string;

  @ApiProperty({ description: 'Whether it answered with a status of 200 to 299.', example: true })
  ok: boolean;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Null when no answer came.', example: 200 })
  status: number | null;

  @ApiProperty({ type: 'integer', example: 42 })
  durationMs: number;

  @ApiProperty({ type: String, nullable: true, description: 'What went wrong; null when nothing did.' })
  error: string | null;
}

export class ProviderPage {
  @ApiProperty({ type: [ProviderView] })
  items: readonly ProviderView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
