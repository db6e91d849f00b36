import { Global, Module } from '@nestjs/common';
import { IdempotencyStore } from './idempotency.store.js';
import { ProblemDialects } from './problem-dialect.port.js';

@Global()
@Module({ providers: [IdempotencyStore, ProblemDialects], exports: [IdempotencyStore, ProblemDialects] })
export class HttpModule {}
