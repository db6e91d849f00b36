// @ts-check
/**
 * The load generator: a closed loop over keep-alive connections. It speaks HTTP/1.1 on bare sockets, because it shares
 * the machine with what it measures: the less it takes itself, the less it hides the difference between two servers.
 */
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { requestsOf } from './requests.mjs';

/**
 * @typedef {object} Job
 * @property {number} port of a server on 127.0.0.1
 * @property {number} connections each sends its next request when the last one is answered
 * @property {import('./requests.mjs').Plan} plan
 * @property {number} [seconds] how long; or
 * @property {number} [count] how many requests
 */

/**
 * @typedef {object} Sample
 * @property {Float64Array} latencies milliseconds, one for each request
 * @property {number} seconds from the first request to the last answer
 */

/** @param {Job} job @returns {Promise<Sample>} */
async function run({ port, connections, plan, seconds = Infinity, count = Infinity }) {
  /** @type {number[]} */
  const latencies = [];
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const start = performance.now();
  const deadline = start + seconds * 1000;
  let left = count;
  let last = start;
  const connection = requestsOf(plan);
  try {
    await Promise.all(
      sockets.map(async (socket) => {
        const next = connection();
        while (left > 0 && performance.now() < deadline) {
          left--;
          const request = next();
          const sent = performance.now();
          const { status, body } = await socket.ask(request.text);
          last = performance.now();
          latencies.push(last - sent);
          if (status !== request.expected)
            throw new Error(`${request.text.split('\r\n', 1)[0]}: ${status} ${body()}`);
        }
      }),
    );
  } finally {
    for (const socket of sockets) socket.close();
  }
  return { latencies: Float64Array.from(latencies), seconds: (last - start) / 1000 };
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
