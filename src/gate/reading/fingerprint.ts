import type { Mode } from '../vocabulary.js';
import type { HeaderFields, OriginalRequest } from './original.js';

export interface FingerprintParts {
  readonly team: string | null;
  readonly user: string;
  readonly original: OriginalRequest;
  readonly ignoreQuery: readonly string[];
  readonly body: Buffer;
  readonly actionId?: string;
}

/** All that will be sent, and who sends it. */
export interface RequestHashFields {
  readonly id: string;
  readonly team: string | null;
  readonly user: string;
  readonly actionId: string;
  readonly mode: Mode;
  readonly method: string;
  readonly upstream: string | null;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly headers: HeaderFields;
  readonly bodyHash: string;
  readonly bodyBytes: number;
}

export function fingerprintOf(_parts: FingerprintParts): string {
  throw new Error('not yet');
}

export function requestHashOf(_fields: RequestHashFields): string {
  throw new Error('not yet');
}

/** SHA-256 in hex. */
export function sha256(_bytes: Buffer | string): string {
  throw new Error('not yet');
}
