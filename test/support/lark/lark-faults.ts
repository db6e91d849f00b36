import type { ServerResponse } from 'node:http';

/** A way in which a call fails. */
export type LarkFault =
  /** Any answer: 500, a page of HTML, … */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** `{code, msg}`, with HTTP 200 unless said otherwise. */
  | { readonly kind: 'code'; readonly code: number; readonly msg?: string; readonly status?: number }
  /** Too many calls: 429, or 400 with code 99991400; seconds until there may be more. */
  | { readonly kind: 'limit'; readonly status?: 429 | 400; readonly reset: number }
  /** It is done only when something has happened. */
  | { readonly kind: 'late'; readonly until: Promise<unknown> }
  /** No answer, ever. */
  | { readonly kind: 'hang' }
  /** The connection is closed before anything is done. */
  | { readonly kind: 'close' }
  /** It is done, and then the connection is closed: nobody knows what came of it. */
  | { readonly kind: 'close_after' };

/** A page such as proxies show. */
export const htmlPage =
  '<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>';

interface Planned {
  readonly path: RegExp;
  readonly fault: LarkFault;
  times: number;
}

/** The faults to come. */
export class LarkFaults {
  private readonly planned: Planned[] = [];

  /** @param path of the call, with its method before it: `/POST .*\/instances$/` */
  plan(path: RegExp, fault: LarkFault, times: number = 1): void {
    this.planned.push({ path, fault, times });
  }

  forget(): void {
    this.planned.splice(0);
  }

  /** The fault of this call, if it has one; it is used up by it. */
  take(call: string): LarkFault | null {
    const one = this.planned.find(({ path, times }) => times > 0 && path.test(call));
    if (!one) return null;
    one.times -= 1;
    return one.fault;
  }
}

/** Answers as the fault has it. @returns whether the call is to be done all the same */
export function showFault(fault: LarkFault, response: ServerResponse): boolean {
  const json = { 'content-type': 'application/json; charset=utf-8' };
  switch (fault.kind) {
    case 'answer':
      response
        .writeHead(fault.status, { 'content-type': 'text/html', ...fault.headers })
        .end(fault.body ?? htmlPage);
      return false;
    case 'code':
      response
        .writeHead(fault.status ?? 200, json)
        .end(JSON.stringify({ code: fault.code, msg: fault.msg ?? 'failed' }));
      return false;
    case 'limit':
      response
        .writeHead(fault.status ?? 429, {
          ...json,
          'x-ogw-ratelimit-limit': '100',
          'x-ogw-ratelimit-reset': String(fault.reset),
        })
        .end(JSON.stringify({ code: 99991400, msg: 'request trigger frequency limit' }));
      return false;
    case 'hang':
      return false;
    case 'close':
      response.destroy();
      return false;
    case 'close_after':
    case 'late':
      return true;
  }
}
