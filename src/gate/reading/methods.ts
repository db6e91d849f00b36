import type { OriginalRequest } from './original.js';

export function namedMethods(_original: OriginalRequest): readonly string[] {
  throw new Error('not yet');
}

export function hiddenMethods(_contentType: string | null, _body: Buffer): readonly string[] {
  throw new Error('not yet');
}
