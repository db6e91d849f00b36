import { Code, WholeNumberInQuery } from './fields.js';
import { invalid } from './problem.js';

const defaultLimit = 20;
const maxLimit = 100;

/** `?limit=` and `?cursor=` of every list (contract: keyset, at most 100 a page). */
export class PageQuery {
  @WholeNumberInQuery(1, maxLimit, { optional: true, description: `How many, ${defaultLimit} by default.` })
  limit?: number;

  @Code(512, { optional: true, description: 'The `nextCursor` of the page before.' })
  cursor?: string;
}

/** One page of a list; `nextCursor` is null on the last one. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** Where a page starts, and how many rows to ask for: one more than it shows, to know whether another follows. */
export interface PageWindow {
  readonly size: number;
  readonly take: number;
  /** The key of the last row of the page before, or null on the first page. */
  readonly after: string | null;
}

/** @throws Problem 400 when the cursor is none of ours. @param defaultSize of a list that is usually read whole. */
export function windowOf(query: PageQuery, defaultSize: number = defaultLimit): PageWindow {
  const size = query.limit ?? defaultSize;
  return { size, take: size + 1, after: query.cursor === undefined ? null : decode(query.cursor) };
}

/** Makes the page out of `take` rows. @param key the column by which the list is sorted; unique. */
export function pageOf<Row, T>(
  rows: readonly Row[],
  window: PageWindow,
  key: (row: Row) => string,
  present: (row: Row) => T,
): Page<T> {
  const shown = rows.slice(0, window.size);
  const last = shown.at(-1);
  return {
    items: shown.map(present),
    nextCursor: rows.length > window.size && last !== undefined ? encode(key(last)) : null,
  };
}

const encode = (key: string): string => Buffer.from(JSON.stringify([key])).toString('base64url');

function decode(cursor: string): string {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(parsed) && typeof parsed[0] === 'string') return parsed[0];
  } catch {
    // Falls through to the one answer for every cursor that is none.
  }
  throw invalid('cursor', 'is not the nextCursor of an earlier page');
}
