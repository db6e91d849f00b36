import { Problem } from '../http/problem.js';
import { ProviderFailure } from './provider-failure.js';

/**
 * What a caller is told of a call to a provider that failed: the provider's own words, which hold no secret.
 * @returns Problem 422 for a refusal that stands, 503 for one that may pass
 * @throws whatever is no {@link ProviderFailure}
 */
export function refusalOf(provider: string, error: unknown): Problem {
  if (!(error instanceof ProviderFailure)) throw error;
  const detail = `provider ${provider}: ${error.message}`;
  const { permanent, retryAfter } = error.details;
  if (permanent) return new Problem('provider_refused', detail);
  const seconds = Math.max(1, Math.ceil((retryAfter ?? 0) / 1000));
  return new Problem('unavailable', detail, { headers: { 'retry-after': String(seconds) }, cause: error });
}
