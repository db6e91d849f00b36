import type { Tx } from '../../src/database/sql.js';
import type { RequestRow } from '../../src/gate/requests/request.entity.js';
import type { RequestState } from '../../src/gate/vocabulary.js';
import type { Client } from './harness.js';
import { created } from './world.js';

type Fields = Readonly<Record<string, unknown>>;

let made = 0;

/**
 * Given a gate; with the adapter `proxy` unless `fields` say otherwise, which then have to say its `upstream` too.
 * @param client an administrator
 * @returns what names it in addresses, and the secret by which its proxy authenticates itself
 */
export async function givenGate(
  client: Client,
  fields: Fields = {},
): Promise<{ readonly key: string; readonly secret: string }> {
  const number = ++made;
  const body = { key: `gate-${number}`, name: `Gate ${number}`, adapter: 'proxy', ...fields };
  const { key, secret } = await created(client, '/gates', body);
  return { key: String(key), secret: String(secret) };
}

/** An approve action, as the API answers it. */
export interface ActionGiven extends Record<string, unknown> {
  readonly id: string;
}

/**
 * Given an approve action: a POST unless `fields` say otherwise.
 * @param client an administrator
 * @param fields `path` and `businessType` at least
 */
export async function givenAction(client: Client, fields: Fields): Promise<ActionGiven> {
  const body = { name: `Action ${++made}`, method: 'POST', ...fields };
  return (await created(client, '/approve-actions', body)) as ActionGiven;
}

/** A held request, as its row says, for tests of what lies around it; nobody can execute it. */
export interface StoredRequest {
  readonly actionId: string;
  /** The id of the gate; any by default. */
  readonly gateId?: string;
  readonly state?: RequestState;
  readonly live?: string | null;
  /** Milliseconds since 1970. */
  readonly endsAt?: number | null;
}

/** Stores a request of team t1 that no visit has brought. @returns its id */
export async function storeRequest(
  tx: Tx,
  { actionId, gateId = 'some gate', state = 'waiting', live = null, endsAt = null }: StoredRequest,
): Promise<string> {
  const id = `request-${++made}`;
  const now = new Date();
  await tx.repository<RequestRow>('ApproveRequest').insert({
    id,
    accCode: 't1',
    gateId,
    actionId,
    actionName: 'An action',
    provider: 'internal',
    applyOrderId: `order of ${id}`,
    userCode: 'ann',
    state,
    mode: 'replay',
    hold: 401,
    method: 'POST',
    host: 'dms.example.com',
    path: '/x',
    query: '',
    upstream: null,
    contentType: null,
    bodyBytes: 0,
    bodyHash: '',
    requestHash: '',
    shownHash: '',
    fingerprint: '',
    live,
    sealedRequest: null,
    sealedCredentials: null,
    credentialsUntil: null,
    passTtl: 1,
    resultTtl: 1,
    endsAt,
    token: null,
    error: null,
    responseStatus: null,
    sealedResponse: null,
    mac: '',
    createTime: now,
    updateTime: now,
  });
  return id;
}
