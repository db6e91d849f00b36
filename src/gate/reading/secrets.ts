import { plainLetters, wornText } from './wire.js';

/** What stands where a secret stood. */
export const mask = '***';

const secretName = new RegExp(
  [
    'passw|passphrase|passcode|pwd|userpass|secret|token|(?:api|access|private|encryption|signing)key',
    'authoriz|authentic|credential|cookie|session|jwt|bearer|signature|card|cvv|cvc|otp',
    '密码|密碼|口令|密钥|密鑰|秘钥|私钥|令牌|凭证|凭据|验证码|卡号|安全码',
    '^(?:auth|key|pass|pan|pins?|sid|ssn)$|pin$|^pin(?:code|number|no)|pincode',
  ].join('|'),
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

/**
 * A text without what is obviously a secret in it: bearer and basic credentials, JSON Web Tokens, private keys, users
 * and passwords in addresses, and whatever is assigned to a name that sounds like a secret's.
 */
export function maskedText(text: string): string {
  return withoutAssignments(withoutElements(text))
    .replaceAll(/\b(bearer|basic|digest|negotiate)(?:[\s:+]|%20){1,20}[\w.~+/=%-]{4,}/giu, `$1 ${mask}`)
    .replaceAll(/\beyJ[\w-]{4,2000}\.[\w-]*(?:\.[\w-]*)*/gu, mask)
    .replaceAll(/(:\/\/)[^\s/@"'<>]{1,200}@/gu, `$1${mask}@`)
    .replaceAll(/-----BEGIN [A-Z ]{1,40}-----(?:(?!-----END)[\s\S])*(?:-----END [A-Z ]{1,40}-----)?/gu, mask);
}

/** Elements of XML whose names sound like a secret's lose their content; without an end, all that follows. */
function withoutElements(text: string): string {
  let shown = '';
  let at = 0;
  for (const found of text.matchAll(/<([^\s<>/!?][^\s<>/]{0,99})[^<>]{0,500}>/gu)) {
    const [tag, name = ''] = found;
    if (found.index < at || tag.endsWith('/>') || !isSecretName(name)) continue;
    const from = found.index + tag.length;
    const end = text.indexOf(`</${name}`, from);
    shown += text.slice(at, from) + mask;
    at = end === -1 ? text.length : end;
  }
  return shown + text.slice(at);
}

/** What a name may be before an equals sign or a colon: one word or two, and the quotation mark behind it. */
const wordsBefore = /(?:[^\s"'&?;,{}<>()=:]+\s{1,3})?[^\s"'&?;,{}<>()=:]*[\\"']*\s{0,20}$/u;
const maxName = 120;

/** Up to the end of the quotation, of the parameter, or of the line. */
const assigned = /\s*(?:"[^"\\]*(?:\\[\s\S][^"\\]*)*"|'[^'\\]*(?:\\[\s\S][^'\\]*)*'|[^\r\n&]+)/y;

function withoutAssignments(text: string): string {
  let shown = '';
  let at = 0;
  for (const { index } of text.matchAll(/[:=：]/g)) {
    if (index < at) continue;
    const name = wordsBefore.exec(text.slice(Math.max(at, index - maxName), index))?.[0] ?? '';
    if (!isSecretName(name)) continue;
    assigned.lastIndex = index + 1;
    if (!assigned.test(text)) continue;
    shown += text.slice(at, index + 1) + mask;
    at = assigned.lastIndex;
  }
  return shown + text.slice(at);
}
