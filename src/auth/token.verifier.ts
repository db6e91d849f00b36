import { webcrypto } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { createRemoteJWKSet, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { CONFIG, type Config } from '../config/config.js';
import { jwtSecretOf } from '../config/local-secrets.js';
import { Problem } from '../http/problem.js';
import { Clock } from '../runtime/clock.js';
import { TokenClaims } from './token-claims.port.js';
import { tokenRoles, type TokenRole, type UserPrincipal } from './principal.js';

const asymmetric = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA'];
/** What names a person or a team: 1 to 64 characters without comma and control characters, no blank at either end. */
export const userCodePattern = /^(?! )[^,\p{Cc}]{1,64}(?<! )$/u;

/** The identity provider does not answer, or not with keys; a connection that fails carries no code of jose at all. */
const noKeys = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC', 'ERR_JWKS_INVALID']);

/** A key that an identity provider withdraws counts for at most this long, in milliseconds. */
const rememberedFor = 30_000;
const rememberedTokens = 5_000;
/** Characters; a longer token is checked every time, so that the memory is bounded. */
const rememberedLength = 4_096;

/** The user code under which the service itself writes its log rows; nobody else may use it. */
export const systemUserCode = 'system';
/** Codes under which API keys and third parties act in the log. */
const reservedCodes = /^(api-key|provider):/;

/** Whether a code may be a person's: of the right shape, and not the service's own. */
export const isPersonCode = (code: unknown): code is string =>
  typeof code === 'string' &&
  userCodePattern.test(code) &&
  code !== systemUserCode &&
  !reservedCodes.test(code);

/** Checks bearer tokens: HS256 by secret, or the identity provider's keys. `none` and foreign algorithms never pass. */
@Injectable()
export class TokenVerifier {
  private readonly secret: Promise<webcrypto.CryptoKey> | null;
  private readonly keys: JWTVerifyGetKey | null;
  /** Tokens whose signature was right a moment ago: a page of a console asks a dozen times with the same one. */
  private readonly verified = new Map<string, { principal: UserPrincipal; until: number }>();
  private readonly expected: { issuer?: string; audience?: string };

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly clock: Clock,
    private readonly claims: TokenClaims,
  ) {
    const secret = jwtSecretOf(config);
    this.secret = secret === null ? null : importSecret(secret);
    // The address is configuration: `jku` and `jwk` headers of a token are never followed.
    this.keys = config.auth.jwksUri === null ? null : createRemoteJWKSet(new URL(config.auth.jwksUri));
    this.expected = {
      ...(config.auth.issuer === null ? {} : { issuer: config.auth.issuer }),
      ...(config.auth.audience === null ? {} : { audience: config.auth.audience }),
    };
  }

  /** @throws Problem 401 when the token is not valid or names nobody. */
  async verify(token: string): Promise<UserPrincipal> {
    const now = this.clock.now().getTime();
    const known = this.verified.get(token);
    if (known && now < known.until) return known.principal;
    this.verified.delete(token);
    const payload = await this.payload(token);
    const principal = principalOf(payload);
    this.remember(token, principal, Math.min((payload.exp ?? Infinity) * 1000, now + rememberedFor));
    await this.claims.tell(principal, payload);
    return principal;
  }

  private remember(token: string, principal: UserPrincipal, until: number): void {
    if (token.length > rememberedLength) return;
    const [oldest] = this.verified.keys();
    if (this.verified.size >= rememberedTokens && oldest !== undefined) this.verified.delete(oldest);
    this.verified.set(token, { principal, until });
  }

  private async payload(token: string): Promise<JWTPayload> {
    const checks = { ...this.expected, currentDate: this.clock.now() };
    try {
      if (this.keys && !isHs256(token)) {
        return (await jwtVerify(token, this.keys, { ...checks, algorithms: asymmetric })).payload;
      }
      if (this.secret) {
        return (await jwtVerify(token, await this.secret, { ...checks, algorithms: ['HS256'] })).payload;
      }
    } catch (error) {
      const reason = (error as { code?: unknown }).code;
      if (typeof reason !== 'string' || noKeys.has(reason)) {
        throw new Problem('unavailable', 'the keys of the identity provider cannot be read now; try again', {
          headers: { 'retry-after': '5' },
          cause: error,
        });
      }
      throw unauthenticated(
        reason === 'ERR_JWT_EXPIRED' ? 'the token has expired' : 'the token is not valid',
      );
    }
    throw unauthenticated('the token is not valid');
  }
}

/** Once for the process: importing the key costs more than checking a signature with it. */
const importSecret = (secret: string): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey(
    'raw',
    new TextEncoder().encode(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['verify'],
  );

/** Which of the two ways to check a token: by its own word, which the chosen check then verifies. */
function isHs256(token: string): boolean {
  try {
    const header = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString()) as {
      alg?: unknown;
    };
    return header.alg === 'HS256';
  } catch {
    return false;
  }
}

function principalOf(payload: JWTPayload): UserPrincipal {
  const userCode = payload.sub;
  if (!isPersonCode(userCode)) {
    throw unauthenticated('the token names no user (sub: 1 to 64 characters without a comma)');
  }
  const given: unknown = payload['roles'];
  const roles: TokenRole[] = Array.isArray(given) ? tokenRoles.filter((role) => given.includes(role)) : [];
  if (roles.includes('system_admin')) return { kind: 'user', userCode, accCode: null, roles };
  const accCode: unknown = payload['acc_code'];
  if (typeof accCode !== 'string' || !userCodePattern.test(accCode)) {
    throw unauthenticated('the token names no team (acc_code)');
  }
  return { kind: 'user', userCode, accCode, roles };
}

export const unauthenticated = (detail: string): Problem =>
  new Problem('unauthenticated', detail, { headers: { 'www-authenticate': 'Bearer' } });
