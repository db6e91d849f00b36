import { invalid } from '../http/problem.js';
import type { ProviderConnection } from './provider.port.js';
import type { CreateProvider, UpdateProvider } from './providers.dto.js';
import { type VendorKind, vendors } from './vendor-fields.dto.js';

/** What is kept of a vendor's app: what may be shown, and what may not. */
export interface VendorApp {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly credentials: Readonly<Record<string, string>>;
}

const kinds = Object.keys(vendors) as VendorKind[];

/**
 * Takes a vendor's app out of a request.
 * @param before what was kept so far; null for a new provider
 * @returns null when the request says nothing of it
 * @throws Problem 400 for fields of another kind, and for a new vendor without its own
 */
export function vendorApp(
  kind: string,
  dto: Pick<CreateProvider | UpdateProvider, VendorKind>,
  before: Pick<ProviderConnection, 'settings' | 'credentials'> | null,
): VendorApp | null {
  for (const other of kinds) {
    if (other !== kind && dto[other] !== undefined)
      throw invalid(other, `is for providers of kind ${other} only`);
  }
  if (kind === 'webhook') return null;
  const vendor = kind as VendorKind;
  const given = dto[vendor];
  if (given === undefined) {
    if (before === null) throw invalid(vendor, `is required for a provider of kind ${vendor}`);
    return null;
  }
  const { secrets } = vendors[vendor];
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return {
    settings: {
      ...before?.settings,
      ...Object.fromEntries(entries.filter(([name]) => !secrets.includes(name))),
    },
    credentials: {
      ...before?.credentials,
      ...(Object.fromEntries(entries.filter(([name]) => secrets.includes(name))) as Record<string, string>),
    },
  };
}

/** Of a vendor, paths are put behind it. */
export const withoutSlash = (kind: string, url: string): string =>
  kind === 'webhook' ? url : url.replace(/\/+$/, '');
