import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A new secret of a gate: `gs_` and 32 random bytes in base64url. Shown once, never stored. */
export const newGateSecret = (): string => `gs_${randomBytes(32).toString('base64url')}`;

/** What is stored of a secret: SHA-256, hexadecimal. With 256 random bits in it a slow hash would protect nothing more. */
export const hashOfGateSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Compares in a time that tells nothing about the stored hash. */
export function isHashOfGateSecret(secret: string, storedHash: string): boolean {
  const given = Buffer.from(hashOfGateSecret(secret));
  const stored = Buffer.from(storedHash);
  return given.length === stored.length && timingSafeEqual(given, stored);
}
