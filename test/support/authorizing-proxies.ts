import { type RawAnswer, type RawRequest, sendRaw } from './raw-request.js';

/**
 * Stand-ins for proxies that ask an authorizer: what each sends to it, what it takes for leave, and what it does with the
 * answer, after the sources of Traefik 3 (`forward.go`), Envoy (`ext_authz_http_impl.cc`, `check_request_utils.cc`) and
 * APISIX 3 (`forward-auth.lua`), configured as docs/gate.md shows. They model no more than that.
 */
export interface AuthorizingProxy {
  /** Sends a client's request the way of this proxy. */
  send(raw: RawRequest): Promise<RawAnswer>;
}

export interface ProxyWorld {
  /** Where Countersign serves. */
  readonly countersign: string;
  readonly gate: { readonly key: string; readonly secret: string };
  readonly upstream: string;
}

type Headers = Readonly<Record<string, string | readonly string[]>>;
type Leave = { readonly leave: boolean; readonly answer: RawAnswer };

const hopByHop = ['connection', 'keep-alive', 'te', 'trailers', 'transfer-encoding', 'upgrade'];
const host = 'erp.example.com';

/** A GET to the address, with every header of the client; the body only because of `forwardBody`. */
export function traefik(world: ProxyWorld, forwardBody: boolean = true): AuthorizingProxy {
  return proxy(world, async ({ method, path, headers = {}, body = '' }) => {
    const answer = await sendRaw(world.countersign, {
      method: 'GET',
      path: `/gate/${world.gate.key}/check`,
      headers: {
        ...without(headers, hopByHop),
        // the headers middleware in front
        ...secretOf(world),
        ...forwarded(method, path),
      },
      ...(forwardBody ? { body } : {}),
    });
    return { leave: answer.status >= 200 && answer.status < 300, answer };
  });
}

/** The client's own method and path, behind `path_prefix`; duplicate headers joined by commas, a length in any case. */
export function envoy(world: ProxyWorld): AuthorizingProxy {
  return proxy(world, async ({ method, path, headers = {}, body = '' }) => {
    const joined = Object.entries(without(headers, ['x-envoy-auth-partial-body', 'content-length'])).map(
      ([name, value]) => [name, [value].flat().join(',')] as const,
    );
    const answer = await sendRaw(world.countersign, {
      method,
      path: `/gate/${world.gate.key}/check${path}`,
      headers: {
        ...Object.fromEntries(joined),
        host,
        ...secretOf(world),
        'content-length': String(Buffer.byteLength(body)),
        ...(body.length > 0 ? { 'x-envoy-auth-partial-body': 'false' } : {}),
      },
      body,
    });
    if (answer.status >= 500)
      return { leave: false, answer: { ...answer, status: 403, body: Buffer.alloc(0) } };
    return { leave: answer.status === 200, answer };
  });
}

/** The settings of APISIX's plugin that matter here. */
export interface ForwardAuth {
  readonly request_method: string;
  readonly request_headers: readonly string[];
  readonly extra_headers: Readonly<Record<string, string>>;
  readonly client_headers: readonly string[];
}

/** A POST with the body, and only those headers of the client that the plugin lists. */
export function apisix(world: ProxyWorld, plugin: ForwardAuth): AuthorizingProxy {
  const lower = (headers: Headers): Headers =>
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return proxy(world, async ({ method, path, headers = {}, body = '' }) => {
    const given = lower(headers);
    const listed = plugin.request_headers.map((name) => [name, given[name.toLowerCase()]] as const);
    const extra = Object.entries(plugin.extra_headers).map(([name, value]) => [
      name,
      value === '$real_request_uri' ? path : value,
    ]);
    const answer = await sendRaw(world.countersign, {
      method: plugin.request_method,
      path: `/gate/${world.gate.key}/check`,
      headers: {
        ...Object.fromEntries(listed.filter(([, value]) => value !== undefined)),
        ...forwarded(method, normalized(path)),
        ...Object.fromEntries(extra),
      } as Headers,
      body,
    });
    const relayed = new Set(plugin.client_headers.map((name) => name.toLowerCase()));
    const kept = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => relayed.has(name)));
    return { leave: answer.status < 300, answer: { ...answer, headers: kept } };
  });
}

/** A path as nginx, and so APISIX, normalizes it: decoded, without empty segments and dots; the query stays. */
function normalized(target: string): string {
  const [path = '', query] = target.split(/\?([^]*)/);
  const segments: string[] = [];
  for (const segment of decodeURIComponent(path)
    .replaceAll(/\/{2,}/g, '/')
    .split('/')
    .slice(1)) {
    if (segment === '..') segments.pop();
    else if (segment !== '.') segments.push(segment);
  }
  const bytes = Buffer.from(segments.join('/'), 'utf8').toString('latin1');
  return `/${bytes}${query === undefined ? '' : `?${query}`}`;
}

/** What all of them do with leave: the request goes on as it came, without the secret, with the approval of the check. */
const proxy = (world: ProxyWorld, ask: (raw: RawRequest) => Promise<Leave>): AuthorizingProxy => ({
  send: async (raw) => {
    const { leave, answer } = await ask(raw);
    if (!leave) return answer;
    const approval = answer.headers['x-approval-request-id'];
    return sendRaw(world.upstream, {
      ...raw,
      headers: {
        ...without(raw.headers ?? {}, ['x-gate-secret', 'x-approval-request-id']),
        ...(typeof approval === 'string' ? { 'x-approval-request-id': approval } : {}),
      },
    });
  },
});

const secretOf = ({ gate }: ProxyWorld): Headers => ({ 'x-gate-secret': gate.secret });

const forwarded = (method: string, uri: string): Headers => ({
  'x-forwarded-method': method,
  'x-forwarded-uri': uri,
  'x-forwarded-host': host,
  'x-forwarded-proto': 'https',
  'x-forwarded-for': '192.0.2.7',
});

/** Headers without some, and without what the proxy writes itself in their place. */
const without = (headers: Headers, names: readonly string[]): Headers =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => {
      const key = name.toLowerCase();
      return !names.includes(key) && !/^(?:x-forwarded-|x-gate-secret$|host$)/.test(key);
    }),
  );
