import { Injectable } from '@nestjs/common';
import type { ServicePrincipal } from '../auth/principal.js';
import { ServiceAccounts } from '../auth/service-account.port.js';
import { idInApiKey, isHashOfApiKey } from './api-key-secret.js';
import { ApiKeysRepository } from './api-keys.repository.js';

/** Tells the guard who calls with an API key. Asked on every such request, so a withdrawn key ends at once. */
@Injectable()
export class ApiKeyAccounts extends ServiceAccounts {
  constructor(private readonly keys: ApiKeysRepository) {
    super();
  }

  override async find(apiKey: string): Promise<ServicePrincipal | null> {
    const keyId = idInApiKey(apiKey);
    if (keyId === null) return null;
    const account = await this.keys.account(keyId);
    if (!account || !isHashOfApiKey(apiKey, account.keyHash)) return null;
    const { accCodes, businessTypes, directory } = account;
    return { kind: 'service', keyId, accCodes, businessTypes, directory };
  }
}
