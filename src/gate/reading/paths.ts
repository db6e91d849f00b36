/** What a path on the wire says. */
export type PathReading =
  | { readonly kind: 'plain'; readonly path: string }
  | {
      readonly kind: 'doubtful';
      readonly readings: readonly string[];
      readonly why: string;
      /** More readings than are listed: it may be any path. */
      readonly boundless?: boolean;
    };

export function readPath(_raw: string): PathReading {
  throw new Error('not yet');
}
