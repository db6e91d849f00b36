import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** What Feishu does with a key before it encrypts. */
const keyOf = (key: string): Buffer => createHash('sha256').update(key).digest();

/** Encrypts as Feishu does: AES-256-CBC with PKCS7, the IV before the bytes, in base64. */
export function seal(text: string, key: string, iv: Buffer = randomBytes(16)): string {
  const cipher = createCipheriv('aes-256-cbc', keyOf(key), iv);
  return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final()]).toString('base64');
}

/** @throws Error when it was sealed with another key */
export function unseal(sealed: string, key: string): string {
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv('aes-256-cbc', keyOf(key), bytes.subarray(0, 16));
  return Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()]).toString('utf8');
}

/** `X-Lark-Signature` of exactly these bytes. */
export const signatureOf = (timestamp: string, nonce: string, key: string, body: string | Buffer): string =>
  createHash('sha256').update(`${timestamp}${nonce}${key}`).update(body).digest('hex');
