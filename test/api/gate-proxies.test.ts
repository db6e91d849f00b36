import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  apisix,
  type AuthorizingProxy,
  envoy,
  type ForwardAuth,
  type ProxyWorld,
  traefik,
} from '../support/authorizing-proxies.js';
import { codeBlock, filledIn } from '../support/documents.js';
import { eventually } from '../support/eventually.js';
import { givenAction, givenGate } from '../support/gates.js';
import { startApp, type TestApp, type TestUser, tokenOf } from '../support/harness.js';
import { type RawAnswer, type RawRequest, sendRaw } from '../support/raw-request.js';
import { startUpstream, type Upstream } from '../support/upstream.js';
import { ann, bob, boss, givenFlow } from '../support/world.js';

let app: TestApp;
let upstream: Upstream;
let businessType: string;

beforeAll(async () => {
  app = await startApp({ env: { CALLBACK_ALLOWED_HOSTS: '127.0.0.1', GATE_BODY_LIMIT: '2097152' } });
  upstream = await startUpstream();
  ({ businessType } = await givenFlow(app, [{ users: ['bob'] }]));
  const action = (fields: object) =>
    givenAction(app.as(boss), { businessType, path: '/once/{id}', ...fields });
  for (const method of ['GET', 'POST', 'DELETE']) await action({ method, mode: 'retry-once' });
  for (const hold of [401, 202, 200]) {
    await action({ path: `/hold/${hold}/{id}`, hold, upstream: upstream.url });
  }
  await action({ path: '/replay/{id}', upstream: upstream.url });
  await action({ path: '/named/{name}/export' });
});
afterAll(async () => {
  await app.close();
  await upstream.close();
});
beforeEach(() => upstream.forget());

/** The plugin as docs/gate.md configures it. */
const forwardAuth = (secret: string): ForwardAuth =>
  (
    JSON.parse(filledIn(codeBlock('gate.md', 'json', 'forward-auth'), { gs_REPLACE_ME: secret })) as {
      plugins: { 'forward-auth': ForwardAuth };
    }
  ).plugins['forward-auth'];

const makers: Readonly<Record<'traefik' | 'envoy' | 'apisix', (world: ProxyWorld) => AuthorizingProxy>> = {
  traefik: (world) => traefik(world),
  envoy: (world) => envoy(world),
  apisix: (world) => apisix(world, forwardAuth(world.gate.secret)),
};

