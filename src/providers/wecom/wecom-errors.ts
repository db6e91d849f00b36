import { ProviderFailure } from '../provider-failure.js';
import { saidOf } from '../vendor.client.js';

/** Milliseconds: the limits of WeCom's approval calls count minutes. */
const minute = 60_000;

/** The codes by which WeCom refuses an access token: it does not know it, it is missing, its time is up. */
const tokenCodes: ReadonlySet<number> = new Set([40014, 41001, 42001]);

/** Codes that pass by themselves (全局错误码): busy, called too often, too many calls at once, faults inside WeCom. */
const passing: ReadonlySet<number> = new Set([-1, 45009, 45033, 301026, 301057]);

/** What an administrator can do about the codes that do not. */
const hints: Readonly<Record<number, string>> = {
  40001: 'the secret is not that of an app of this corporation',
  40003: 'there is no such member of the corporation',
  40013: 'there is no such corporation',
  40031: 'there is no such member of the corporation',
  40056: 'the AgentId is not that of the app whose secret is used',
  40058: 'a parameter is empty or wrong',
  48002: 'the app may not use this call; WeCom’s console grants it',
  60011: 'the app may not see this member; add them to its visible range (可见范围)',
  60020: 'the service’s address is not among the app’s trusted IPs (企业可信IP)',
  60111: 'there is no such member of the corporation',
  81013: 'the receiver is no member within the app’s visible range (可见范围)',
  301002: 'the AgentId is not that of the app whose secret is used',
  301025:
    'what was sent does not fit the template: an empty value, another kind of control, or a wrong template id',
  301055:
    'the app is not among those that may call approvals (审批 → 可调用接口的应用), or the applicant is outside its visible range',
  301056: 'the approval app (审批) is switched off',
  301079: 'the times of the leave overlap with another',
};

/** Whether a refused token may be the reason, so that one that is fetched anew helps. */
export const isTokenCode = (code: number): boolean => tokenCodes.has(code);

/** The `errcode` of an answer; WeCom leaves none out. Null for what is no answer of WeCom's. */
export const errcodeOf = (json: Readonly<Record<string, unknown>>): number | null =>
  Number.isSafeInteger(json.errcode) ? (json.errcode as number) : null;

/**
 * What an answer that is no success means.
 * @param what the call, without its query: that holds the token
 */
export function weComFailure(
  what: string,
  status: number,
  json: Readonly<Record<string, unknown>>,
): ProviderFailure {
  const code = errcodeOf(json);
  if (code === null) {
    return new ProviderFailure(`${what} was answered ${status}, and no errcode`, { status });
  }
  const hint = hints[code];
  const words = `${what} was answered${saidOf({ errcode: code, errmsg: json.errmsg })}`;
  return new ProviderFailure(hint === undefined ? words : `${words} (${hint})`, {
    status,
    vendorCode: code,
    ...(code === 45009 ? { retryAfter: minute } : {}),
    ...(hint !== undefined && !passing.has(code) ? { permanent: true } : {}),
  });
}
