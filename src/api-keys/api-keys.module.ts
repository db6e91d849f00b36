import { Global, Module } from '@nestjs/common';
import { ServiceAccounts } from '../auth/service-account.port.js';
import { ApiKeyAccounts } from './api-key-accounts.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { ApiKeysService } from './api-keys.service.js';

/** Global, because the guard of the composition root asks it who calls with an API key. */
@Global()
@Module({
  controllers: [ApiKeysController],
  providers: [ApiKeysRepository, ApiKeysService, { provide: ServiceAccounts, useClass: ApiKeyAccounts }],
  exports: [ServiceAccounts],
})
export class ApiKeysModule {}
