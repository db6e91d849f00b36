import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerStatus, verify } from '../support/business-module.js';
import type { Answer, Client } from '../support/harness.js';
import { resolve } from '../support/resolver-people.js';
import { naming, type ResolverWorld, startResolverWorld } from '../support/resolver-world.js';
import { boss, created, rival, root } from '../support/world.js';

let world: ResolverWorld;
let admin: Client;
let other: Client;
let system: Client;
beforeAll(async () => {
  world = await startResolverWorld();
  [admin, other, system] = [boss, rival, root].map((user) => world.app.as(user)) as [Client, Client, Client];
});
afterAll(() => world.close());

const ruleOf = (url: string, more: object = {}) => ({
  auditObjectType: 'resolver',
  auditObject: [url],
  businessType: 'export',
  ...more,
});
const nodeAt = async (client: Client, url: string, more: object = {}): Promise<string> => {
  const node = { templateNodeName: '区域管理员', auditObjectType: 'resolver', auditObject: [url], ...more };
  return String((await created(client, '/nodes', node)).id);
};
const keyFor = async (about: object): Promise<Client> =>
  world.app.key(String((await created(system, '/api-keys', { name: 'key', ...about })).key));
const expectRefused = ({ status, body }: Answer, field: string): void => {
  expect([status, body.code]).toEqual([400, 'validation_failed']);
  expect(body.errors.map((error: { field: string }) => error.field)).toEqual([field]);
};

describe('POST /directory/resolve of a resolver', () => {
  it('asks the business system and answers whom it names', async () => {
    const url = world.at(naming('bob', 'away'));
    const given = ruleOf(url, { businessKey: 'EXP-7', variables: { amount: 5, toString: 'kept' } });
    const answer = await resolve(admin, 'ann', given);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      approvers: [{ userCode: 'bob', reason: 'named by the business system' }],
      whenNobody: 'refuse',
      problem: null,
    });
    const [call] = world.callsTo(url);
    expect(call && verify(call, world.secret)).toMatchObject({
      type: 'order.resolve',
      data: {
        ticket_id: null,
        business_type: 'export',
        business_key: 'EXP-7',
        acc_code: 't1',
        user_code: 'ann',
        apply_step: null,
        node_name: null,
        is_first: true,
        candidate: null,
        variables: { amount: 5, toString: 'kept' },
      },
    });
  });

  it('given a node, asks its address and tells its name', async () => {
    const url = world.at(naming());
    const nodeId = await nodeAt(admin, url, { whenNobody: 'admin' });
    const answer = await resolve(admin, 'ann', { nodeId, businessType: 'export' });
    expect(answer).toMatchObject({
      status: 200,
      body: { approvers: [], whenNobody: 'admin', problem: null },
    });
    expect(world.callsTo(url)[0]?.body.data).toMatchObject({ node_name: '区域管理员', variables: {} });
  });

  it('tells why a business system gives no answer', async () => {
    const answer = await resolve(admin, 'ann', ruleOf(world.at(answerStatus(503))));
    expect(answer).toMatchObject({
      status: 200,
      body: {
        approvers: [],
        problem: 'the business system does not say who may review: it answered 503',
      },
    });
  });

  it('needs a business type that the team has', async () => {
    const url = world.at(naming('bob'));
    expectRefused(await resolve(admin, 'ann', ruleOf(url, { businessType: undefined })), 'businessType');
    expect(await resolve(admin, 'ann', ruleOf(url, { businessType: 'none' }))).toMatchObject({ status: 404 });
    expect(await resolve(other, 'eve', ruleOf(url))).toMatchObject({ status: 404 });
    expectRefused(await resolve(admin, 'ann', ruleOf(url.replace('http', 'ftp'))), 'auditObject');
    expect(world.callsTo(url)).toEqual([]);
  });

  it('does not ask about the applicants and through the nodes of others', async () => {
    const url = world.at(naming('bob'));
    const nodeId = await nodeAt(admin, url);
    expect(await resolve(admin, 'eve', ruleOf(url))).toMatchObject({ status: 404 });
    expect(await resolve(other, 'eve', { nodeId, businessType: 'export' })).toMatchObject({ status: 404 });
    expect(world.callsTo(url)).toEqual([]);
  });

  it('lets an API key ask stored addresses only, for its business types only', async () => {
    const url = world.at(naming('bob'));
    const nodeId = await nodeAt(admin, url);
    const rule = { nodeId, businessType: 'export' };
    const key = await keyFor({ accCodes: ['t1'], businessTypes: ['export'] });
    const narrow = await keyFor({ accCodes: ['t1'], businessTypes: ['other'] });
    expectRefused(await resolve(key, 'ann', ruleOf(url)), 'auditObjectType');
    expect(await resolve(narrow, 'ann', rule)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(world.callsTo(url)).toEqual([]);
    expect(await resolve(key, 'ann', rule)).toMatchObject({
      status: 200,
      body: { approvers: [{ userCode: 'bob' }] },
    });
  });

  it('asks once for an Idempotency-Key', async () => {
    const url = world.at(naming('bob'));
    const headers = { 'idempotency-key': 'resolve-1' };
    const body = { userCode: 'ann', ...ruleOf(url) };
    const first = await admin.post('/directory/resolve', body, headers);
    const second = await admin.post('/directory/resolve', body, headers);
    expect(second).toMatchObject({ status: 200, body: first.body });
    expect(world.callsTo(url)).toHaveLength(1);
  });
});
