import { createHmac, randomBytes } from 'node:crypto';

const prefix = 'whsec_';

/** A fresh secret for a receiver of webhooks: `whsec_` and 32 random bytes in base64. */
export const newWebhookSecret = (): string => prefix + randomBytes(32).toString('base64');

/**
 * The headers that let a receiver check a message (Standard Webhooks 1.0, symmetric signatures). While a secret is being
 * replaced there are two of them, and a receiver accepts a message when one signature fits.
 * @param message `id` is the same for every attempt; `sentAt` is the time of this one; `body` is exactly what is sent
 * @param secrets one signature for each, in this order; without any, there is no signature header
 * @throws Error, without the secret, when one is not `whsec_` and 24 to 64 bytes in base64.
 */
export function webhookHeaders(
  message: { readonly id: string; readonly sentAt: Date; readonly body: string },
  secrets: readonly string[],
): Record<string, string> {
  const timestamp = String(Math.floor(message.sentAt.getTime() / 1000));
  const signed = `${message.id}.${timestamp}.${message.body}`;
  const signatures = secrets.map((secret) => {
    return `v1,${createHmac('sha256', keyOf(secret)).update(signed, 'utf8').digest('base64')}`;
  });
  return {
    'webhook-id': message.id,
    'webhook-timestamp': timestamp,
    ...(signatures.length > 0 && { 'webhook-signature': signatures.join(' ') }),
  };
}

function keyOf(secret: string): Buffer {
  const encoded = secret.startsWith(prefix) ? secret.slice(prefix.length) : '';
  const key = Buffer.from(encoded, 'base64');
  // Node.js skips what is no base64; only what it writes back unchanged was all of it.
  if (key.length < 24 || key.length > 64 || key.toString('base64') !== encoded) {
    throw new Error(`a webhook secret must be ${prefix} followed by 24 to 64 bytes in base64`);
  }
  return key;
}
