import { lookup } from 'node:dns/promises';
import { Injectable } from '@nestjs/common';

/**
 * The only source of addresses, so that tests can turn them. It asks the operating system, as any program on the machine
 * does: `/etc/hosts`, search domains and the names of a container network count.
 */
@Injectable()
export class Resolver {
  /** @returns the IPv4 and IPv6 addresses of a host name. @throws Error with a code, such as ENOTFOUND. */
  async addressesOf(host: string): Promise<readonly string[]> {
    const found = await lookup(host, { all: true, verbatim: true });
    return found.map(({ address }) => address);
  }
}
