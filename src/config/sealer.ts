import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from './config.js';
import { secretsKeyOf } from './local-secrets.js';

/**
 * Seals secrets for storage: AES-256-GCM with the key's id in front, so that a value sealed under another key is told
 * from a damaged one. The context (such as team and business type) is authenticated: a sealed value that is copied to
 * another row does not open there.
 */
@Injectable()
export class Sealer {
  private readonly key: Buffer;
  private readonly keyId: string;

  constructor(@Inject(CONFIG) config: Config) {
    this.key = secretsKeyOf(config);
    this.keyId = createHash('sha256').update(this.key).digest('hex').slice(0, 8);
  }

  /** @returns `v1.<key id>.<base64url of nonce, tag and ciphertext>` */
  seal(plain: string, context: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce).setAAD(Buffer.from(context));
    const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
    return `v1.${this.keyId}.${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')}`;
  }

  /** @throws Error when the value was sealed under another key or for another context, or was altered. */
  open(sealed: string, context: string): string {
    const [version, keyId, body] = sealed.split('.');
    if (version !== 'v1' || body === undefined) throw new Error('not a sealed value');
    if (keyId !== this.keyId) {
      throw new Error(
        `sealed under key ${keyId}, but SECRETS_KEY is ${this.keyId}; it must be the same on all replicas`,
      );
    }
    const bytes = Buffer.from(body, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, 12))
      .setAAD(Buffer.from(context))
      .setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
  }
}
