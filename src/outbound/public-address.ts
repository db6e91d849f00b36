import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** IPv6 addresses that IANA gives out for the internet; everything outside has another purpose. */
const globalUnicast: readonly [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];

/** Addresses of the internet's ranges that lead to a cloud's own machinery: Azure's platform service. */
const platformServices: ReadonlySet<string> = new Set(['168.63.129.16']);

const words: Readonly<Record<string, string>> = {
  unspecified: 'an unspecified address',
  loopback: 'a loopback address',
  private: 'a private address',
  uniqueLocal: 'a private address',
  linkLocal: 'a link-local address',
  carrierGradeNat: 'a shared address',
  multicast: 'a multicast address',
};
const reserved = 'a reserved address';

/**
 * Reads an address as sockets and resolvers write it; an IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) is the IPv4 address.
 * @returns null for everything else, other notations (`0x7f.1`, which ipaddr.js would read) and zones (`fe80::1%eth0`) included.
 */
export function readAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  if (isIP(text) === 0 || text.includes('%')) return null;
  return ipaddr.process(text);
}

/**
 * Judges an address by IANA's registries of special-purpose addresses (RFC 6890 and its updates): only global unicast is
 * public. NAT64 (RFC 6052) is judged by the IPv4 address inside; other transitions (6to4, Teredo, IPv4-compatible, local NAT64)
 * may lead anywhere and are not public.
 * @returns what the address is instead, such as `a loopback address`; null when it is public.
 */
export function whyNotPublic(address: ipaddr.IPv4 | ipaddr.IPv6): string | null {
  const judged = address instanceof ipaddr.IPv6 ? (insideNat64(address) ?? address) : address;
  const range: string = judged.range();
  if (range !== 'unicast') return words[range] ?? reserved;
  if (judged instanceof ipaddr.IPv6) return judged.match(...globalUnicast) ? null : reserved;
  return platformServices.has(judged.toString()) ? reserved : null;
}

/** The IPv4 address that the well-known NAT64 prefix `64:ff9b::/96` leads to: IPv6-only networks reach IPv4 through it. */
function insideNat64(address: ipaddr.IPv6): ipaddr.IPv4 | null {
  const wellKnown = address.match(ipaddr.IPv6.parse('64:ff9b::'), 96);
  return wellKnown ? new ipaddr.IPv4(address.toByteArray().slice(12)) : null;
}
