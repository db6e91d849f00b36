export function shownBody(_contentType: string | null, _body: Buffer): unknown {
  throw new Error('not yet');
}

export function shownQuery(_query: string): string {
  throw new Error('not yet');
}
