import { ApiProperty, PartialType } from '@nestjs/swagger';
import { Code, Moment, OneOf, Text } from '../http/fields.js';
import { PageQuery } from '../http/pagination.js';
import { CallbackUrl } from './callback-url.js';
import { type FieldMapping, FieldMappingField } from './field-mapping.js';

/** How a callback is answered: in its own response, or later by a call to `/callbacks/…`. */
export const callbackModes = ['sync', 'async'] as const;
export type CallbackMode = (typeof callbackModes)[number];

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

  @CallbackUrl({
    description: 'Asked before the first step of an order.',
    example: 'https://dms.example.com/approvals/check',
  })
  checkUrl?: string | null;

  @CallbackUrl({
    description: 'Called when all steps have passed.',
    example: 'https://dms.example.com/approvals/execute',
  })
  executeUrl?: string | null;

  @OneOf(callbackModes, {
    optional: true,
    description: '`sync` (default): the callback answers the result. `async`: the result comes later.',
    example: 'sync',
  })
  callbackMode?: CallbackMode;

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

  @ApiProperty({ type: String, nullable: true, example: 'https://dms.example.com/approvals/check' })
  checkUrl: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'https://dms.example.com/approvals/execute' })
  executeUrl: string | null;

  @ApiProperty({ enum: [...callbackModes] })
  callbackMode: CallbackMode;

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

export class CallbackSecret {
  @ApiProperty(secretDocumentation)
  secret: string;
}

export class BusinessTypePage {
  @ApiProperty({ type: [BusinessTypeView] })
  items: readonly BusinessTypeView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
