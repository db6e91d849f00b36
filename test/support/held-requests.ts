import { randomUUID } from 'node:crypto';
import { wholeSecond } from '../../src/database/dialect.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { Ids } from '../../src/runtime/ids.js';
import type { TestApp } from './harness.js';

/** Texts that stand in the columns of a row that no answer may show. */
export const sealedTexts = {
  request: 'sealed-request-bytes',
  credentials: 'sealed-credentials-text',
  response: 'sealed-response-bytes',
  token: 'token-of-who-executes',
  mac: 'mac-over-the-row',
  fingerprint: 'fingerprint-of-the-request',
  live: 'live-fingerprint',
  bodyHash: 'hash-of-the-body',
} as const;

/** Given the row of a held request, stored past the gate. @returns its id */
export async function givenHeldRow(app: TestApp, fields: Readonly<Record<string, unknown>>): Promise<string> {
  const id = app.get(Ids).next();
  const time = wholeSecond(new Date());
  const row = {
    id,
    accCode: 't1',
    gateId: 'gone',
    actionId: 'action-1',
    actionName: '删除用户',
    provider: 'internal',
    applyOrderId: randomUUID(),
    userCode: 'ann',
    state: 'waiting',
    mode: 'replay',
    hold: 401,
    method: 'POST',
    host: 'erp.example.com',
    path: '/users/42',
    query: '',
    upstream: 'https://erp.example.com',
    contentType: 'application/json',
    bodyBytes: 27,
    bodyHash: sealedTexts.bodyHash,
    requestHash: 'hash-that-execution-checks',
    shownHash: 'hash-of-what-was-shown',
    fingerprint: sealedTexts.fingerprint,
    live: `${sealedTexts.live} ${id}`,
    sealedRequest: Buffer.from(sealedTexts.request),
    sealedCredentials: sealedTexts.credentials,
    credentialsUntil: null,
    passTtl: 600,
    resultTtl: 600,
    endsAt: null,
    token: sealedTexts.token,
    error: null,
    responseStatus: null,
    sealedResponse: Buffer.from(sealedTexts.response),
    mac: sealedTexts.mac,
    createTime: time,
    updateTime: time,
    ...fields,
  };
  await app.get(UnitOfWork).run((tx) => tx.repository('ApproveRequest').insert(row));
  return id;
}

/** Given the row of a gate, stored past its module. @returns its id */
export async function givenGateRow(app: TestApp, gateKey: string): Promise<string> {
  const id = app.get(Ids).next();
  const time = wholeSecond(new Date());
  const row = {
    id,
    gateKey,
    scope: 't1',
    name: gateKey,
    adapter: 'proxy',
    upstream: 'https://erp.example.com',
    identity: 'token',
    userHeader: null,
    teamHeader: null,
    credentials: 'drop',
    credentialsTtl: 0,
    secretHash: 'hash-of-the-secret-of-a-gate',
    createTime: time,
    updateTime: time,
  };
  await app.get(UnitOfWork).run((tx) => tx.repository('Gate').insert(row));
  return id;
}
