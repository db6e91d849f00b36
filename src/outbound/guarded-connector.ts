import { isIP, type LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import { buildConnector } from 'undici';
import type { AddressGuard } from './address-guard.js';
import { OutboundError } from './outbound-error.js';

/** Opens the socket of one connection, as undici's own connector does. */
type Connector = buildConnector.connector;

/**
 * Opens sockets only to where the guard lets them, at three points, because none of them sees everything: an IP literal is
 * judged before the socket exists, since Node.js resolves no literal; the addresses of a name are judged between resolving and
 * connecting, so that nothing can change in between (DNS rebinding); and the far end of the finished connection is judged
 * once more, whatever may have opened it.
 * @param timeout how long a connection may take to open, in milliseconds
 * @param dial for tests: what opens the socket
 */
export function guardedConnector(
  guard: AddressGuard,
  timeout: number,
  dial: Connector = dialer(guard, timeout),
): Connector {
  return (options, callback) => {
    const host = options.hostname;
    const barred = isIP(host) === 0 ? null : guard.whyBarred(host, host);
    if (barred !== null) {
      // Later, as a socket would: undici is still setting up the client that asks.
      queueMicrotask(() => callback(refused(barred), null));
      return;
    }
    dial(options, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      const why = whyWrongEnd(guard, host, socket.remoteAddress);
      if (why === null) return callback(null, socket);
      socket.destroy();
      callback(why, null);
    });
  };
}

/** Without an address the socket has been closed meanwhile: a failure of the connection, not of the address. */
function whyWrongEnd(guard: AddressGuard, host: string, address: string | undefined): OutboundError | null {
  if (address === undefined) return new OutboundError('connection', 'The connection was closed at once');
  const barred = guard.whyBarred(host, address);
  return barred === null ? null : refused(barred);
}

const refused = (why: string): OutboundError => new OutboundError('address', `The host ${why}`);

function dialer(guard: AddressGuard, timeout: number): Connector {
  const allowedAddresses = callbackify((host: string) => guard.allowedAddresses(host));
  const lookup: LookupFunction = (host, options, callback) =>
    allowedAddresses(host, (error: NodeJS.ErrnoException | null, addresses) => {
      if (error !== null) return callback(error, '');
      const found = addresses.map((address) => ({ address, family: isIP(address) }));
      if (options.all === true) callback(null, found);
      else callback(null, found[0]?.address ?? '', found[0]?.family);
    });
  // Said in full, so that NODE_TLS_REJECT_UNAUTHORIZED does not reach signed callbacks.
  return buildConnector({ lookup, timeout, allowH2: false, rejectUnauthorized: true });
}
