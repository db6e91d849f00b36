// @ts-check
/**
 * The business modules that the callbacks of a run go to: one HTTP server each, all in this process. They answer yes after a
 * short pause and note when each order's call first arrived. Driven by messages; every message is answered with one.
 */
import { createServer } from 'node:http';
import { monotonic } from './clock.mjs';

/** What is answered: yes; 503, to come back in an hour; or nothing, ever, although the connection is accepted. */
/** @typedef {'healthy' | 'refusing' | 'dead'} Behaviour */
/** @typedef {{listen: number} | {behave: Behaviour, targets: number[]} | {report: true}} Command */
/**
 * What has happened since the last report.
 * @typedef {object} Report
 * @property {Map<string, number>} arrivals when the first call about an order arrived, by the clock of the run
 * @property {number[]} calls how many calls each target had, repeated ones too
 */
/** @typedef {{ports: number[]} & Report} Answer */

/** How long a business module thinks, at least and at most (milliseconds). */
const [leastPause, mostPause] = [10, 30];

/** @type {Behaviour[]} */
const behaviours = [];
/** @type {number[]} */
const ports = [];
/** @type {Report} */
let report = { arrivals: new Map(), calls: [] };

/** @param {number} target @returns {Promise<number>} its port */
function listen(target) {
  const server = createServer((request, response) => {
    const arrived = monotonic();
    report.calls[target] = (report.calls[target] ?? 0) + 1;
    let body = '';
    // Whoever hangs up has waited long enough.
    request.on('error', () => {});
    request.setEncoding('utf8');
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const ticket = String(JSON.parse(body).data.ticket_id);
      if (!report.arrivals.has(ticket)) report.arrivals.set(ticket, arrived);
      answer(behaviours[target] ?? 'healthy', ticket, response);
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
}

/** @param {Behaviour} behaviour @param {string} ticket @param {import('node:http').ServerResponse} response */
function answer(behaviour, ticket, response) {
  if (behaviour === 'dead') return;
  if (behaviour === 'refusing') {
    response.writeHead(503, { 'retry-after': '3600' }).end();
    return;
  }
  const text = JSON.stringify({ ticket_id: ticket, result: true, msg: 'done' });
  setTimeout(
    () => response.writeHead(200, { 'content-type': 'application/json' }).end(text),
    leastPause + Math.random() * (mostPause - leastPause),
  );
}

/** @param {Command} command @returns {Promise<Answer>} */
async function obey(command) {
  if ('listen' in command) {
    const targets = Array.from({ length: command.listen }, (_, target) => target);
    ports.push(...(await Promise.all(targets.map(listen))));
    report.calls = ports.map(() => 0);
  }
  if ('behave' in command) for (const target of command.targets) behaviours[target] = command.behave;
  const told = { ports, ...report };
  if ('report' in command) report = { arrivals: new Map(), calls: ports.map(() => 0) };
  return told;
}

process.on('message', (/** @type {Command} */ command) => {
  obey(command).then(
    (told) => process.send?.(told),
    (error) => process.send?.({ error: String(error?.stack ?? error) }),
  );
});
process.once('SIGTERM', () => process.exit(0));
