import type { Adapter } from '../vocabulary.js';
import { valuesOf, type HeaderFields, type OriginalRequest } from './original.js';
import { dashed } from './wire.js';

/** The head of a request as it came to a door of the gate. */
export interface RawHead {
  readonly method: string;
  /** Everything behind the door, raw, with the query; may be empty. */
  readonly url: string;
  /** As node gives them: name, value, name, value. */
  readonly rawHeaders: readonly string[];
  /** The Host header. */
  readonly host: string | null;
}

export type Door = 'proxy' | 'check' | 'hold';

type Refusal = { readonly why: string };
const isRefusal = (part: string | Spot | Refusal): part is Refusal =>
  typeof part !== 'string' && 'why' in part;
type Spot = { readonly path: string; readonly query: string };

/**
 * The request as a client sent it, told by the proxy of a gate. Each adapter reads only its own headers: those of
 * another one could come from the client. What comes twice, or is missing, refuses the request.
 * @returns the request, without the headers that tell it and without those that only the gate may set; or what is wrong
 */
export function readOriginal(adapter: Adapter, door: Door, head: RawHead): OriginalRequest | Refusal {
  const fields = fieldsOf(head.rawHeaders);
  if (fields === null) return { why: 'the headers are not pairs' };
  const told = tellers[adapter](door, head, fields);
  // Envoy says so of what it has not sent whole.
  if (adapter === 'envoy' && valuesOf(fields, 'x-envoy-auth-partial-body').some((word) => word !== 'false'))
    return { why: 'the proxy has sent a part of the body only; set allow_partial_message to false' };
  if (told === null) return { why: `an adapter ${adapter} does not come by the door ${door}` };

  const { method, host, spot } = told;
  if (isRefusal(method)) return method;
  if (isRefusal(host)) return host;
  if (isRefusal(spot)) return spot;
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(method)) return { why: 'the method is not a token' };
  if (/[^!-~]|[/\\@?#,]/.test(host)) return { why: 'the host is not a host' };
  const dropped = new Set([...onlyTheGates, ...(ownHeaders[adapter] ?? [])]);
  return {
    method: method.toUpperCase(),
    host: host.toLowerCase(),
    path: spot.path,
    query: spot.query,
    headers: fields.filter(([name]) => !dropped.has(dashed(name))),
  };
}

/** The methods whose content means nothing (RFC 9110, 9.3.1): nobody acts upon a body that was smuggled with them. */
const bodiless: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/**
 * Whether the original request certainly has no body, where the check came without one. nginx never sends it along with
 * `auth_request`; the others do when they are configured to. What a header says of it could come from the client.
 * @param forwards whether the proxy sends bodies along, by the word of whoever has configured both
 */
export function isBodiless(adapter: Adapter, head: RawHead, forwards: boolean): boolean {
  if (adapter !== 'nginx' && forwards) return true;
  const fields = fieldsOf(head.rawHeaders) ?? [];
  const teller = methodHeaders[adapter];
  const method = teller === undefined ? head.method : single(fields, teller);
  return typeof method === 'string' && bodiless.has(method.toUpperCase());
}

/** Where an adapter that speaks in headers finds the method. */
const methodHeaders: Partial<Record<Adapter, string>> = {
  nginx: 'x-original-method',
  traefik: 'x-forwarded-method',
  apisix: 'x-forwarded-method',
};

/** The headers by which an adapter tells the request; they are no part of it. */
const ownHeaders: Partial<Record<Adapter, readonly string[]>> = {
  nginx: ['x-original-method', 'x-original-uri', 'x-original-host'],
  traefik: ['x-forwarded-method', 'x-forwarded-uri', 'x-forwarded-host'],
  apisix: ['x-forwarded-method', 'x-forwarded-uri', 'x-forwarded-host'],
};

/** The secret is the proxy's, and an approval is ours to vouch for: the system behind the gate believes this header. */
const onlyTheGates = ['x-gate-secret', 'x-approval-request-id'];

interface Told {
  readonly method: string | Refusal;
  readonly host: string | Refusal;
  readonly spot: Spot | Refusal;
}

type Teller = (door: Door, head: RawHead, fields: HeaderFields) => Told | null;

/** Method and host are the request's own, and the path stands behind the door. */
const itself =
  (where: Door): Teller =>
  (door, head, fields) =>
    door === where
      ? { method: head.method, host: ownHost(head, fields), spot: spotOf(behindTheDoor(head.url)) }
      : null;

const forwarded: Teller = (door, _head, fields) =>
  door === 'check'
    ? {
        method: single(fields, 'x-forwarded-method'),
        host: single(fields, 'x-forwarded-host'),
        spot: spotIn(fields, 'x-forwarded-uri'),
      }
    : null;

const nginx: Teller = (door, head, fields) => {
  if (door === 'proxy') return null;
  const told = single(fields, 'x-original-method');
  return {
    method: door === 'check' ? told : agreed(head.method, fields),
    host: has(fields, 'x-original-host') ? single(fields, 'x-original-host') : ownHost(head, fields),
    spot: spotIn(fields, 'x-original-uri'),
  };
};

const tellers: Readonly<Record<Adapter, Teller>> = {
  proxy: itself('proxy'),
  envoy: itself('check'),
  nginx,
  traefik: forwarded,
  apisix: forwarded,
  // Tells the request in the body of its own.
  submit: () => null,
};

const has = (fields: HeaderFields, name: string): boolean => fields.some(([key]) => key === name);

/** Behind `error_page`, the method is the request's own; where it is told as well, it is the same. */
function agreed(method: string, fields: HeaderFields): string | Refusal {
  if (!has(fields, 'x-original-method')) return method;
  const told = single(fields, 'x-original-method');
  if (typeof told !== 'string') return told;
  return told.toUpperCase() === method.toUpperCase()
    ? method
    : { why: `the header x-original-method says another method than ${method}` };
}

function fieldsOf(raw: readonly string[]): HeaderFields | null {
  if (raw.length % 2 !== 0) return null;
  const fields: [string, string][] = [];
  for (let at = 0; at < raw.length; at += 2) {
    fields.push([(raw[at] ?? '').toLowerCase(), (raw[at + 1] ?? '').trim()]);
  }
  return fields;
}

function single(fields: HeaderFields, name: string): string | Refusal {
  const [value, ...more] = valuesOf(fields, name);
  if (value === undefined || value === '') return { why: `the header ${name} is missing` };
  return more.length > 0 ? { why: `the header ${name} comes more than once` } : value;
}

function ownHost(head: RawHead, fields: HeaderFields): string | Refusal {
  return valuesOf(fields, 'host').length > 1
    ? { why: 'the header host comes more than once' }
    : (head.host ?? '').trim();
}

function spotIn(fields: HeaderFields, name: string): Spot | Refusal {
  const value = single(fields, name);
  return typeof value === 'string' ? spotOf(value, `the header ${name}`) : value;
}

/** `/gate/k/proxy` is the root of what stands behind it. */
const behindTheDoor = (url: string): string => (url === '' || url.startsWith('?') ? `/${url}` : url);

function spotOf(uri: string, what = 'the path'): Spot | Refusal {
  if (!uri.startsWith('/')) return { why: `${what} does not begin with a slash` };
  const mark = uri.indexOf('?');
  return mark === -1 ? { path: uri, query: '' } : { path: uri.slice(0, mark), query: uri.slice(mark + 1) };
}
