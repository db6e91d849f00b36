import { ApiProperty, PartialType } from '@nestjs/swagger';
import { IsString, Matches } from 'class-validator';
import { Code, Duration, field, Flag, Moment, OneOf, Text } from '../../http/fields.js';
import { PageQuery } from '../../http/pagination.js';
import {
  type Adapter,
  adapters,
  type CredentialRule,
  credentialRules,
  identities,
  type Identity,
} from '../vocabulary.js';
import { IdentityHeader } from './identity-header.js';
import { Upstream } from './upstream.js';

/** What a key looks like; it stands in addresses. */
export const gateKeyPattern = /^[a-z0-9][a-z0-9-]{1,62}$/;

class GateFields {
  @Text(128, { example: '数据集平台的网关' })
  name: string;

  @Upstream({
    description:
      'The system behind the gate: where requests go, unless their action says another place. A path in it stands ' +
      'before the paths of requests. Required for the adapters `proxy` and `nginx`.',
    example: 'https://dms.example.com',
  })
  upstream?: string | null;

  @OneOf(identities, {
    optional: true,
    description:
      "How callers are known. `token` (default): by their own `Authorization: Bearer` token. `headers`: the gate's " +
      'proxy has found out, and says so in `userHeader`.',
    example: 'token',
  })
  identity?: Identity;

  @IdentityHeader({
    description:
      "Only with identity `headers`: where the proxy tells the user's code, `x-user-code` by default. The proxy must " +
      'take this header away from what clients send.',
    example: 'x-user-code',
  })
  userHeader?: string;

  @IdentityHeader({
    description:
      "Only with identity `headers`, and for gates of the platform, whose callers are of any team: where the proxy tells the user's " +
      'team, `x-acc-code` by default.',
    example: 'x-acc-code',
  })
  teamHeader?: string;

  @OneOf(credentialRules, {
    optional: true,
    description:
      'What becomes of `Authorization` and `Cookie` of a request that is held. `drop` (default): they are not kept. ' +
      '`seal`: they are kept encrypted, and sent when the request is executed within `credentialsTtl`.',
    example: 'drop',
  })
  credentials?: CredentialRule;

  @Duration('1m', '7d', {
    optional: true,
    description: 'How long sealed credentials are kept; whole seconds, `1m` to `7d`, `15m` by default.',
    example: '15m',
  })
  credentialsTtl?: string;

  @Flag({
    optional: true,
    description:
      'For `traefik`, `envoy` and `apisix`: whether that proxy is configured to send bodies along, so that a check without ' +
      'one is about a request without one. `false` (default): anything but a GET or HEAD needs its body to be judged.',
    example: true,
  })
  forwardsBody?: boolean;
}

export class CreateGate extends GateFields {
  @field(
    {
      description: 'Names the gate in addresses: `/gate/{key}/…`; unique over all teams, and fixed.',
      example: 'data-sets',
    },
    { type: 'string', pattern: gateKeyPattern.source },
    IsString(),
    Matches(gateKeyPattern, {
      message: '$property must be 2 to 63 lower-case letters, digits and dashes, the first one no dash',
    }),
  )
  key: string;

  @OneOf(adapters, {
    description:
      'Which proxy speaks at the gate, fixed. `proxy`: none, clients speak to the gate itself. `nginx`, `traefik`, ' +
      '`envoy`, `apisix`: that proxy asks for leave. `submit`: a program hands in requests.',
    example: 'proxy',
  })
  adapter: Adapter;

  @Code(64, {
    optional: true,
    description: 'The team, for system administrators only; without it people of any team come by.',
    example: 't1',
    special: true,
  })
  accCode?: string;
}

/** A null is a value here: it takes the upstream away, and is refused by the other fields. */
export class UpdateGate extends PartialType(GateFields, { skipNullProperties: false }) {}

export class ListGates extends PageQuery {
  @Code(64, { optional: true, description: 'Only those of this team; for system administrators.' })
  accCode?: string;
}

export class GateView {
  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  id: string;

  @ApiProperty({ example: 'data-sets' })
  key: string;

  @ApiProperty({ example: '数据集平台的网关' })
  name: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The team; null for the platform.',
    example: 't1',
  })
  accCode: string | null;

  @ApiProperty({ enum: [...adapters], example: 'proxy' })
  adapter: Adapter;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Without a slash at the end.',
    example: 'https://dms.example.com',
  })
  upstream: string | null;

  @ApiProperty({ enum: [...identities], example: 'token' })
  identity: Identity;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'In lower case; null with identity `token`.',
    example: 'x-user-code',
  })
  userHeader: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'In lower case; null with identity `token`, and where the gate has its team.',
    example: 'x-acc-code',
  })
  teamHeader: string | null;

  @ApiProperty({ enum: [...credentialRules], example: 'drop' })
  credentials: CredentialRule;

  @ApiProperty({ description: 'In the largest unit that says it exactly.', example: '15m' })
  credentialsTtl: string;

  @ApiProperty({ example: false })
  forwardsBody: boolean;

  @Moment()
  createTime: Date;

  @Moment()
  updateTime: Date;
}

const secretDocumentation = {
  description: "The gate's proxy sends it as `X-Gate-Secret`. Shown this once.",
  example: 'gs_3q2-7wXk5b0rJm1y8ZqT6uVn4pLcS9aDfGhKjEiRxYo',
};

export class CreatedGate extends GateView {
  @ApiProperty(secretDocumentation)
  secret: string;
}

export class GateSecret {
  @ApiProperty(secretDocumentation)
  secret: string;
}

export class GatePage {
  @ApiProperty({ type: [GateView] })
  items: readonly GateView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
