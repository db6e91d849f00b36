import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { signal } from './signal.js';

/** One call that a business module received. */
export interface ReceivedCall {
  readonly path: string;
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  readonly raw: string;
  // What a body holds is what the tests are about.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
  /** The order that it is about, in either format. */
  readonly ticket: string;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: object | string;
}

/** Decides what to answer; may take its time, or take the connection into its own hands and answer nothing. */
export type Behaviour = (
  call: ReceivedCall,
  response: ServerResponse,
) => Reply | null | Promise<Reply | null>;

/** A business module as the tests need one: it remembers every call, and answers as it is told. */
export interface BusinessModule {
  readonly url: string;
  readonly checkUrl: string;
  readonly executeUrl: string;
  readonly calls: readonly ReceivedCall[];
  /** The calls at a path about an order. */
  callsOf(kind: 'check' | 'execute', ticket: string): ReceivedCall[];
  behave(behaviour: Behaviour): void;
  close(): Promise<void>;
}

/** Yes to everything, as the contract wants it. */
export const agree: Behaviour = ({ ticket }) => ({
  status: 200,
  body: { ticket_id: ticket, result: true, msg: 'fine' },
});

export const refuse =
  (error: string): Behaviour =>
  ({ ticket }) => ({ status: 200, body: { ticket_id: ticket, result: false, error } });

export const answerStatus =
  (status: number, headers: Readonly<Record<string, string>> = {}): Behaviour =>
  () => ({ status, headers });

/** The same body to every call, with 200. */
export const answerBody =
  (body: object | string): Behaviour =>
  () => ({ status: 200, body });

/** Takes the call on, and will answer later. */
export const takeOver: Behaviour = answerStatus(202);

/** A behaviour that answers nothing until it is let go. */
export interface Held {
  readonly behaviour: Behaviour;
  /** Lets go what is held, and holds nothing more. */
  release(): void;
}

/** @param then how the calls are answered in the end */
export function hold(then: Behaviour = agree): Held {
  const released = signal();
  return {
    behaviour: async (call, response) => {
      await released.happened;
      return then(call, response);
    },
    release: () => released.give(),
  };
}

/** A different answer to each call about an order, the last one to all that follow. */
export function inTurn(...behaviours: readonly Behaviour[]): Behaviour {
  const turns = new Map<string, number>();
  return (call, response) => {
    const turn = Math.min(turns.get(call.ticket) ?? 0, behaviours.length - 1);
    turns.set(call.ticket, turn + 1);
    return behaviours[turn]?.(call, response) ?? null;
  };
}

/** Whether a call's signature is right under a secret, by the reference implementation. @throws Error when it is not. */
export const verify = (call: ReceivedCall, secret: string): unknown =>
  new Webhook(secret).verify(call.raw, call.headers as Record<string, string>);

/** @param port 0 for any that is free */
export async function startBusinessModule(
  behaviour: Behaviour = agree,
  port: number = 0,
): Promise<BusinessModule> {
  const calls: ReceivedCall[] = [];
  let current = behaviour;
  const answer = async (call: ReceivedCall, response: ServerResponse): Promise<void> => {
    const reply = await current(call, response);
    if (!reply) return;
    const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {});
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers }).end(text);
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks).toString();
      const body = JSON.parse(raw) as { data?: { ticket_id?: string }; ticket_id?: string };
      const call: ReceivedCall = {
        path: request.url ?? '',
        id: String(request.headers['webhook-id']),
        headers: request.headers,
        raw,
        body,
        ticket: body.data?.ticket_id ?? body.ticket_id ?? '',
      };
      calls.push(call);
      void answer(call, response);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    checkUrl: `${url}/check`,
    executeUrl: `${url}/execute`,
    calls,
    callsOf: (kind, ticket) => calls.filter((call) => call.path === `/${kind}` && call.ticket === ticket),
    behave: (next) => {
      current = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
