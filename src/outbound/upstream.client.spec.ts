import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../config/config.js';
import { AddressGuard } from './address-guard.js';
import { afterwards, cleanUp, closed, http, Scripted, tcp } from './outbound.spec-support.js';
import { Resolver } from './resolver.js';
import {
  type StreamedRequest,
  UpstreamClient,
  UpstreamError,
  type WholeAnswer,
  type WholeRequest,
} from './upstream.client.js';

afterEach(cleanUp);

function clientWith({ allowed = '127.0.0.1', resolver = new Resolver(), connecting = '30s' } = {}) {
  const config = parseConfig({ CALLBACK_ALLOWED_HOSTS: allowed, GATE_TIMEOUT: connecting });
  const client = new UpstreamClient(config, new AddressGuard(config, resolver));
  afterwards(() => client.onApplicationShutdown());
  return client;
}

const whole = (base: string, more: Partial<WholeRequest> = {}, client = clientWith()) =>
  client.whole({
    base,
    path: '/',
    method: 'GET',
    headers: [],
    body: Buffer.alloc(0),
    timeout: 30_000,
    limit: 1_000_000,
    ...more,
  });

const stream = (base: string, more: Partial<StreamedRequest> = {}, client = clientWith()) =>
  client.request({
    base,
    path: '/',
    method: 'GET',
    headers: [],
    body: null,
    headersTimeout: 30_000,
    ...more,
  });

const failure = async (call: Promise<unknown>): Promise<UpstreamError> => {
  const error = await call.then(
    () => 'an answer',
    (reason: unknown) => reason,
  );
  if (error instanceof UpstreamError) return error;
  throw new Error('no UpstreamError', { cause: error });
};

/** Everything that came over a connection until the request was over, which is answered with these bytes. */
async function wire(answer = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n') {
  const heard: Buffer[] = [];
  const target = await tcp((socket) =>
    socket.on('data', (chunk: Buffer) => {
      heard.push(chunk);
      if (heard.length === 1) setImmediate(() => socket.write(answer));
    }),
  );
  return { ...target, heard: () => Buffer.concat(heard).toString('latin1') };
}

