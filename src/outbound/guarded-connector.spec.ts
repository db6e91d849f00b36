import { createServer as createNetServer } from 'node:net';
import { buildConnector } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { guardedConnector } from './guarded-connector.js';
import {
  cleanUp,
  clientWith,
  closed,
  failure,
  http,
  listening,
  post,
  Scripted,
  tcp,
} from './outbound.spec-support.js';
import { refusedHosts } from './ssrf-corpus.spec-support.js';

afterEach(cleanUp);

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
      connect({ hostname: 'public.example', protocol: 'http:', port: String(target.port) }, (...[failed]) =>
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
