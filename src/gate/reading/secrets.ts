import { plainLetters, wornText } from './wire.js';

/** What stands where a secret stood. */
export const mask = '***';

const secretWords =
  'passw|passphrase|passcode|pwd|secret|token|apikey|accesskey|privatekey|secretkey|encryptionkey|signingkey|' +
  'authoriz|authentic|credential|cookie|session|jwt|bearer|signature|card|cvv|cvc|otp|' +
  '密码|密碼|口令|密钥|密鑰|秘钥|私钥|令牌|凭证|凭据|验证码|卡号|安全码';
const secretName = new RegExp(
  `${secretWords}|^(?:auth|pin|pins|pan|sid|ssn|key|pass)$|pin$|^pin(?:code|number|no)|userpass|pincode`,
  'u',
);

/**
 * Whether what stands under a name is a secret by the name's sound: in any case, with or without underscores, dashes
 * and blanks, encoded or not. It rather says yes: reviewers miss little by it.
 */
export function isSecretName(name: string): boolean {
  const worn = /[%+]/.test(name) ? wornText(name) : name;
  return [name, worn].some((text) =>
    secretName.test(
      plainLetters(text)
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}]/gu, ''),
    ),
  );
}

const loudWords =
  'p[\\s_-]?a[\\s_-]?s[\\s_-]?s[\\s_-]?w|passw|passphrase|passcode|pwd|secret|token|api[\\s_-]?key|access[\\s_-]?key|private[\\s_-]?key|' +
  'authoriz|credential|cookie|session|jwt|signature|card|cvv|cvc|otp|密码|口令|密钥|秘钥|令牌|验证码|卡号';

/** A name that sounds like a secret's, and what is said of it: up to the end of the quotation, the parameter, or the line. */
const assignment = new RegExp(
  `([\\p{L}\\p{N}_.-]{0,60}(?:${loudWords}|\\bpin)[\\p{L}\\p{N}_.\\[\\]-]{0,60}(?:\\\\*["'])?\\s{0,20}[:=：]\\s{0,20})` +
    `("(?:[^"\\\\]|\\\\.)*"|'(?:[^'\\\\]|\\\\.)*'|[^\\r\\n&]+)`,
  'giu',
);

/** An element of XML whose name sounds like a secret's. */
const element = new RegExp(
  `(<([\\p{L}\\p{N}_.:-]{0,60}(?:${loudWords}|\\bpin\\b)[\\p{L}\\p{N}_.:-]{0,60})[^<>]{0,500}>)[\\s\\S]*?(?:</\\2\\s*>|$)`,
  'giu',
);

/**
 * A text without what is obviously a secret in it: bearer and basic credentials, JSON Web Tokens, users and passwords
 * in addresses, and whatever is assigned to a name that sounds like one.
 */
export function maskedText(text: string): string {
  return text
    .replaceAll(element, `$1${mask}</$2>`)
    .replaceAll(assignment, `$1${mask}`)
    .replaceAll(/\b(bearer|basic|digest|negotiate)([\s:]|%20|\+)+[\w.~+/=%-]{4,}/giu, `$1 ${mask}`)
    .replaceAll(/\beyJ[\w-]{4,}\.[\w-]*(?:\.[\w-]*)*/gu, mask)
    .replaceAll(/(:\/\/)[^\s/@"'<>]{1,200}@/gu, `$1${mask}@`)
    .replaceAll(/-----BEGIN [A-Z ]{1,40}-----[\s\S]*?(?:-----END [A-Z ]{1,40}-----|$)/gu, mask);
}
