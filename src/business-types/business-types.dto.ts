import { ApiProperty, PartialType } from '@nestjs/swagger';
import { Code, Duration, Flag, Moment, OneOf, Text } from '../http/fields.js';
import { PageQuery } from '../http/pagination.js';
import { CallbackUrl } from '../outbound/callback-url.js';
import { type FieldMapping, FieldMappingField } from './field-mapping.js';

/** How a callback is answered: in its own response, or later by a call to `/callbacks/…`. */
export const callbackModes = ['sync', 'async'] as const;
export type CallbackMode = (typeof callbackModes)[number];

/** The body that callbacks send: the one of Standard Webhooks, or the flat one that ticket robots of Lark read. */
export const callbackFormats = ['standard', 'lark-ticket'] as const;
export type CallbackFormat = (typeof callbackFormats)[number];

/** What becomes of an order whose check cannot be asked: it waits for the retries, or goes on without. */
export const failModes = ['closed', 'open'] as const;
export type FailMode = (typeof failModes)[number];

class BusinessTypeFields {
  @Text(128, { example: '数据集导出' })
  name: string;

  @Code(64, {
    optional: true,
    nullable: true,
    description: 'What kind of business object its orders are about.',
    example: 'data_set',
  })
  objectType?: string | null;

  @Flag({
    optional: true,
    description:
      'Whether orders of this type can be opened, true by default. Only opening asks: orders under way go on.',
    example: true,
  })
  enabled?: boolean;

  @CallbackUrl({
    nullable: true,
    special: true,
    description: 'Asked before the first step of an order.',
    example: 'https://dms.example.com/approvals/check',
  })
  checkUrl?: string | null;

  @CallbackUrl({
    nullable: true,
    special: true,
    description: 'Called when all steps have passed.',
    example: 'https://dms.example.com/approvals/execute',
  })
  executeUrl?: string | null;

  @OneOf(callbackModes, {
    optional: true,
    description:
      '`sync` (default): the response to a callback is its answer: 200 with the result; 202 defers it to a later call ' +
      'to `/callbacks/…`. `async`: every other 2xx defers it as well.',
    example: 'sync',
  })
  callbackMode?: CallbackMode;

  @OneOf(callbackModes, {
    optional: true,
    nullable: true,
    description: 'The same for executions, where it is to be another one than for checks; null: the same.',
    example: 'async',
  })
  executeMode?: CallbackMode | null;

  @Code(48, {
    optional: true,
    description:
      'Who decides its orders: `internal` (default), the people of the template; or the code of a provider, which is ' +
      'then asked instead. Counts for orders that are opened from now on; the business module notices no difference.',
    example: 'internal',
  })
  provider?: string;

  @Code(48, {
    optional: true,
    nullable: true,
    description:
      'The code of a provider of kind `lark` in which its orders are shown besides: reviewers decide there what lives ' +
      'here. For orders that are opened from now on; null: nowhere.',
    example: 'feishu',
    special: true,
  })
  mirror?: string | null;

  @OneOf(callbackFormats, {
    optional: true,
    description:
      '`standard` (default): the body of Standard Webhooks, `{type, timestamp, data}`. `lark-ticket`: a flat body, ' +
      'the mapped variables by name and the order as `ticket_id`.',
    example: 'standard',
  })
  format?: CallbackFormat;

  @OneOf(failModes, {
    optional: true,
    description:
      'What becomes of an order whose check cannot be asked. `closed` (default): it stays initiating while retries ' +
      'go on. `open`: it goes on at the first attempt that fails.',
    example: 'closed',
  })
  failMode?: FailMode;

  @Duration('1s', '90d', {
    optional: true,
    description:
      'How long a check or an execution that was accepted with a deferred answer may take to be answered, before ' +
      'it is parked; whole seconds, `1s` to `90d`, `24h` by default.',
    example: '24h',
  })
  callbackDeadline?: string;

  @FieldMappingField({
    description: "Names of the order's variables, and the names under which callbacks send them.",
    example: { amount: 'total_amount' },
  })
  fieldMapping?: FieldMapping | null;
}

