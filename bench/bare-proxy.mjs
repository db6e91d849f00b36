// @ts-check
/**
 * A reverse proxy that asks nothing and writes nothing down: `@fastify/reply-from` on a bare Fastify.
 * A process of its own: `HOST`, `PORT` and `UPSTREAM`, the base URL behind it, come from the environment.
 */
import replyFrom from '@fastify/reply-from';
import { fastify } from 'fastify';

const app = fastify();
// Bodies stream through, as they do at the gate.
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
await app.register(replyFrom, { base: process.env.UPSTREAM ?? '' });
app.all('/*', (request, reply) => reply.from(request.raw.url));
await app.listen({ port: Number(process.env.PORT), host: process.env.HOST });
process.once('SIGTERM', () => process.exit(0));
