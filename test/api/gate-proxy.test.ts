import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { eventually } from '../support/eventually.js';
import { givenGate } from '../support/gates.js';
import { startApp, type TestApp } from '../support/harness.js';
import { startUpstream, type Upstream } from '../support/upstream.js';
import { open, send, speak } from '../support/wire.js';
import { root } from '../support/world.js';

const securityHeader = 'content-security-policy';

let app: TestApp;
let upstream: Upstream;
let key: string;
const log: string[] = [];

beforeAll(async () => {
  app = await startApp({
    env: { CALLBACK_ALLOWED_HOSTS: '127.0.0.1', GATE_TIMEOUT: '3s' },
    onLog: (line) => log.push(line),
  });
});
afterAll(() => app.close());

beforeEach(async () => {
  upstream = await startUpstream();
  ({ key } = await givenGate(app.as(root), { upstream: upstream.url }));
});
afterEach(() => upstream.close());

const door = (path: string): string => `/gate/${key}/proxy${path}`;
const through = (path: string, sent: Parameters<typeof send>[2] = {}) => send(app.url, door(path), sent);

describe('The proxy, for what no action names', () => {
  it.each([
    ['what has other spellings', '/a%2Fb//c/../d?x=%20&y'],
    ['nothing', '/'],
    ['dots and parameters', '/./..//%2e%2E/;jsessionid=1?a=b?c=d&&'],
    ['GBK', '/%C4%E3?%C4%E3'],
    ['what is no encoding', '/%u0041%zz?%zz'],
    ['9 KB', `/${'long/'.repeat(1_000)}?${'q'.repeat(4_000)}`],
    ['another URL', "/http://other.example/path!$&'()*+,;=:@"],
  ])('given a path with %s, then it arrives byte for byte', async (_what, path) => {
    const answer = await through(path);
    expect(answer.status).toBe(200);
    expect(upstream.seen.map(({ url }) => url)).toEqual([path]);
  });

  it('given the longer prefix, then it is the same door', async () => {
    expect((await send(app.url, `/api/v1/gate/${key}/proxy/x`)).status).toBe(200);
    expect(upstream.seen[0]?.url).toBe('/x');
  });

  it('given an upstream with a path, then requests go behind it', async () => {
    const gate = await givenGate(app.as(root), { upstream: `${upstream.url}/pre/fix` });
    await send(app.url, `/gate/${gate.key}/proxy//x/%2e?y`);
    expect(upstream.seen[0]?.url).toBe('/pre/fix//x/%2e?y');
    // What might lead out of it goes nowhere.
    expect((await send(app.url, `/gate/${gate.key}/proxy//x/..?y`)).status).toBe(400);
    expect(upstream.seen).toHaveLength(1);
  });

  it.each<[string, string, Buffer]>([
    ['random bytes', 'application/octet-stream', randomBytes(70_000)],
    ['another character set', 'text/plain; charset=GB18030', Buffer.from([0xc4, 0xe3, 0xba, 0xc3])],
    [
      'a multipart form',
      'multipart/form-data; boundary="--=_x y/\\"',
      Buffer.from('----=_x y/\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n----=_x y/--\r\n'),
    ],
    ['JSON that is none', 'application/json', Buffer.from('{"a": 1,')],
    ['a content type that cannot be read', 'no type at all;;', Buffer.from('x')],
    ['compressed bytes', 'text/plain', gzipSync('x'.repeat(5_000))],
  ])('given %s, then bytes and content type arrive exactly', async (_what, type, body) => {
    const headers = { 'content-type': type, 'content-length': String(body.length), 'x-mixed-CASE': 'Value' };
    await through('/body', { method: 'POST', headers, body });
    const [seen] = upstream.seen;
    expect(seen?.body.equals(body)).toBe(true);
    expect(seen?.headers).toMatchObject({ 'content-type': type, 'x-mixed-case': 'Value' });
    expect(seen?.headers['content-length']).toBe(String(body.length));
    expect(seen?.headers['transfer-encoding']).toBeUndefined();
  });

  it.each(['HEAD', 'OPTIONS', 'PROPFIND', 'REPORT', 'DELETE', 'PATCH', 'PUT', 'TRACE', 'M-SEARCH', 'QUERY'])(
    'given %s, then it arrives as that, and its answer comes back',
    async (method) => {
      upstream.answer(() => ({
        status: 207,
        headers: { 'x-answer': 'yes', 'content-length': '2' },
        body: 'ok',
      }));
      const answer = await through('/m', { method });
      expect(answer).toMatchObject({ status: 207, headers: { 'x-answer': 'yes', 'content-length': '2' } });
      expect(answer.body.toString()).toBe(method === 'HEAD' ? '' : 'ok');
      expect(upstream.seen.map((one) => [one.method, one.body.length])).toEqual([[method, 0]]);
    },
  );

  it("given an answer, then its status, headers and bytes are the upstream's and no others", async () => {
    const body = gzipSync(randomBytes(3_000));
    upstream.answer((_request, response) => {
      response.sendDate = false;
      return {
        status: 418,
        headers: {
          'Content-Encoding': 'gzip',
          'Content-Length': body.length,
          'Set-Cookie': ['a=1', 'b=2; Path=/'],
          'X-Word': 'gr\u00fcn',
          'X-Request-Id': 'theirs',
          'Proxy-Connection': 'keep-alive',
          Connection: 'X-Hop',
          'X-Hop': 'of the connection',
        },
        body,
      };
    });
    const answer = await through('/answer');
    expect(answer.status).toBe(418);
    expect(answer.body.equals(body)).toBe(true);
    const { connection: _connection, 'keep-alive': _keepAlive, ...headers } = answer.headers;
    expect(headers).toEqual({
      'content-encoding': 'gzip',
      'content-length': String(body.length),
      'set-cookie': ['a=1', 'b=2; Path=/'],
      'x-word': 'gr\u00fcn',
      'x-request-id': 'theirs',
    });
  });

  it.each([204, 304])('given an answer %i, then it has no body', async (status) => {
    upstream.answer(() => ({ status, headers: { etag: '"x"' } }));
    const answer = await through('/bodiless');
    expect(answer).toMatchObject({ status, headers: { etag: '"x"' }, body: Buffer.alloc(0) });
  });

  it('given a redirect, then it is not followed', async () => {
    upstream.answer(() => ({ status: 302, headers: { location: `${upstream.url}/elsewhere` } }));
    expect(await through('/from')).toMatchObject({
      status: 302,
      headers: { location: `${upstream.url}/elsewhere` },
    });
    expect(upstream.seen).toHaveLength(1);
  });

  it('given headers of a client, then what it may not say is dropped or said anew', async () => {
    await through('/headers', {
      headers: {
        host: 'shop.example',
        'x-gate-secret': [],
        'x-approval-request-id': 'forged',
        x_approval_request_id: 'forged',
        'x-forwarded-for': '1.2.3.4',
        'x-forwarded-host': 'forged.example',
        'x-forwarded-proto': 'https',
        X_Forwarded_For: '1.2.3.4',
        'x-real-ip': '1.2.3.4',
        forwarded: 'for=1.2.3.4',
        'proxy-authorization': 'Basic x',
        te: 'trailers',
        authorization: 'Bearer of the caller',
        cookie: 'a=1; b=2',
        'x-mine': ['1', '2'],
      },
    });
    const { connection: _connection, ...headers } = upstream.seen[0]?.headers ?? {};
    expect(headers).toEqual({
      host: upstream.url.slice('http://'.length),
      authorization: 'Bearer of the caller',
      cookie: 'a=1; b=2',
      'x-mine': '1, 2',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'shop.example',
      'x-forwarded-proto': 'http',
    });
  });

  it('given an Upgrade, then it is left out and the request goes on', async () => {
    await through('/ws', { headers: { connection: 'upgrade', upgrade: 'websocket' } });
    expect(upstream.seen[0]?.headers).not.toHaveProperty('upgrade');
  });

  it('given Expect: 100-continue, then the body is asked for and arrives', async () => {
    const heard = await speak(
      app.url,
      `POST ${door('/expect')} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbody`,
    );
    expect(heard).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    expect(upstream.seen[0]?.body.toString()).toBe('body');
    expect(upstream.seen[0]?.headers).not.toHaveProperty('expect');
  });
});

