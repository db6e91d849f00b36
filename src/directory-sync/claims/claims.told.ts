import { isEmail } from 'class-validator';
import type { Claims } from '../../auth/token-claims.port.js';
import type { Config } from '../../config/config.js';
import { whyNoCode } from '../../http/fields.js';

/** What a token says of a person, as far as it is followed; undefined: nothing. */
export interface ClaimsTold {
  readonly name: string | undefined;
  readonly email: string | undefined;
  readonly department: string | undefined;
  /** Codes, sorted. */
  readonly groups: readonly string[] | undefined;
}

const mostGroups = 200;

/** Reads the claims that are configured. What a column cannot hold, and an address that is not verified, is nothing. */
export function toldBy(claims: Claims, names: Config['auth']['claims']): ClaimsTold {
  const text = (name: string | null): string | undefined => {
    const value = name === null ? undefined : claims[name];
    if (typeof value !== 'string' || !value.isWellFormed() || value.includes('\0')) return undefined;
    return value.trim() || undefined;
  };
  const name = text(names.name);
  const email = claims['email_verified'] === false ? undefined : text(names.email);
  const department = text(names.department);
  const groups = names.groups === null ? undefined : claims[names.groups];
  return {
    name: name === undefined ? undefined : Array.from(name).slice(0, 128).join(''),
    email: email !== undefined && isEmail(email) && email.length <= 254 ? email : undefined,
    department: department !== undefined && whyNoCode(department, 64) === null ? department : undefined,
    groups: Array.isArray(groups)
      ? [...new Set(groups.filter(isGroupCode))].toSorted().slice(0, mostGroups)
      : undefined,
  };
}

const isGroupCode = (code: unknown): code is string =>
  typeof code === 'string' && code.isWellFormed() && code !== '' && whyNoCode(code, 64) === null;
