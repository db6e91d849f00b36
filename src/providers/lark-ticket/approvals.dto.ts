import { ApiProperty, OmitType, PartialType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { type CallbackMode, callbackModes } from '../../business-types/form-types.service.js';
import { Envelope } from '../../http/envelope.js';
import { Code, Flag, ListOf, Nested, OneOf, Text } from '../../http/fields.js';
import { PageQuery } from '../../http/pagination.js';
import { CallbackUrl } from '../../outbound/callback-url.js';

/** lark-ticket keeps an empty text where there is no address. */
const EmptyIsNull = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (value === '' ? null : value));

class ApprovalCallback {
  @Flag({ example: true })
  is_open: boolean;

  @EmptyIsNull()
  @CallbackUrl({
    nullable: true,
    description: 'Where the business module is asked.',
    example: 'https://dms.example.com/approvals/check',
  })
  url?: string | null;

  @OneOf(callbackModes, { optional: true, description: '`sync` by default.', example: 'sync' })
  call_type?: CallbackMode;
}

class ApprovalField {
  @Code(128, { example: 'environment' })
  code: string;

  @CallbackUrl({
    required: true,
    description: 'Where the business module answers for the options.',
    example: 'https://dms.example.com/options/environment',
  })
  url: string;

  @Text(256, {
    optional: true,
    description: 'The Token of 外部选项 there; one is made when it is left out. Write-only.',
    special: true,
  })
  token?: string;

  @Text(256, {
    optional: true,
    nullable: true,
    description: 'The Key of 外部选项 there. Write-only.',
    special: true,
  })
  key?: string | null;
}

class ApprovalFieldList {
  @Flag({ example: true })
  is_open: boolean;

  @ListOf(() => ApprovalField, { min: 0, max: 16 })
  data: ApprovalField[];
}

class ApprovalRelation {
  @Text(128, { description: 'The widget: its id, its custom id, or its name.', example: '申请原因' })
  code: string;

  @Code(128, { description: 'The field of the business module.', example: 'reason' })
  api_key: string;
}

class ApprovalRelationList {
  @Flag({ example: true })
  is_open: boolean;

  @ListOf(() => ApprovalRelation, { min: 0, max: 60 })
  data: ApprovalRelation[];
}

/** lark-ticket's configuration of an approval code, as it is (requirement 001). */
export class ApprovalConfiguration {
  @Code(128, { example: '7C468A54-8745-2245-9675-08B7C63E7A85' })
  approval_code: string;

  @Text(128, { example: '管理后台权限申请' })
  name: string;

  @Nested(() => ApprovalCallback, { optional: true })
  check?: ApprovalCallback;

  @Nested(() => ApprovalCallback, { optional: true })
  execute?: ApprovalCallback;

  @Nested(() => ApprovalFieldList, { optional: true })
  field?: ApprovalFieldList;

  @Nested(() => ApprovalRelationList, { optional: true })
  relation?: ApprovalRelationList;

  @Code(48, {
    optional: true,
    description: 'The code of the provider of kind `lark`, where there are several.',
    example: 'feishu',
    special: true,
  })
  provider?: string;

  @Code(64, {
    optional: true,
    description: 'The team, for system administrators: whose provider, and where orders are opened.',
    example: 't1',
    special: true,
  })
  acc_code?: string;
}

/** What is left out stays as it is. */
export class ChangeApproval extends PartialType(
  OmitType(ApprovalConfiguration, ['approval_code', 'provider', 'acc_code'] as const),
  { skipNullProperties: false },
) {
  @Code(128, { optional: true, description: 'That of the path.', special: true })
  approval_code?: string;
}

/** Which of the approvals of one code is meant. */
export class ApprovalOwner {
  @Code(48, { optional: true, description: 'The code of the provider, where there are several.' })
  provider?: string;

  @Code(64, { optional: true, description: 'The team, for system administrators.' })
  acc_code?: string;
}

export class ListApprovals extends PageQuery {
  @Code(48, { optional: true, description: 'Only of this provider.' })
  provider?: string;

  @Code(64, { optional: true, description: 'The team, for system administrators.' })
  acc_code?: string;
}

class ApprovalCallbackView {
  @ApiProperty({ example: true })
  is_open: boolean;

  @ApiProperty({ type: String, nullable: true })
  url: string | null;

  @ApiProperty({ enum: [...callbackModes], example: 'sync' })
  call_type: CallbackMode;
}

class ApprovalFieldView {
  @ApiProperty({ example: 'environment' })
  code: string;

  @ApiProperty({ example: 'https://dms.example.com/options/environment' })
  url: string;

  @ApiProperty({ description: 'Behind `$domain/field/`.' })
  uri: string;

  @ApiProperty({ type: String, nullable: true, description: 'The Token, when it was made just now.' })
  token: string | null;
}

class ApprovalFieldsView {
  @ApiProperty()
  is_open: boolean;

  @ApiProperty({ type: [ApprovalFieldView] })
  data: readonly ApprovalFieldView[];
}

class ApprovalRelationView {
  @ApiProperty({ example: '申请原因' })
  code: string;

  @ApiProperty({ example: 'reason' })
  api_key: string;
}

class ApprovalRelationsView {
  @ApiProperty()
  is_open: boolean;

  @ApiProperty({ type: [ApprovalRelationView] })
  data: readonly ApprovalRelationView[];
}

export class ApprovalView {
  @ApiProperty({ example: '7C468A54-8745-2245-9675-08B7C63E7A85' })
  approval_code: string;

  @ApiProperty({ example: '管理后台权限申请' })
  name: string;

  @ApiProperty({ type: ApprovalCallbackView })
  check: ApprovalCallbackView;

  @ApiProperty({ type: ApprovalCallbackView })
  execute: ApprovalCallbackView;

  @ApiProperty({ type: ApprovalFieldsView })
  field: ApprovalFieldsView;

  @ApiProperty({ type: ApprovalRelationsView })
  relation: ApprovalRelationsView;

  @ApiProperty({ example: 'feishu' })
  provider: string;

  @ApiProperty({ type: String, nullable: true, example: 't1' })
  acc_code: string | null;

  @ApiProperty({ description: 'The business type of its orders.' })
  business_type: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Signs what the business module is asked, and its late answers. Shown this once.',
  })
  secret: string | null;
}

export class EnvelopedApproval extends Envelope {
  @ApiProperty({ type: ApprovalView })
  resp: ApprovalView;
}

class ApprovalPage {
  @ApiProperty({ type: [ApprovalView] })
  items: readonly ApprovalView[];

  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}

export class EnvelopedApprovals extends Envelope {
  @ApiProperty({ type: ApprovalPage })
  resp: ApprovalPage;
}

export class EnvelopedNothing extends Envelope {
  @ApiProperty({ type: 'object', additionalProperties: false, example: {} })
  resp: object;
}
