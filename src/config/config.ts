import { z } from 'zod';
import { duration, flag, hostList, integer, mailbox, sentryDsn, smtpUrl, timeOfDay, url } from './fields.js';

/**
 * The environment, read once. Every setting is documented here, where it is declared; `.env.example` repeats the list.
 * An empty value counts as not set.
 */
const environment = z.object({
  /** `production` refuses to start without a configured way to check tokens. */
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  /** TCP port of the HTTP server; 0 takes a free one. */
  PORT: integer(0, 65_535).default(3000),
  /** Address to listen on. */
  HOST: z.string().default('0.0.0.0'),
  /** Where the embedded database and generated secrets live. */
  DATA_DIR: z.string().default('./data'),
  /** `sqlite:<path>` or `mysql://user:pw@host:port/db`. */
  DATABASE_URL: z
    .string()
    .regex(/^(sqlite:.+|mysql:\/\/.+)$/, 'must be sqlite:<path> or mysql://user:pw@host:port/db')
    .optional(),
  /** Connections that one process holds to a MySQL-protocol server; 8 to 16 are enough. */
  DATABASE_POOL_SIZE: integer(2, 200).default(12),
  /** How long a request waits for a free connection before it is answered 503. */
  DATABASE_ACQUIRE_TIMEOUT: duration().default(5_000),
  /** Secret of HS256 tokens; 32 random characters at least, the same on all replicas. A shorter one is warned of. */
  AUTH_JWT_SECRET: z.string().optional(),
  /** JWK set of the identity provider; RS256, PS256, ES256 and EdDSA tokens are then accepted. */
  AUTH_JWKS_URI: url().optional(),
  /** Required `iss` of every token, when set. */
  AUTH_ISSUER: z.string().optional(),
  /** Required `aud` of every token, when set. */
  AUTH_AUDIENCE: z.string().optional(),
  /** The claim of a token that tells the person's name; the directory then follows it. */
  AUTH_CLAIM_NAME: z.string().max(128).optional(),
  /** The claim with the e-mail address. */
  AUTH_CLAIM_EMAIL: z.string().max(128).optional(),
  /** The claim with the code of the department. */
  AUTH_CLAIM_DEPARTMENT: z.string().max(128).optional(),
  /** The claim with a list of codes of groups; people join those that their team has. */
  AUTH_CLAIM_GROUPS: z.string().max(128).optional(),
  /** 32 random bytes in base64 that seal secrets at rest; generated into DATA_DIR when not set. Same on all replicas. */
  SECRETS_KEY: z
    .string()
    .refine((value) => Buffer.from(value, 'base64').length === 32, 'must be 32 bytes in base64')
    .optional(),
  /** Private hosts or CIDRs that callbacks may reach, comma-separated. */
  CALLBACK_ALLOWED_HOSTS: hostList().default([]),
  /** Pauses between the attempts of a callback, comma-separated. */
  CALLBACK_RETRY_SCHEDULE: z
    .string()
    .default('5s,30s,2m,10m,30m,1h,3h,6h,12h,24h')
    .transform((value) => value.split(',').map((part) => part.trim()))
    .pipe(z.array(duration()).min(1)),
  /** How long one attempt of a callback may take. */
  CALLBACK_TIMEOUT: duration().default(15_000),
  /** How long a worker may hold a callback before another one takes it over. */
  CALLBACK_LEASE: duration().default(60_000),
  /** The mail server for notifications, `smtp[s]://[user:password@]host[:port]`; without it no e-mail is sent. */
  SMTP_URL: smtpUrl().optional(),
  /** Whom the mails are from, such as `Countersign <approvals@example.com>`; needed with SMTP_URL. */
  MAIL_FROM: mailbox().optional(),
  /** The address under which people reach this service; notifications then link to their order. */
  PUBLIC_URL: url()
    .transform((value) => value.replace(/\/+$/, ''))
    .optional(),
  /** How long an applicant waits before urging the reviewers of an order once more. */
  URGE_INTERVAL: duration().default(600_000),
  /** How long a step may be overdue before its order counts as stuck. */
  STUCK_AFTER: duration().default(3 * 86_400_000),
  /** When, by UTC, the logs of the orders that changed since the last time are verified; `off` for never. */
  LOG_VERIFY_AT: timeOfDay().default(150),
  /** How often an approval at a provider is looked at, for what no event has told; after a while less often. */
  PROVIDER_POLL_INTERVAL: duration().default(300_000),
  /** Requests a minute for one credential; 0 turns the limit off. */
  RATE_LIMIT: integer(0, 10_000_000).default(0),
  /** Largest request body in bytes. */
  BODY_LIMIT: integer(1_024, 100 * 1_024 * 1_024).default(1_048_576),
  /** Largest body of a request that the gate holds, in bytes; what no action names streams through, whatever its size. */
  GATE_BODY_LIMIT: integer(1_024, 100 * 1_024 * 1_024).default(7 * 1_024 * 1_024),
  /** How long the system behind the gate may take to answer an approved request. */
  GATE_TIMEOUT: duration().default(30_000),
  /** How long a stopping process waits for the requests under way. */
  SHUTDOWN_TIMEOUT: duration().default(10_000),
  /** `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`. */
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** The project of Sentry that is told of parked deliveries and unexpected errors; without it nobody is. */
  SENTRY_DSN: sentryDsn().optional(),
  /** Whether to trust X-Forwarded-For of a proxy in front. */
  TRUST_PROXY: flag().default(false),
});

type Environment = z.infer<typeof environment>;

export type DatabaseConfig =
  | { readonly dialect: 'sqlite'; readonly path: string }
  | {
      readonly dialect: 'mysql';
      readonly url: string;
      readonly poolSize: number;
      readonly acquireTimeout: number;
    };

