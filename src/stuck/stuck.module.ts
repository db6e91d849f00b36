import { Module } from '@nestjs/common';
import { BehindRepository } from './behind.repository.js';
import { StuckMetrics } from './stuck.metrics.js';
import { StuckRepository } from './stuck.repository.js';
import { StuckService } from './stuck.service.js';

@Module({
  providers: [BehindRepository, StuckMetrics, StuckRepository, StuckService],
  exports: [StuckService],
})
export class StuckModule {}