const refusedPort = async (): Promise<number> => {
  const server = createNetServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

const bothWays = [
  ['whole', (base: string, client?: UpstreamClient) => whole(base, {}, client)],
  ['request', (base: string, client?: UpstreamClient) => stream(base, {}, client)],
] as const;

describe.each(bothWays)('UpstreamClient.%s where nothing can reach the upstream', (_name, call) => {
  it('given an address that must not be called, then nothing was sent', async () => {
    const target = await http((_request, response) => response.end());
    const error = await failure(call(target.url, clientWith({ allowed: '' })));
    expect(error).toMatchObject({ kind: 'address', sent: false });
    expect(target.sockets).toHaveLength(0);
  });

  it('given a name that leads to such an address, then nothing was sent', async () => {
    const client = clientWith({ allowed: '', resolver: new Scripted([['127.0.0.1']]) });
    const target = await http((_request, response) => response.end());
    const error = await failure(call(`http://inside.example:${target.port}`, client));
    expect(error).toMatchObject({ kind: 'address', sent: false });
  });

  it.each([
    ['ftp://127.0.0.1/'],
    ['http://user:pw@127.0.0.1/'],
    ['http://127.0.0.1/?x=1'],
    ['http://127.0.0.1/#x'],
    ['nonsense'],
  ])('given the URL %s, then it is not called', async (url) => {
    expect(await failure(call(url))).toMatchObject({ kind: 'address', sent: false });
  });

  it('given a name that does not resolve, then nothing was sent', async () => {
    class Unknown extends Resolver {
      override addressesOf(): Promise<readonly string[]> {
        return Promise.reject(Object.assign(new Error('getaddrinfo nowhere'), { code: 'ENOTFOUND' }));
      }
    }
    const error = await failure(call('http://nowhere.example', clientWith({ resolver: new Unknown() })));
    expect(error).toMatchObject({
      kind: 'connection',
      sent: false,
      message: 'The host name does not resolve (ENOTFOUND)',
    });
  });

  it('given a port where nobody listens, then nothing was sent', async () => {
    const error = await failure(call(`http://127.0.0.1:${await refusedPort()}`));
    expect(error).toMatchObject({
      kind: 'connection',
      sent: false,
      message: 'The connection was refused (ECONNREFUSED)',
    });
  });

  it('given a TLS handshake that fails, then nothing was sent', async () => {
    const target = await tcp((socket) => socket.on('data', () => socket.end('no TLS here')));
    const error = await failure(call(`https://127.0.0.1:${target.port}`));
    expect(error).toMatchObject({ kind: 'connection', sent: false });
  });

  it('given a connection that does not open in time, then nothing was sent', async () => {
    // A handshake that never ends is a connection that never opens.
    const target = await tcp(() => undefined);
    const client = clientWith({ connecting: '100ms' });
    const error = await failure(call(`https://127.0.0.1:${target.port}`, client));
    expect(error).toMatchObject({ kind: 'timeout', sent: false });
  });
});

describe.each(bothWays)('UpstreamClient.%s where the upstream may have acted', (_name, call) => {
  it.each<[string, (socket: Socket) => void]>([
    ['resets', (socket) => socket.on('data', () => socket.resetAndDestroy())],
    ['hangs up', (socket) => socket.on('data', () => socket.end())],
    ['speaks something else', (socket) => socket.on('data', () => socket.write('SSH-2.0\r\n'))],
    [
      'switches protocols',
      (socket) =>
        socket.on('data', () =>
          socket.write('HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
        ),
    ],
  ])('given an upstream that %s, then the request counts as sent', async (_what, onSocket) => {
    const target = await tcp(onSocket);
    expect(await failure(call(target.url))).toMatchObject({ kind: 'connection', sent: true });
  });
});

describe('UpstreamClient.whole', () => {
  it('given a path that URLs would rewrite, then it arrives as it is, behind the prefix', async () => {
    const target = await wire();
    const path = '/a%2Fb//c/../d/./e%zz;f?x=%20&y=http://other.example/&z=\u00fc"<';
    await whole(`${target.url}/pre/fix/`, { path });
    expect(target.heard().split('\r\n')[0]).toBe(`GET /pre/fix${path} HTTP/1.1`);
  });

  it('given headers, then they arrive as they are, without those of the connection, and Host is the upstream', async () => {
    const target = await wire();
    await whole(target.url, {
      method: 'POST',
      headers: [
        ['host', 'caller.example'],
        ['connection', 'close, X-Mine'],
        ['x-mine', 'of the connection'],
        ['transfer-encoding', 'chunked'],
        ['keep-alive', 'timeout=5'],
        ['expect', '100-continue'],
        ['upgrade', 'websocket'],
        ['content-length', '999'],
        ['content-type', 'text/plain; charset=GB18030'],
        ['x-twice', 'one'],
        ['x-twice', 't\u00fcwo'],
        ['accept-encoding', 'gzip, br'],
      ],
      body: Buffer.from([0, 255, 13, 10]),
    });
    expect(target.heard().split('\r\n')).toEqual([
      'POST / HTTP/1.1',
      `host: 127.0.0.1:${target.port}`,
      'connection: close',
      'content-type: text/plain; charset=GB18030',
      'x-twice: one',
      'x-twice: t\u00fcwo',
      'accept-encoding: gzip, br',
      'content-length: 4',
      '',
      '\u0000\u00ff',
      '',
    ]);
  });

  it('given a second request, then it has a connection of its own', async () => {
    const target = await http((_request, response) => response.end('x'));
    const client = clientWith();
    await whole(target.url, {}, client);
    await whole(target.url, {}, client);
    expect(target.sockets).toHaveLength(2);
    for (const socket of target.sockets) await closed(socket);
  });

  it('given a compressed answer with two cookies, then bytes and headers are as the upstream wrote them', async () => {
    const bytes = randomBytes(5_000);
    const target = await http((_request, response) => {
      response.setHeader('Set-Cookie', ['a=1', 'b=2; Path=/']);
      response.writeHead(201, { 'Content-Encoding': 'gzip', 'X-Word': 'gr\u00fcn' }).end(bytes);
    });
    const answer = await whole(target.url);
    expect(answer).toMatchObject({ status: 201, truncated: false });
    expect(answer.body.equals(bytes)).toBe(true);
    expect(answer.headers.filter(([name]) => /set-cookie|encoding|x-word/.test(name))).toEqual([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2; Path=/'],
      ['content-encoding', 'gzip'],
      ['x-word', 'gr\u00fcn'],
    ]);
    expect(answer.headers.map(([name]) => name)).not.toContain('transfer-encoding');
    expect(answer.headers.map(([name]) => name)).not.toContain('connection');
  });

  it.each<[string, string, Partial<WholeAnswer>]>([
    ['HEAD', 'HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n', { status: 200 }],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', { status: 204 }],
    ['GET', 'HTTP/1.1 304 Not Modified\r\netag: "x"\r\n\r\n', { status: 304 }],
    ['GET', 'HTTP/1.1 302 Found\r\nlocation: /there\r\ncontent-length: 0\r\n\r\n', { status: 302 }],
    [
      'GET',
      'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
      { status: 200 },
    ],
    ['PROPFIND', 'HTTP/1.1 207 Multi-Status\r\ncontent-length: 0\r\n\r\n', { status: 207 }],
  ])('given %s and an answer without a body, then it is complete: %s', async (method, answer, expected) => {
    const target = await wire(answer);
    expect(await whole(target.url, { method })).toMatchObject({ ...expected, body: Buffer.alloc(0) });
    expect(target.heard()).toMatch(new RegExp(`^${method} / HTTP/1.1\r\n`));
  });

  it('given an answer larger than the limit, then its beginning is kept and the connection let go', async () => {
    const target = await http((_request, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (response.write('x'.repeat(10_000)));
        response.once('drain', more);
      };
      more();
    });
    const answer = await whole(target.url, { limit: 25_000 });
    expect(answer).toMatchObject({ status: 200, truncated: true });
    expect(answer.body.toString()).toBe('x'.repeat(25_000));
    await closed(target.sockets[0]);
  });

  it('given an answer exactly as large as the limit, then it is whole', async () => {
    const target = await http((_request, response) => response.end('12345'));
    expect(await whole(target.url, { limit: 5 })).toMatchObject({ truncated: false });
  });

  it('given an upstream that dies within its body, then the request counts as sent', async () => {
    const target = await wire('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx');
    const call = failure(whole(target.url));
    await expect.poll(() => target.heard()).toContain('GET /');
    target.sockets[0]?.end();
    expect(await call).toMatchObject({ kind: 'connection', sent: true });
  });

  it.each<[string, string]>([
    ['never answers', ''],
    ['stops within its headers', 'HTTP/1.1 200 OK\r\nx-header: '],
    ['stops within its body', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx'],
  ])('given an upstream that %s, then the call ends in time and counts as sent', async (_what, answer) => {
    const target = await wire(answer);
    const error = await failure(whole(target.url, { timeout: 300 }));
    expect(error).toMatchObject({
      kind: 'timeout',
      sent: true,
      message: 'No complete answer within 300 ms',
    });
    await closed(target.sockets[0]);
  });

  it('given an upstream that drips its answer, then the call ends in time all the same', async () => {
    const target = await http((_request, response) => {
      response.writeHead(200);
      const dripping = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(dripping));
    });
    const error = await failure(whole(target.url, { timeout: 300 }));
    expect(error).toMatchObject({ kind: 'timeout', sent: true });
  });

  it('given a name that resolves only after the end, then nothing is sent', async () => {
    const target = await wire();
    let found: (addresses: readonly string[]) => void = () => undefined;
    class Late extends Resolver {
      override addressesOf(): Promise<readonly string[]> {
        return new Promise((resolve) => (found = resolve));
      }
    }
    const client = clientWith({ resolver: new Late() });
    const error = await failure(whole(`http://late.example:${target.port}`, { timeout: 100 }, client));
    expect(error).toMatchObject({ kind: 'timeout', sent: false });
    found(['127.0.0.1']);
    await expect.poll(() => target.sockets.length).toBe(1);
    await closed(target.sockets[0]);
    expect(target.heard()).toBe('');
  });

  it('given a caller who gave up before, then nobody even resolves the name', async () => {
    const resolver = new Scripted([['127.0.0.1']]);
    const call = whole('http://target.example', { signal: AbortSignal.abort() }, clientWith({ resolver }));
    expect(await failure(call)).toMatchObject({ sent: false });
    expect(resolver.asked).toEqual([]);
  });
});

describe('UpstreamClient.request', () => {
  it('given a body of known length, then it arrives whole, with its length, and connections are used again', async () => {
    const seen: string[] = [];
    const target = await http((request, response) => {
      const hash = createHash('sha256');
      request.on('data', (chunk: Buffer) => hash.update(chunk));
      request.on('end', () => {
        seen.push(`${request.headers['content-length']} ${hash.digest('hex')}`);
        response.end('ok');
      });
    });
    const bytes = randomBytes(300_000);
    const client = clientWith();
    for (const path of ['/1', '/2']) {
      const { body } = await stream(
        target.url,
        {
          path,
          method: 'POST',
          headers: [['content-length', '300000']],
          body: Readable.from(chunksOf(bytes)),
        },
        client,
      );
      expect(await text(body)).toBe('ok');
      // undici frees the connection a moment after the end of the answer.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const hash = createHash('sha256').update(bytes).digest('hex');
    expect(seen).toEqual([`300000 ${hash}`, `300000 ${hash}`]);
    expect(target.sockets).toHaveLength(1);
  });

  it('given an answer nobody reads, then the upstream has to wait', async () => {
    let written = 0;
    const target = await http((_request, response) => {
      const more = (): void => {
        while (written < 50_000_000 && response.write(Buffer.alloc(100_000))) written += 100_000;
        response.once('drain', more);
      };
      more();
    });
    const { body } = await stream(target.url);
    let before = -1;
    await expect
      .poll(
        () => {
          const still = written === before;
          before = written;
          return still;
        },
        { interval: 200, timeout: 20_000 },
      )
      .toBe(true);
    expect(written).toBeLessThan(30_000_000);
    body.destroy();
    await closed(target.sockets[0]);
  });

  it('given an answer that breaks off, then its body fails and says that the request was sent', async () => {
    const target = await wire('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx');
    const { body } = await stream(target.url);
    target.sockets[0]?.end();
    expect(await failure(text(body))).toMatchObject({ kind: 'connection', sent: true });
  });

  it('given no answer in time, then the call ends', async () => {
    const target = await wire('');
    const error = await failure(stream(target.url, { headersTimeout: 200 }));
    expect(error).toMatchObject({ kind: 'timeout', sent: true, message: 'No progress within 200 ms' });
    await closed(target.sockets[0]);
  });

  it('given an upload that takes longer than that and goes on, then it is not cut off', async () => {
    const target = await http((request, response) => {
      request.resume().on('end', () => response.end('ok'));
    });
    async function* slowly() {
      for (let part = 0; part < 8; part++) {
        await new Promise((resolve) => setTimeout(resolve, 150));
        yield Buffer.from('part');
      }
    }
    const body = Readable.from(slowly());
    const answer = await stream(target.url, { method: 'POST', body, headersTimeout: 600 });
    expect(await text(answer.body)).toBe('ok');
  });

  it('given an upstream that answers before it has read the body, then the rest of the body is read all the same', async () => {
    const target = await tcp((socket) => {
      socket.once('data', () => {
        socket.pause().write('HTTP/1.1 413 No\r\ncontent-length: 2\r\n\r\nno');
      });
    });
    const bytes = Readable.from(chunksOf(randomBytes(5_000_000)));
    const answer = await stream(target.url, { method: 'POST', body: bytes });
    expect(answer.status).toBe(413);
    expect(await text(answer.body)).toBe('no');
    await expect.poll(() => bytes.readableEnded).toBe(true);
  });

  it('given a signal, then the answer that is under way ends', async () => {
    const target = await wire('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx');
    const enough = new AbortController();
    const { body } = await stream(target.url, { signal: enough.signal });
    enough.abort();
    expect(await failure(text(body))).toMatchObject({ sent: true });
    await closed(target.sockets[0]);
  });

  it('given a sender who goes away, then the upstream loses the connection', async () => {
    const target = await tcp(() => undefined);
    const body = new Readable({ read: () => undefined });
    body.push('part');
    const call = failure(stream(target.url, { method: 'POST', body }));
    await expect.poll(() => target.sockets.length).toBe(1);
    body.destroy();
    expect(await call).toMatchObject({ kind: 'connection' });
    await closed(target.sockets[0]);
  });
});

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000);
}
