import { Global, Module } from '@nestjs/common';
import { TokenVerifier } from './token.verifier.js';

/** The guard itself is provided by the composition root, which knows who implements the service accounts. */
@Global()
@Module({ providers: [TokenVerifier], exports: [TokenVerifier] })
export class AuthModule {}
