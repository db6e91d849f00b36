import { systemUserCode } from '../auth/token.verifier.js';
import { whyNoCode } from '../http/fields.js';

/** As many as a node can name; longer lists of people are what groups are for. */
const maxUserCodes = 200;
const codeLength = 64;

/** Whom a business system names, each once; or why its answer is none. */
export type ResolverAnswer = { readonly userCodes: readonly string[] } | { readonly why: string };

/**
 * Reads the body of a resolver's answer: `{user_codes: ["u1", …]}`; further fields are nobody's concern. Whatever is not
 * exactly that is no answer: nobody becomes a reviewer because of a login page that came with 200.
 */
export function parseUserCodes(body: string): ResolverAnswer {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return { why: 'the answer is not JSON' };
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return { why: 'the answer is not a JSON object' };
  }
  const { user_codes: codes } = parsed as Readonly<Record<string, unknown>>;
  if (!Array.isArray(codes)) return { why: 'the user_codes of the answer are no list' };
  if (codes.length > maxUserCodes) return { why: `the answer names more than ${maxUserCodes} people` };
  const userCodes = codes.filter(isUserCode);
  if (userCodes.length < codes.length) return { why: 'the answer names somebody by what is no user code' };
  return { userCodes: [...new Set(userCodes)] };
}

const isUserCode = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.isWellFormed() &&
  whyNoCode(value, codeLength) === null &&
  value !== systemUserCode;
