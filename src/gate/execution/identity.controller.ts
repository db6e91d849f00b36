import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Permit } from '../../auth/permit.js';
import { IdentityTokens, type PublicKeySet } from './identity.tokens.js';

@ApiTags('Gate')
@Permit('public')
@Controller('gate')
export class IdentityController {
  constructor(private readonly tokens: IdentityTokens) {}

  @Get('jwks')
  @ApiOperation({
    summary: 'The key by which the system behind a gate checks identity tokens',
    description:
      'An approved request that the service executes carries `Authorization: Bearer <JWT>` (EdDSA) instead of the ' +
      "caller's own credential: `sub` is the applicant, `acc_code` the team, `aud` the origin of the upstream, " +
      '`approve_request_id`, `ticket_id` and `request_hash` say what was approved. It is good for the exchange only.',
  })
  @ApiOkResponse({
    description: 'A JWK set (RFC 7517).',
    schema: {
      type: 'object',
      properties: { keys: { type: 'array', items: { type: 'object', additionalProperties: true } } },
      example: {
        keys: [
          {
            kty: 'OKP',
            crv: 'Ed25519',
            x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
            kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
            alg: 'EdDSA',
            use: 'sig',
          },
        ],
      },
    },
  })
  keys(): Promise<PublicKeySet> {
    return this.tokens.keys();
  }
}
