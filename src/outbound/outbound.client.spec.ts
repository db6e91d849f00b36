import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { cleanUp, clientWith, closed, failure, http, post } from './outbound.spec-support.js';

afterEach(cleanUp);
afterEach(() => vi.unstubAllEnvs());

describe('OutboundClient', () => {
  it('given a target, then it gets one POST with the body as it is, and its answer comes back', async () => {
    const seen: unknown[] = [];
    const target = await http((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        seen.push(request.method, request.url, body, request.headers);
        response.writeHead(201).end('谢谢');
      });
    });
    const { client } = clientWith();
    const answer = await post(client, `${target.url}/a%20b?x=1&y=%2F#part`, {
      headers: { 'Content-Type': 'application/json', 'Accept-Encoding': 'gzip', 'User-Agent': 'other' },
      body: '{"审批":1}',
    });
    expect(answer).toEqual({ status: 201, retryAfter: null, body: '谢谢', truncated: false });
    expect(seen.slice(0, 3)).toEqual(['POST', '/a%20b?x=1&y=%2F', '{"审批":1}']);
    expect(seen[3]).toMatchObject({
      host: `127.0.0.1:${target.port}`,
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength('{"审批":1}')),
      'user-agent': 'countersign',
      'accept-encoding': 'identity',
    });
  });

  it('given several calls to one target, then they share a kept connection', async () => {
    const target = await http((_request, response) => response.end('ok'));
    const { client } = clientWith();
    for (let call = 0; call < 10; call += 1) expect((await post(client, target.url)).body).toBe('ok');
    expect(target.sockets.length).toBeLessThan(10);
    await client.onApplicationShutdown();
    await closed(target.sockets[0]);
    expect((await failure(post(client, target.url))).kind).toBe('connection');
  });

  it('given 204, 404 or 500, then that is the answer, not an error', async () => {
    const target = await http((request, response) => response.writeHead(Number(request.url?.slice(1))).end());
    const { client } = clientWith();
    for (const status of [204, 404, 500]) {
      const answer = await post(client, `${target.url}/${status}`);
      expect(answer).toEqual({ status, retryAfter: null, body: '', truncated: false });
    }
  });

  it.each([301, 302, 303, 307, 308])(
    'given %i to somewhere inside, then nobody follows it',
    async (status) => {
      const asked: (string | undefined)[] = [];
      const target = await http((request, response) => {
        asked.push(request.url);
        const location = request.url === '/self' ? '/next' : 'http://169.254.169.254/latest/meta-data/';
        response.writeHead(status, { location }).end('moved');
      });
      const { client } = clientWith();
      expect(await post(client, `${target.url}/self`)).toMatchObject({ status, body: 'moved' });
      expect(await post(client, `${target.url}/metadata`)).toMatchObject({ status, body: 'moved' });
      expect(asked).toEqual(['/self', '/metadata']);
    },
  );

  it('given a packed answer, then it stays packed', async () => {
    const packed = gzipSync('a'.repeat(1_000_000));
    const target = await http((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed),
    );
    const answer = await post(clientWith().client, target.url);
    expect(answer.body).toBe(new TextDecoder().decode(packed));
    expect(answer.truncated).toBe(false);
  });

  it('given a proxy in the environment, then it is not used', async () => {
    const proxy = await http((_request, response) => response.end('proxy'));
    const target = await http((_request, response) => response.end('target'));
    for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY']) vi.stubEnv(name, proxy.url);
    vi.stubEnv('NO_PROXY', '');
    expect((await post(clientWith().client, target.url)).body).toBe('target');
    expect(proxy.sockets).toHaveLength(0);
  });
});

describe('OutboundClient and long answers', () => {
  const limit = 64 * 1024;

  it.each([true, false])(
    'given 64 MB (length announced: %s), then 64 KiB are read and the rest is not sent',
    async (announced) => {
      const all = 64 * 1024 * 1024;
      const chunk = Buffer.alloc(limit, 'x');
      let sent = 0;
      const target = await http((_request, response) => {
        if (announced) response.setHeader('content-length', all);
        const send = (): void => {
          while (sent < all) {
            sent += chunk.length;
            if (!response.write(chunk)) return;
          }
          response.end();
        };
        response.on('drain', send);
        send();
      });
      const answer = await post(clientWith().client, target.url);
      expect(answer).toEqual({ status: 200, retryAfter: null, body: 'x'.repeat(limit), truncated: true });
      await closed(target.sockets[0]);
      expect(sent).toBeLessThan(all / 2);
    },
  );

  it('given exactly 64 KiB, then all of it comes, and one byte more is cut off', async () => {
    const target = await http((request, response) => response.end('x'.repeat(Number(request.url?.slice(1)))));
    const { client } = clientWith();
    expect(await post(client, `${target.url}/${limit}`)).toMatchObject({ truncated: false });
    const more = await post(client, `${target.url}/${limit + 1}`);
    expect(more).toMatchObject({ truncated: true, body: 'x'.repeat(limit) });
  });

  it('given a character that the limit cuts in two, then it is left out', async () => {
    const target = await http((_request, response) => response.end(`xx${'审'.repeat(limit)}`));
    const { body } = await post(clientWith().client, target.url);
    expect(body).toBe(`xx${'审'.repeat(Math.floor((limit - 2) / 3))}`);
  });
});

describe('OutboundClient and Retry-After', () => {
  const now = new Date('2026-03-01T12:00:00.400Z');
  const day = 86_400_000;

  it.each([
    ['0', 0],
    ['120', 120_000],
    ['  7 ', 7_000],
    ['86400', day],
    ['99999999999999999999999', day],
    ['Sun, 01 Mar 2026 12:01:00 GMT', 59_600],
    ['Sunday, 01-Mar-26 12:01:00 GMT', 59_600],
    ['Sun Mar  1 12:01:00 2026', 59_600],
    ['Sun, 01 Mar 2026 11:59:00 GMT', 0],
    ['Wed, 01 Apr 2026 12:00:00 GMT', day],
    ['-5', null],
    ['1.5', null],
    ['5s', null],
    ['2026-03-01T12:01:00Z', null],
    ['Sun, 99 Foo 2026 12:01:00 GMT', null],
    ['soon', null],
    ['', null],
  ])('given %j, then it is %s ms', async (value, expected) => {
    vi.stubEnv('TZ', 'Asia/Shanghai');
    const target = await http((_request, response) =>
      response.writeHead(503, { 'retry-after': value }).end(),
    );
    const answer = await post(clientWith({ now }).client, target.url);
    expect(answer).toMatchObject({ status: 503, retryAfter: expected });
  });
});
