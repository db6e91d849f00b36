/** One wrong field of a request. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** The stable codes of problem answers (contract, "Errors") with their status and title. */
const problems = {
  validation_failed: [400, 'The request is not valid'],
  request_ambiguous: [400, 'The request can be read in more than one way'],
  unauthenticated: [401, 'Who is calling is not known'],
  forbidden: [403, 'Not allowed'],
  not_found: [404, 'Not found'],
  already_exists: [409, 'Already exists'],
  in_use: [409, 'Still in use'],
  system_object: [409, 'System objects are read-only'],
  delegation_circle: [409, 'Delegations would form a circle'],
  business_type_disabled: [409, 'The business type is switched off'],
  not_in_review: [409, 'The order is not under review'],
  already_decided: [409, 'Already decided'],
  order_closed: [409, 'The order has ended'],
  not_awaited: [409, 'The order does not wait for this'],
  delivery_closed: [409, 'Nothing is left to do with the delivery'],
  version_conflict: [409, 'Another version is there'],
  mass_deactivation: [409, 'Too many people would become inactive'],
  request_in_flight: [409, 'The first request with this key is still in flight'],
  payload_too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'The body must be JSON'],
  approver_not_found: [422, 'Nobody can review this'],
  condition_invalid: [422, 'A condition cannot be read'],
  provider_refused: [422, 'The outside system refuses'],
  idempotency_key_reused: [422, 'The key was used for another request'],
  rate_limited: [429, 'Too many requests'],
  internal_error: [500, 'Something went wrong on our side'],
  upstream_failed: [502, 'The system behind the gate does not answer'],
  unavailable: [503, 'The service cannot answer right now'],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof problems;

/** An error that a caller is told about, answered as `application/problem+json` (RFC 9457). */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly title: string;

  constructor(
    readonly code: ProblemCode,
    /** What is wrong and what to do, for a person. Holds no secret. */
    readonly detail: string,
    readonly more: {
      readonly errors?: readonly FieldError[];
      readonly headers?: Readonly<Record<string, string>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(`${code}: ${detail}`, more.cause === undefined ? undefined : { cause: more.cause });
    [this.status, this.title] = problems[code];
  }
}

/** The answer to everything that does not exist for the caller, another team's objects included: 404, never 403. */
export const notFound = (what: string): Problem => new Problem('not_found', `${what} does not exist`);

/** A request whose fields do not make sense together; one entry for each wrong field. */
export const invalid = (field: string, message: string): Problem =>
  new Problem('validation_failed', `${field} ${message}`, { errors: [{ field, message }] });
