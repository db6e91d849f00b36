// @ts-check
/**
 * The load generator: a closed loop over keep-alive connections, or so many requests a second. It speaks HTTP/1.1 on bare sockets, because it shares
 * the machine with what it measures: the less it takes itself, the less it hides the difference between two servers.
 */
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { monotonic } from './clock.mjs';
import { requestsOf } from './requests.mjs';

/**
 * @typedef {object} Job
 * @property {number} port of a server on 127.0.0.1
 * @property {number} connections each sends its next request when the last one is answered
 * @property {import('./requests.mjs').Plan} plan
 * @property {number} [seconds] how long; or
 * @property {number} [count] how many requests
 * @property {number} [rate] requests a second, evenly; a request whose time has come waits while no connection is free
 */

/**
 * @typedef {object} Sample
 * @property {Float64Array} latencies milliseconds, one for each request
 * @property {number} seconds from the first request to the last answer
 * @property {Map<string, number>} answered when the request about an order was answered, on the clock that all processes
 *   of a run share; for requests about an order of their own
 */

/** @param {Job} job @returns {Promise<Sample>} */
async function run({ port, connections, plan, seconds = Infinity, count = Infinity, rate = Infinity }) {
  /** @type {number[]} */
  const latencies = [];
  /** @type {Map<string, number>} */
  const answered = new Map();
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const start = performance.now();
  const deadline = start + seconds * 1000;
  let left = count;
  let turns = 0;
  let last = start;
  const connection = requestsOf(plan);
  try {
    await Promise.all(
      sockets.map(async (socket) => {
        const next = connection();
        while (left > 0 && performance.now() < deadline) {
          left--;
          const early = start + (turns++ * 1000) / rate - performance.now();
          if (early > 0) await pause(early);
          const request = next();
          const sent = performance.now();
          const { status, body } = await socket.ask(request.text);
          last = performance.now();
          latencies.push(last - sent);
          if (request.about !== undefined) answered.set(request.about, monotonic());
          if (status !== request.expected)
            throw new Error(`${request.text.split('\r\n', 1)[0]}: ${status} ${body()}`);
        }
      }),
    );
  } finally {
    for (const socket of sockets) socket.close();
  }
  return { latencies: Float64Array.from(latencies), seconds: (last - start) / 1000, answered };
}

/**
 * @param {number} port
 * @returns {Promise<{ask: (request: string) => Promise<{status: number, body: () => string}>, close: () => void}>}
 */
function open(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    /** @type {{resolve: (answer: {status: number, body: () => string}) => void, reject: (error: Error) => void} | null} */
    let waiting = null;
    let received = Buffer.alloc(0);
    /** @param {Error} error */
    const fail = (error) => {
      reject(error);
      waiting?.reject(error);
      waiting = null;
    };
    socket.once('error', fail);
    socket.once('close', () => fail(new Error('the server closed the connection')));
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const answer = parse(received);
      if (!answer || !waiting) return;
      received = Buffer.alloc(0);
      const { resolve: answered } = waiting;
      waiting = null;
      answered(answer);
    });
    socket.once('connect', () =>
      resolve({
        ask: (request) =>
          new Promise((answered, failed) => {
            waiting = { resolve: answered, reject: failed };
            socket.write(request, 'latin1');
          }),
        close: () => socket.destroy(),
      }),
    );
  });
}

/**
 * One whole response, or null while parts are missing. Both servers answer with a Content-Length.
 * @param {Buffer} data
 */
function parse(data) {
  const end = data.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const head = data.toString('latin1', 0, end);
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`a response without Content-Length: ${head}`);
  if (data.length < end + 4 + Number(length)) return null;
  return { status: Number(head.slice(9, 12)), body: () => data.toString('utf8', end + 4) };
}

process.on('message', (/** @type {Job} */ job) => {
  run(job).then(
    (sample) => process.send?.({ sample }),
    (error) => process.send?.({ error: String(error?.stack ?? error) }),
  );
});
