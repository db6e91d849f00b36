import { Injectable } from '@nestjs/common';
import type { ProviderConnection } from '../provider.port.js';
import { ProviderFailure } from '../provider-failure.js';
import { saidOf, type VendorAnswer, type VendorCall, VendorClient } from '../vendor.client.js';
import { type IssuedToken, VendorTokens } from '../vendor.tokens.js';
import { textOf } from './dingtalk.settings.js';

const tokenPath = '/v1.0/oauth2/accessToken';
const purpose = 'app';

/**
 * Codes under which DingTalk says with 4xx that it is busy, or has failed itself: the same call may succeed later.
 * Limits come as 403 `Forbidden.AccessDenied.QpsLimitFor…`, `…QpmLimitFor…`, `…ApiCountLimitFor…`.
 */
const passing =
  /throttling|limitfor|ratelimited|toofast|too\.fast|too\.many|system\.?busy|^internalError$|^sys(tem)?Err?ror$|^processInstanceStartFailed$/i;

/** Seconds that a token is kept when its answer does not say. */
const defaultLife = 7200;

type Call = Omit<VendorCall, 'base' | 'headers'>;

/** Calls DingTalk's API (api.dingtalk.com, v1.0) as an app, under its access token. */
@Injectable()
export class DingTalkClient {
  constructor(
    private readonly vendor: VendorClient,
    private readonly tokens: VendorTokens,
  ) {}

  /**
   * @returns the JSON of an answer that says it has succeeded
   * @throws ProviderFailure otherwise, with the code that DingTalk gives
   */
  async call(to: ProviderConnection, call: Call): Promise<VendorAnswer['json']> {
    const answer = await this.attempt(to, call);
    if (!refusesToken(answer)) return succeeded(call, answer);
    // Somebody may have had the secret changed, or the token ended earlier than was said.
    this.tokens.forget(to, purpose);
    return succeeded(call, await this.attempt(to, call));
  }

  /** Fetches a token, whether there is one or not. @throws ProviderFailure when the app is not known */
  async issue(
    { url, settings, credentials }: ProviderConnection,
    signal?: AbortSignal,
  ): Promise<IssuedToken> {
    const call = { method: 'POST', path: tokenPath } as const;
    const answer = await this.vendor.call({
      ...call,
      base: url,
      body: { appKey: settings.appKey, appSecret: credentials.appSecret },
      ...(signal === undefined ? {} : { signal }),
    });
    const { accessToken, expireIn } = succeeded(call, answer);
    const token = textOf(accessToken);
    if (token === null) throw new ProviderFailure(`POST ${tokenPath} was answered without a token`);
    return { token, expiresIn: typeof expireIn === 'number' ? expireIn : defaultLife };
  }

  private async attempt(to: ProviderConnection, call: Call): Promise<VendorAnswer> {
    const token = await this.tokens.of(to, purpose, () => this.issue(to, call.signal));
    return this.vendor.call({ ...call, base: to.url, headers: { 'x-acs-dingtalk-access-token': token } });
  }
}

/** Documented as 400, met as 401. */
const refusesToken = ({ status, json }: VendorAnswer): boolean =>
  json.code === 'InvalidAuthentication' || status === 401;

function succeeded({ method, path }: Pick<Call, 'method' | 'path'>, { status, json }: VendorAnswer) {
  // `success` comes as a boolean and as a text.
  if (status >= 200 && status < 300 && String(json.success) !== 'false') return json;
  const code = textOf(json.code);
  throw new ProviderFailure(`${method} ${path} was answered ${status}${saidOf(json)}`, {
    status,
    ...(code === null ? {} : { vendorCode: code }),
    ...(status >= 400 && !passing.test(code ?? '') ? { permanent: true } : {}),
  });
}
