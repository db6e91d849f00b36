import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createNetServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { SMTPServer } from 'smtp-server';
import { buildConnector } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../config/config.js';
import { Clock } from '../runtime/clock.js';
import { AddressGuard } from './address-guard.js';
import { guardedConnector } from './guarded-connector.js';
import { OutboundClient, OutboundError, type OutboundRequest } from './outbound.client.js';
import { Resolver } from './resolver.js';
import { refusedHosts } from './ssrf-corpus.spec-support.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
  vi.unstubAllEnvs();
});

/** Answers from a list, the last one for ever, and remembers what it was asked. */
class Scripted extends Resolver {
  readonly asked: string[] = [];

  constructor(private readonly answers: readonly (readonly string[])[]) {
    super();
  }

  override addressesOf(host: string): Promise<readonly string[]> {
    this.asked.push(host);
    const answer = this.answers[Math.min(this.asked.length, this.answers.length) - 1];
    return answer === undefined ? new Promise(() => undefined) : Promise.resolve(answer);
  }
}

interface Given {
  readonly allowed?: string;
  readonly timeout?: string;
  readonly resolver?: Resolver;
  readonly now?: Date;
}

function clientWith({ allowed = '127.0.0.1', timeout = '30s', resolver = new Resolver(), now }: Given = {}) {
  const config = parseConfig({ CALLBACK_ALLOWED_HOSTS: allowed, CALLBACK_TIMEOUT: timeout });
  const guard = new AddressGuard(config, resolver);
  const clock = new Clock();
  if (now !== undefined) clock.now = () => now;
  const client = new OutboundClient(config, guard, clock);
  cleanups.push(() => client.onApplicationShutdown());
  return { client, guard };
}

/** A server on a free port that remembers its connections. */
async function listening(server: Server, host = '127.0.0.1') {
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    // A socket that is not read does not notice its end.
    socket.resume();
  });
  server.listen(0, host);
  await once(server, 'listening');
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}`, sockets };
}

const http = (listener: RequestListener) => listening(createHttpServer(listener));
const tcp = (onSocket: (socket: Socket) => void) => listening(createNetServer(onSocket));
const post = (client: OutboundClient, url: string, more: Partial<OutboundRequest> = {}) =>
  client.post({ url, headers: {}, body: '{}', ...more });
const failure = async (call: Promise<unknown>): Promise<OutboundError> => {
  const error = await call.then(
    () => 'an answer',
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(OutboundError);
  return error as OutboundError;
};
/** Resolves when the far end has let go of the connection; the test runs into its timeout when it never does. */
const closed = async (socket: Socket | undefined): Promise<void> => {
  if (socket?.closed === false) await new Promise((resolve) => socket.once('close', resolve));
};

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
    const target = await http((_request, response) => response.end(`x${'审'.repeat(limit)}`));
    const { body } = await post(clientWith().client, target.url);
    expect(body).toBe(`x${'审'.repeat(Math.floor((limit - 1) / 3))}`);
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
    const target = await http((_request, response) =>
      response.writeHead(503, { 'retry-after': value }).end(),
    );
    const answer = await post(clientWith({ now }).client, target.url);
    expect(answer).toMatchObject({ status: 503, retryAfter: expected });
  });
});

describe('OutboundClient and time', () => {
  const timeout = '400ms';

  it.each<[string, (socket: Socket) => void]>([
    ['never answers', () => undefined],
    ['drips its headers', (socket) => drip(socket, 'HTTP/1.1 200 OK\r\nx-header: ', 'x')],
    ['says 103 Early Hints for ever', (socket) => drip(socket, '', 'HTTP/1.1 103 Early Hints\r\n\r\n')],
    ['drips its body', (socket) => drip(socket, 'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n', 'x')],
    [
      'drips its chunks',
      (socket) => drip(socket, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '1\r\nx\r\n'),
    ],
    ['stops within its body', (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx')],
  ])(
    'given a target that %s, then the call ends in time and lets go of the connection',
    async (_what, onSocket) => {
      const target = await tcp(onSocket);
      const error = await failure(post(clientWith({ timeout }).client, target.url));
      expect(error.kind).toBe('timeout');
      expect(error.message).toContain('400 ms');
      await closed(target.sockets[0]);
    },
  );

  it('given a resolver that never answers, then the call ends in time', async () => {
    const { client } = clientWith({ timeout, resolver: new Scripted([]) });
    expect((await failure(post(client, 'http://slow.example/'))).kind).toBe('timeout');
  });

  it('given a connection that opens only after the end, then nothing is sent over it', async () => {
    const target = await http((_request, response) => response.end());
    let found: (addresses: readonly string[]) => void = () => undefined;
    class Late extends Resolver {
      override addressesOf(): Promise<readonly string[]> {
        return new Promise((resolve) => (found = resolve));
      }
    }
    const { client } = clientWith({ resolver: new Late() });
    const heard = vi.fn<() => void>();
    const giveUp = new AbortController();
    const call = failure(post(client, `http://late.example:${target.port}/`, { signal: giveUp.signal }));
    await vi.waitUntil(() => found.length > 0);
    giveUp.abort();
    expect((await call).kind).toBe('connection');
    found(['127.0.0.1']);
    await vi.waitUntil(() => target.sockets.length > 0);
    target.sockets[0]?.on('data', heard);
    await client.onApplicationShutdown();
    await closed(target.sockets[0]);
    expect(heard).not.toHaveBeenCalled();
  });

  it('given a caller who gives up, then the call ends before its time and nothing is left open', async () => {
    const giveUp = new AbortController();
    const target = await tcp(() => giveUp.abort());
    const { client } = clientWith({ timeout: '1h' });
    expect((await failure(post(client, target.url, { signal: giveUp.signal }))).kind).toBe('connection');
    await closed(target.sockets[0]);
  });

  it('given a caller who gave up before, then there is no connection', async () => {
    const target = await tcp(() => undefined);
    const error = await failure(post(clientWith().client, target.url, { signal: AbortSignal.abort() }));
    expect(error.kind).toBe('connection');
    expect(target.sockets).toHaveLength(0);
  });
});

