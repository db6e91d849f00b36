import type { UserPrincipal } from '../../auth/principal.js';
import type { HeaderFields, OriginalRequest } from '../reading/original.js';
import type { GateRule, Match } from '../rules.js';
import type { Hold, RequestState } from '../vocabulary.js';

/** A request that an action names, with its body, and who sends it. */
export interface Visit {
  readonly gate: GateRule;
  readonly original: OriginalRequest;
  readonly matches: readonly Match[];
  readonly body: Buffer;
  readonly caller: UserPrincipal;
}

/** An action that may hold a visit, and what a repeat of the visit is known by. */
export interface Candidate {
  readonly match: Match;
  /** Where it would be executed; null where nobody says. */
  readonly upstream: string | null;
  readonly fingerprint: string;
}

/** What a caller is told of a held request. */
export interface HeldView {
  readonly requestId: string;
  readonly orderId: string;
  readonly state: RequestState;
  /** The status that the action wants it answered with. */
  readonly hold: Hold;
  readonly error: string | null;
}

/** A complete answer of the system behind the gate. */
export interface KeptResponse {
  readonly status: number;
  readonly headers: HeaderFields;
  readonly body: Buffer;
}

/** Leave for one repeat of an approved request (mode `retry-once`); whoever lets it pass tells what came of it. */
export interface Pass {
  readonly requestId: string;
  readonly orderId: string;
  /** Where it was approved to go; null where a proxy of its own sends it on. */
  readonly upstream: string | null;
  /** Headers that go along: `x-approval-request-id` and `idempotency-key`. */
  readonly headers: HeaderFields;
  /** @param outcome the upstream's status; null where nobody can see it; an Error for an exchange that broke off */
  done(outcome: { readonly status: number | null } | Error): Promise<void>;
}

/** What becomes of a visit. */
export type Judgement =
  /** No action of the caller's team, nor of the platform, names it. */
  | { readonly kind: 'free' }
  | { readonly kind: 'held'; readonly held: HeldView }
  | { readonly kind: 'pass'; readonly pass: Pass }
  /** A repeat of an executed request (mode `replay`). */
  | { readonly kind: 'answered'; readonly held: HeldView; readonly response: KeptResponse };
