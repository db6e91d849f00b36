import { Injectable } from '@nestjs/common';
import type { ProviderConnection } from '../provider.port.js';
import { ProviderFailure } from '../provider-failure.js';
import { type VendorAnswer, type VendorCall, VendorClient } from '../vendor.client.js';
import { type IssuedToken, VendorTokens } from '../vendor.tokens.js';
import { larkFailure, refusesToken } from './lark.errors.js';
import { objectOf } from './lark.json.js';
import { settingsOf, textOf } from './lark.settings.js';

const tokenPath = '/open-apis/auth/v3/tenant_access_token/internal';
const purpose = 'tenant';

/** Seconds that a token is kept when its answer does not say. */
const defaultLife = 7200;

type Json = Readonly<Record<string, unknown>>;

/** A call without what the client adds: where to, and as whom. */
export type LarkCall = Omit<VendorCall, 'base' | 'headers'>;

/** Calls Feishu's API (open.feishu.cn, /open-apis) as an app, under its tenant access token. */
@Injectable()
export class LarkClient {
  constructor(
    private readonly vendor: VendorClient,
    private readonly tokens: VendorTokens,
  ) {}

  /**
   * @returns `data` of an answer whose code is 0
   * @throws ProviderFailure for any other, with Feishu's code, words, and what to do about it
   */
  async call(to: ProviderConnection, call: LarkCall): Promise<Json> {
    const answer = await this.attempt(to, call);
    if (!refusesToken(answer)) return succeeded(call, answer);
    // The secret was changed, or the token has ended earlier than was said.
    this.tokens.forget(to, purpose);
    return succeeded(call, await this.attempt(to, call));
  }

  /** Lets the next call ask for a token, so that it shows whether the secret is right. */
  forgetToken(to: ProviderConnection): void {
    this.tokens.forget(to, purpose);
  }

  private async attempt(to: ProviderConnection, call: LarkCall): Promise<VendorAnswer> {
    const token = await this.tokens.of(to, purpose, () => this.issue(to, call.signal));
    return this.vendor.call({ ...call, base: to.url, headers: { authorization: `Bearer ${token}` } });
  }

  private async issue(to: ProviderConnection, signal?: AbortSignal): Promise<IssuedToken> {
    const answer = await this.vendor.call({
      method: 'POST',
      base: to.url,
      path: tokenPath,
      body: { app_id: settingsOf(to).appId, app_secret: to.credentials.appSecret },
      ...(signal === undefined ? {} : { signal }),
    });
    const { code, tenant_access_token: token, expire } = answer.json;
    if (code !== 0) throw larkFailure(`POST ${tokenPath}`, answer);
    if (textOf(token) === null) throw new ProviderFailure(`POST ${tokenPath} was answered without a token`);
    return {
      token: String(token),
      expiresIn: typeof expire === 'number' && expire > 0 ? expire : defaultLife,
    };
  }
}

function succeeded({ method, path }: LarkCall, answer: VendorAnswer): Json {
  if (answer.status === 200 && answer.json.code === 0) return objectOf(answer.json.data) ?? {};
  throw larkFailure(`${method} ${path}`, answer);
}
