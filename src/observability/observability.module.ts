import { Global, Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { OutboundClient } from '../outbound/outbound.client.js';
import { OutboundModule } from '../outbound/outbound.module.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { Alarm } from './alarm.js';
import { Metrics } from './metrics.js';
import { ObservabilityController } from './observability.controller.js';
import { Readiness } from './readiness.js';
import { sentryProject } from './sentry.js';

@Global()
@Module({
  imports: [OutboundModule],
  controllers: [ObservabilityController],
  providers: [
    Metrics,
    Readiness,
    {
      provide: Alarm,
      inject: [CONFIG, OutboundClient, Clock, Ids],
      useFactory: async (config: Config, outbound: OutboundClient, clock: Clock, ids: Ids) => {
        const sentry = config.sentryDsn === null ? null : await sentryProject(config.sentryDsn, outbound);
        return new Alarm(sentry, config, clock, ids);
      },
    },
  ],
  exports: [Alarm, Metrics],
})
export class ObservabilityModule {}
