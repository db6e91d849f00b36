import { ApiProperty, PartialType } from '@nestjs/swagger';
import { type CallbackMode, callbackModes } from '../../business-types/form-types.service.js';
import { Code, Flag, ListOf, Moment, Nested, OneOf, Text } from '../../http/fields.js';
import { PageQuery } from '../../http/pagination.js';
import { CallbackUrl } from '../../outbound/callback-url.js';

/** What the columns hold. */
const maxRelations = 60;
const maxFields = 16;

class RelationEntry {
  @Text(128, {
    description: 'The widget: its id, its custom id, or its name as people read it. Of WeCom, the control.',
    example: '申请原因',
  })
  code: string;

  @Code(128, { description: 'The field of the business module.', example: 'reason' })
  apiKey: string;

  @Code(32, {
    optional: true,
    description: 'Of WeCom: the kind of control, `Text` when left out.',
    example: 'Textarea',
    special: true,
  })
  control?: string;
}

export class RelationFields {
  @Flag({
    description: 'Whether the business module is told the fields; else it is told `ticket_id` only.',
    example: true,
  })
  isOpen: boolean;

  @ListOf(() => RelationEntry, { min: 0, max: maxRelations })
  data: RelationEntry[];
}

class FieldEntry {
  @Code(128, {
    description: 'The name of the widget in the address of its options, and for the business module.',
    example: 'environment',
  })
  code: string;

  @CallbackUrl({
    required: true,
    description: 'Where the business module answers for the options, by signed POSTs.',
    example: 'https://dms.example.com/options/environment',
  })
  url: string;

  @Text(256, {
    optional: true,
    description:
      'The Token of 外部选项 there, which comes with every question. Write-only; when it is left out for a new field, one ' +
      'is made, and shown this once.',
    example: 'kU3vYc9bT2pLx8Qe',
    special: true,
  })
  token?: string;

  @Text(256, {
    optional: true,
    nullable: true,
    description:
      'The Key of 外部选项 there, with which answers are encrypted; null: they are not. Write-only.',
    example: 'v7Jq2mXc4RtY9bNw',
    special: true,
  })
  key?: string | null;
}

export class FieldFields {
  @Flag({ description: 'Whether questions for options are answered.', example: true })
  isOpen: boolean;

  @ListOf(() => FieldEntry, { min: 0, max: maxFields })
  data: FieldEntry[];
}

/** Requirement 001, check and execute. */
export class CallbackFields {
  @Flag({ description: 'false: nobody is asked, and the node there is approved at once.', example: true })
  isOpen: boolean;

  @CallbackUrl({
    nullable: true,
    description: 'Where the business module is asked.',
    example: 'https://dms.example.com/approvals/check',
  })
  url?: string | null;

  @OneOf(callbackModes, {
    optional: true,
    description:
      '`sync` (default): the response is the answer. `async`: any 2xx takes the question on; the answer is posted to ' +
      '`/lark/check/callback` or `/callbacks/check` later.',
    example: 'sync',
  })
  callType?: CallbackMode;
}

class FormFields {
  @Text(128, { description: 'For people.', example: '管理后台权限申请' })
  name: string;

  @Nested(() => RelationFields, {
    optional: true,
    description: 'Which widget is which field of the business module (requirement 001, relation).',
  })
  relation?: RelationFields;

  @Nested(() => FieldFields, {
    optional: true,
    description: 'Widgets whose options come from the business module (requirement 001, field).',
  })
  field?: FieldFields;

  @Nested(() => CallbackFields, {
    optional: true,
    description: 'Asked when the check node is reached: `checkUrl` and `callbackMode` of the business type.',
  })
  check?: CallbackFields;

  @Nested(() => CallbackFields, {
    optional: true,
    description:
      'Asked when the execute node is reached: `executeUrl` and `executeMode` of the business type.',
  })
  execute?: CallbackFields;
}

const teamDescription =
  "Of a provider of the platform: the team in which orders are opened that begin there; else the applicant's.";

export class CreateForm extends FormFields {
  @Code(128, {
    description: 'An approval code of Feishu, a process code of DingTalk, a template id of WeCom.',
    example: '7C468A54-8745-2245-9675-08B7C63E7A85',
  })
  formCode: string;

