import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const ivLength = 16;

/** Seconds by which the time of a message may differ from ours. */
const tolerance = 300;

const keyOf = (key: string): Buffer => createHash('sha256').update(key).digest();

/**
 * Opens what Feishu has encrypted: events (Encrypt Key), questions for options and quick actions (their Key). AES-256-CBC
 * under the SHA-256 of the key, the IV before the bytes, PKCS7, base64 (integrations.md §1).
 * @returns null for what was not encrypted under this key, or is no UTF-8, and for an empty key
 */
export function openLark(sealed: string, key: string): string | null {
  if (key === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(sealed)) return null;
  const bytes = Buffer.from(sealed, 'base64');
  const body = bytes.subarray(ivLength);
  if (body.length === 0 || body.length % ivLength !== 0) return null;
  try {
    const decipher = createDecipheriv('aes-256-cbc', keyOf(key), bytes.subarray(0, ivLength));
    const opened = Buffer.concat([decipher.update(body), decipher.final()]);
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(opened);
  } catch {
    return null;
  }
}

/** Encrypts in the same way. @throws Error for an empty key */
export function sealLark(text: string, key: string, iv: Buffer = randomBytes(ivLength)): string {
  if (key === '') throw new Error('the key is empty');
  const cipher = createCipheriv('aes-256-cbc', keyOf(key), iv);
  return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final()]).toString('base64');
}

/** Whether two secrets are the same; takes as long for those that differ at their end as at their beginning. */
export function sameSecret(one: string, other: string): boolean {
  const [left, right] = [keyOf(one), keyOf(other)];
  return timingSafeEqual(left, right);
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Why a message was not signed by Feishu with this key at this time, over exactly these bytes (integrations.md §1).
 * @returns null when it was
 */
export function whyNotSigned(headers: Headers, rawBody: Buffer, key: string, now: Date): string | null {
  const timestamp = headers['x-lark-request-timestamp'];
  const nonce = headers['x-lark-request-nonce'];
  const signature = headers['x-lark-signature'];
  if (typeof timestamp !== 'string' || typeof nonce !== 'string' || typeof signature !== 'string') {
    return 'X-Lark-Request-Timestamp, X-Lark-Request-Nonce or X-Lark-Signature is missing';
  }
  if (key === '') return 'there is no key to check the signature with';
  if (!/^\d{1,12}$/.test(timestamp)) return 'X-Lark-Request-Timestamp is no Unix time in seconds';
  const age = Math.floor(now.getTime() / 1000) - Number(timestamp);
  if (Math.abs(age) > tolerance) {
    return `the message is of another time: ${Math.abs(age)} s ${age > 0 ? 'ago' : 'ahead'}`;
  }
  const expected = createHash('sha256').update(`${timestamp}${nonce}${key}`).update(rawBody).digest('hex');
  return sameSecret(signature, expected) ? null : 'the signature is wrong';
}
