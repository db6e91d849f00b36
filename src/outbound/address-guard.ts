import { isIP } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type ipaddr from 'ipaddr.js';
import { CONFIG, ConfigError, type Config } from '../config/config.js';
import { readHostEntry } from '../config/fields.js';
import { OutboundError } from './outbound-error.js';
import { readAddress, whyNotPublic } from './public-address.js';
import { Resolver } from './resolver.js';

/** How long the check of a URL waits for its name; the caller of the API waits with it. */
const resolveWithin = 2_000;

const rule = 'only public addresses may be called, and hosts that CALLBACK_ALLOWED_HOSTS names';

/**
 * Decides which hosts may be called. A URL comes from people of any team, while the service stands inside the house: what
 * it can reach, they could reach through it (server-side request forgery). So only public addresses may be called, and what
 * the operator names in CALLBACK_ALLOWED_HOSTS: a host name allows that host, an address or a CIDR allows addresses, also
 * when a name leads to them.
 *
 * It is asked twice. When a URL is saved, for the person who can still correct it; and by every connection, which is what
 * protects: a name may lead elsewhere by then.
 */
@Injectable()
export class AddressGuard {
  private readonly names = new Set<string>();
  private readonly networks: (readonly [ipaddr.IPv4 | ipaddr.IPv6, number])[] = [];

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly resolver: Resolver,
  ) {
    for (const text of config.callback.allowedHosts) {
      const entry = readHostEntry(text);
      if (entry === null)
        throw new ConfigError('CALLBACK_ALLOWED_HOSTS: holds an entry that cannot be read.');
      if ('name' in entry) this.names.add(entry.name);
      else this.networks.push(entry.network);
    }
  }

  /**
   * Whether a URL may be called as far as can be said now. Waits about two seconds for its name; one that does not resolve
   * by then is not refused, for the connection checks again.
   * @returns why not, to stand behind the field's name; null when it may.
   */
  async whyRefused(url: string): Promise<string | null> {
    if (!URL.canParse(url)) return 'must be a URL with a host';
    const target = new URL(url);
    const unfit = this.whyUnfit(target);
    if (unfit !== null) return unfit;
    const literal = nameOf(target.hostname);
    const addresses = isIP(literal) === 0 ? await this.resolvedSoon(target.hostname) : [literal];
    return this.sift(target.hostname, addresses).refusal;
  }

  /** What is wrong with a URL before anything is resolved: its scheme, or a user and password in it; null when nothing is. */
  whyUnfit(target: URL): string | null {
    if (target.protocol !== 'http:' && target.protocol !== 'https:') {
      return 'must be a URL that begins with http:// or https://';
    }
    if (target.username !== '' || target.password !== '') return 'must hold neither user nor password';
    return null;
  }

  /**
   * Whether a connection to this host may end at this address.
   * @param address as a socket or a resolver writes it
   * @returns why not, to stand behind the name of a field or host; null when it may.
   */
  whyBarred(host: string, address: string): string | null {
    const name = nameOf(host);
    if (this.names.has(name)) return null;
    const parsed = readAddress(address);
    if (parsed === null) return `leads to something that is no plain IP address; ${rule}`;
    if (this.networks.some(([network, bits]) => holds(network, bits, parsed))) return null;
    // Local names never leave the machine (RFC 6761), whatever a resolver says of them.
    const kind = isLocalName(name) ? 'a loopback address' : whyNotPublic(parsed);
    return kind === null ? null : `leads to ${kind}; ${rule}`;
  }

  /**
   * Resolves a host name for one connection.
   * @returns the addresses that it may use, at least one.
   * @throws OutboundError of kind `address` when the name leads to none that is allowed; the resolver's error when it does not resolve.
   */
  async allowedAddresses(host: string): Promise<readonly string[]> {
    const { allowed, refusal } = this.sift(host, await this.resolver.addressesOf(host));
    if (allowed.length > 0) return allowed;
    throw refusal === null
      ? new OutboundError('connection', 'The host name does not resolve (ENOTFOUND)')
      : new OutboundError('address', `The host ${refusal}`);
  }

  private sift(host: string, addresses: readonly string[]): { allowed: string[]; refusal: string | null } {
    const verdicts = addresses.map((address) => ({ address, why: this.whyBarred(host, address) }));
    const allowed = verdicts.filter(({ why }) => why === null).map(({ address }) => address);
    if (allowed.length > 0) return { allowed, refusal: null };
    // A local name is known even where the resolver does not know it.
    if (verdicts.length === 0 && isLocalName(nameOf(host))) {
      return { allowed, refusal: this.whyBarred(host, '127.0.0.1') };
    }
    return { allowed, refusal: verdicts[0]?.why ?? null };
  }

  /** What a name leads to, or nothing when that cannot be said soon. */
  private async resolvedSoon(host: string): Promise<readonly string[]> {
    const enough = new AbortController();
    const resolved = this.resolver.addressesOf(host).catch(() => []);
    const waited = pause(resolveWithin, [], { signal: enough.signal }).catch(() => []);
    try {
      return await Promise.race([resolved, waited]);
    } finally {
      enough.abort();
    }
  }
}

/** The host of a URL as it is compared: without the brackets of IPv6, the dots of an absolute name and capitals. */
const nameOf = (host: string): string =>
  host
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.+$/, '')
    .toLowerCase();

const isLocalName = (name: string): boolean => name === 'localhost' || name.endsWith('.localhost');

const holds = (
  network: ipaddr.IPv4 | ipaddr.IPv6,
  bits: number,
  address: ipaddr.IPv4 | ipaddr.IPv6,
): boolean => network.kind() === address.kind() && address.match(network, bits);
