import type { Adapter } from '../vocabulary.js';
import type { OriginalRequest } from './original.js';

/** The head of a request as it came to a door of the gate. */
export interface RawHead {
  readonly method: string;
  /** Everything behind the door, raw, with the query; may be empty. */
  readonly url: string;
  /** As node gives them: name, value, name, value. */
  readonly rawHeaders: readonly string[];
  readonly host: string | null;
}

export function readOriginal(
  _adapter: Adapter,
  _door: 'proxy' | 'check' | 'hold',
  _head: RawHead,
): OriginalRequest | { readonly why: string } {
  throw new Error('not yet');
}

export function bodyToldOf(_adapter: Adapter, _head: RawHead): 'unknown' | 'none' | 'some' {
  throw new Error('not yet');
}