describe('The proxy streams', () => {
  it('given an upload of 80 MB, then no more than a part of it is held at any time, and its hash arrives', async () => {
    const size = 80 * 1_024 * 1_024;
    const expected = createHash('sha256');
    const chunk = randomBytes(64 * 1_024);
    function* chunks(): Generator<Buffer> {
      for (let at = 0; at < size; at += chunk.length) {
        expected.update(chunk);
        produced += chunk.length;
        yield chunk;
      }
    }
    const received = createHash('sha256');
    let bytes = 0;
    let produced = 0;
    let most = 0;
    upstream.takeOver((request, response) => {
      request.on('data', (part: Buffer) => {
        received.update(part);
        bytes += part.length;
        most = Math.max(most, produced - bytes);
        // An upstream that is slower than its client.
        request.pause();
        setTimeout(() => request.resume(), 1);
      });
      request.on('end', () => response.end('got it'));
    });
    const answer = await through('/upload', { method: 'PUT', body: Readable.from(chunks()) });
    expect(answer.body.toString()).toBe('got it');
    expect(bytes).toBe(size);
    expect(received.digest('hex')).toBe(expected.digest('hex'));
    // What is under way: buffers of the four sockets, which a system lets grow to some 10 MB a connection, and of the streams.
    expect(most).toBeLessThan(size / 2);
  });

  it('given a download that nobody reads, then the upstream has to wait', async () => {
    let written = 0;
    const size = 80 * 1_024 * 1_024;
    upstream.takeOver((_request, response) => {
      response.on('error', () => undefined);
      const more = (): void => {
        do written += 65_536;
        while (response.write(Buffer.alloc(65_536)) && written < size);
        if (written < size) response.once('drain', more);
      };
      more();
    });
    const answer = await open(app.url, door('/download'));
    answer.pause();
    let before = -1;
    await eventually(
      async () => {
        before = written;
        await new Promise((resolve) => setTimeout(resolve, 300));
        return written;
      },
      (now) => now === before && now > 0,
    );
    expect(written).toBeLessThan(size / 2);
    answer.destroy();
  });

  it('given server-sent events, then each arrives before the next is sent', async () => {
    const { response, answer } = await givenEvents();
    for (const event of ['data: one\n\n', 'data: two\n\n']) {
      response.write(event);
      const [chunk] = (await once(answer, 'data')) as [Buffer];
      expect(chunk.toString()).toBe(event);
    }
    response.end();
    await once(answer, 'end');
  });

  it('given a client that goes away, then the upstream loses the connection', async () => {
    const { response, answer } = await givenEvents();
    const closed = once(response, 'close');
    answer.destroy();
    await closed;
  });

  it('given a client that goes away within its upload, then the upstream loses the connection', async () => {
    const lost = new Promise<void>((resolve) => {
      upstream.takeOver((request) => {
        request.on('error', () => undefined).once('data', () => socket.destroy());
        request.on('close', () => resolve());
      });
    });
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    socket.write(`POST ${door('/upload')} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nbegun`);
    await lost;
  });

  it('given an upstream that breaks off, then so does the answer', async () => {
    const { response, answer } = await givenEvents();
    response.write('data: half');
    await once(answer, 'data');
    response.destroy();
    const [error] = (await once(answer, 'error')) as [Error];
    expect(error.message).toBe('aborted');
  });

  it('given an upstream that answers before the upload is over, then the answer arrives', async () => {
    upstream.takeOver((_request, response) => response.writeHead(413).end('enough'));
    const chunk = Buffer.alloc(65_536);
    const body = Readable.from(Array.from({ length: 160 }, () => chunk));
    const answer = await through('/early', { method: 'POST', body });
    expect(answer).toMatchObject({ status: 413 });
    expect(answer.body.toString()).toBe('enough');
  });

  it('given events that never end, then the service still closes', async () => {
    const other = await startApp({ env: { CALLBACK_ALLOWED_HOSTS: '127.0.0.1' } });
    const gate = await givenGate(other.as(root), { upstream: upstream.url });
    upstream.takeOver((_request, response) => {
      response.on('error', () => undefined);
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    });
    const answer = await open(other.url, `/gate/${gate.key}/proxy/events`);
    answer.on('error', () => undefined).resume();
    const ended = new Promise((resolve) => answer.once('close', resolve));
    await other.close();
    await ended;
  });

  async function givenEvents() {
    const opened = new Promise<ServerResponse>((resolve) => {
      upstream.takeOver((_request, response) => {
        response.on('error', () => undefined);
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
        resolve(response);
      });
    });
    const answer = await open(app.url, door('/events'));
    expect(answer.headers['content-type']).toBe('text/event-stream');
    return { response: await opened, answer };
  }
});

