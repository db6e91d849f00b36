import { Module } from '@nestjs/common';
import { OperationLogService } from './operation-log.service.js';

@Module({ providers: [OperationLogService], exports: [OperationLogService] })
export class OperationLogModule {}
