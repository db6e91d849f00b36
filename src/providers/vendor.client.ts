import { Injectable } from '@nestjs/common';
import { type OutboundCall, OutboundClient, OutboundError } from '../outbound/outbound.client.js';
import { ProviderFailure } from './provider-failure.js';

/** Bytes: forms of many widgets and instances of many tasks are larger than what a callback may answer. */
const answerLimit = 4 * 1024 * 1024;

/** One call of a vendor's JSON API. */
export interface VendorCall {
  readonly method: OutboundCall['method'];
  /** Of the connection; without a slash at the end. */
  readonly base: string;
  /** Begins with a slash; its parts are encoded by the caller. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly signal?: AbortSignal;
}

/** What a vendor answered: any status but 429 and 5xx, and a JSON object. */
export interface VendorAnswer {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
  /** Milliseconds that it asks to wait; null when it does not. */
  readonly retryAfter: number | null;
}

/** Calls the APIs of vendors: JSON in both directions, through the one client that may leave the house. */
@Injectable()
export class VendorClient {
  constructor(private readonly client: OutboundClient) {}

  /**
   * @returns the answer, for the caller to judge: vendors say that a call failed with 200, too
   * @throws ProviderFailure when no answer comes, for 429 and 5xx, and for what is no JSON object
   */
  async call({ method, base, path, query, headers, body, signal }: VendorCall): Promise<VendorAnswer> {
    const given = Object.entries(query ?? {}).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as [string, string]],
    );
    const search = given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
    const answer = await this.send({
      method,
      url: `${base}${path}${search}`,
      headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
      limit: answerLimit,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    const { status, retryAfter, truncated } = answer;
    // Only the path: the query of some vendors holds their token.
    const what = `${method} ${path}`;
    const json = truncated ? null : objectOf(answer.body);
    if (status === 429 || status >= 500) {
      throw new ProviderFailure(`${what} was answered ${status}${saidOf(json)}`, {
        status,
        ...codeOf(json),
        ...(retryAfter === null ? {} : { retryAfter }),
      });
    }
    if (truncated)
      throw new ProviderFailure(`${what}: the answer is longer than ${answerLimit} bytes`, { status });
    if (json === null)
      throw new ProviderFailure(`${what} was answered ${status}, and no JSON object`, { status });
    return { status, json, retryAfter };
  }

  private async send(call: OutboundCall) {
    try {
      return await this.client.send(call);
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      throw new ProviderFailure(error.message);
    }
  }
}

/** What a vendor says went wrong, to stand behind a status; only its code and words, cut short. */
export function saidOf(json: Readonly<Record<string, unknown>> | null): string {
  const { code, errcode, msg, errmsg, message } = json ?? {};
  const said = [code ?? errcode, msg ?? errmsg ?? message]
    .filter((part) => typeof part === 'string' || typeof part === 'number')
    .join(' ');
  return said === '' ? '' : `: ${said.slice(0, 300)}`;
}

function codeOf(json: Readonly<Record<string, unknown>> | null): { readonly vendorCode?: string | number } {
  const code = json?.code ?? json?.errcode;
  return typeof code === 'string' || typeof code === 'number' ? { vendorCode: code } : {};
}

function objectOf(body: string): Readonly<Record<string, unknown>> | null {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Readonly<Record<string, unknown>>)
      : null;
  } catch {
    return null;
  }
}