describe.each(Object.entries(makers))('the gate asked by %s (a model of the proxy)', (adapter, make) => {
  let world: ProxyWorld;
  let proxy: AuthorizingProxy;
  beforeAll(async () => {
    const gate = await givenGate(app.as(boss), { adapter, forwardsBody: true });
    world = { countersign: app.url, gate, upstream: upstream.url };
    proxy = make(world);
  });

  const signed = async (raw: RawRequest, as: TestUser | null): Promise<RawRequest> => ({
    ...raw,
    headers: { ...(as && { authorization: `Bearer ${await tokenOf(as)}` }), ...raw.headers },
  });
  const send = async (raw: RawRequest, as: TestUser | null = ann): Promise<RawAnswer> =>
    proxy.send(await signed(raw, as));
  const hold = async (raw: RawRequest): Promise<string> => {
    const answer = await send(raw);
    expect([answer.status, answer.json()]).toMatchObject([
      403,
      { code: 'approval_required', status: 'waiting' },
    ]);
    expect(upstream.seen).toEqual([]);
    return answer.json()['requestId'] as string;
  };
  const decide = async (id: string, verdict: 'pass' | 'deny'): Promise<void> => {
    expect((await app.as(bob).post(`/approve-requests/${id}/${verdict}`, {})).status).toBe(200);
  };
  const json = (body: string) => ({ body, headers: { 'content-type': 'application/json' } });

  it('should let pass what no action names, as it is, and whoever sends it', async () => {
    const path = '/free//x%2Fy/%E4%BD%A0?b=2&a=%20+';
    const answer = await send({ method: 'PUT', path, ...json('{"a":1}') }, null);
    expect([answer.status, answer.json()]).toEqual([200, { method: 'PUT', url: path }]);
    expect(upstream.seen[0]?.body.toString()).toBe('{"a":1}');
  });

  it('should hold a body of a megabyte, let its repeat pass once, and hold the next one anew', async () => {
    const raw = {
      method: 'POST',
      path: `/once/${adapter}?why=x%20y`,
      body: randomBytes(1_100_000),
      headers: { 'content-type': 'application/octet-stream' },
    };
    const id = await hold(raw);
    expect(await hold(raw)).toBe(id);
    await decide(id, 'pass');
    expect((await send(raw)).status).toBe(200);
    expect(upstream.seen).toMatchObject([
      { method: 'POST', url: raw.path, headers: { 'x-approval-request-id': id } },
    ]);
    expect(upstream.seen[0]?.body.equals(raw.body)).toBe(true);
    upstream.forget();
    expect(await hold(raw)).not.toBe(id);
  });

  it('should let one of ten repeats pass that come at once', async () => {
    const raw = { method: 'POST', path: `/once/ten-${adapter}`, ...json('{}') };
    await decide(await hold(raw), 'pass');
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(raw)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(9).fill(403)]);
    expect(upstream.seen).toHaveLength(1);
  });

  it('should hold another body, and a body that comes to an approved DELETE', async () => {
    const post = { method: 'POST', path: `/once/body-${adapter}` };
    const id = await hold({ ...post, ...json('{"n":1}') });
    await decide(id, 'pass');
    expect(await hold({ ...post, ...json('{"n":1000}') })).not.toBe(id);
    const remove = { method: 'DELETE', path: `/once/body-${adapter}` };
    await decide(await hold(remove), 'pass');
    await hold({ ...remove, ...json('{"also":2}') });
    expect([(await send(remove)).status, upstream.seen.length]).toEqual([200, 1]);
  });

  it('should answer 403 to what is held, whatever the action says: any other 2xx would let it pass', async () => {
    for (const status of [401, 202, 200]) {
      await hold({ method: 'POST', path: `/hold/${status}/${adapter}`, ...json('{}') });
    }
  });

  it('should execute what is to be replayed itself, and say where its result is', async () => {
    const raw = { method: 'POST', path: `/replay/${adapter}`, ...json('{}') };
    const id = await hold(raw);
    await decide(id, 'pass');
    const executed = await eventually(
      () => send(raw),
      (answer) => answer.json()['code'] === 'approval_executed',
    );
    expect(executed.status).toBe(403);
    expect(upstream.seen).toHaveLength(1);
    const response = await app.as(ann).get(`/approve-requests/${id}/response`);
    expect([response.status, response.body.status]).toEqual([200, 200]);
  });

  it('should refuse what was denied', async () => {
    const raw = { method: 'POST', path: `/once/denied-${adapter}`, ...json('{}') };
    const id = await hold(raw);
    await decide(id, 'deny');
    const repeat = await send(raw);
    expect([repeat.status, repeat.json()]).toMatchObject([403, { code: 'approval_denied', requestId: id }]);
    expect(upstream.seen).toEqual([]);
  });

  it('should answer 401 to whoever is unknown, with the challenge', async () => {
    const answer = await send({ method: 'POST', path: '/once/1', ...json('{}') }, null);
    expect([answer.status, answer.headers['www-authenticate'], upstream.seen]).toEqual([401, 'Bearer', []]);
  });

  it('should hear nothing of what a client says in the place of the proxy', async () => {
    const raw = { method: 'POST', path: `/once/forged-${adapter}`, ...json('{}') };
    const id = await hold(raw);
    const forged = {
      'X-Forwarded-Uri': '/free',
      'X-Forwarded-Method': 'GET',
      'X-Forwarded-Host': 'elsewhere.example.com',
      'X-Original-URI': '/free',
      'X-Original-Method': 'GET',
      'X-Original-Body': ':',
      'X-Envoy-Original-Path': '/free',
      'X-Envoy-Auth-Partial-Body': 'false',
      'X-Gate-Secret': 'gs_guessed',
      'X-Approval-Request-Id': id,
    };
    expect(await hold({ ...raw, headers: { ...raw.headers, ...forged } })).toBe(id);
    await send({ method: 'GET', path: '/free', headers: forged });
    expect(upstream.seen[0]?.headers['x-approval-request-id']).toBeUndefined();
  });

  it('should refuse named paths that can be read in two ways, and methods in disguise', async () => {
    for (const path of ['//once/1', '/x/../once/1', '/once%2F1', '/once;x/1', '/named/a%3Fb/export']) {
      const answer = await send({ method: 'POST', path, ...json('{}') });
      expect([path, answer.status, answer.json()['code']]).toEqual([path, 403, 'request_ambiguous']);
    }
    const disguised = { 'content-type': 'application/json', 'X-HTTP-Method-Override': 'DELETE' };
    const answer = await send({ method: 'POST', path: '/once/1', body: '{}', headers: disguised });
    expect([answer.status, answer.json()['code'], upstream.seen]).toEqual([403, 'request_ambiguous', []]);
  });

  it('should refuse a body beyond the limit', async () => {
    const answer = await send({ method: 'POST', path: '/once/1', body: randomBytes(2_100_000) });
    expect([answer.status, answer.json()['code'], upstream.seen]).toEqual([403, 'payload_too_large', []]);
  });

  it('should let nothing pass without the secret, or with that of another gate', async () => {
    const other = await givenGate(app.as(boss), { adapter, forwardsBody: true });
    for (const secret of ['', other.secret]) {
      const answer = await make({ ...world, gate: { ...world.gate, secret } }).send({
        method: 'GET',
        path: '/free',
      });
      expect([answer.status, upstream.seen]).toEqual([401, []]);
    }
  });

  it('should never answer 2xx to what tells the request twice, or not at all', async () => {
    const told = { 'x-forwarded-method': 'GET', 'x-forwarded-host': 'h', 'x-forwarded-uri': '/free' };
    const ask = (headers: RawRequest['headers'], path = '') =>
      sendRaw(app.url, {
        method: 'GET',
        path: `/gate/${world.gate.key}/check${path}`,
        headers: { 'x-gate-secret': world.gate.secret, ...headers },
      });
    expect((await ask(told, '/free')).status).toBe(200);
    if (adapter === 'envoy') return;
    for (const name of Object.keys(told)) {
      expect((await ask({ ...told, [name]: ['/free', '/free'] })).status).toBe(403);
      expect((await ask({ ...told, [name]: [] })).status).toBe(403);
    }
  });
});

describe('Traefik without forwardBody', () => {
  it('should have a named POST refused, never judged as if it were empty', async () => {
    const gate = await givenGate(app.as(boss), { adapter: 'traefik' });
    const proxy = traefik({ countersign: app.url, gate, upstream: upstream.url }, false);
    const headers = { authorization: `Bearer ${await tokenOf(ann)}`, 'content-type': 'application/json' };
    const answer = await proxy.send({ method: 'POST', path: '/once/bodiless', headers, body: '{}' });
    expect([answer.status, answer.json()]).toMatchObject([403, { status: 'unseen', requestId: null }]);
    expect(upstream.seen).toEqual([]);
  });
});
