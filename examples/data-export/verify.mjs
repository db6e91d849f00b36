// @ts-check
import { createHmac, timingSafeEqual } from 'node:crypto';

/** Seconds that a callback may be old, or ahead of this clock (Standard Webhooks). */
const tolerance = 5 * 60;

/**
 * @param {string} secret `whsec_` and the base64 of 24 to 64 bytes
 * @returns {Buffer} the key
 * @throws {Error} when it is no such secret: an empty key would let anybody sign
 */
export function keyOf(secret) {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : null;
  if (!key || key.length < 24 || key.length > 64)
    throw new Error('a secret is whsec_ and 24 to 64 bytes in base64');
  return key;
}

/**
 * Whether a callback was signed with one of the keys, at most five minutes ago (Standard Webhooks).
 * @param {readonly Buffer[]} keys several while a secret is being rotated
 * @param {import('node:http').IncomingHttpHeaders} headers
 * @param {Buffer} body the bytes as they came: JSON that was parsed and written again may differ from them
 * @param {number} [now] seconds since 1970
 */
export function isSigned(keys, headers, body, now = Date.now() / 1000) {
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const signatures = headers['webhook-signature'];
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string') return false;
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(now - Number(timestamp)) > tolerance) return false;
  const given = signatures.split(' ').map((signature) => Buffer.from(signature));
  return keys.some((key) => {
    const mac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
    const expected = Buffer.from(`v1,${mac}`);
    return given.some((one) => one.length === expected.length && timingSafeEqual(one, expected));
  });
}
