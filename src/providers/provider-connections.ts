import { Injectable } from '@nestjs/common';
import { Sealer } from '../config/sealer.js';
import { WebhookSecrets } from '../outbound/webhook-secrets.js';
import type { ProviderRow } from './provider.entity.js';
import type { ProviderConnection } from './provider.port.js';
import { credentialsContext, sealContext } from './seal-context.js';

/** Opens what is sealed: rows of providers as connections. Their answers are for sending and checking, never for showing. */
@Injectable()
export class ProviderConnections {
  constructor(
    private readonly secrets: WebhookSecrets,
    private readonly sealer: Sealer,
  ) {}

  /** @throws Error when the row was sealed under another SECRETS_KEY */
  of(row: ProviderRow): ProviderConnection {
    return {
      id: row.id,
      scope: row.scope,
      code: row.code,
      kind: row.kind,
      url: row.url,
      secrets: this.secrets.open(row, sealContext(row)),
      settings: row.settings === null ? {} : (JSON.parse(row.settings) as Record<string, unknown>),
      credentials: this.credentials(row),
    };
  }

  credentials(row: Pick<ProviderRow, 'scope' | 'code' | 'sealedCredentials'>): Record<string, string> {
    if (row.sealedCredentials === null) return {};
    return JSON.parse(this.sealer.open(row.sealedCredentials, credentialsContext(row))) as Record<
      string,
      string
    >;
  }

  /** As {@link ProviderRow.sealedCredentials} holds them. */
  sealed(row: Pick<ProviderRow, 'scope' | 'code'>, credentials: Readonly<Record<string, string>>): string {
    return this.sealer.seal(JSON.stringify(credentials), credentialsContext(row));
  }
}
