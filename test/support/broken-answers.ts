import type { Socket } from 'node:net';
import type { Behaviour, ReceivedCall } from './business-module.js';

// What targets do that answer no HTTP, not all of it, or far too much.

/** Takes the connection into its own hands. */
const raw =
  (act: (socket: Socket, call: ReceivedCall) => void): Behaviour =>
  (call, response) => {
    const { socket } = response;
    socket?.on('error', () => undefined);
    if (socket) act(socket, call);
    return null;
  };

const head = (length: number | string): string =>
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;
const right = ({ ticket }: ReceivedCall): string => JSON.stringify({ ticket_id: ticket, result: true });

/** A server of something else. */
export const garbage: Behaviour = raw((socket) => socket.end('SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13\r\n'));

export const reset: Behaviour = raw((socket) => socket.resetAndDestroy());

/** The right answer without its last byte; then the connection ends. */
export const half: Behaviour = raw((socket, call) => {
  const text = right(call);
  socket.end(head(text.length) + text.slice(0, -1));
});

/** The right answer, in which all is said but that no end comes. */
export const unfinished: Behaviour = raw((socket, call) => {
  const text = right(call);
  socket.write(head(text.length + 1) + text);
});

export const hugeHeaders: Behaviour = raw((socket, call) => {
  const text = right(call);
  socket.end(head(text.length).replace('\r\n\r\n', `\r\nx-filler: ${'x'.repeat(100_000)}\r\n\r\n`) + text);
});

/** The right answer, a byte at a time, so slowly that it never ends. */
export const dripping: Behaviour = raw((socket, call) => {
  const text = head(100_000) + right(call);
  let sent = 0;
  const timer = setInterval(() => socket.write(text[sent++] ?? ' '), 20);
  socket.on('close', () => clearInterval(timer));
});

/**
 * An answer of so many bytes, as fast as it is taken.
 * @param onEnd is told how many of them were sent when the connection is closed
 */
export const endless = (bytes: number, onEnd: (sent: number) => void): Behaviour =>
  raw((socket) => {
    const chunk = Buffer.alloc(64 * 1024, ' ');
    let left = bytes;
    const pump = (): void => {
      while (left > 0 && !socket.destroyed) {
        left -= chunk.length;
        if (!socket.write(chunk)) return;
      }
    };
    socket.on('drain', pump);
    socket.on('close', () => onEnd(bytes - left));
    socket.write(head(bytes));
    pump();
  });
