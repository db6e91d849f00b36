import type { ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type ReceivedCall, type Reply, startBusinessModule } from '../../support/business-module.js';

/** What a business module does with a call that somebody aims at. */
export type Interception = (response: ServerResponse) => Promise<'answer' | 'silence'>;

/**
 * A business module as the contract wants it: it remembers what it has executed by ticket, does nothing twice, and
 * gives the same answer to the same question. An order's title tells what it will answer.
 */
export interface Ledger {
  readonly checkUrl: string;
  readonly executeUrl: string;
  readonly calls: readonly ReceivedCall[];
  /** What was executed, and in which status the order was by the call's own account. */
  readonly executed: ReadonlyMap<string, string>;
  /** Has the next call of a kind intercepted when it has been received and carried out. */
  atNextCall(kind: 'check' | 'execute', intercept: Interception): void;
  /** Has the next connection handed over, of which the business module then hears nothing. */
  atNextConnection(intercept: (socket: Socket) => void): void;
  /** Until everything that was to be answered later has been answered. */
  allAnswered(): Promise<void>;
  close(): Promise<void>;
}

/** Titles of orders, and so their fates; most of them go all the way. */
export const fates = [
  ...Array.from({ length: 6 }, () => 'approve'),
  'reject',
  'withdraw',
  'refuse check',
  'refuse execute',
] as const;

/**
 * @param isAsync whether the answers about a business type come later
 * @param answerLate brings such an answer, until it is heard
 */
export async function startLedger(
  isAsync: (businessType: string) => boolean,
  answerLate: (kind: string, body: object) => Promise<void>,
): Promise<Ledger> {
  const executed = new Map<string, string>();
  const lateAnswers: Promise<void>[] = [];
  let call: { readonly kind: string; readonly intercept: Interception } | null = null;
  let connection: ((socket: Socket) => void) | null = null;
  const module = await startBusinessModule(
    async ({ path, ticket, body }, response): Promise<Reply | null> => {
      const kind = path.slice(1);
      const { title, business_type, apply_status } = body.data as Record<string, string>;
      const result = title !== `refuse ${kind}`;
      if (kind === 'execute' && result && !executed.has(ticket)) executed.set(ticket, apply_status ?? '');
      const answer = { ticket_id: ticket, result, ...(result ? { msg: 'done' } : { error: 'refused' }) };
      const later = isAsync(business_type ?? '');
      if (later) lateAnswers.push(pause(Math.random() * 300).then(() => answerLate(kind, answer)));
      // A withdrawn order gives up on its check, and would not notice.
      if (call?.kind === kind && title !== 'withdraw') {
        const { intercept } = call;
        call = null;
        if ((await intercept(response)) === 'silence') return null;
      }
      // Every call has a connection of its own, so that each can be cut off.
      const headers = { connection: 'close' };
      return later ? { status: 202, headers } : { status: 200, headers, body: answer };
    },
  );
  const front = createServer((client) => {
    client.on('error', () => undefined);
    if (connection) {
      connection(client.resume());
      connection = null;
      return;
    }
    const upstream = connect(Number(new URL(module.url).port), '127.0.0.1');
    upstream.on('error', () => undefined).on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  return {
    checkUrl: `${url}/check`,
    executeUrl: `${url}/execute`,
    calls: module.calls,
    executed,
    atNextCall: (kind, intercept) => {
      call = { kind, intercept };
    },
    atNextConnection: (intercept) => {
      connection = intercept;
    },
    allAnswered: async () => {
      await Promise.all(lateAnswers);
    },
    close: async () => {
      await module.close();
      await new Promise((resolve) => front.close(resolve));
    },
  };
}
