import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { heldBy, inState, through } from '../support/gate-visits.js';
import { givenAction, givenGate } from '../support/gates.js';
import { startApp, type TestApp } from '../support/harness.js';
import { startUpstream, type Upstream } from '../support/upstream.js';
import { ann, bob, boss, carol, givenFlow } from '../support/world.js';

describe('a repeat that passes once (mode retry-once)', () => {
  let app: TestApp;
  let upstream: Upstream;
  let gate: string;
  let businessType: string;

  beforeAll(async () => {
    app = await startApp({ env: { CALLBACK_ALLOWED_HOSTS: '127.0.0.1', GATE_TIMEOUT: '2s' } });
    upstream = await startUpstream();
    ({ businessType } = await givenFlow(app, [{ users: ['bob'] }]));
    gate = (await givenGate(app.as(boss), { upstream: upstream.url })).key;
    const common = { businessType, mode: 'retry-once', hold: 202 };
    await givenAction(app.as(boss), { ...common, path: '/pay/{id}', method: 'POST' });
    await givenAction(app.as(boss), { ...common, path: '/read/{id}', method: 'GET', ignoreQuery: ['page'] });
    await givenAction(app.as(boss), { ...common, path: '/quick/{id}', method: 'POST', passTtl: '1s' });
  });
  afterEach(() => {
    upstream.forget();
    upstream.answer(({ method, url }) => ({ body: { method, url } }));
  });
  afterAll(async () => {
    await app.close();
    await upstream.close();
  });

  let last = 0;
  const pay = (path: string, body = '{"n":1}', user = ann) =>
    through(app, gate, user, path, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', cookie: 'session=own' },
    });
  const approved = async (path: string) => {
    const answer = await pay(path);
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toMatch(/approve-requests\//);
    const held = await heldBy(answer);
    await app.as(bob).post(`/orders/${held.orderId}/approve`, {});
    await inState(app, ann, held.requestId, 'approved');
    return held;
  };

  it('given an approval, then the repeat passes with its own credentials, once, and the next one is held anew', async () => {
    const path = `/pay/${++last}`;
    const { requestId } = await approved(path);
    expect(upstream.seen).toEqual([]);
    const repeat = await pay(path);
    expect([repeat.status, await repeat.json()]).toEqual([200, { method: 'POST', url: path }]);
    expect(upstream.seen).toHaveLength(1);
    expect(upstream.seen[0]?.body.toString()).toBe('{"n":1}');
    expect(upstream.seen[0]?.headers).toMatchObject({
      cookie: 'session=own',
      authorization: expect.stringMatching(/^Bearer /),
      'x-approval-request-id': requestId,
      'idempotency-key': requestId,
    });
    expect(await inState(app, ann, requestId, 'executed')).toMatchObject({ responseStatus: 200 });
    const next = await heldBy(await pay(path));
    expect(next.requestId).not.toBe(requestId);
    expect(upstream.seen).toHaveLength(1);
  });

  it('given twenty repeats at the same moment, then one passes', async () => {
    const path = `/pay/${++last}`;
    const { requestId } = await approved(path);
    const answers = await Promise.all(Array.from({ length: 20 }, () => pay(path)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(upstream.seen).toHaveLength(1);
    const others = await Promise.all(answers.filter(({ status }) => status !== 200).map(heldBy));
    const ids = new Set(others.map((held) => held.requestId));
    ids.delete(requestId);
    expect(ids.size).toBeLessThanOrEqual(1);
  });

  it('given another body, or another person, then it does not pass', async () => {
    const path = `/pay/${++last}`;
    await approved(path);
    expect((await pay(path, '{"n":1000}')).status).toBe(202);
    expect((await pay(path, '{"n":1}', carol)).status).toBe(202);
    expect(upstream.seen).toEqual([]);
    expect((await pay(path)).status).toBe(200);
  });

  it('given a query parameter that does not count, then the repeat may change it', async () => {
    const path = `/read/${++last}`;
    const { orderId, requestId } = await heldBy(await through(app, gate, ann, `${path}?q=1&page=1`));
    await app.as(bob).post(`/orders/${orderId}/approve`, {});
    await inState(app, ann, requestId, 'approved');
    expect((await through(app, gate, ann, `${path}?q=2`)).status).toBe(202);
    expect((await through(app, gate, ann, `${path}?page=7&q=1`)).status).toBe(200);
  });

  it('given leave that nobody uses in time, then it is gone, and the repeat is held anew', async () => {
    const path = `/quick/${++last}`;
    const { requestId } = await approved(path);
    await inState(app, ann, requestId, 'expired');
    const next = await heldBy(await pay(path));
    expect(next.requestId).not.toBe(requestId);
    expect(upstream.seen).toEqual([]);
  });

  it('given an upstream that breaks off, then the outcome is unknown, and the next repeat is held', async () => {
    const path = `/pay/${++last}`;
    const { requestId } = await approved(path);
    upstream.answer((_request, response) => {
      response.destroy();
      return null;
    });
    expect((await pay(path)).status).toBe(502);
    await inState(app, ann, requestId, 'unknown');
    expect((await pay(path)).status).toBe(202);
    expect(upstream.seen).toHaveLength(1);
  });

  it('given an upstream that cannot be reached, then the leave is not used up', async () => {
    const path = `/pay/${++last}`;
    const { requestId } = await approved(path);
    const { port } = upstream;
    await upstream.close();
    expect((await pay(path)).status).toBe(502);
    upstream = await startUpstream(undefined, port);
    await inState(app, ann, requestId, 'approved');
    expect((await pay(path)).status).toBe(200);
    expect(upstream.seen).toHaveLength(1);
  });

  it('given an action that was deleted after the approval, then nothing passes', async () => {
    const path = '/late/1';
    const action = await givenAction(app.as(boss), {
      path,
      method: 'POST',
      businessType,
      mode: 'retry-once',
      hold: 202,
    });
    const { requestId } = await approved(path);
    await app.as(boss).delete(`/approve-actions/${action.id}`);
    const answer = await eventually(
      () => pay(path),
      ({ status }) => status === 403,
    );
    expect(await heldBy(answer)).toMatchObject({ requestId, status: 'failed' });
    expect(upstream.seen).toEqual([]);
  });

  it('given an applicant who sits on every step, then the request is approved at once and passes at once', async () => {
    const flow = await givenFlow(app, [{ users: ['ann'] }]);
    await givenAction(app.as(boss), {
      path: '/own',
      method: 'POST',
      businessType: flow.businessType,
      mode: 'retry-once',
    });
    const answer = await pay('/own');
    expect([answer.status, upstream.seen.length]).toEqual([200, 1]);
    // What came of it is recorded once the answer is through.
    const mine = await eventually(
      () => app.as(ann).get('/approve-requests?path=/own'),
      ({ body }) => body.items[0]?.status !== 'executing',
    );
    expect(mine.body.items).toMatchObject([{ status: 'executed' }]);
  });
});
