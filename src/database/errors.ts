import { QueryFailedError } from 'typeorm';

/** What a database error means for the caller. */
export type DatabaseErrorKind = 'duplicate' | 'reference' | 'conflict' | 'unreachable' | 'other';

/**
 * Raised for a database that cannot serve right now: no free connection in time, conflicts that did not go away, or a
 * lost connection. The caller answers 503 and may try again, unless the outcome is unknown.
 */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
  constructor(
    message: string,
    /** True when a commit was under way: the change may or may not have been made. */
    readonly outcomeUnknown = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * 1062 duplicate entry; 1451, 1452 foreign keys; 1213 deadlock, 1205 lock wait, 1020 snapshot changed; 1053 shutdown,
 * 1927 (MariaDB) and 3169 (MySQL) killed, 4031 idle for too long.
 */
const mysqlKinds: Readonly<Record<number, DatabaseErrorKind>> = {
  1062: 'duplicate',
  1451: 'reference',
  1452: 'reference',
  1213: 'conflict',
  1205: 'conflict',
  1020: 'conflict',
  1053: 'unreachable',
  1927: 'unreachable',
  3169: 'unreachable',
  4031: 'unreachable',
};

const connectionCodes = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'ER_CON_COUNT_ERROR',
  'POOL_CLOSED',
]);

/** Classifies what a driver threw, on both databases. */
export function classify(error: unknown): DatabaseErrorKind {
  const cause = error instanceof QueryFailedError ? error.driverError : error;
  if (!(cause instanceof Error)) return 'other';
  const { errno, code } = cause as { errno?: unknown; code?: unknown };
  if (typeof errno === 'number' && mysqlKinds[errno]) return mysqlKinds[errno];
  if (code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY') return 'duplicate';
  if (code === 'SQLITE_CONSTRAINT_FOREIGNKEY' || code === 'SQLITE_CONSTRAINT_TRIGGER') return 'reference';
  if (typeof code === 'string' && code.startsWith('SQLITE_BUSY')) return 'conflict';
  if (typeof code === 'string' && connectionCodes.has(code)) return 'unreachable';
  // mysql2 gives a statement on a connection that it has lost already no code.
  const closed = /connection (is in closed state|lost)|closed state|Connection is closed|Pool is closed/i;
  return closed.test(cause.message) ? 'unreachable' : 'other';
}