  @Code(125, {
    optional: true,
    description:
      'The business type of its orders. One of this code is bound, and changed where `check` or `execute` is given; where ' +
      'there is none, `check` or `execute` make it. When left out, the form code is its code.',
    example: 'admin_access',
  })
  businessType?: string;

  @Code(64, { optional: true, nullable: true, description: teamDescription, example: 't1', special: true })
  accCode?: string | null;
}

/** What is left out stays as it is; lists are replaced whole, and fields of the same code keep their address and secrets. */
export class UpdateForm extends PartialType(FormFields, { skipNullProperties: false }) {
  @Code(64, { optional: true, nullable: true, description: teamDescription, special: true })
  accCode?: string | null;
}

/** Which of the providers of one code is meant. */
export class FormOwner {
  @Code(64, {
    optional: true,
    description: "For system administrators: the team whose own provider is meant; else the platform's.",
  })
  accCode?: string;
}

export class ListForms extends PageQuery {
  @Code(64, {
    optional: true,
    description: "For system administrators: the team whose own provider is meant; else the platform's.",
  })
  accCode?: string;
}

class RelationView {
  @ApiProperty({ example: '申请原因' })
  code: string;

  @ApiProperty({ example: 'reason' })
  apiKey: string;

  @ApiProperty({ required: false, example: 'Textarea' })
  control?: string;
}

class RelationsView {
  @ApiProperty()
  isOpen: boolean;

  @ApiProperty({ type: [RelationView] })
  data: readonly RelationView[];
}

class FieldView {
  @ApiProperty({ example: 'environment' })
  code: string;

  @ApiProperty({ example: 'https://dms.example.com/options/environment' })
  url: string;

  @ApiProperty({
    description: 'Behind `/field/`: the address for 外部选项 there (requirement 001).',
    example: '0195f1f27c3e7bb09d0a0a2f1c1b2a30-9rQ0mJx1cVw2',
  })
  uri: string;

  @ApiProperty({
    description: 'The whole address; relative while PUBLIC_URL is not set.',
    example: 'https://countersign.example.com/field/0195f1f27c3e7bb09d0a0a2f1c1b2a30-9rQ0mJx1cVw2',
  })
  address: string;

  @ApiProperty({ description: 'Whether its answers are encrypted with a Key.', example: false })
  encrypted: boolean;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The Token to enter there, when it was made just now; shown this once.',
  })
  token: string | null;
}

class FieldsView {
  @ApiProperty()
  isOpen: boolean;

  @ApiProperty({ type: [FieldView] })
  data: readonly FieldView[];
}

class CallbackView {
  @ApiProperty({ example: true })
  isOpen: boolean;

  @ApiProperty({ type: String, nullable: true, example: 'https://dms.example.com/approvals/check' })
  url: string | null;

  @ApiProperty({ enum: [...callbackModes], example: 'sync' })
  callType: CallbackMode;
}

export class FormView {
  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  id: string;

  @ApiProperty({ description: 'The code of the provider.', example: 'feishu' })
  provider: string;

  @ApiProperty({ example: '7C468A54-8745-2245-9675-08B7C63E7A85' })
  formCode: string;

  @ApiProperty({ example: '管理后台权限申请' })
  name: string;

  @ApiProperty({ example: 'admin_access' })
  businessType: string;

  @ApiProperty({
    description:
      'Whether orders of the business type are decided by this provider; where not, set its `provider`, or nothing begins there.',
    example: true,
  })
  decides: boolean;

  @ApiProperty({ type: String, nullable: true, description: teamDescription, example: 't1' })
  accCode: string | null;

  @ApiProperty({ type: RelationsView })
  relation: RelationsView;

  @ApiProperty({ type: FieldsView })
  field: FieldsView;

  @ApiProperty({ type: CallbackView })
  check: CallbackView;

  @ApiProperty({ type: CallbackView })
  execute: CallbackView;

  @Moment()
  createTime: Date;

  @Moment()
  updateTime: Date;
}

export class CreatedForm extends FormView {
  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'Signs what the business module is asked, and its late answers (Standard Webhooks). Shown this once; null where the ' +
      'business type was there before.',
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw1qYbT3k0p5E=',
  })
  secret: string | null;
}

export class FormPage {
  @ApiProperty({ type: [FormView] })
  items: readonly FormView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
