import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { pino } from 'pino';
import { createApp } from '../../src/app.js';
import { parseConfig } from '../../src/config/config.js';
import { Database } from '../../src/database/database.js';
import { freshDatabase } from './fresh-database.js';

/** The secret of every test's tokens. */
export const testSecret = 'a secret of the tests, 32 characters at least';

export interface TestUser {
  readonly sub: string;
  readonly acc_code?: string;
  readonly roles?: readonly string[];
}

export interface Answer {
  readonly status: number;
  // What a body holds is what the tests are about.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
  readonly headers: Headers;
}

type HeadersGiven = Readonly<Record<string, string>>;

/** Speaks to the running service as somebody; paths are relative to /api/v1. */
export interface Client {
  get(path: string, headers?: HeadersGiven): Promise<Answer>;
  post(path: string, body?: unknown, headers?: HeadersGiven): Promise<Answer>;
  patch(path: string, body?: unknown, headers?: HeadersGiven): Promise<Answer>;
  put(path: string, body?: unknown, headers?: HeadersGiven): Promise<Answer>;
  delete(path: string, headers?: HeadersGiven): Promise<Answer>;
}

export interface TestApp {
  readonly url: string;
  readonly database: Database;
  /** The database's address, for a second process or application on the same one. */
  readonly databaseUrl: string;
  /** A client with a token of this user; null for none. */
  as(user: TestUser | null): Client;
  key(apiKey: string): Client;
  /** The application's provider of a class. */
  get<T>(type: abstract new (...args: never[]) => T): T;
  close(): Promise<void>;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Use a database that another application made, and leave it there. */
  readonly databaseUrl?: string;
  /** Where the log's lines go; nowhere by default. */
  readonly onLog?: (line: string) => void;
  readonly abandonProcess?: (reason: string) => void;
}

/** Starts the whole service on an empty database of the project's dialect, on a free port of loopback. */
export async function startApp(options: StartOptions = {}): Promise<TestApp> {
  const fresh = options.databaseUrl === undefined ? await freshDatabase() : null;
  const databaseUrl = options.databaseUrl ?? fresh?.url ?? '';
  const dataDir = await mkdtemp(join(tmpdir(), 'countersign-data-'));
  const config = parseConfig({
    NODE_ENV: 'test',
    HOST: '127.0.0.1',
    PORT: '0',
    DATA_DIR: dataDir,
    DATABASE_URL: databaseUrl,
    AUTH_JWT_SECRET: testSecret,
    ...options.env,
  });
  const logger = pino(
    { level: options.onLog ? 'info' : 'silent' },
    { write: (line: string) => options.onLog?.(line) },
  );
  const app = await createApp(config, {
    logger,
    ...(options.abandonProcess ? { abandonProcess: options.abandonProcess } : {}),
  });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    url,
    databaseUrl,
    database: app.get(Database),
    as: (user) =>
      client(url, async (): Promise<HeadersGiven> =>
        user ? { authorization: `Bearer ${await tokenOf(user)}` } : {},
      ),
    key: (apiKey) => client(url, () => Promise.resolve({ 'x-api-key': apiKey })),
    get: (type) => app.get(type),
    close: async () => {
      await app.close();
      await fresh?.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A token as the identity provider would issue it. */
export const tokenOf = ({ sub, ...claims }: TestUser, secret: string = testSecret): Promise<string> =>
  new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(secret));

/** A client for a service at an address, in this process or another. */
export function client(url: string, credentials: () => Promise<HeadersGiven>): Client {
  const call = async (
    method: string,
    path: string,
    body: unknown,
    headers: HeadersGiven = {},
  ): Promise<Answer> => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        ...(await credentials()),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      body: json && text ? JSON.parse(text) : text,
      headers: response.headers,
    };
  };
  return {
    get: (path, headers) => call('GET', path, undefined, headers),
    post: (path, body, headers) => call('POST', path, body, headers),
    patch: (path, body, headers) => call('PATCH', path, body, headers),
    put: (path, body, headers) => call('PUT', path, body, headers),
    delete: (path, headers) => call('DELETE', path, undefined, headers),
  };
}
