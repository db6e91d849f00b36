import type { CallbackAnswer } from '../orders/order-callbacks.service.js';

/** Characters. Words of a business module are shown in logs and answers; what is longer is cut. */
const maxWords = 2_000;

/** An answer, or why a text is none. */
export type ParsedAnswer = { readonly answer: CallbackAnswer } | { readonly why: string };

/**
 * Reads the body of a business module's answer: `{ticket_id, result, msg?, error?}` (requirement 001, 回调结构).
 * Whatever is not exactly that is no answer: nobody's order is decided by a login page that came with 200.
 * @param ticketId the order that was asked about
 */
export function parseAnswer(body: string, ticketId: string): ParsedAnswer {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return { why: 'the answer is not JSON' };
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return { why: 'the answer is not a JSON object' };
  }
  const { ticket_id, result, msg, error } = parsed as Readonly<Record<string, unknown>>;
  if (ticket_id !== ticketId) return { why: 'the answer names no ticket_id, or another one' };
  if (typeof result !== 'boolean') return { why: 'the result of the answer is not true or false' };
  if (!isWords(msg)) return { why: 'the msg of the answer is not a text' };
  if (!isWords(error)) return { why: 'the error of the answer is not a text' };
  return { answer: { result, msg: words(msg), error: words(error) } };
}

const isWords = (value: unknown): value is string | null | undefined =>
  value === undefined || value === null || typeof value === 'string';

/** Without half a character, which no column could hold: JSON can carry one, and a cut can leave one. */
export const words = (value: string | null | undefined): string | null =>
  value ? Array.from(value).slice(0, maxWords).join('').toWellFormed() : null;
