import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from '../config/config.js';
import { AddressGuard } from './address-guard.js';
import { Resolver } from './resolver.js';
import {
  publicUrls,
  refusedHosts,
  refusedNames,
  refusedSpellings,
  refusedUrls,
} from './ssrf-corpus.spec-support.js';

/** A resolver that knows some names. */
class KnownNames extends Resolver {
  constructor(private readonly known: Readonly<Record<string, readonly string[]>>) {
    super();
  }

  override addressesOf(host: string): Promise<readonly string[]> {
    const found = this.known[host];
    return found === undefined || found.length === 0
      ? Promise.reject(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }))
      : Promise.resolve(found);
  }
}

const guardWith = (
  allowedHosts: string,
  known: Readonly<Record<string, readonly string[]>> = {},
): AddressGuard =>
  new AddressGuard(parseConfig({ CALLBACK_ALLOWED_HOSTS: allowedHosts }), new KnownNames(known));

const toPublic = ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'];
const publicNames = {
  'public.example': toPublic,
  'public.example.': toPublic,
  'two.example': ['10.0.0.1', '93.184.215.14'],
  'xn--bcher-kva.example': toPublic,
  'localhost.example': toPublic,
  notlocalhost: toPublic,
};

describe('AddressGuard without allowed hosts', () => {
  const guard = guardWith('', publicNames);

  it('the corpus holds more than two hundred distinct spellings', () => {
    expect(new Set(refusedSpellings).size).toBeGreaterThanOrEqual(220);
    expect(new Set(refusedSpellings).size).toBe(refusedSpellings.length);
  });

  it.each(Object.entries(refusedHosts))(
    'given a host that is %s, then no spelling is let through',
    async (group, hosts) => {
      for (const host of hosts) {
        const why = await guard.whyRefused(`http://${host}/hook`);
        expect(why, host).toMatch(
          group === 'no hosts at all' ? /^must be a URL/ : /^leads to .*CALLBACK_ALLOWED_HOSTS/,
        );
      }
    },
  );

  it.each(refusedUrls)('given %j, then it is refused', async (url) => {
    expect(await guard.whyRefused(url)).toMatch(/^(must|leads to) /);
  });

  it.each(Object.entries(refusedNames))(
    'given the name %s that leads to %j, then it is refused',
    async (name, addresses) => {
      const { hostname } = new URL(`http://${name}`);
      const why = await guardWith('', { [hostname]: addresses }).whyRefused(`http://${name}:8080/hook`);
      expect(why).toMatch(/^leads to .*CALLBACK_ALLOWED_HOSTS/);
    },
  );

  it.each(publicUrls)('given %s, then it may be called', async (url) => {
    expect(await guard.whyRefused(url)).toBeNull();
  });

  it('given user or password in the URL, then that is what it says', async () => {
    expect(await guard.whyRefused('https://user@public.example/')).toBe(
      'must hold neither user nor password',
    );
    expect(await guard.whyRefused('https://:pw@public.example/')).toBe('must hold neither user nor password');
    expect(await guard.whyRefused('ftp://public.example/')).toMatch(/begins with http/);
  });

  it('given a refusal, then it says the kind of address, but not what a name inside the house leads to', async () => {
    const why = await guardWith('', { 'erp.internal': ['10.20.30.40'] }).whyRefused('http://erp.internal/');
    expect(why).toMatch(/^leads to a private address; /);
    expect(why).not.toContain('10.20');
  });

  it('given a name that the resolver is silent about, then it is not refused, and the answer does not wait for it', async () => {
    class Silent extends Resolver {
      override addressesOf(): Promise<readonly string[]> {
        return new Promise(() => undefined);
      }
    }
    const silent = new AddressGuard(parseConfig({}), new Silent());
    const verdicts = ['https://slow.example/', 'https://slow.localhost/'].map((url) =>
      silent.whyRefused(url),
    );
    expect(await Promise.all(verdicts)).toEqual([null, expect.stringMatching(/^leads to a loopback/)]);
  });

  it.each(['2606:4700::1%eth0', '134744072', '0x08.8.8.8', '8.8.8', 'public.example', ''])(
    'given a resolver or socket that says %j, then that is no address to connect to',
    (address) => {
      expect(guard.whyBarred('public.example', address)).toMatch(
        /^leads to something that is no plain IP address; /,
      );
    },
  );
});