export class CreateBusinessType extends BusinessTypeFields {
  @Code(125, { description: "Unique within the team, or among the platform's.", example: 'data_export' })
  code: string;

  @Code(64, {
    optional: true,
    description: 'The team, for system administrators only; without it the type is platform-wide.',
    example: 't1',
    special: true,
  })
  accCode?: string;
}

/** A null is a value here: it takes an address or a mapping away, and is refused by the other fields. */
export class UpdateBusinessType extends PartialType(BusinessTypeFields, { skipNullProperties: false }) {}

const teamDescription = "For system administrators: the team whose own type is meant; else the platform's.";

/** Which of the types of one code is meant. */
export class BusinessTypeOwner {
  @Code(64, { optional: true, description: teamDescription })
  accCode?: string;
}

export class ListBusinessTypes extends PageQuery {
  @Code(64, { optional: true, description: 'Only what this team sees; for system administrators.' })
  accCode?: string;
}

export class BusinessTypeView {
  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  id: string;

  @ApiProperty({ example: 'data_export' })
  code: string;

  @ApiProperty({ example: '数据集导出' })
  name: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The team; null for the platform.',
    example: 't1',
  })
  accCode: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'data_set' })
  objectType: string | null;

  @ApiProperty({ description: 'Whether orders of it can be opened; orders under way go on.', example: true })
  enabled: boolean;

  @ApiProperty({ type: String, nullable: true, example: 'https://dms.example.com/approvals/check' })
  checkUrl: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'https://dms.example.com/approvals/execute' })
  executeUrl: string | null;

  @ApiProperty({ enum: [...callbackModes], example: 'sync' })
  callbackMode: CallbackMode;

  @ApiProperty({ enum: [...callbackModes], type: String, nullable: true })
  executeMode: CallbackMode | null;

  @ApiProperty({ description: '`internal`, or the code of the provider that decides.', example: 'internal' })
  provider: string;

  @ApiProperty({ type: String, nullable: true, description: 'Where its orders are shown besides.' })
  mirror: string | null;

  @ApiProperty({ enum: [...callbackFormats], example: 'standard' })
  format: CallbackFormat;

  @ApiProperty({ enum: [...failModes], example: 'closed' })
  failMode: FailMode;

  @ApiProperty({
    description: 'In the largest unit that says it exactly; a single day is `24h`.',
    example: '24h',
  })
  callbackDeadline: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    nullable: true,
    example: { amount: 'total_amount' },
  })
  fieldMapping: FieldMapping | null;

  @Moment()
  createTime: Date;

  @Moment()
  updateTime: Date;
}

const secretDocumentation = {
  description: 'Signs the callbacks (Standard Webhooks). Shown this once.',
  example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw1qYbT3k0p5E=',
};

export class CreatedBusinessType extends BusinessTypeView {
  @ApiProperty(secretDocumentation)
  secret: string;
}

export class RotateSecret {
  @Duration('0s', '30d', {
    optional: true,
    description:
      'How long callbacks are signed with the old secret as well; whole seconds, `0s` to `30d`, `24h` by default. ' +
      '`0s` ends the old one at once.',
    example: '24h',
  })
  overlap?: string;
}

export class CallbackSecret {
  @ApiProperty(secretDocumentation)
  secret: string;

  @Moment({
    nullable: true,
    description: 'Until when callbacks carry a signature of the old secret too; null when it has ended.',
  })
  previousSecretValidUntil: Date | null;
}

export class PingAnswer {
  @ApiProperty({ enum: ['check', 'execute'], example: 'check' })
  kind: 'check' | 'execute';

  @ApiProperty({ example: 'https://dms.example.com/approvals/check' })
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

export class PingAnswers {
  @ApiProperty({ type: [PingAnswer], description: 'One for each address that is set.' })
  items: readonly PingAnswer[];
}

export class BusinessTypePage {
  @ApiProperty({ type: [BusinessTypeView] })
  items: readonly BusinessTypeView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
