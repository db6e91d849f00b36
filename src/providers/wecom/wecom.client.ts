import { Injectable } from '@nestjs/common';
import { ProviderFailure } from '../provider-failure.js';
import type { ProviderConnection } from '../provider.port.js';
import { VendorClient } from '../vendor.client.js';
import { type IssuedToken, VendorTokens } from '../vendor.tokens.js';
import { errcodeOf, isTokenCode, weComFailure } from './wecom-errors.js';
import { appOf } from './wecom-settings.js';

/** What an app's token is for: an app of WeCom has one. */
const purpose = 'app';

type Json = Readonly<Record<string, unknown>>;

/** Calls WeCom's API (服务端 API) as an app. */
@Injectable()
export class WeComClient {
  constructor(
    private readonly client: VendorClient,
    private readonly tokens: VendorTokens,
  ) {}

  /**
   * One POST with the app's token; one that WeCom refuses is fetched anew, once.
   * @param path such as `/cgi-bin/oa/applyevent`
   * @returns the answer, whose errcode is 0
   * @throws ProviderFailure for any other
   */
  async post(to: ProviderConnection, path: string, body: object, signal: AbortSignal): Promise<Json> {
    const first = await this.attempt(to, path, body, signal);
    if (first.code === 0) return first.json;
    if (first.code === null || !isTokenCode(first.code)) throw weComFailure(path, first.status, first.json);
    this.tokens.forget(to, purpose);
    const second = await this.attempt(to, path, body, signal);
    if (second.code === 0) return second.json;
    throw weComFailure(path, second.status, second.json);
  }

  /** Lets the next call ask for a token, so that it shows whether the secret is right. */
  forgetToken(to: ProviderConnection): void {
    this.tokens.forget(to, purpose);
  }

  private async attempt(to: ProviderConnection, path: string, body: object, signal: AbortSignal) {
    const token = await this.tokens.of(to, purpose, () => this.issue(to, signal));
    const { status, json } = await this.client.call({
      method: 'POST',
      base: to.url,
      path,
      query: { access_token: token },
      body,
      signal,
    });
    return { status, json, code: errcodeOf(json) };
  }

  private async issue(to: ProviderConnection, signal: AbortSignal): Promise<IssuedToken> {
    const { corpId, corpSecret } = appOf(to);
    const path = '/cgi-bin/gettoken';
    const { status, json } = await this.client.call({
      method: 'GET',
      base: to.url,
      path,
      query: { corpid: corpId, corpsecret: corpSecret },
      signal,
    });
    if (errcodeOf(json) !== 0) throw weComFailure(path, status, json);
    const { access_token: token, expires_in: expiresIn } = json;
    if (typeof token !== 'string' || token === '' || typeof expiresIn !== 'number' || !(expiresIn > 0)) {
      throw new ProviderFailure(`${path} was answered without a token`, { status });
    }
    return { token, expiresIn };
  }
}
