import { Global, Module } from '@nestjs/common';
import { TokenClaims } from './token-claims.port.js';
import { TokenVerifier } from './token.verifier.js';

/** The guard itself is provided by the composition root, which knows who implements the service accounts. */
@Global()
@Module({ providers: [TokenClaims, TokenVerifier], exports: [TokenClaims, TokenVerifier] })
export class AuthModule {}
