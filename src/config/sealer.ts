import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from './config.js';
import { secretsKeyOf } from './local-secrets.js';

/** In characters. */
const keyIdLength = 8;

/**
 * Seals secrets for storage: AES-256-GCM with the key's id in front, so that a value sealed under another key is told
 * from a damaged one. The context (such as team and business type) is authenticated: a sealed value that is copied to
 * another row does not open there.
 */
@Injectable()
export class Sealer {
  private readonly key: Buffer;
  private readonly keyId: string;
  /** By purpose, of which there are few. */
  private readonly derived = new Map<string, Buffer>();

  constructor(@Inject(CONFIG) config: Config) {
    this.key = secretsKeyOf(config);
    this.keyId = createHash('sha256').update(this.key).digest('hex').slice(0, keyIdLength);
  }

  /** @returns `v1.<key id>.<base64url of nonce, tag and ciphertext>` */
  seal(plain: string, context: string): string {
    const bytes = this.encrypt(Buffer.from(plain, 'utf8'), context);
    return `v1.${this.keyId}.${bytes.toString('base64url')}`;
  }

  /** @throws Error when the value was sealed under another key or for another context, or was altered. */
  open(sealed: string, context: string): string {
    const [version, keyId, body] = sealed.split('.');
    if (version !== 'v1' || body === undefined) throw new Error('not a sealed value');
    this.requireKey(keyId);
    return this.decrypt(Buffer.from(body, 'base64url'), context).toString('utf8');
  }

  /** The same for bytes: the key's id in ASCII, then nonce, tag and ciphertext. */
  sealBytes(plain: Uint8Array, context: string): Buffer {
    return Buffer.concat([Buffer.from(this.keyId, 'ascii'), this.encrypt(plain, context)]);
  }

  /** @throws Error as {@link open} */
  openBytes(sealed: Uint8Array, context: string): Buffer {
    const bytes = Buffer.from(sealed);
    this.requireKey(bytes.subarray(0, keyIdLength).toString('ascii'));
    return this.decrypt(bytes.subarray(keyIdLength), context);
  }

  /** A keyed hash over a text, in hex: nobody without the key can alter the text and fit the hash. */
  mac(text: string, context: string): string {
    return createHmac('sha256', this.derive(`mac/${context}`))
      .update(text, 'utf8')
      .digest('hex');
  }

  /** 32 bytes of their own for a purpose, the same on all replicas. */
  derive(purpose: string): Buffer {
    const known = this.derived.get(purpose);
    if (known) return known;
    const bytes = Buffer.from(hkdfSync('sha256', this.key, '', purpose, 32));
    this.derived.set(purpose, bytes);
    return bytes;
  }

  private requireKey(keyId: string | undefined): void {
    if (keyId === this.keyId) return;
    throw new Error(
      `sealed under key ${keyId}, but SECRETS_KEY is ${this.keyId}; it must be the same on all replicas`,
    );
  }

  private encrypt(plain: Uint8Array, context: string): Buffer {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce).setAAD(Buffer.from(context));
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  private decrypt(bytes: Buffer, context: string): Buffer {
    const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, 12))
      .setAAD(Buffer.from(context))
      .setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
  }
}
