/**
 * Settings for tests of callbacks: receivers on loopback, retries that come at once and hardly ever end, one key for
 * the secrets of all replicas. Claims are held long, so that a slow machine is not taken for a dead one; tests about
 * leases say otherwise.
 */
export const callbackSettings = {
  CALLBACK_ALLOWED_HOSTS: '127.0.0.1',
  CALLBACK_RETRY_SCHEDULE: Array.from({ length: 100 }, () => '100ms').join(','),
  CALLBACK_TIMEOUT: '60s',
  CALLBACK_LEASE: '60s',
  SHUTDOWN_TIMEOUT: '1s',
  SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
} as const satisfies Readonly<Record<string, string>>;
