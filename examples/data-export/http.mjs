// @ts-check
import { createServer } from 'node:http';

/** @typedef {import('node:http').IncomingMessage} Request */
/** @typedef {{ status: number, body?: object, headers?: Record<string, string> }} Reply */
/** @typedef {(request: Request, found: string) => Reply | Promise<Reply>} Handler gets what the path's group found */
/** @typedef {{ path: RegExp, methods: Readonly<Record<string, Handler>> }} Route */

/** An order's variables may take 60,000 bytes, and a callback sends them under two names. */
const mostBytes = 1024 * 1024;

/** What a caller did wrong, as an answer. */
export class Wrong extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {Record<string, string>} [headers]
   */
  constructor(status, message, headers = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** @param {readonly Route[]} routes */
export function serverOf(routes) {
  const server = createServer((request, response) => {
    /** @param {Reply} reply */
    const send = ({ status, headers, body }) => {
      response.writeHead(status, { ...headers, ...(body && { 'content-type': 'application/json' }) });
      response.end(body && JSON.stringify(body));
    };
    answer(routes, request).then(send, (error) => send(wrongReply(error)));
  });
  server.requestTimeout = 30_000;
  return server;
}

/**
 * @param {readonly Route[]} routes
 * @param {Request} request
 */
async function answer(routes, request) {
  const path = (request.url ?? '').replace(/\?.*$/s, '');
  for (const { path: pattern, methods } of routes) {
    const found = pattern.exec(path);
    if (!found) continue;
    const handler = new Map(Object.entries(methods)).get(request.method ?? '');
    if (handler) return handler(request, found[1] ?? '');
    throw new Wrong(405, 'not allowed here', { allow: Object.keys(methods).join(', ') });
  }
  throw new Wrong(404, 'nothing is here');
}

/**
 * @param {unknown} error
 * @returns {Reply}
 */
function wrongReply(error) {
  if (error instanceof Wrong) {
    return { status: error.status, headers: error.headers, body: { error: error.message } };
  }
  console.error(error);
  return { status: 500, body: { error: 'something went wrong here' } };
}

/**
 * @param {Request} request
 * @returns {Promise<Buffer>} the body as it came
 * @throws {Wrong} when it is too large, or breaks off
 */
export function bytesOf(request) {
  return new Promise((resolve, reject) => {
    /** @type {Buffer[]} */
    let chunks = [];
    let length = 0;
    request.on('data', (/** @type {Buffer} */ chunk) => {
      length += chunk.length;
      if (length <= mostBytes) return void chunks.push(chunk);
      // The rest is read and dropped, so that the caller gets to see the answer.
      chunks = [];
      reject(new Wrong(413, `a body may have ${mostBytes} bytes`, { connection: 'close' }));
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', () => reject(new Wrong(400, 'the body breaks off')));
  });
}

/**
 * @param {Buffer} body
 * @returns {unknown}
 * @throws {Wrong} when it is no JSON
 */
export function jsonOf(body) {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new Wrong(400, 'the body is no JSON');
  }
}
