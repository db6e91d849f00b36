import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { calculateJwkThumbprint, SignJWT } from 'jose';
import { CONFIG, type Config } from '../../config/config.js';
import { Sealer } from '../../config/sealer.js';
import { Clock } from '../../runtime/clock.js';
import type { RequestRow } from '../requests/request.entity.js';

/** A key by which the tokens of this service are checked (RFC 7517). */
export interface PublicKeySet {
  readonly keys: readonly (JsonWebKey & {
    readonly kid: string;
    readonly alg: 'EdDSA';
    readonly use: 'sig';
  })[];
}

/** What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410). */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
/** Seconds beyond the time that the upstream has to answer. */
const leeway = 30;

/**
 * Says to the system behind the gate on whose behalf an approved request comes, instead of the caller's own credential: a
 * token for this one request, for as long as the exchange may take. The key follows from SECRETS_KEY, so that all
 * replicas sign with the same one and nothing has to be stored.
 */
@Injectable()
export class IdentityTokens {
  private readonly key: KeyObject;
  private readonly published: Promise<PublicKeySet>;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    sealer: Sealer,
    private readonly clock: Clock,
  ) {
    const der = Buffer.concat([pkcs8Prefix, sealer.derive('gate identity tokens')]);
    this.key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    this.published = keySetOf(this.key);
  }

  /** The public key, for whoever checks tokens. */
  keys(): Promise<PublicKeySet> {
    return this.published;
  }

  /** @param upstream where it goes: the audience is its origin */
  async sign(row: RequestRow, upstream: string): Promise<string> {
    const now = Math.floor(this.clock.now().getTime() / 1000);
    const [key] = (await this.published).keys;
    return new SignJWT({
      ...(row.accCode === null ? {} : { acc_code: row.accCode }),
      approve_request_id: row.id,
      ticket_id: row.applyOrderId,
      request_hash: row.requestHash,
    })
      .setProtectedHeader({ alg: 'EdDSA', kid: key?.kid ?? '', typ: 'JWT' })
      .setIssuer(this.config.publicUrl ?? 'countersign')
      .setSubject(row.userCode)
      .setAudience(new URL(upstream).origin)
      .setIssuedAt(now)
      .setExpirationTime(now + Math.ceil(this.config.gate.timeout / 1000) + leeway)
      .setJti(row.id)
      .sign(this.key);
  }
}

async function keySetOf(key: KeyObject): Promise<PublicKeySet> {
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint(jwk);
  return { keys: [{ ...jwk, kid, alg: 'EdDSA', use: 'sig' }] };
}
