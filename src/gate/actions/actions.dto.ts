import { ApiProperty, PartialType } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { Code, Duration, field, Moment, OneOf, Text, Texts } from '../../http/fields.js';
import { PageQuery } from '../../http/pagination.js';
import { Upstream } from '../gates/upstream.js';
import { type ActionMethod, actionMethods, type Hold, holds, type Mode, modes } from '../vocabulary.js';

export const maxPath = 255;
export const maxName = 128;
export const maxDescription = 2_000;

/** What becomes of a request that an action names. */
export class ActionSettings {
  @Code(125, {
    description:
      "What the orders of held requests are about: a business type of the team, else the platform's.",
    example: 'data_export',
  })
  businessType: string;

  @Code(64, {
    optional: true,
    description:
      'Who decides: `internal` (default), the people of the order; or the code of a provider, which is told of every ' +
      'request.',
    example: 'internal',
  })
  provider?: string;

  @Upstream({
    description: "Where approved requests are executed; null or left out: at the gate's own upstream.",
    example: 'https://dms.example.com',
    special: true,
  })
  upstream?: string | null;

  @OneOf(modes, {
    optional: true,
    description:
      'What an approval leads to. `replay` (default): the service sends the request, once, and keeps the answer for ' +
      "the applicant. `retry-once`: the caller's own repeat passes, once.",
    example: 'replay',
  })
  mode?: Mode;

  @field(
    {
      optional: true,
      description:
        'The status that a request is answered with while it is held: 401 (default), 403, 202 with `Location`, or 200 ' +
        'with a code in the body. Authorizers (nginx, traefik, envoy, apisix) answer 403 whatever it says.',
      example: 401,
    },
    { type: 'integer', enum: [...holds] },
    IsIn(holds),
  )
  hold?: Hold;

  @Texts(
    { min: 0, max: 50, length: 128 },
    {
      optional: true,
      description: 'Query parameters that do not tell requests apart, such as those of paging.',
      example: ['page', 'page_size'],
    },
  )
  ignoreQuery?: string[];

  @Duration('1s', '90d', {
    optional: true,
    description: 'How long a request may wait for its decision; whole seconds, `7d` by default.',
    example: '7d',
  })
  waitTtl?: string;

  @Duration('1s', '30d', {
    optional: true,
    description: 'How long the repeat of an approved request may pass (`retry-once`); `1h` by default.',
    example: '1h',
  })
  passTtl?: string;

  @Duration('1s', '30d', {
    optional: true,
    description: 'How long a result, or a refusal, answers repeats of the same request; `24h` by default.',
    example: '24h',
  })
  resultTtl?: string;
}

class ActionFields extends ActionSettings {
  @Text(maxName, { example: '导出数据集' })
  name: string;

  @Text(maxDescription, {
    optional: true,
    nullable: true,
    description: 'For people.',
    example: '导出整个数据集，需数据负责人同意',
  })
  description?: string | null;

  @Text(maxPath, {
    description:
      'Which path it names, with names in braces for segments that may hold anything. Capitals, the names themselves ' +
      'and a slash at the end make no difference.',
    example: '/api/v1/data-sets/{id}/export/',
  })
  path: string;

  @OneOf(actionMethods, {
    description: 'Which method it names; a GET holds HEAD too.',
    example: 'POST',
  })
  method: ActionMethod;
}

export class CreateApproveAction extends ActionFields {
  @Code(64, {
    optional: true,
    description: 'The team, for system administrators only; without it the action is platform-wide.',
    example: 't1',
    special: true,
  })
  accCode?: string;
}

/** A null is a value here: it takes the description or the upstream away, and is refused by the other fields. */
export class UpdateApproveAction extends PartialType(ActionFields, { skipNullProperties: false }) {}

export class ListApproveActions extends PageQuery {
  @Text(maxPath, {
    optional: true,
    description: 'Only those with this path, however it is spelled: `/users/{pk}` finds `/Users/{id}/`.',
  })
  path?: string;

  @OneOf(actionMethods, { optional: true, description: 'Only those of this method.' })
  method?: ActionMethod;

  @Code(64, { optional: true, description: 'Only those of this provider.' })
  provider?: string;

  @Code(125, { optional: true, description: 'Only those of this business type.' })
  businessType?: string;

  @Code(64, { optional: true, description: 'Only what this team sees; for system administrators.' })
  accCode?: string;
}

export class ApproveActionView {
  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  id: string;

  @ApiProperty({ example: '导出数据集' })
  name: string;

  @ApiProperty({ type: String, nullable: true, example: '导出整个数据集，需数据负责人同意' })
  description: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The team; null for the platform.',
    example: 't1',
  })
  accCode: string | null;

  @ApiProperty({ description: 'As it was entered.', example: '/api/v1/data-sets/{id}/export/' })
  path: string;

  @ApiProperty({ enum: [...actionMethods], example: 'POST' })
  method: ActionMethod;

  @ApiProperty({ example: 'internal' })
  provider: string;

  @ApiProperty({ example: 'data_export' })
  businessType: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: "Without a slash at the end; null: the gate's.",
    example: 'https://dms.example.com',
  })
  upstream: string | null;

  @ApiProperty({ enum: [...modes], example: 'replay' })
  mode: Mode;

  @ApiProperty({ type: 'integer', enum: [...holds], example: 401 })
  hold: Hold;

  @ApiProperty({ type: [String], example: ['page', 'page_size'] })
  ignoreQuery: readonly string[];

  @ApiProperty({
    description: 'In the largest unit that says it exactly; a single day is `24h`.',
    example: '7d',
  })
  waitTtl: string;

  @ApiProperty({ example: '1h' })
  passTtl: string;

  @ApiProperty({ example: '24h' })
  resultTtl: string;

  @Moment()
  createTime: Date;

  @Moment()
  updateTime: Date;
}

export class ApproveActionPage {
  @ApiProperty({ type: [ApproveActionView] })
  items: readonly ApproveActionView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
