import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, client, type TestUser, testSecret, tokenOf } from './harness.js';
import { addressOf, startProcess } from './process.js';

/** The service in a process of its own, as {@link startApp} gives it in this one; it can be killed. */
export interface Service {
  readonly url: string;
  /** A client with a token of this user; its calls fail when the process is gone. */
  as(user: TestUser): Client;
  /** Ends it at once (SIGKILL), as a crash would, and waits until it has gone. */
  kill(): Promise<void>;
}

/** Starts `node dist/main.js` on a database and waits until it serves. @throws Error with what it told, if it ends. */
export async function startService(
  databaseUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Service> {
  const dataDir = await mkdtemp(join(tmpdir(), 'countersign-data-'));
  const { child, ended, ...process } = startProcess({
    NODE_ENV: 'test',
    DATA_DIR: dataDir,
    DATABASE_URL: databaseUrl,
    AUTH_JWT_SECRET: testSecret,
    LOG_LEVEL: 'warn',
    ...env,
  });
  void ended.then(() => rm(dataDir, { recursive: true, force: true }));
  const url = (await addressOf({ child, ended, ...process })).replace('localhost', '127.0.0.1');
  return {
    url,
    as: (user) => client(url, async () => ({ authorization: `Bearer ${await tokenOf(user)}` })),
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
