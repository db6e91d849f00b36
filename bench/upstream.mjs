// @ts-check
/**
 * The system behind the gate: answers every request with a small JSON that tells what came, whoever sent it.
 * A process of its own: `HOST` and `PORT` come from the environment.
 */
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  let bytes = 0;
  request.on('data', (chunk) => (bytes += chunk.length));
  request.on('end', () => {
    const { method, url: path } = request;
    const body = JSON.stringify({ method, path, bytes, state: 'ready', owner: 'research' });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
  });
});
// Connections stay open from one round to the next, as long as those who keep them want.
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env.PORT), process.env.HOST);
process.once('SIGTERM', () => process.exit(0));
