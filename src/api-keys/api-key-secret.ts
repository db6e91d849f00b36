import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A new key of a service account: `csk_<id without dashes>_<32 random bytes in base64url>`. Shown once, never stored. */
export const newApiKey = (id: string): string =>
  `csk_${id.replaceAll('-', '')}_${randomBytes(32).toString('base64url')}`;

const format = /^csk_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})_[\w-]{43}$/;

/** The id of the account that a key names, or null for what is no key at all. */
export const idInApiKey = (apiKey: string): string | null => format.exec(apiKey)?.slice(1).join('-') ?? null;

/** What is stored of a key: SHA-256, hexadecimal. With 256 random bits in a key a slow hash would protect nothing more. */
export const hashOfApiKey = (apiKey: string): string => createHash('sha256').update(apiKey).digest('hex');

/** Compares in a time that tells nothing about the stored hash. */
export function isHashOfApiKey(apiKey: string, storedHash: string): boolean {
  const given = Buffer.from(hashOfApiKey(apiKey));
  const stored = Buffer.from(storedHash);
  return given.length === stored.length && timingSafeEqual(given, stored);
}
