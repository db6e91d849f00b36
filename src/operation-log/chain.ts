import { createHash } from 'node:crypto';

/** What of a log row goes into its hash: everything but the hash itself. */
export interface ChainedRow {
  readonly id: string;
  readonly orderId: string;
  /** Which committed command of the order, from 1. */
  readonly transition: number;
  /** Place within the transition, from 0. */
  readonly seq: number;
  readonly userCode: string;
  readonly operation: string;
  readonly details: string;
  /** To the second, as `2026-11-22T08:30:00Z`. */
  readonly time: string;
  /** The event as it is stored. */
  readonly data: string | null;
}

/** Before the first row of an order. */
export const chainStart = '';

/** The first word of a text that is hashed; another form of the text would get another. */
const form = 'countersign-log-1';
/** The same of a row from before there were hashes: that a hash was taken from a row shows by it. */
const unhashedForm = 'countersign-log-0';

/**
 * The text over which a row's hash goes: a JSON array without blanks, in UTF-8.
 * @param previous the hash of the row before it of the same order; {@link chainStart} for the first
 * @param last whether no row of the same transition follows: so a row taken from its end, or put there, shows
 */
export const canonicalText = (row: ChainedRow, previous: string, last: boolean): string =>
  textOf(form, row, previous, last);

/** SHA-256 over {@link canonicalText}, in hexadecimal. */
export const hashOf = (row: ChainedRow, previous: string, last: boolean): string =>
  sha256(canonicalText(row, previous, last));

/** What stands for the hash of a row that carries none, so that the first row with a hash vouches for all before it. */
export const digestOf = (row: ChainedRow, previous: string, last: boolean): string =>
  sha256(textOf(unhashedForm, row, previous, last));

/** A text as every database gives it back: half a character, which UTF-8 cannot hold, becomes U+FFFD. */
export const storable = (text: string): string => text.toWellFormed();

const textOf = (word: string, row: ChainedRow, previous: string, last: boolean): string =>
  JSON.stringify([
    word,
    previous,
    row.orderId,
    row.transition,
    row.seq,
    last,
    row.id,
    row.time,
    row.userCode,
    row.operation,
    row.details,
    row.data,
  ]);

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
