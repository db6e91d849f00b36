import { Global, Module } from '@nestjs/common';
import { Metrics } from './metrics.js';
import { ObservabilityController } from './observability.controller.js';
import { Readiness } from './readiness.js';

@Global()
@Module({ controllers: [ObservabilityController], providers: [Metrics, Readiness], exports: [Metrics] })
export class ObservabilityModule {}
