import type { AttemptResult } from '../outbox/delivery-handler.port.js';

/** What is known of a call that failed. */
interface FailureDetails {
  /** The HTTP status, when there was an answer. */
  readonly status?: number;
  /** The provider's own code, such as 1390001. */
  readonly vendorCode?: string | number;
  /** Milliseconds that the provider asks to wait, at least. */
  readonly retryAfter?: number;
  /** Whether the same call cannot succeed until somebody changes something. */
  readonly permanent?: boolean;
}

/** A call to a provider that did not do what it should. Its message is for administrators, and holds no secret. */
export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure';

  constructor(
    message: string,
    readonly details: FailureDetails = {},
  ) {
    super(message);
  }
}

/** What a failed call is to the outbox. @throws whatever is no {@link ProviderFailure} */
export function failedAttempt(error: unknown): AttemptResult & { readonly outcome: 'failed' } {
  if (!(error instanceof ProviderFailure)) throw error;
  const { status, retryAfter, permanent } = error.details;
  return {
    outcome: 'failed',
    error: error.message,
    ...(status === undefined ? {} : { status }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(permanent ? { permanent: true } : {}),
  };
}
