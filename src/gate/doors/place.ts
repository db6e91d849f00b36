import type { IncomingMessage } from 'node:http';
import { notFound, Problem } from '../../http/problem.js';
import { isHashOfGateSecret } from '../gates/gate-secret.js';
import { type HeaderFields, valuesOf } from '../reading/original.js';
import type { GateRule, Rules } from '../rules.js';
import type { Adapter } from '../vocabulary.js';

/** Where the requests of a gate come in. */
export const doors = ['proxy', 'check', 'hold', 'submit'] as const;
export type Door = (typeof doors)[number];

/** Which doors an adapter's gates have. Any other door of theirs does not exist. */
const doorsOf: Readonly<Record<Adapter, readonly Door[]>> = {
  proxy: ['proxy'],
  nginx: ['check', 'hold'],
  traefik: ['check'],
  envoy: ['check'],
  apisix: ['check'],
  submit: ['submit'],
};

/** What a request target says of where it is. */
export interface Place {
  readonly key: string;
  readonly door: Door;
  /** Everything behind the door, raw, with the query; may be empty. */
  readonly behind: string;
}

const shape = /^(?:\/api\/v1)?\/gate\/([\w.~-]+)\/(proxy|check|hold|submit)((?:\/[^?]*)?(?:\?[^]*)?)$/;

/**
 * Reads a request target as it was on the wire. The router decodes before it compares; what comes here by an encoded spelling of the
 * door, or in absolute form, could be read differently by somebody else on the way.
 * @throws Problem 400 for those
 */
export function placeOf(target: string): Place {
  const [, key, door, behind] = shape.exec(target) ?? [];
  if (key === undefined || door === undefined || behind === undefined) {
    throw new Problem('request_ambiguous', 'the address of the gate must be written plainly');
  }
  return { key, door: door as Door, behind };
}

/** @throws Problem 404 when there is no such gate, or its adapter has no such door */
export function gateAt(rules: Rules, { key, door }: Place): GateRule {
  const gate = rules.gate(key);
  if (gate === null || !doorsOf[gate.adapter].includes(door)) throw notFound('this door of the gate');
  return gate;
}

/**
 * Whether the proxy in front has shown the gate's secret, so that what it adds to requests can be believed. Authorizers and `submit`
 * always have to; a `proxy` only when it tells who the caller is.
 * @throws Problem 401 when it has to and has not; also when it shows a wrong one without having to
 */
export function isTrusted(gate: GateRule, headers: HeaderFields): boolean {
  const secrets = valuesOf(headers, 'x-gate-secret');
  const [secret] = secrets;
  if (secret === undefined && gate.adapter === 'proxy' && gate.identity === 'token') return false;
  if (secrets.length === 1 && isHashOfGateSecret(secret ?? '', gate.secretHash)) return true;
  throw new Problem('unauthenticated', 'send the secret of this gate as X-Gate-Secret', {
    headers: { 'www-authenticate': 'Gate' },
  });
}

/** The header fields of a request as they came, names in lower case. */
export function fieldsOf({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): HeaderFields {
  return rawHeaders.flatMap((name, at) =>
    at % 2 === 0 ? [[name.toLowerCase(), rawHeaders[at + 1] ?? ''] as const] : [],
  );
}
