import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../runtime/clock.js';
import type { ProviderConnection } from './provider.port.js';

/** Milliseconds before its end at which a token is fetched anew. */
const margin = 180_000;

interface Kept {
  readonly token: Promise<string>;
  until: number;
}

/** A token as a vendor gives it. */
export interface IssuedToken {
  readonly token: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** The access tokens of vendors' apps, kept in memory until shortly before their end; asked for once, however many wait. */
@Injectable()
export class VendorTokens {
  private readonly kept = new Map<string, Kept>();

  constructor(private readonly clock: Clock) {}

  /**
   * @param purpose tells the tokens of one provider apart
   * @param issue fetches a new one
   */
  async of(to: ProviderConnection, purpose: string, issue: () => Promise<IssuedToken>): Promise<string> {
    const key = keyOf(to, purpose);
    const known = this.kept.get(key);
    if (known && known.until > this.clock.elapsed()) return known.token;
    const issued = issue();
    const fresh: Kept = { token: issued.then(({ token }) => token), until: Infinity };
    // Whoever waits for it is told by it; without anybody, its failure would end the process.
    fresh.token.catch(() => undefined);
    this.kept.set(key, fresh);
    try {
      const { expiresIn } = await issued;
      const life = expiresIn * 1000;
      fresh.until = this.clock.elapsed() + Math.max(life - margin, life / 2);
    } catch (error) {
      if (this.kept.get(key) === fresh) this.kept.delete(key);
      throw error;
    }
    return fresh.token;
  }

  /** A token that the vendor refuses, although its time was not up. */
  forget(to: ProviderConnection, purpose: string): void {
    this.kept.delete(keyOf(to, purpose));
  }
}

/** By everything that a token depends on: another secret, or another address, has tokens of its own. */
function keyOf({ id, url, settings, credentials }: ProviderConnection, purpose: string): string {
  const about = JSON.stringify([url, settings, credentials]);
  return `${id}/${purpose}/${createHash('sha256').update(about).digest('hex')}`;
}
