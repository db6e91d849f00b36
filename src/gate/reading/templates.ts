/** The path of an action, ready to be compared with paths. */
export interface PathTemplate {
  /** As it was entered. */
  readonly text: string;
  /** What makes two templates the same: lower case, names as `{}`, no slash at the end. */
  readonly key: string;
  /** How many segments are literal: of two templates that fit, the one with more of them is meant. */
  readonly literals: number;
  /** The values of its names, decoded, where a canonical path fits (paths.ts); null where it does not. */
  match(path: string): Readonly<Record<string, string>> | null;
}

/** Reads the path of an action. `why` is said behind the field's name. */
export function compileTemplate(_text: string): PathTemplate | { readonly why: string } {
  throw new Error('not yet');
}
