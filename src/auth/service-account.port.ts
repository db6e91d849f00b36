import type { ServicePrincipal } from './principal.js';

/** Finds the service account behind an API key; the API key module implements it. */
export abstract class ServiceAccounts {
  /** @returns null for a key that does not exist or was withdrawn. */
  abstract find(apiKey: string): Promise<ServicePrincipal | null>;
}
