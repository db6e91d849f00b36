import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const prefix = 'whsec_';

/** How far the time of a message may be from ours, in both directions, in seconds (Standard Webhooks 1.0). */
const tolerance = 300;

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
  const signatures = secrets.map((secret) => signatureOf(message.id, timestamp, message.body, secret));
  return {
    'webhook-id': message.id,
    'webhook-timestamp': timestamp,
    ...(signatures.length > 0 && { 'webhook-signature': signatures.join(' ') }),
  };
}

/**
 * Whether a message that came in was signed with one of these secrets, not longer than five minutes ago (Standard
 * Webhooks 1.0, symmetric signatures). It may carry several signatures; one that fits is enough.
 * @param rawBody exactly the bytes that came
 * @returns the message's id, the same on every attempt of its sender; or why not, for the log
 */
export function verifyWebhook(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  rawBody: Buffer,
  secrets: readonly string[],
  now: Date,
): { readonly ok: true; readonly messageId: string } | { readonly ok: false; readonly why: string } {
  const forged = (why: string) => ({ ok: false, why }) as const;
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const given = headers['webhook-signature'];
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof given !== 'string') {
    return forged('webhook-id, webhook-timestamp or webhook-signature is missing');
  }
  if (!/^\d{1,12}$/.test(timestamp)) return forged('webhook-timestamp is no Unix time in seconds');
  const age = Math.floor(now.getTime() / 1000) - Number(timestamp);
  if (Math.abs(age) > tolerance) {
    return forged(`the message is of another time: ${Math.abs(age)} s ${age > 0 ? 'ago' : 'ahead'}`);
  }
  const signatures = given.split(' ');
  const fits = secrets.some((secret) => {
    const expected = signatureOf(id, timestamp, rawBody, secret);
    return signatures.some((signature) => sameText(signature, expected));
  });
  return fits ? { ok: true, messageId: id } : forged('no signature fits');
}

const signatureOf = (id: string, timestamp: string, body: string | Buffer, secret: string): string =>
  `v1,${createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;

/** Takes as long for texts that differ in the last character as for those that differ in the first. */
function sameText(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
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
