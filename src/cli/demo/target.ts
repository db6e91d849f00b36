import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../../app.js';
import type { TokenRole } from '../../auth/principal.js';
import { type Config, parseConfig } from '../../config/config.js';
import { jwtSecretOf } from '../../config/local-secrets.js';
import { signToken } from '../sign-token.js';

/** What stops the demo and is told in one line. */
export class DemoError extends Error {}

export interface Person {
  readonly code: string;
  readonly team: string | null;
  readonly role?: TokenRole;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A service that answers, and how to be somebody there. */
export interface Target {
  readonly url: string;
  /** For people: which one it is. */
  readonly what: string;
  /** For people: where the orders can be looked at afterwards; null when nothing stays. */
  readonly whereToLook: string | null;
  call(as: Person, method: string, path: string, body?: object): Promise<Answer>;
  close(): Promise<void>;
}

/**
 * The service at an address that was given; without one, the service that runs here on PORT and takes tokens signed
 * with this folder's secret; without that, a private one.
 * @throws DemoError when the given address cannot be used.
 */
export async function findTarget(config: Config, given: string | undefined): Promise<Target> {
  const url = given?.replace(/\/+$/, '') || `http://localhost:${config.port}`;
  const why = (await isReady(url)) ? await whyRefused(url, config) : `nothing is ready at ${url}`;
  if (why === null) return running(url, config);
  if (given) throw new DemoError(`BASE_URL cannot be used: ${why}.`);
  return startPrivate(why);
}

function running(url: string, config: Config): Target {
  const secret = jwtSecretOf(config) ?? '';
  return {
    url,
    what: `the service at ${url}`,
    whereToLook:
      `They stay: ${url}/docs, GET /api/v1/orders?scope=team with the token of\n` +
      '  npm run --silent token -- --user root --role system_admin',
    call: async (as, ...what) => request(url, await signedWith(secret, as, config), ...what),
    close: () => Promise.resolve(),
  };
}

/** The whole service in this process, on a free port and a database that is thrown away. */
export async function startPrivate(
  why: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-demo-'));
  const secret = randomBytes(32).toString('base64');
  const config = parseConfig({
    DATA_DIR: folder,
    HOST: '127.0.0.1',
    PORT: '0',
    AUTH_JWT_SECRET: secret,
    LOG_LEVEL: 'silent',
    CALLBACK_ALLOWED_HOSTS: '127.0.0.1',
    ...settings,
  });
  const app = await createApp(config);
  await app.listen(config.port, config.host);
  const url = await app.getUrl();
  return {
    url,
    what: `a service of its own that ends with it (${why})`,
    whereToLook: null,
    call: async (as, ...what) => request(url, await signedWith(secret, as, config), ...what),
    close: async () => {
      await app.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

/** @returns null when the service takes tokens signed with the secret of this installation, or why it does not. */
async function whyRefused(url: string, config: Config): Promise<string | null> {
  const secret = jwtSecretOf(config);
  if (secret === null) return `tokens for ${url} come from an identity provider`;
  const token = await signedWith(secret, { code: 'demo', team: 'demo' }, config);
  const { status } = await request(url, token, 'GET', '/orders?limit=1').catch(() => ({ status: 0 }));
  return status === 200 ? null : `${url} does not take tokens signed with the secret of this folder`;
}

async function request(
  url: string,
  token: string,
  method: string,
  path: string,
  body?: object,
): Promise<Answer> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  return { status: response.status, body: text ? (JSON.parse(text) as unknown) : null };
}

function signedWith(secret: string, { code, team, role }: Person, { auth }: Config): Promise<string> {
  const holder = { userCode: code, accCode: team, roles: role ? [role] : [] };
  return signToken(secret, holder, '10 minutes', auth);
}
