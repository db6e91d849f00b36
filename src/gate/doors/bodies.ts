import type { IncomingMessage } from 'node:http';
import { Problem } from '../../http/problem.js';

/** The sender went away before the request was whole: there is nobody left to answer. */
export class SenderGone extends Error {
  override readonly name = 'SenderGone';
}

/** Whether a request brings a body, as its head says (RFC 9112, 6.3). */
export const hasBody = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/**
 * Reads the body of a request that may have to be held.
 * @param limit bytes
 * @throws Problem 413 when it is larger: at once when its length says so, else as soon as it shows. What is left of it is read and
 *   dropped, so that the sender gets to the answer.
 * @throws SenderGone
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > limit) return reject(tooLarge(limit));
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (finish: () => void): void => {
      request.off('data', take).off('end', end).off('error', gone).off('close', gone);
      finish();
    };
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      length += chunk.length;
      if (length <= limit) return;
      settle(() => reject(tooLarge(limit)));
      request.resume();
    };
    const end = (): void => settle(() => resolve(Buffer.concat(chunks)));
    const gone = (): void => settle(() => reject(new SenderGone('the request broke off')));
    request.on('data', take).on('end', end).on('error', gone).on('close', gone);
    // It may have gone while the rules were read; then nothing more is told of it.
    if (request.destroyed) gone();
  });
}

/** How long what nobody reads is waited for, in milliseconds. */
const lingering = 5_000;

/**
 * Reads and drops what is left of a request that is answered early. A connection that is closed while its client still sends is reset,
 * and the answer is lost on the way.
 * @returns when the request is over, or after a while
 */
export function drained(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    if (request.complete || request.destroyed) return resolve();
    const timer = setTimeout(resolve, lingering);
    const over = (): void => {
      clearTimeout(timer);
      resolve();
    };
    request.once('end', over).once('close', over).resume();
  });
}

const tooLarge = (limit: number): Problem =>
  new Problem('payload_too_large', `a request that may need approval can have a body of ${limit} bytes`);
