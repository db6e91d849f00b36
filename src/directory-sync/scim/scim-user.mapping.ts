import { createHash } from 'node:crypto';
import { isEmail } from 'class-validator';
import { isPersonCode } from '../../auth/token.verifier.js';
import type { CollectionKey } from '../../directory/directory-search.service.js';
import type { PersonRecord } from '../../directory/person-records.service.js';
import { whyNoCode } from '../../http/fields.js';
import { idOf } from './scim.ids.js';
import { refused, scimBase, wrongValue } from './scim.problem.js';
import { coerced, enterpriseSchema, userSchema } from './scim.schemas.js';

/** What SCIM says of a person; undefined: nothing. */
export interface PersonTold {
  readonly userCode: string;
  readonly name: string;
  readonly email: string | null;
  readonly active: boolean | undefined;
  readonly roles: readonly string[] | undefined;
  readonly department: string | null | undefined;
  readonly externalId: string | null | undefined;
}

/** The attributes as they are kept, in the spelling of the schemas. */
interface KeptUser {
  readonly userName: string;
  readonly displayName?: string;
  readonly name?: { readonly formatted?: string; readonly givenName?: string; readonly familyName?: string };
  readonly externalId?: string;
  readonly active?: boolean;
  readonly emails?: readonly Listed[];
  readonly roles?: readonly Listed[];
  readonly [enterpriseSchema]?: { readonly department?: string };
}

interface Listed {
  readonly value?: string;
  readonly type?: string;
  readonly primary?: boolean;
}

/**
 * Reads a User as it came. Left out, roles, department and externalId say nothing.
 * @throws ScimProblem 400 invalidValue naming the attribute
 */
export function personTold(body: object): PersonTold {
  const user = coerced('User', withPlainTruths(body)) as unknown as KeptUser;
  const { userName } = user;
  if (userName === '') throw wrongValue('userName', 'must not be empty');
  const why = whyNoCode(userName, 64);
  if (why !== null) throw wrongValue('userName', why.replace('hold codes of', 'have'));
  if (isReserved(userName)) throw wrongValue('userName', `${userName} is reserved for the service itself`);
  const department = user[enterpriseSchema]?.department;
  if (department) checkCode('department', department);
  for (const { value } of user.roles ?? []) checkCode('roles', value ?? '');
  return {
    userCode: userName,
    name: shortText('displayName', nameOf(user) ?? userName, 128),
    email: emailOf(user.emails ?? []),
    active: user.active,
    roles: user.roles && [...new Set(user.roles.map(({ value }) => value ?? ''))],
    department: department === undefined ? undefined : department || null,
    externalId:
      user.externalId === undefined ? undefined : shortText('externalId', user.externalId, 255) || null,
  };
}

/** Codes of the service's own. */
export const isReserved = (code: string): boolean => !isPersonCode(code);

/** Some providers write truth values as texts in whole resources too. */
function withPlainTruths(body: object): object {
  return Object.fromEntries(
    Object.entries(body).map(([name, value]: [string, unknown]) => [
      name,
      name.toLowerCase() === 'active' && typeof value === 'string' && /^(true|false)$/i.test(value)
        ? value.toLowerCase() === 'true'
        : value,
    ]),
  );
}

const nameOf = ({ displayName, name }: KeptUser): string | undefined =>
  [displayName, name?.formatted, [name?.givenName, name?.familyName].filter(Boolean).join(' ')].find(
    (one) => one !== undefined && one.trim() !== '',
  );

/** The last that is primary: a new one is added behind the old. */
function emailOf(emails: readonly Listed[]): string | null {
  const chosen =
    emails.findLast(({ primary }) => primary) ??
    emails.find(({ type }) => type?.toLowerCase() === 'work') ??
    emails[0];
  if (!chosen?.value) return null;
  if (!isEmail(chosen.value) || chosen.value.length > 254)
    throw wrongValue('emails', 'must hold e-mail addresses');
  return chosen.value;
}

/** @throws ScimProblem 400 saying what is wrong with a code */
export function checkCode(attribute: string, code: string): void {
  const why = code === '' ? 'must not be empty' : whyNoCode(code, 64);
  if (why !== null) throw wrongValue(attribute, why);
}

/** @throws ScimProblem 400 for a text that the column does not hold */
export function shortText(attribute: string, text: string, max: number): string {
  if (Array.from(text).length > max) throw wrongValue(attribute, `must have at most ${max} characters`);
  return text;
}

/** What a patch starts from: the attributes that it can change, with the extension under its short name. */
export function patchable(row: PersonRecord): Record<string, unknown> {
  return {
    userName: row.userCode,
    displayName: row.name,
    active: row.active === 1,
    ...(row.externalId === null ? {} : { externalId: row.externalId }),
    ...(row.email === null ? {} : { emails: [emailShown(row.email)] }),
    ...(row.roles === '' ? {} : { roles: row.roles.split(',').map((value) => ({ value })) }),
    enterprise: row.department === null ? {} : { department: row.department },
  };
}

/**
 * What a patch has made of it. Unlike in a whole resource, what is not there has been taken away.
 * @throws ScimProblem 400
 */
export function personPatched(before: PersonRecord, document: Record<string, unknown>): PersonTold {
  const { enterprise, name, displayName, ...core } = document as { enterprise?: object } & Record<
    string,
    unknown
  >;
  // The name is kept in one place; a patch of its other spelling counts when it leaves that one alone.
  const shown = displayName === before.name && name !== undefined ? {} : { displayName };
  const told = personTold({ ...core, name, ...shown, [enterpriseSchema]: enterprise ?? {} });
  if (told.userCode !== before.userCode) throw renamed();
  return {
    ...told,
    roles: told.roles ?? [],
    department: told.department ?? null,
    externalId: told.externalId ?? null,
  };
}

/** The code names the person in orders and in the log: another code is another person. */
export const renamed = () => refused('mutability', "userName is the person's code, which does not change");

const emailShown = (value: string) => ({ value, type: 'work', primary: true });

/** What is told of a person; the version counts everything that SCIM can change. */
export function userShown(
  base: string,
  row: PersonRecord,
  groups: readonly (CollectionKey & { readonly name: string })[],
): Record<string, unknown> {
  return {
    schemas: row.department === null ? [userSchema] : [userSchema, enterpriseSchema],
    id: row.userCode,
    ...(row.externalId === null ? {} : { externalId: row.externalId }),
    userName: row.userCode,
    displayName: row.name,
    name: { formatted: row.name },
    active: row.active === 1,
    ...(row.email === null ? {} : { emails: [emailShown(row.email)] }),
    ...(row.roles === '' ? {} : { roles: row.roles.split(',').map((value) => ({ value })) }),
    ...(groups.length === 0
      ? {}
      : {
          groups: groups.map((group) => ({
            value: idOf(group),
            $ref: `${base}${scimBase}/Groups/${encodeURIComponent(idOf(group))}`,
            display: group.name,
            type: 'direct',
          })),
        }),
    ...(row.department === null ? {} : { [enterpriseSchema]: { department: row.department } }),
    meta: {
      resourceType: 'User',
      created: row.createTime.toISOString(),
      lastModified: row.updateTime.toISOString(),
      location: `${base}${scimBase}/Users/${encodeURIComponent(row.userCode)}`,
      version: versionOf(row),
    },
  };
}

/** A weak entity tag of what a row holds. */
export const versionOf = (row: object, members: readonly string[] = []): string =>
  `W/"${createHash('sha256')
    .update(JSON.stringify([row, members]))
    .digest('hex')
    .slice(0, 20)}"`;
