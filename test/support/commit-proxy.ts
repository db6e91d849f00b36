import { connect, createServer, type Socket } from 'node:net';
import { type Signal, signal } from './signal.js';

/**
 * What becomes of a COMMIT whose connection breaks: it never arrives; it is carried out, but its answer is lost; it
 * arrives when the service has given the connection up long since; or it is the last thing that the database does
 * before nobody can reach it any more.
 */
export type Fate = 'never arrives' | 'is carried out' | 'arrives late' | 'is the last';

export interface CommitProxy {
  /** The database's address, through the proxy. */
  readonly url: string;
  /** Breaks the connection at a COMMIT; the next one, or a later one. */
  breakAtCommit(fate: Fate, options?: { readonly after: number }): void;
  /** Lets the COMMIT that "arrives late" arrive, and waits until the server has answered it. */
  deliverLateCommit(): Promise<void>;
  /** Lets the service reach the database again. */
  restore(): void;
  close(): Promise<void>;
}

/** Stands between the service and a MySQL-protocol server and loses what a network can lose, exactly at COMMIT. */
export async function startCommitProxy(databaseUrl: string): Promise<CommitProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let plan: { fate: Fate; commitsLeft: number } | null = null;
  let late: { readonly send: () => void; readonly answered: Signal } | null = null;
  let cutOff = false;
  const cutAll = () => {
    cutOff = true;
    for (const socket of sockets) socket.destroy();
  };

  const server = createServer((client) => {
    if (cutOff) {
      client.destroy();
      return;
    }
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    let forward = (chunk: Buffer): unknown => client.write(chunk);
    upstream.on('data', (chunk) => forward(chunk));
    upstream.on('end', () => client.end());
    let keepUpstream = false;
    client.on('close', () => keepUpstream || upstream.destroy());
    client.on('data', (chunk) => {
      // A client waits for the answer to one command before it sends the next: COMMIT comes alone.
      if (!plan || chunk.subarray(-6).toString() !== 'COMMIT' || --plan.commitsLeft > 0) {
        upstream.write(chunk);
        return;
      }
      const { fate } = plan;
      plan = null;
      if (fate === 'never arrives') client.destroy();
      if (fate === 'is carried out' || fate === 'is the last') {
        forward = () => (fate === 'is the last' ? cutAll() : client.destroy());
        upstream.write(chunk);
      }
      if (fate === 'arrives late') {
        keepUpstream = true;
        const answered = signal();
        forward = () => answered.give();
        late = { send: () => upstream.write(chunk), answered };
        client.destroy();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(typeof address === 'object' ? address?.port : '');
  return {
    url: url.href,
    breakAtCommit: (fate, { after } = { after: 0 }) => {
      plan = { fate, commitsLeft: after + 1 };
    },
    deliverLateCommit: async () => {
      if (!late) throw new Error('no COMMIT is late');
      late.send();
      await late.answered.happened;
    },
    restore: () => {
      cutOff = false;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
