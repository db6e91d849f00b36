import type { OrderEvent } from './events.js';

/** Why a command was refused; the codes are the contract's problem codes. */
export type RefusalCode =
  | 'approver_not_found'
  | 'order_closed'
  | 'not_in_review'
  | 'version_conflict'
  | 'already_decided'
  | 'not_awaited'
  | 'already_exists'
  | 'validation_failed'
  | 'rate_limited'
  | 'forbidden';

/** Why somebody may not act, as a word with what belongs to it: whoever tells it to people has sentences for each. */
export interface Why {
  readonly word:
    | 'order_ended'
    | 'no_step_open'
    | 'own_order'
    | 'decided_elsewhere'
    | 'already_decided'
    | 'step_passed'
    | 'not_reviewer'
    | 'handed_over'
    | 'delegated'
    | 'no_longer_reviewer'
    | 'waits_for_opinion'
    | 'not_their_turn'
    | 'unconfirmed';
  readonly applyStep?: number;
  readonly nodeName?: string;
  /** Who stands in, or whose opinion is awaited. */
  readonly userCode?: string;
  /** Of an order or a step, where it stands. */
  readonly status?: string;
}

export interface Refusal {
  readonly code: RefusalCode;
  /** What is wrong and what to do, for a person. */
  readonly detail: string;
  /** Of `validation_failed`: the field of the command that is wrong. */
  readonly field?: string;
  /** Of a refusal because of who somebody is, or where the order stands. */
  readonly why?: Why;
  /** Of `rate_limited`: seconds until it may be done again. */
  readonly retryAfter?: number;
}

/** The engine answers with values: what happens, or why nothing does. It never throws at a caller's mistake. */
export type Outcome =
  | { readonly ok: true; readonly events: readonly OrderEvent[] }
  | { readonly ok: false; readonly refusal: Refusal };

export const happened = (events: readonly OrderEvent[]): Outcome => ({ ok: true, events });
export const refused = (code: RefusalCode, detail: string): Outcome => ({
  ok: false,
  refusal: { code, detail },
});
/** A field of the command that cannot be meant so. */
export const wrongField = (field: string, detail: string): Refusal => ({
  code: 'validation_failed',
  detail: `${field} ${detail}`,
  field,
});