describe('The proxy and an upstream that fails', () => {
  it('given nobody who listens, then 502', async () => {
    await upstream.close();
    const answer = await through('/x', { method: 'POST', body: 'text' });
    expect(answer).toMatchObject({ status: 502, json: { code: 'upstream_failed' } });
    expect(answer.headers).toHaveProperty(securityHeader);
    expect(answer.body.toString()).not.toContain(String(upstream.port));
  });

  it('given an upstream that does not answer in time, then 502 says so', async () => {
    upstream.answer(() => null);
    const answer = await through('/slow');
    expect(answer).toMatchObject({ status: 502, json: { code: 'upstream_failed' } });
    expect(answer.json.detail).toContain('in time');
  });

  it('given an upstream that hangs up, then 502', async () => {
    upstream.takeOver((request) => request.socket.destroy());
    expect(await through('/x')).toMatchObject({ status: 502, json: { code: 'upstream_failed' } });
  });

  it('given a private address that the operator has not allowed, then 502 and nothing is called', async () => {
    const strict = await startApp();
    try {
      const gate = await givenGate(strict.as(root), { upstream: 'https://8.8.8.8' });
      // As a name that leads elsewhere since the gate was made.
      const change = 'UPDATE dms_s_apply_gate SET upstream = ? WHERE gate_key = ?';
      await strict.get(UnitOfWork).run((tx) => tx.run(change, [upstream.url, gate.key]));
      const answer = await send(strict.url, `/gate/${gate.key}/proxy/x`);
      expect(answer).toMatchObject({ status: 502, json: { code: 'upstream_failed' } });
      expect(upstream.seen).toHaveLength(0);
    } finally {
      await strict.close();
    }
  });
});

