import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from './config.js';

/** Which secret of this installation, and the file in the data folder that holds it when none is configured. */
type LocalSecret = 'jwt-secret' | 'secrets-key';

/**
 * The secret that checks HS256 tokens: the configured one, or, outside production, one that is generated once into the
 * data folder (mode 0600), so that the service starts without any settings. Null when only a JWK set is configured.
 */
export function jwtSecretOf(config: Config): string | null {
  if (config.auth.jwtSecret !== null) return config.auth.jwtSecret;
  if (config.auth.jwksUri !== null) return null;
  return localSecret(config.dataDir, 'jwt-secret');
}

/** The 32 bytes that seal secrets at rest: SECRETS_KEY, else generated once into the data folder (mode 0600). */
export function secretsKeyOf(config: Config): Buffer {
  return Buffer.from(config.secretsKey ?? localSecret(config.dataDir, 'secrets-key'), 'base64');
}

function localSecret(dataDir: string, name: LocalSecret): string {
  const path = join(dataDir, name);
  if (!existsSync(path)) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    try {
      // 'wx': two processes that start at once agree on the one that came first.
      writeFileSync(path, randomBytes(32).toString('base64'), { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return readFileSync(path, 'utf8').trim();
}
