import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createFront, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { oneOf } from '../../support/walks.js';
import type { Lookout, Standing } from './gate-standing.js';

/**
 * What the system behind the gate does with a call: it answers yes or no, at once or late; it breaks off without an answer
 * or in the middle of one; something before it says that it does not know (502); or it says nothing at all, since whoever
 * called is being killed.
 */
const fates = [
  ...Array.from({ length: 8 }, () => 'at once' as const),
  ...Array.from({ length: 6 }, () => 'late' as const),
  'refuses',
  'refuses',
  'breaks off',
  'breaks off within',
  'hearsay',
] as const;
type Fate = (typeof fates)[number] | 'silence';

/** When a process is killed, as the calls of approved requests go. */
export type Moment = 'before' | 'during' | 'after';

/** How long an answer counts as just given, in milliseconds. */
const just = 100;

/** One call, which the system has carried out, whatever came of the answer. */
export interface Call {
  /** From 1; every answer tells it. */
  readonly number: number;
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly id: string | null;
  readonly key: string | null;
  readonly body: string;
  /** What was stored when it came. */
  readonly standing: Standing | null;
  fate: Fate;
  /** What it answers, or would have. */
  readonly status: number;
  readonly answer: string;
  /** When the last byte of the answer had been handed over; null when it never was. */
  answeredAt: number | null;
}

/** The system behind the gate: it carries out whatever reaches it, and remembers it. */
export interface GateUpstream {
  readonly url: string;
  readonly calls: readonly Call[];
  /** What came when nobody could look up what was stored. */
  readonly errors: readonly string[];
  /** Has the next call that is meant handed over; it has been carried out and gets no answer. */
  atNextCall(means: (call: Call) => boolean, intercept: (response: ServerResponse) => void): void;
  /** Hears when the next call has been answered. */
  atNextAnswer(hear: () => void): void;
  /** Has the next connection handed over, of which the system then hears nothing. */
  atNextConnection(intercept: (socket: Socket) => void): void;
  /** Where a call is at this moment: `during` while one is being carried out, `after` when one has just been answered. */
  moment(): Moment;
  /** Answers at once from now on, and breaks nothing off. */
  calm(): void;
  close(): Promise<void>;
}

export async function startGateUpstream(chance: () => number, lookout: () => Lookout): Promise<GateUpstream> {
  const calls: Call[] = [];
  const errors: string[] = [];
  const open = new Set<ServerResponse>();
  let received = 0;
  let answeredAt = Number.NEGATIVE_INFINITY;
  let calm = false;
  let call: {
    readonly means: (call: Call) => boolean;
    readonly intercept: (response: ServerResponse) => void;
  } | null = null;
  let answer: (() => void) | null = null;
  let connection: ((socket: Socket) => void) | null = null;

  const carryOut = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const number = ++received;
    const at = performance.now();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = request;
    const id = only(headers['x-approval-request-id']);
    const fate = calm ? 'at once' : oneOf(chance, fates);
    const made: Call = {
      number,
      at,
      method,
      path: url,
      id,
      key: only(headers['idempotency-key']),
      body: Buffer.concat(chunks).toString(),
      standing: id === null ? null : await lookout().of(id),
      fate,
      status: fate === 'refuses' ? 409 : fate === 'hearsay' ? 502 : 200,
      answer: JSON.stringify({ call: number, id, method, path: url, luck: chance() }),
      answeredAt: null,
    };
    calls.push(made);
    if (call?.means(made) === true) {
      const { intercept } = call;
      call = null;
      made.fate = 'silence';
      intercept(response);
    } else await reply(made, response);
  };

  const reply = async (made: Call, response: ServerResponse): Promise<void> => {
    const hear = made.fate.startsWith('breaks off') ? null : answer;
    if (hear) answer = null;
    if (made.fate === 'late') await pause(50 + chance() * 350);
    if (made.fate === 'breaks off') return void response.destroy();
    const head = { 'content-type': 'application/json', 'x-call': String(made.number) };
    if (made.fate === 'breaks off within') {
      response.writeHead(made.status, { ...head, 'content-length': String(made.answer.length) });
      response.write(made.answer.slice(0, 20), () => response.destroy());
      return;
    }
    response.on('finish', () => {
      made.answeredAt = answeredAt = performance.now();
      hear?.();
    });
    response.writeHead(made.status, head);
    response.end(made.answer);
  };

  const server = createServer((request, response) => {
    open.add(response);
    response.on('error', () => undefined).on('close', () => open.delete(response));
    carryOut(request, response).catch((error: unknown) => {
      // A process that was killed while it sent has not said all.
      if (!request.complete) return;
      errors.push(String(error));
      response.destroy();
    });
  });
  server.keepAliveTimeout = 60_000;
  const front = createFront((socket) => {
    socket.on('error', () => undefined);
    if (connection) {
      connection(socket.resume());
      connection = null;
    } else server.emit('connection', socket);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
    calls,
    errors,
    atNextCall: (means, intercept) => {
      call = { means, intercept };
    },
    atNextAnswer: (hear) => {
      answer = hear;
    },
    atNextConnection: (intercept) => {
      connection = intercept;
    },
    moment: () => (open.size > 0 ? 'during' : performance.now() - answeredAt < just ? 'after' : 'before'),
    calm: () => {
      calm = true;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => front.close(resolve));
    },
  };
}

/** A header that came once. */
const only = (value: string | string[] | undefined): string | null =>
  typeof value === 'string' && !value.includes(',') ? value : null;
