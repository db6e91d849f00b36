import { ApiProperty } from '@nestjs/swagger';
import { Code, Moment, OneOf, Text, WholeNumber } from '../../http/fields.js';
import { PageQuery } from '../../http/pagination.js';
import type { HeaderFields } from '../reading/original.js';
import { type Mode, modes, type RequestState, requestStates } from '../vocabulary.js';
import type { StatusFilter } from './request.standing.js';

const listScopes = ['mine', 'all'] as const;

export class ListApproveRequests extends PageQuery {
  @OneOf(listScopes, {
    optional: true,
    description:
      '`mine`: sent by the caller (default). `all`: those of the team, for its administrators and service accounts; ' +
      'of all teams for system administrators.',
    example: 'mine',
  })
  scope?: (typeof listScopes)[number];

  @OneOf([...requestStates, 'open'], {
    optional: true,
    description: 'One status, or `open`: waiting, approved and executing.',
    example: 'open',
  })
  status?: StatusFilter;

  @Code(16, {
    optional: true,
    description: 'As on the wire, in upper case: a HEAD that is held as a GET is a HEAD here.',
    example: 'POST',
  })
  method?: string;

  @Text(2048, {
    optional: true,
    description: 'The beginning of the path, as on the wire; capitals and small letters differ.',
    example: '/users/',
  })
  path?: string;

  @Code(64, { optional: true, description: 'Who sent them.', example: 'ann' })
  userCode?: string;

  @Code(64, {
    optional: true,
    description: 'The action that holds them.',
    example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30',
  })
  actionId?: string;

  @Code(64, { optional: true, description: '`internal`, or the code of a provider.', example: 'internal' })
  provider?: string;

  @Code(64, { optional: true, description: 'The key of the gate at which they came by.', example: 'erp' })
  gate?: string;

  @Code(64, {
    optional: true,
    description: 'The one of this order.',
    example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30',
  })
  orderId?: string;

  @Code(64, {
    optional: true,
    description: 'With `scope=all`, only this team; for system administrators and API keys of several teams.',
    example: 't1',
  })
  accCode?: string;
}

export class DecideApproveRequest {
  @Text(4000, { optional: true, nullable: true, description: "The reviewer's words.", example: '同意' })
  auditMsg?: string | null;

  @WholeNumber(1, 2_147_483_647, {
    optional: true,
    description: 'The version of the order that was read; another one is answered 409 version_conflict.',
    example: 1,
    special: true,
  })
  version?: number;
}

export class CancelApproveRequest {
  @Text(4000, { optional: true, nullable: true, example: '不再需要' })
  remark?: string | null;
}

export const resolutions = ['executed', 'failed'] as const;

export class ResolveApproveRequest {
  @OneOf(resolutions, {
    description: 'What has become of it, as far as the system behind the gate says.',
    example: 'executed',
  })
  status: (typeof resolutions)[number];

  @Text(400, { description: 'How that is known.', example: '已在订单系统中核对，请求已生效' })
  remark: string;
}

export class ApproveRequestView {
  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a31' })
  id: string;

  @ApiProperty({
    description: 'The order that decides on it.',
    example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30',
  })
  orderId: string;

  @ApiProperty({ type: String, nullable: true, example: 't1' })
  accCode: string | null;

  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a2f' })
  actionId: string;

  @ApiProperty({ description: 'As it was called when the request came.', example: '删除用户' })
  actionName: string;

  @ApiProperty({ description: '`internal`, or the code of the provider that was told.', example: 'internal' })
  provider: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The key of the gate at which it came by; null once that is gone.',
    example: 'erp',
  })
  gate: string | null;

  @ApiProperty({ description: 'Who sent it.', example: 'ann' })
  userCode: string;

  @ApiProperty({
    enum: [...requestStates],
    description:
      '`unknown`: it was sent, and nobody can tell what came of it. `expired`: nobody decided in time, or an approved ' +
      'one was not repeated in time.',
    example: 'waiting',
  })
  status: RequestState;

  @ApiProperty({
    enum: [...modes],
    description:
      '`replay`: the service sends it once it is approved; `retry-once`: a repeat of the caller passes, once.',
    example: 'replay',
  })
  mode: Mode;

  @ApiProperty({ example: 'DELETE' })
  method: string;

  @ApiProperty({ example: 'erp.example.com' })
  host: string;

  @ApiProperty({ description: 'As on the wire, without the query.', example: '/users/42' })
  path: string;

  @ApiProperty({
    description: 'As on the wire; values that look like secrets are masked.',
    example: 'force=1',
  })
  query: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Where it is executed; null where the caller repeats it.',
    example: 'https://erp.example.com',
  })
  upstream: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'application/json' })
  contentType: string | null;

  @ApiProperty({ example: 27 })
  bodyBytes: number;

  @ApiProperty({
    description: 'SHA-256 over all that will be sent, in hex; execution checks it.',
    example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  })
  requestHash: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why it failed, or what is not known.',
    example: null,
  })
  error: string | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'The status that the system behind the gate answered with.',
    example: 200,
  })
  responseStatus: number | null;

  @Moment({ nullable: true, description: 'When the present status ends by itself; null: it does not.' })
  endsAt: Date | null;

  @Moment()
  createTime: Date;

  @Moment()
  updateTime: Date;
}

export class ApproveRequestPage {
  @ApiProperty({ type: [ApproveRequestView] })
  items: readonly ApproveRequestView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}

const fields = {
  type: 'array',
  items: { type: 'array', items: { type: 'string' }, minItems: 2, maxItems: 2 },
  example: [['content-type', 'application/json']],
} as const;

export class ShownRequest {
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'Values that look like credentials are masked.',
    example: { 'content-type': 'application/json' },
  })
  headers: Readonly<Record<string, unknown>>;

  @ApiProperty({
    oneOf: [
      { type: 'object', additionalProperties: true },
      { type: 'array', items: {} },
      { type: 'string' },
      { type: 'number' },
      { type: 'boolean' },
    ],
    nullable: true,
    description: 'The body as its content type reads; what looks like a secret is masked.',
    example: { force: true },
  })
  body: unknown;
}

export class ApproveRequestDetail extends ApproveRequestView {
  @ApiProperty({ description: 'The version of the order; send it with a decision.', example: 1 })
  version: number;

  @ApiProperty({ type: ShownRequest, description: 'What reviewers see of what will be sent.' })
  request: ShownRequest;
}

export class KeptResponseView {
  @ApiProperty({ example: 200 })
  status: number;

  @ApiProperty({
    ...fields,
    description: 'Names and values in their sequence; credentials are shown to the applicant only.',
  })
  headers: HeaderFields;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The body as text; null where it is none in UTF-8.',
    example: '{"deleted":true}',
  })
  body: string | null;

  @ApiProperty({ description: 'The same, byte for byte.', example: 'eyJkZWxldGVkIjp0cnVlfQ==' })
  bodyBase64: string;

  @ApiProperty({
    description: 'Whether the answer was too long to be kept: then only its status is told.',
    example: false,
  })
  truncated: boolean;
}
