import type { HeaderFields } from './original.js';

export function forwardable(_headers: HeaderFields): HeaderFields {
  throw new Error('not yet');
}

export function withoutCredentials(_headers: HeaderFields): {
  readonly kept: HeaderFields;
  readonly credentials: HeaderFields;
} {
  throw new Error('not yet');
}

export function shownHeaders(_headers: HeaderFields): HeaderFields {
  throw new Error('not yet');
}
