import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { codeBlock, filledIn } from '../support/documents.js';
import { eventually } from '../support/eventually.js';
import { givenAction, givenGate } from '../support/gates.js';
import { startApp, type TestApp, type TestUser, tokenOf } from '../support/harness.js';
import { type Nginx, nginxProgram, startNginx } from '../support/nginx.js';
import { type RawAnswer, type RawRequest, sendHttp2, sendRaw } from '../support/raw-request.js';
import { startUpstream, type Upstream } from '../support/upstream.js';
import { ann, bob, boss, eve, givenFlow } from '../support/world.js';

// CI installs one; where that fails, the tests fail rather than being left out.
const isHere = nginxProgram !== null || process.env.CI !== undefined;

describe.skipIf(!isHere)(
  'the gate behind nginx (left out where no nginx is installed: apt-get install nginx)',
  () => {
    let app: TestApp;
    let upstream: Upstream;
    let nginx: Nginx;
    let gate: { readonly key: string; readonly secret: string };
    let businessType: string;

    beforeAll(async () => {
      app = await startApp({ env: { CALLBACK_ALLOWED_HOSTS: '127.0.0.1', GATE_BODY_LIMIT: '3145728' } });
      upstream = await startUpstream();
      ({ businessType } = await givenFlow(app, [{ users: ['bob'] }]));
      gate = await givenGate(app.as(boss), { adapter: 'nginx', upstream: upstream.url });
      nginx = await startNginx(configuration(new URL(app.url).port));
    });
    afterAll(async () => {
      await nginx?.close();
      await app.close();
      await upstream.close();
    });
    beforeEach(() => {
      upstream.forget();
      upstream.answer(({ method, url }) => ({ body: { method, url } }));
    });

    /** What docs/gate.md shows, with the ports and the gate of this test. */
    const configuration =
      (countersign: string, more: Readonly<Record<string, string>> = {}) =>
      (port: number): string =>
        filledIn(codeBlock('gate.md', 'nginx', 'auth_request'), {
          '127.0.0.1:3000': `127.0.0.1:${countersign}`,
          '127.0.0.1:8080': `127.0.0.1:${upstream.port}`,
          'listen 80;': `listen 127.0.0.1:${port};`,
          '/gate/erp/': `/gate/${gate.key}/`,
          gs_REPLACE_ME: gate.secret,
          ...more,
        });

    const send = async (raw: RawRequest, as: TestUser | null = ann, through = nginx): Promise<RawAnswer> => {
      const authorization = as && { authorization: `Bearer ${await tokenOf(as)}` };
      return sendRaw(through.url, { ...raw, headers: { ...authorization, ...raw.headers } });
    };
    /** Sends what an action names, and expects it to be held. @returns the id of the request */
    const hold = async (raw: RawRequest, as: TestUser = ann): Promise<string> => {
      const answer = await send(raw, as);
      expect([answer.status, answer.json()]).toMatchObject([
        401,
        { code: 'approval_required', status: 'waiting' },
      ]);
      expect(upstream.seen).toEqual([]);
      return answer.json()['requestId'] as string;
    };
    const pass = async (id: string): Promise<void> => {
      const passed = await app.as(bob).post(`/approve-requests/${id}/pass`, {});
      expect([passed.status, passed.body.status]).toEqual([200, 'approved']);
    };
    const statusOf = async (id: string): Promise<string> =>
      (await app.as(ann).get(`/approve-requests/${id}`)).body.status;
    const becomes = (id: string, status: string): Promise<string> =>
      eventually(
        () => statusOf(id),
        (now) => now === status,
      );
    const count = async (): Promise<number> =>
      (await app.as(boss).get('/approve-requests?scope=all&limit=100')).body.items.length;
    const action = (path: string, fields: object = {}) =>
      givenAction(app.as(boss), { path, businessType, ...fields });

    const json = (body: string) => ({ body, headers: { 'content-type': 'application/json' } });
    /** A form with a file of arbitrary bytes in it, of 1 MiB and more. */
    const multipart = () => {
      const boundary = '----Gate7MA4YWxkTrZu0gW';
      const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="a.bin"\r\n\r\n`;
      const body = Buffer.concat([
        Buffer.from(head),
        randomBytes(1_200_000),
        Buffer.from(`\r\n--${boundary}--\r\n`),
      ]);
      return { body, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
    };

    describe('what no action names', () => {
      it('should pass to the system behind, past Countersign, exactly as it was sent', async () => {
        const path = '/free/%E4%BD%A0//x%2Fy/./z?b=2&a=1&a=%20+';
        const form = multipart();
        const answer = await send({ method: 'PUT', path, ...form }, null);
        expect([answer.status, answer.json()]).toEqual([200, { method: 'PUT', url: path }]);
        expect(upstream.seen).toHaveLength(1);
        expect(upstream.seen[0]?.body.equals(form.body)).toBe(true);
        expect(upstream.seen[0]?.headers).toMatchObject({ 'content-type': form.headers['content-type'] });
        // nginx has sent it: Countersign would have put the address of nginx behind that of the client
        expect(upstream.seen[0]?.headers['x-forwarded-for']).toBe('127.0.0.1');
      });

      it('should pass whatever its size', async () => {
        const body = randomBytes(6_000_000);
        const answer = await send({
          method: 'POST',
          path: '/free/upload',
          body,
          headers: { 'content-type': 'image/png' },
        });
        expect([answer.status, upstream.seen[0]?.body.length]).toEqual([200, body.length]);
      });

      it("should get the application's own 401, 403 and 404, untouched", async () => {
        for (const status of [401, 403, 404]) {
          upstream.forget();
          upstream.answer(() => ({ status, headers: { 'www-authenticate': 'Basic' }, body: `no ${status}` }));
          const answer = await send({ method: 'POST', path: '/free/no', ...json('{}') });
          expect([answer.status, answer.body.toString(), answer.headers['www-authenticate']]).toEqual([
            status,
            `no ${status}`,
            'Basic',
          ]);
          expect(upstream.seen).toHaveLength(1);
        }
      });

      it('should not bring an approval that a client has made up', async () => {
        await send({ method: 'GET', path: '/free/x', headers: { 'X-Approval-Request-Id': 'made-up' } });
        expect(upstream.seen[0]?.headers['x-approval-request-id']).toBeUndefined();
      });
    });

    describe('retry-once', () => {
      beforeAll(async () => {
        await action('/once/{id}/', { mode: 'retry-once' });
        await action('/once/{id}/', { mode: 'retry-once', method: 'GET' });
        await action('/once/{id}/', { mode: 'retry-once', method: 'DELETE' });
      });

      it.each([
        ['JSON', () => json('{"a":1,"名":"张三"}')],
        ['a form with 1.2 MB of arbitrary bytes', multipart],
      ])(
        'should hold %s, let its repeat pass once with its exact body, and hold the next one anew',
        async (what, of) => {
          const raw = { method: 'POST', path: `/once/${what.length}?why=x%20y`, ...of() };
          const id = await hold(raw);
          expect(await hold(raw)).toBe(id);
          await pass(id);
          upstream.answer(() => ({
            status: 201,
            headers: { 'x-made-by': 'erp' },
            body: Buffer.from([0, 255, 10]),
          }));
          const repeat = await send(raw);
          expect([repeat.status, repeat.headers['x-made-by'], [...repeat.body]]).toEqual([
            201,
            'erp',
            [0, 255, 10],
          ]);
          expect(upstream.seen).toHaveLength(1);
          const [seen] = upstream.seen;
          expect(seen).toMatchObject({ method: 'POST', url: raw.path });
          expect(seen?.body.equals(Buffer.from(raw.body))).toBe(true);
          expect(seen?.headers).toMatchObject({
            ...raw.headers,
            'x-approval-request-id': id,
            'idempotency-key': id,
            authorization: expect.stringMatching(/^Bearer /),
          });
          expect(Object.keys(seen?.headers ?? {}).filter((name) => /gate|original/.test(name))).toEqual([]);
          await becomes(id, 'executed');
          upstream.forget();
          expect(await hold(raw)).not.toBe(id);
        },
      );

      it('should let one of ten repeats pass that come at once', async () => {
        const raw = { method: 'POST', path: '/once/ten', ...json('{"n":10}') };
        await pass(await hold(raw));
        const answers = await Promise.all(Array.from({ length: 10 }, () => send(raw)));
        expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(9).fill(401)]);
        expect(upstream.seen).toHaveLength(1);
      });

      it('should hold another body for itself', async () => {
        const raw = { method: 'POST', path: '/once/other' };
        const id = await hold({ ...raw, ...json('{"amount":1}') });
        await pass(id);
        expect(await hold({ ...raw, ...json('{"amount":1000}') })).not.toBe(id);
      });

      it('should let a GET pass by check alone, with nginx sending it on', async () => {
        const raw = { method: 'GET', path: '/once/7?x=1' };
        const id = await hold(raw);
        await pass(id);
        const repeat = await send(raw);
        expect([repeat.status, repeat.json()]).toEqual([200, { method: 'GET', url: raw.path }]);
        expect(upstream.seen[0]?.headers).toMatchObject({
          'x-approval-request-id': id,
          'x-forwarded-for': '127.0.0.1',
        });
        expect(await statusOf(id)).toBe('executed');
        upstream.forget();
        expect(await hold(raw)).not.toBe(id);
      });

      it('should hold a DELETE that has a body since it was approved', async () => {
        const raw = { method: 'DELETE', path: '/once/8' };
        await pass(await hold(raw));
        await hold({ ...raw, ...json('{"also":"/once/9"}') });
        await hold({ ...raw, body: 'in chunks', headers: { 'transfer-encoding': 'chunked' } });
        const repeat = await send(raw);
        expect([repeat.status, upstream.seen.map(({ body }) => body.length)]).toEqual([200, [0]]);
      });
    });

    describe('replay', () => {
      beforeAll(() => action('/replay/{id}', { method: 'PUT' }));

      it('should execute it itself, once, and answer repeats with what was kept', async () => {
        const raw = { method: 'PUT', path: '/replay/1?x=1', ...multipart() };
        upstream.answer(() => ({ status: 418, headers: { 'x-made-by': 'erp' }, body: 'short and stout' }));
        const id = await hold(raw);
        await pass(id);
        await becomes(id, 'failed');
        expect(upstream.seen[0]?.body.equals(raw.body)).toBe(true);
        expect(upstream.seen[0]).toMatchObject({ method: 'PUT', url: raw.path });
        for (const _ of [1, 2]) {
          const repeat = await send(raw);
          expect([repeat.status, repeat.headers['x-made-by'], repeat.body.toString()]).toEqual([
            418,
            'erp',
            'short and stout',
          ]);
        }
        expect(upstream.seen).toHaveLength(1);
      });

      it('should refuse what was denied', async () => {
        const raw = { method: 'PUT', path: '/replay/2', ...json('{}') };
        const id = await hold(raw);
        expect((await app.as(bob).post(`/approve-requests/${id}/deny`, {})).status).toBe(200);
        const repeat = await send(raw);
        expect([repeat.status, repeat.json()]).toMatchObject([
          401,
          { code: 'approval_denied', requestId: id },
        ]);
        expect(upstream.seen).toEqual([]);
      });

      it.each([
        [403, {}],
        [202, { location: expect.stringContaining('/api/v1/approve-requests/') }],
        [200, {}],
      ])('should answer %i where the action says so', async (status, headers) => {
        await action(`/hold/${status}`, { hold: status });
        const answer = await send({ method: 'POST', path: `/hold/${status}`, ...json('{}') });
        expect([answer.status, answer.json(), answer.headers]).toMatchObject([
          status,
          { code: 'approval_required', requestId: expect.any(String) },
          headers,
        ]);
        expect(upstream.seen).toEqual([]);
      });
    });

    describe('who is not to come through', () => {
      beforeAll(async () => {
        await action('/guarded/{id}', { mode: 'retry-once' });
        await action('/guarded/{id}', { mode: 'retry-once', method: 'DELETE' });
      });
      const raw = { method: 'POST', path: '/guarded/1', ...json('{}') };

      it('should answer 401 with its challenge to whoever is unknown, for named requests', async () => {
        const before = await count();
        const answer = await send(raw, null);
        expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
        expect([upstream.seen, await count()]).toEqual([[], before]);
      });

      it('should answer 403 to people of another team', async () => {
        expect((await send(raw, eve)).status).toBe(403);
        expect(upstream.seen).toEqual([]);
      });

      it('should hear nothing of what a client says in the place of nginx', async () => {
        const forged = {
          'X-Original-URI': '/free',
          'X-Original-Method': 'GET',
          'X-Original-Host': 'elsewhere.example.com',
          'X-Original-Body': ':',
          X_Original_URI: '/free',
          'X-Forwarded-Uri': '/free',
          'X-Forwarded-Method': 'GET',
          'X-Gate-Secret': 'gs_guessed',
        };
        const id = await hold({ ...raw, path: '/guarded/2' });
        expect(await hold({ ...raw, path: '/guarded/2', headers: { ...raw.headers, ...forged } })).toBe(id);
        await pass(id);
        const answer = await send({
          ...raw,
          path: '/guarded/2',
          ...json('{"more":1}'),
          headers: { ...raw.headers, ...forged },
        });
        expect([answer.status, upstream.seen]).toEqual([401, []]);
      });

      it('should refuse named paths that can be read in two ways, and methods in disguise', async () => {
        for (const path of [
          '//guarded/1',
          '/x/../guarded/1',
          '/guarded/%2e%2e/guarded/1',
          '/guarded;x/1',
          '/guarded%2F1',
        ]) {
          const answer = await send({ ...raw, path });
          expect([path, answer.status, upstream.seen]).toEqual([path, 400, []]);
        }
        const override = await send({
          ...raw,
          path: '/guarded/3',
          headers: { ...raw.headers, 'X-HTTP-Method-Override': 'DELETE' },
        });
        expect([override.status, upstream.seen]).toEqual([400, []]);
      });

      it('should answer 413 to a named request with a body beyond the limit', async () => {
        const answer = await send({ ...raw, body: randomBytes(3_200_000) });
        expect([answer.status, upstream.seen]).toEqual([413, []]);
      });

      it('should let nothing pass while Countersign is away, named or not', async () => {
        const alone = await startNginx(configuration('9'));
        try {
          for (const path of ['/guarded/1', '/free/x']) {
            const answer = await send({ ...raw, path }, ann, alone);
            expect([answer.status, upstream.seen]).toEqual([500, []]);
          }
        } finally {
          await alone.close();
        }
      });

      it('should ask another replica where one is away', async () => {
        const { port } = new URL(app.url);
        const replicas = { [`server 127.0.0.1:${port};`]: `server 127.0.0.1:9; server 127.0.0.1:${port};` };
        const balanced = await startNginx(configuration(port, replicas));
        try {
          const waiting = { ...raw, path: '/guarded/5' };
          const first = await send(waiting, ann, balanced);
          const second = await send(waiting, ann, balanced);
          expect([first.status, second.status]).toEqual([401, 401]);
          expect(second.json()['requestId']).toBe(first.json()['requestId']);
          expect((await send({ ...raw, path: '/free/x' }, ann, balanced)).status).toBe(200);
        } finally {
          await balanced.close();
        }
      });

      it('should let nothing pass with a wrong secret', async () => {
        const wrong = await startNginx(configuration(new URL(app.url).port, { [gate.secret]: 'gs_wrong' }));
        try {
          expect([(await send({ ...raw, path: '/free/x' }, ann, wrong)).status, upstream.seen]).toEqual([
            401,
            [],
          ]);
        } finally {
          await wrong.close();
        }
      });

      it('should not lead what nginx itself forbids around that', async () => {
        const strict = await startNginx(
          configuration(new URL(app.url).port, {
            'auth_request /_countersign_check;': 'deny all; auth_request /_countersign_check;',
          }),
        );
        try {
          for (const path of ['/free/x', '/guarded/4']) {
            expect([(await send({ ...raw, path }, ann, strict)).status, upstream.seen]).toEqual([403, []]);
          }
        } finally {
          await strict.close();
        }
      });
    });

    describe('over HTTP/2, where a body needs no length', () => {
      let second: Nginx;
      beforeAll(async () => {
        await action('/h2/{id}', { mode: 'retry-once', method: 'DELETE' });
        await action('/h2/{id}', { mode: 'retry-once' });
        second = await startNginx((port) =>
          configuration(new URL(app.url).port)(port).replace(
            `127.0.0.1:${port};`,
            `127.0.0.1:${port} http2;`,
          ),
        );
      });
      afterAll(() => second?.close());
      const over = async (raw: RawRequest): Promise<RawAnswer> =>
        sendHttp2(second.url, {
          ...raw,
          headers: { authorization: `Bearer ${await tokenOf(ann)}`, ...raw.headers },
        });

      it.each(['DELETE', 'POST'])(
        'should hold a %s that has a body since it was approved without',
        async (method) => {
          const raw = { method, path: '/h2/1' };
          const first = await over(raw);
          expect(first.status).toBe(401);
          await pass(first.json()['requestId'] as string);
          const smuggled = await over({ ...raw, body: '{"also":2}' });
          expect([smuggled.status, upstream.seen]).toEqual([401, []]);
          const repeat = await over(raw);
          expect([repeat.status, upstream.seen.map(({ body }) => body.length)]).toEqual([200, [0]]);
        },
      );
    });
  },
);