describe('AddressGuard and the registries of special addresses', () => {
  /** The IANA registries once more, as another library reads them. */
  const special = new BlockList();
  for (const range of [
    '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24',
    '192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24',
    '224.0.0.0/4 240.0.0.0/4 168.63.129.16/32',
  ].flatMap((line) => line.split(' '))) {
    const [network = '', bits] = range.split('/');
    special.addSubnet(network, Number(bits), 'ipv4');
  }
  const guard = guardWith('');
  const judged = async (host: string): Promise<boolean> =>
    (await guard.whyRefused(`http://${host}/`)) === null;

  /** Any address, and often one at the edge of a range. */
  const edges = [
    0, 0x01, 0x0a, 0x0b, 0x6440, 0x6480, 0x7f, 0x80, 0xa9fe, 0xa9ff, 0xac10, 0xac20, 0xc000, 0xc058, 0xc0a8,
    0xc0a9,
  ].map((start) => (start * 2 ** (start > 0xff ? 16 : 24)) >>> 0);
  const anyIPv4 = fc.oneof(
    fc.nat(0xffff_ffff),
    fc
      .tuple(fc.constantFrom(...edges), fc.integer({ min: -2, max: 2 }))
      .map(([edge, off]) => (edge + off) >>> 0),
  );
  const dotted = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');

  it('given any IPv4 address, plain, mapped or behind NAT64, then it is public when no registry lists it', async () => {
    await fc.assert(
      fc.asyncProperty(anyIPv4, async (value) => {
        const expected = !special.check(dotted(value), 'ipv4');
        expect(await judged(dotted(value))).toBe(expected);
        expect(await judged(String(value))).toBe(expected);
        expect(await judged(`[::ffff:${dotted(value)}]`)).toBe(expected);
        expect(await judged(`[64:ff9b::${dotted(value)}]`)).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('given any IPv6 address outside 2000::/3, then it is not public', async () => {
    const hextet = fc.nat(0xffff);
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(hextet, hextet, hextet, hextet, hextet, hextet, hextet, hextet),
        async (parts) => {
          fc.pre(parts[0] >>> 13 !== 1 && !(parts[0] === 0x64 && parts[1] === 0xff9b));
          expect(await judged(`[${parts.map((part) => part.toString(16)).join(':')}]`)).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('AddressGuard with allowed hosts', () => {
  const names = {
    localhost: ['::1', '127.0.0.1'],
    'erp.internal': ['10.1.2.3'],
    'erp.internal.': ['10.1.2.3'],
    'sub.erp.internal': ['10.1.2.3'],
    'mapped.internal': ['::ffff:10.1.2.3'],
    'v6.internal': ['fd00::5'],
  };
  const refused = async (allowed: string, url: string): Promise<boolean> =>
    (await guardWith(allowed, names).whyRefused(url)) !== null;

  it.each([
    ['127.0.0.1', 'http://127.0.0.1:9/'],
    ['127.0.0.1', 'http://2130706433/'],
    ['127.0.0.1', 'http://[::ffff:127.0.0.1]/'],
    ['127.0.0.1', 'http://localhost/'],
    ['::1', 'http://[::1]/'],
    ['[::1]', 'http://[0:0::1]/'],
    ['::ffff:127.0.0.1', 'http://127.0.0.1/'],
    ['::ffff:10.0.0.0/104', 'http://10.1.2.3/'],
    ['10.1.0.0/16', 'http://10.1.2.3/'],
    ['10.1.2.99/16', 'http://erp.internal/'],
    ['10.1.0.0/16', 'http://mapped.internal/'],
    ['fd00::/8', 'http://v6.internal/'],
    ['fd00::/8', 'http://[fd12::1]/'],
    ['ERP.internal', 'http://erp.INTERNAL./'],
    ['erp.internal.', 'http://erp.internal/'],
    ['other, erp.internal', 'https://erp.internal:8443/hook'],
    ['localhost', 'http://localhost./'],
    ['app.localhost', 'http://APP.localhost/'],
    ['0.0.0.0/0', 'http://169.254.169.254/'],
  ])('given %s allowed, then %s may be called', async (allowed, url) => {
    expect(await refused('', url)).toBe(true);
    expect(await refused(allowed, url)).toBe(false);
  });

  it.each([
    ['127.0.0.1', 'http://127.0.0.2/'],
    ['127.0.0.1', 'http://[::1]/'],
    ['localhost', 'http://127.0.0.1/'],
    ['erp.internal', 'http://sub.erp.internal/'],
    ['erp.internal', 'http://10.1.2.3/'],
    ['internal', 'http://erp.internal/'],
    ['10.1.0.0/16', 'http://10.2.0.1/'],
    ['10.0.0.0/8', 'http://[64:ff9b::10.0.0.1]/'],
    ['10.0.0.0/8', 'http://[2002:a00:1::]/'],
    ['::/0', 'http://127.0.0.1/'],
    ['0.0.0.0/0', 'http://[::1]/'],
    ['fd00::/8', 'http://[fe80::1]/'],
    ['public.example', 'http://user@public.example/'],
    ['public.example', 'gopher://public.example/'],
  ])('given %s allowed, then %s is still refused', async (allowed, url) => {
    expect(await refused(allowed, url)).toBe(true);
  });

  it('given a name that leads to several addresses, then a connection gets only those that are allowed', async () => {
    const resolved = {
      'mixed.example': ['169.254.169.254', '10.1.2.3', 'fd00::5', '93.184.215.14'],
      localhost: ['::1', '127.0.0.1'],
    };
    const guard = guardWith('10.1.0.0/16,127.0.0.1', resolved);
    expect(await guard.allowedAddresses('mixed.example')).toEqual(['10.1.2.3', '93.184.215.14']);
    expect(await guard.allowedAddresses('localhost')).toEqual(['127.0.0.1']);
    await expect(guardWith('', resolved).allowedAddresses('localhost')).rejects.toMatchObject({
      kind: 'address',
    });
    await expect(guard.allowedAddresses('unknown.example')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('given a configuration that was not read from the environment, then an unreadable entry stops the start as well', () => {
    const config = parseConfig({});
    const broken = { ...config, callback: { ...config.callback, allowedHosts: ['10.0.0.0/33'] } };
    expect(() => new AddressGuard(broken, new Resolver())).toThrow(ConfigError);
    expect(() => new AddressGuard(broken, new Resolver())).toThrow(/CALLBACK_ALLOWED_HOSTS/);
  });
});
