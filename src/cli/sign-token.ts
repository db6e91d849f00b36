import { SignJWT } from 'jose';
import type { TokenRole } from '../auth/principal.js';
import type { Config } from '../config/config.js';

/** Who a token is for. */
export interface TokenHolder {
  readonly userCode: string;
  /** Null for a system administrator, who has no team. */
  readonly accCode: string | null;
  readonly roles: readonly TokenRole[];
}

/**
 * Signs a development token (HS256), with the claims that the service asks for.
 * @param lifetime as jose takes it, such as `30 days`
 */
export function signToken(
  secret: string,
  { userCode, accCode, roles }: TokenHolder,
  lifetime: string,
  auth: Pick<Config['auth'], 'issuer' | 'audience'>,
): Promise<string> {
  const token = new SignJWT({
    ...(accCode === null ? {} : { acc_code: accCode }),
    roles: [...new Set(roles)],
  })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(userCode)
    .setIssuedAt()
    .setExpirationTime(lifetime);
  if (auth.issuer !== null) token.setIssuer(auth.issuer);
  if (auth.audience !== null) token.setAudience(auth.audience);
  return token.sign(new TextEncoder().encode(secret));
}
