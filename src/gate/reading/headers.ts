import { valuesOf, type HeaderFields } from './original.js';
import { maskedText } from './secrets.js';
import { dashed } from './wire.js';

/** Headers that hold for one connection (RFC 9110 §7.6.1, RFC 9113 §3.1), or are made anew for the next one. */
const ofTheConnection: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'host',
  'content-length',
  'expect',
]);

/**
 * What `Connection` cannot name away: RFC 9110 §7.6.1 forbids it for headers that are meant for every recipient, and
 * the system behind the gate would read another request than the one that was approved.
 */
const forEveryRecipient =
  /^(?:content-.*|authorization|cookie|cache-control|origin|forwarded|x-forwarded-.*|idempotency-key)$/;

/**
 * The headers that go on to the next server: all but those of the connection, those that `Connection` names, and
 * `Proxy-*`, which are meant for the proxy that was asked.
 */
export function forwardable(headers: HeaderFields): HeaderFields {
  const named = new Set(
    valuesOf(headers, 'connection')
      .flatMap((value) => value.split(','))
      .map((name) => dashed(name.trim().toLowerCase()))
      .filter((name) => !forEveryRecipient.test(name)),
  );
  return headers.filter(([name]) => {
    const key = dashed(name);
    return !ofTheConnection.has(key) && !key.startsWith('proxy-') && !named.has(key);
  });
}

/**
 * Parts what shows who the caller is from everything else. Credentials are `Authorization`, `Cookie`,
 * `Proxy-Authorization`, and every header whose name speaks of a token, key, secret, session or the like
 * (`X-Api-Key`, `X-Auth-Token`, `X-CSRF-Token`, …). They are dropped, or sealed for a while; never stored in clear.
 */
export function withoutCredentials(headers: HeaderFields): {
  readonly kept: HeaderFields;
  readonly credentials: HeaderFields;
} {
  return {
    kept: headers.filter(([name]) => !isCredential(name)),
    credentials: headers.filter(([name]) => isCredential(name)),
  };
}

const isCredential = (name: string): boolean =>
  /authoriz|authentic|cookie|token|secret|passw|passphrase|credential|session|csrf|xsrf|jwt|bearer|saml|(?:api|access|auth|private|subscription|function)s?-?key|^x-auth(?:-|$)|^x-key$|^apikey$/.test(
    dashed(name),
  );

const shown: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'content-encoding',
  'content-language',
  'content-type',
  'if-match',
  'if-unmodified-since',
  'origin',
  'referer',
  'user-agent',
]);

/** The headers that reviewers see: a few that say how to read the request, without what could be a secret in them. */
export function shownHeaders(headers: HeaderFields): HeaderFields {
  return headers.flatMap(([name, value]): HeaderFields => {
    if (!shown.has(name)) return [];
    const text = name === 'referer' ? (value.split(/[?#;]/)[0] ?? '') : value;
    return [[name, maskedText(text).slice(0, 500)]];
  });
}
