import { isGroupSubject, type Subject, userOfSubject, providerOfUser } from '../engine/vocabulary.js';
import { type Both, both } from '../http/language.js';

/** Words and phrases of explanations. Everything is said in both languages at once, so that nothing is said in one only. */

export const nothing = both('', '');

/** Sentences or phrases one after the other, as they are. */
export const together = (...parts: readonly Both[]): Both =>
  both(parts.map(({ en }) => en).join(''), parts.map(({ zh }) => zh).join(''));

/** Phrases of a list. */
export const listed = (parts: readonly Both[]): Both =>
  both(parts.map(({ en }) => en).join(', '), parts.map(({ zh }) => zh).join('、'));

/** How many people a sentence names; the data beside it holds more. */
const mostNames = 10;

/** People by their codes; of many the first, and how many there are. */
export function people(userCodes: readonly string[]): Both {
  if (userCodes.length === 0) return both('nobody', '无人');
  const first = userCodes.slice(0, mostNames);
  const others = userCodes.length - first.length;
  return others === 0
    ? both(first.join(', '), first.join('、'))
    : both(`${first.join(', ')} and ${others} more`, `${first.join('、')}等 ${userCodes.length} 人`);
}

/** A person, or the members of a group, or the holders of a role. */
export function subject(one: Subject): Both {
  const userCode = userOfSubject(one);
  if (userCode !== null) return person(userCode);
  const code = codeOf(one);
  return isGroupSubject(one)
    ? both(`the members of group ${code}`, `用户组 ${code} 的成员`)
    : both(`whoever has role ${code}`, `拥有角色 ${code} 的人`);
}

/** A person by their code; an outside approval system, or somebody whom only that system knows. */
function person(userCode: string): Both {
  const [provider, unknown] = providerOfUser(userCode)?.split('/', 2) ?? [];
  if (provider === undefined) return both(userCode, userCode);
  return unknown === undefined
    ? both(`the outside approval system ${provider}`, `外部审批系统 ${provider}`)
    : both(`${unknown} of ${provider}`, `${provider} 的 ${unknown}`);
}

/** The code of a group or role: codes of groups hold no slash. */
export const codeOf = (one: Subject): string =>
  isGroupSubject(one) ? one.slice(one.lastIndexOf('/') + 1) : one.slice(2);

/** Of how many names a sentence is made. */
export const subjects = (some: readonly Subject[]): Both => {
  const users = some.flatMap((one) => userOfSubject(one) ?? []);
  const shared = some.filter((one) => userOfSubject(one) === null);
  return listed([
    ...(users.length > 0 || shared.length === 0 ? [people(users)] : []),
    ...shared.map(subject),
  ]);
};

/** A moment to the second; the reader's time zone is not known. */
export function moment(at: number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '?';
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** What somebody has said besides. */
export const words = (message: string | null | undefined): Both =>
  message ? both(`: ${message}`, `：${message}`) : nothing;

export const place = (applyStep: number, nodeName?: string): Both =>
  nodeName === undefined
    ? both(`step ${applyStep}`, `第 ${applyStep} 步`)
    : both(`step ${applyStep} "${nodeName}"`, `第 ${applyStep} 步“${nodeName}”`);

/** A value of an order's variables, as a condition has seen it. */
export function value(seen: unknown): Both {
  if (isLeftOut(seen)) {
    return both(`(${seen.leftOut} characters, not kept)`, `（共 ${seen.leftOut} 个字符，未保留）`);
  }
  const text = (JSON.stringify(seen) as string | undefined) ?? String(seen);
  return both(text, text);
}

const isLeftOut = (seen: unknown): seen is { readonly leftOut: number } =>
  typeof seen === 'object' &&
  seen !== null &&
  Object.keys(seen).length === 1 &&
  typeof (seen as { leftOut?: unknown }).leftOut === 'number';