/** The typed, frozen settings of one process. Durations are milliseconds. */
export interface Config {
  readonly production: boolean;
  readonly port: number;
  readonly host: string;
  readonly dataDir: string;
  readonly database: DatabaseConfig;
  readonly auth: {
    readonly jwtSecret: string | null;
    readonly jwksUri: string | null;
    readonly issuer: string | null;
    readonly audience: string | null;
    /** The claims that the directory follows; null: none of that kind. */
    readonly claims: {
      readonly name: string | null;
      readonly email: string | null;
      readonly department: string | null;
      readonly groups: string | null;
    };
  };
  readonly secretsKey: string | null;
  readonly callback: {
    readonly allowedHosts: readonly string[];
    readonly retrySchedule: readonly number[];
    readonly timeout: number;
    readonly lease: number;
  };
  /** Null when no e-mail can be sent. The URL holds the mail server's password. */
  readonly mail: { readonly smtpUrl: string; readonly from: string } | null;
  /** Without a slash at the end. */
  readonly publicUrl: string | null;
  readonly urgeInterval: number;
  readonly stuckAfter: number;
  /** Minutes since midnight, UTC; null: never. */
  readonly logVerifyAt: number | null;
  readonly pollInterval: number;
  readonly rateLimit: number;
  readonly bodyLimit: number;
  readonly gate: {
    readonly bodyLimit: number;
    readonly timeout: number;
  };
  readonly shutdownTimeout: number;
  readonly logLevel: Environment['LOG_LEVEL'];
  readonly sentryDsn: string | null;
  readonly trustProxy: boolean;
}

/** Stops the start. Names the variables, never their values: they may be secrets. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Nest's token for the {@link Config} of the process. */
export const CONFIG = Symbol('Config');

/**
 * Reads the settings from environment variables.
 * @throws ConfigError naming every variable whose value cannot be used, and what it must be.
 */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${String(issue.path[0])}: ${issue.message}`);
    throw new ConfigError(`The configuration cannot be used. ${problems.join('; ')}.`);
  }
  const e = parsed.data;
  const production = e.NODE_ENV === 'production';
  if (production && !e.AUTH_JWT_SECRET && !e.AUTH_JWKS_URI) {
    throw new ConfigError(
      'The configuration cannot be used. AUTH_JWT_SECRET or AUTH_JWKS_URI: one of them must be set when NODE_ENV is production.',
    );
  }
  return deepFreeze({
    production,
    port: e.PORT,
    host: e.HOST,
    dataDir: e.DATA_DIR,
    database: databaseOf(e),
    auth: {
      jwtSecret: e.AUTH_JWT_SECRET ?? null,
      jwksUri: e.AUTH_JWKS_URI ?? null,
      issuer: e.AUTH_ISSUER ?? null,
      audience: e.AUTH_AUDIENCE ?? null,
      claims: {
        name: e.AUTH_CLAIM_NAME ?? null,
        email: e.AUTH_CLAIM_EMAIL ?? null,
        department: e.AUTH_CLAIM_DEPARTMENT ?? null,
        groups: e.AUTH_CLAIM_GROUPS ?? null,
      },
    },
    secretsKey: e.SECRETS_KEY ?? null,
    callback: {
      allowedHosts: e.CALLBACK_ALLOWED_HOSTS,
      retrySchedule: e.CALLBACK_RETRY_SCHEDULE,
      timeout: e.CALLBACK_TIMEOUT,
      lease: e.CALLBACK_LEASE,
    },
    mail: mailOf(e),
    publicUrl: e.PUBLIC_URL ?? null,
    urgeInterval: e.URGE_INTERVAL,
    stuckAfter: e.STUCK_AFTER,
    logVerifyAt: e.LOG_VERIFY_AT,
    pollInterval: e.PROVIDER_POLL_INTERVAL,
    rateLimit: e.RATE_LIMIT,
    bodyLimit: e.BODY_LIMIT,
    gate: { bodyLimit: e.GATE_BODY_LIMIT, timeout: e.GATE_TIMEOUT },
    shutdownTimeout: e.SHUTDOWN_TIMEOUT,
    logLevel: e.LOG_LEVEL,
    sentryDsn: e.SENTRY_DSN ?? null,
    trustProxy: e.TRUST_PROXY,
  });
}

function mailOf(e: Environment): Config['mail'] {
  if (e.SMTP_URL === undefined) return null;
  if (e.MAIL_FROM === undefined) {
    throw new ConfigError('The configuration cannot be used. MAIL_FROM: must be set when SMTP_URL is.');
  }
  return { smtpUrl: e.SMTP_URL, from: e.MAIL_FROM };
}

function databaseOf(e: Environment): DatabaseConfig {
  const given = e.DATABASE_URL ?? `sqlite:${e.DATA_DIR}/countersign.sqlite`;
  if (given.startsWith('sqlite:')) return { dialect: 'sqlite', path: given.slice('sqlite:'.length) };
  let parsed: URL;
  try {
    parsed = new URL(given);
  } catch {
    throw new ConfigError(
      'The configuration cannot be used. DATABASE_URL: is no URL; encode special characters of user and password as %XX.',
    );
  }
  if (parsed.pathname.length < 2) {
    throw new ConfigError(
      'The configuration cannot be used. DATABASE_URL: names no database after the host.',
    );
  }
  return {
    dialect: 'mysql',
    url: given,
    poolSize: e.DATABASE_POOL_SIZE,
    acquireTimeout: e.DATABASE_ACQUIRE_TIMEOUT,
  };
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner as object);
  }
  return Object.freeze(value);
}
