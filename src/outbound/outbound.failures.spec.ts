import { once } from 'node:events';
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  afterwards,
  cleanUp,
  clientWith,
  closed,
  failure,
  http,
  post,
  Scripted,
  tcp,
} from './outbound.spec-support.js';
import { Resolver } from './resolver.js';

afterEach(cleanUp);
afterEach(() => vi.unstubAllEnvs());

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

  it('given a caller who gave up before, then nobody even resolves the name', async () => {
    const resolver = new Scripted([['127.0.0.1']]);
    const { client } = clientWith({ resolver });
    const error = await failure(post(client, 'http://target.example/', { signal: AbortSignal.abort() }));
    expect(error.kind).toBe('connection');
    await new Promise((resolve) => setImmediate(resolve));
    expect(resolver.asked).toEqual([]);
  });
});

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
    [
      'speaks something else',
      /^The answer is not valid HTTP$/,
      (socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n'),
    ],
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
    const mail = new SMTPServer({ secure: true });
    mail.on('error', () => undefined);
    mail.listen(0, '127.0.0.1');
    await once(mail.server, 'listening');
    afterwards(() => mail.close());
    const { port } = mail.server.address() as AddressInfo;
    const error = await failure(post(clientWith().client, `https://127.0.0.1:${port}/`));
    expect(error.kind).toBe('connection');
    expect(error.message).toMatch(/^The TLS connection failed \((CERT_|.*SIGN)/);
  });
});

/** Sends a beginning, and then a little again and again, until nobody listens. */
function drip(socket: Socket, beginning: string, little: string): void {
  socket.write(beginning);
  const timer = setInterval(() => socket.write(little), 10);
  socket.on('close', () => clearInterval(timer));
}
