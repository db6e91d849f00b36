import { ProviderFailure } from '../provider-failure.js';
import { saidOf, type VendorAnswer } from '../vendor.client.js';
import { objectOf, objectsOf } from './lark.json.js';
import { textOf } from './lark.settings.js';

/** Codes of Feishu that this service knows what to do about (通用错误码, and those of approval v4). */
export const codes = {
  invalidParameter: 1390001,
  unknownApproval: 1390002,
  unknownInstance: 1390003,
  /** Subscribed already, or not any more. */
  subscribed: 1390007,
  usedUuid: 60012,
} as const;

/** The token is missing, unknown, or at its end. */
const tokenCodes: readonly unknown[] = [99991661, 99991663, 99991664, 99991665, 99991668, 99991671];

/** The same call may succeed later: limits of the gateway, of one instance and of messages, and failures on their side. */
const passingCodes: readonly unknown[] = [99991400, 1390014, 1395001, 230020, 11232];

const hints: Readonly<Record<number, string>> = {
  10003: 'are App ID and App Secret those of the developer console?',
  10014: 'are App ID and App Secret those of the developer console?',
  1390002: 'is the approval code the one of the definition, in this tenant?',
  1390004: 'does the identity name a person of this tenant, by ids of the configured userIdType?',
  1390009: 'is the person the one whose task it is, and does the app have approval:approval?',
  1390015: 'the approval definition is stopped (已停用): start it in the approval administration',
  1390016: 'the approval definition is deleted',
  1390018: 'the node wants a handwritten signature, which the API cannot give',
  230006: 'switch on the robot (机器人) of the app',
  230013: 'the person is outside the availability (可用范围) of the app',
};

export const refusesToken = ({ json }: VendorAnswer): boolean => tokenCodes.includes(json.code);

/** Whether Feishu has judged the call, instead of failing, being busy or being away. */
export const isRefusal = (error: unknown, ...wanted: readonly number[]): error is ProviderFailure =>
  error instanceof ProviderFailure &&
  typeof error.details.vendorCode === 'number' &&
  (wanted.length === 0 ? error.details.permanent === true : wanted.includes(error.details.vendorCode));

/**
 * What an answer is that does not say `code: 0`. HTTP 200 is no success by itself.
 * @param what the call, without its query
 */
export function larkFailure(what: string, { status, json, retryAfter }: VendorAnswer): ProviderFailure {
  const { code } = json;
  const known = typeof code === 'number' ? code : null;
  const hint = scopeHint(json) ?? (known === null ? undefined : hints[known]);
  const passing = passingCodes.includes(code) || tokenCodes.includes(code);
  // An answer without a code is none of Feishu's: somebody between us says so, and may say otherwise later.
  const permanent = known !== null && !passing && (status >= 400 || hint !== undefined);
  return new ProviderFailure(
    `${what} was answered ${status}${saidOf(json)}${hint === undefined ? '' : ` (${hint})`}`,
    {
      status,
      ...(known === null ? {} : { vendorCode: known }),
      ...(retryAfter === null || permanent ? {} : { retryAfter }),
      ...(permanent ? { permanent: true } : {}),
    },
  );
}

/** 9999167x: which permissions (权限) would do. */
function scopeHint(json: Readonly<Record<string, unknown>>): string | null {
  if (json.code !== 99991672 && json.code !== 99991679) return null;
  const asked = objectsOf(objectOf(json.error)?.permission_violations)
    .map(({ subject }) => textOf(subject))
    .filter((subject) => subject !== null);
  const named = asked.length === 0 ? 'the permissions that docs/feishu.md lists' : asked.join(' or ');
  return `grant the app ${named} (权限管理), and publish a version of it`.slice(0, 300);
}