describe('The doors', () => {
  it.each([
    ['an unknown key', () => '/gate/nobody/proxy/x'],
    ["another adapter's door", () => `/gate/${key}/check`],
    ["another adapter's door with a path", () => `/gate/${key}/hold/x`],
  ])('given %s, then 404', async (_what, path) => {
    expect(await send(app.url, path())).toMatchObject({ status: 404, json: { code: 'not_found' } });
    expect(upstream.seen).toHaveLength(0);
  });

  it('given submit at a proxy, then 404', async () => {
    expect(await send(app.url, `/gate/${key}/submit`, { method: 'POST' })).toMatchObject({ status: 404 });
  });

  it.each([
    ['an encoded door', () => `/gate/${key}/%70roxy/x`],
    ['an encoded prefix', () => `/%67ate/${key}/proxy/x`],
    ['an absolute form', () => `http://gate.example/gate/${key}/proxy/x`],
  ])('given %s, then the request does not pass', async (_what, path) => {
    expect((await send(app.url, path())).status).toBeGreaterThanOrEqual(400);
    expect(upstream.seen).toHaveLength(0);
  });

  it('given a request that passes, then log and metrics name the route and not the path', async () => {
    await through('/secret-path?token=secret-token');
    const metrics = await send(app.url, '/metrics');
    expect(metrics.body.toString()).toContain('route="/gate/:key/proxy/*"');
    expect(metrics.body.toString()).not.toContain('secret-path');
    const line = await eventually(
      () => log.find((one) => one.includes('secret-path')),
      (found) => found !== undefined,
    );
    expect(JSON.parse(line ?? '{}')).toMatchObject({ method: 'GET', status: 200 });
    expect(line).not.toContain('secret-token');
  });
});