/** Sends a beginning, and then a little again and again, until nobody listens. */
function drip(socket: Socket, beginning: string, little: string): void {
  socket.write(beginning);
  const timer = setInterval(() => socket.write(little), 10);
  socket.on('close', () => clearInterval(timer));
}

describe('OutboundClient and broken connections', () => {
  it.each<[string, RegExp, (socket: Socket) => void]>([
    [
      'resets',
      /closed.*\((ECONNRESET|UND_ERR_SOCKET)\)/,
      (socket) => socket.on('data', () => socket.resetAndDestroy()),
    ],
    ['hangs up', /closed.*\(UND_ERR_SOCKET\)/, (socket) => socket.on('data', () => socket.end())],
    [
      'hangs up within its body',
      /\(UND_ERR_SOCKET\)/,
      (socket) => socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx')),
    ],
    ['speaks something else', /not valid HTTP \(HPE_/, (socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n')],
    [
      'switches protocols',
      /\(UND_ERR_SOCKET\)/,
      (socket) =>
        socket.on('data', () =>
          socket.write('HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
        ),
    ],
    [
      'sends endless headers',
      /headers of the answer are too large \(UND_ERR_HEADERS_OVERFLOW\)/,
      (socket) =>
        socket.on('data', () =>
          socket.write(`HTTP/1.1 200 OK\r\n${`x-header: ${'x'.repeat(1000)}\r\n`.repeat(1000)}\r\n`),
        ),
    ],
  ])('given a target that %s, then that is a failed connection', async (_what, message, onSocket) => {
    const target = await tcp(onSocket);
    const error = await failure(post(clientWith().client, `${target.url}/hook?token=geheim`));
    expect(error.kind).toBe('connection');
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('geheim');
  });

  it('given a port where nobody listens, then it says so', async () => {
    const server = createNetServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const error = await failure(post(clientWith().client, `http://127.0.0.1:${port}/`));
    expect(error).toMatchObject({ kind: 'connection', message: 'The connection was refused (ECONNREFUSED)' });
  });

  it('given a name that does not resolve, then it says so', async () => {
    class Unknown extends Resolver {
      override addressesOf(): Promise<readonly string[]> {
        return Promise.reject(Object.assign(new Error('getaddrinfo nowhere'), { code: 'ENOTFOUND' }));
      }
    }
    const error = await failure(
      post(clientWith({ resolver: new Unknown() }).client, 'http://nowhere.example/'),
    );
    expect(error).toMatchObject({
      kind: 'connection',
      message: 'The host name does not resolve (ENOTFOUND)',
    });
  });

  it('given a header that cannot be sent, then the message does not repeat it', async () => {
    const error = await failure(
      post(clientWith().client, 'http://127.0.0.1/', { headers: { 'x-secret': 'a\r\nb' } }),
    );
    expect(error).toMatchObject({
      kind: 'connection',
      message: 'The request cannot be sent (UND_ERR_INVALID_ARG)',
    });
  });

  it('given a certificate that nobody vouches for, then it is not trusted, whatever the environment says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    // A server of mail has a self-signed certificate of its own, and TLS comes before its language.
    const target = await listening(new SMTPServer({ secure: true }).server);
    const error = await failure(post(clientWith().client, `https://127.0.0.1:${target.port}/`));
    expect(error.kind).toBe('connection');
    expect(error.message).toMatch(/^The TLS connection failed \(.*(CERT|SIGNATURE|SIGNED).*\)$/);
  });
});

describe('OutboundClient and forbidden addresses', () => {
  it('given every spelling of this machine, then no connection is made, though a server listens', async () => {
    const server = await listening(createNetServer(), '::').catch(() =>
      listening(createNetServer(), '0.0.0.0'),
    );
    const hosts = Object.entries(refusedHosts)
      .filter(([group]) => /^(loopback|unspecified)/.test(group))
      .flatMap(([, spellings]) => spellings);
    expect(hosts.length).toBeGreaterThan(80);
    const { client } = clientWith({ allowed: '', resolver: new Scripted([['127.0.0.1']]) });
    for (const host of [...hosts, 'localhost', 'app.localhost', 'rebound.example']) {
      const error = await failure(post(client, `http://${host}:${server.port}/`));
      expect(error.kind, host).toBe('address');
      expect(error.message).toMatch(/^The host leads to .*CALLBACK_ALLOWED_HOSTS/);
    }
    expect(server.sockets).toHaveLength(0);
  });

  it('given a name that leads elsewhere after it was checked, then no connection is made', async () => {
    const target = await http((_request, response) => response.end());
    const resolver = new Scripted([['93.184.215.14'], ['127.0.0.1']]);
    const { client, guard } = clientWith({ allowed: '', resolver });
    const url = `http://rebound.example:${target.port}/`;
    expect(await guard.whyRefused(url)).toBeNull();
    expect((await failure(post(client, url))).kind).toBe('address');
    expect(target.sockets).toHaveLength(0);
  });

  it('given a name that leads elsewhere with every question, then the address that was judged is the one that is used', async () => {
    const target = await http((_request, response) => response.end('right'));
    const resolver = new Scripted([['127.0.0.1'], ['169.254.169.254']]);
    const { client } = clientWith({ resolver });
    expect((await post(client, `http://rebound.example:${target.port}/`)).body).toBe('right');
    expect(resolver.asked).toEqual(['rebound.example']);
  });

  it('given a name with allowed and other addresses, then only the allowed ones are tried', async () => {
    const target = await http((_request, response) => response.end('right'));
    const { client } = clientWith({ resolver: new Scripted([['127.0.0.2', '::1', '127.0.0.1']]) });
    expect((await post(client, `http://mixed.example:${target.port}/`)).body).toBe('right');
  });

  it('given a socket that ended elsewhere than was judged, then it is closed before anything is sent', async () => {
    const heard = vi.fn<() => void>();
    const target = await tcp((socket) => socket.on('data', heard));
    const { guard } = clientWith({ allowed: '' });
    const dial = buildConnector({
      lookup: (_host, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    const connect = guardedConnector(guard, 1000, dial);
    const error = await new Promise((resolve) => {
      connect({ hostname: 'public.example', protocol: 'http:', port: String(target.port) }, (failed) =>
        resolve(failed),
      );
    });
    expect(error).toMatchObject({ kind: 'address' });
    await closed(target.sockets[0]);
    expect(heard).not.toHaveBeenCalled();
  });

  it.each(['ftp://127.0.0.1/', 'http://user@127.0.0.1/', 'http://:geheim@127.0.0.1/'])(
    'given %s, then nothing is called, allowed or not',
    async (url) => {
      const error = await failure(post(clientWith().client, url));
      expect(error.kind).toBe('address');
      expect(error.message).not.toContain('geheim');
    },
  );

  it('given something that is no URL, then that is an OutboundError as well', async () => {
    expect((await failure(post(clientWith().client, 'geheim'))).message).toBe(
      'The request cannot be sent (ERR_INVALID_URL)',
    );
  });
});
