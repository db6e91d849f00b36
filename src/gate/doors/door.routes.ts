import { METHODS } from 'node:http';
import type { FastifyInstance, RouteOptions } from 'fastify';
import type { Doors } from './doors.js';

/** What stands before the path of the system behind the gate, which is nothing to route by. */
const upToDoor = /^(?:\/api\/v1)?\/gate\/[\w.~-]+\/(?:proxy|check|hold)\/(?=[^?])/;

/**
 * The target by which a request is routed: of one to a gate, only what leads to the door. The router would refuse what stands behind it
 * when it is long, or encoded in other ways than UTF-8. Fastify keeps the whole as `originalUrl`.
 */
export function routedBy(target: string): string {
  const [door = target] = upToDoor.exec(target) ?? [];
  return door;
}

/** Beside the prefix of the API, a short one: proxies write it into every request. */
const prefixes = ['/gate', '/api/v1/gate'];

/**
 * Mounts the data plane on Fastify itself: a request that passes is none of ours, so Nest's guards, pipes and filters have no part in it.
 *
 * The doors answer before Fastify looks at the body. It would read it into memory, and refuse content types that it does not know.
 */
export function mountDoors(fastify: FastifyInstance, doors: Doors): void {
  // What Node.js reads, passes: WebDAV and the like too. CONNECT asks for a tunnel, and never becomes a request.
  const methods = METHODS.filter((method) => method !== 'CONNECT');
  for (const method of methods) {
    if (!fastify.supportedMethods.includes(method)) fastify.addHttpMethod(method, { hasBody: true });
  }
  const door = (url: string, method: string[]): RouteOptions => ({
    url,
    method,
    exposeHeadRoute: false,
    // Without a call of `done` nothing follows.
    onRequest: (request, reply, _done) => void doors.open(request, reply),
    handler: () => Promise.reject(new Error('the door has answered')),
  });
  for (const prefix of prefixes) {
    for (const path of ['proxy/*', 'check', 'check/*', 'hold', 'hold/*']) {
      fastify.route(door(`${prefix}/:key/${path}`, methods));
    }
    fastify.route(door(`${prefix}/:key/submit`, ['POST']));
  }
}
