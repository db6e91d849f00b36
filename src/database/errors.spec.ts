import { QueryFailedError } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { classify, type DatabaseErrorKind } from './errors.js';

/** A driver's error, bare and as TypeORM wraps it. */
const given = (fields: { errno?: number; code?: string; message?: string }): [Error, Error] => {
  const bare = Object.assign(new Error(fields.message ?? 'as the driver says it'), fields);
  return [bare, new QueryFailedError('SELECT 1', [], bare)];
};

describe(classify.name, () => {
  it.each<[string, Parameters<typeof given>[0], DatabaseErrorKind]>([
    ['a taken key on MySQL', { errno: 1062, code: 'ER_DUP_ENTRY' }, 'duplicate'],
    ['a taken key on SQLite', { code: 'SQLITE_CONSTRAINT_UNIQUE' }, 'duplicate'],
    ['a taken primary key on SQLite', { code: 'SQLITE_CONSTRAINT_PRIMARYKEY' }, 'duplicate'],
    ['a parent that is missing', { errno: 1452, code: 'ER_NO_REFERENCED_ROW_2' }, 'reference'],
    ['a parent that still has children', { errno: 1451, code: 'ER_ROW_IS_REFERENCED_2' }, 'reference'],
    ['either on SQLite', { code: 'SQLITE_CONSTRAINT_FOREIGNKEY' }, 'reference'],
    ['RESTRICT on SQLite', { code: 'SQLITE_CONSTRAINT_TRIGGER' }, 'reference'],
    ['a deadlock; a conflict of Galera at COMMIT', { errno: 1213, code: 'ER_LOCK_DEADLOCK' }, 'conflict'],
    ['a lock that came too late', { errno: 1205, code: 'ER_LOCK_WAIT_TIMEOUT' }, 'conflict'],
    ['a snapshot that has changed', { errno: 1020, code: 'ER_CHECKREAD' }, 'conflict'],
    ['a locked SQLite file', { code: 'SQLITE_BUSY' }, 'conflict'],
    ['a SQLite snapshot that has changed', { code: 'SQLITE_BUSY_SNAPSHOT' }, 'conflict'],
    ['a lost connection', { code: 'PROTOCOL_CONNECTION_LOST' }, 'unreachable'],
    ['a reset connection', { code: 'ECONNRESET' }, 'unreachable'],
    ['a server that ends', { errno: 1053, code: 'ER_SERVER_SHUTDOWN' }, 'unreachable'],
    ['a session killed on MariaDB', { errno: 1927, code: 'UNKNOWN_CODE_PLEASE_REPORT' }, 'unreachable'],
    ['a session killed on MySQL', { errno: 3169, code: 'ER_SESSION_WAS_KILLED' }, 'unreachable'],
    [
      'a statement on a connection that mysql2 knows to be lost',
      { message: "Can't add new command when connection is in closed state" },
      'unreachable',
    ],
    ['a pool that is closed', { message: 'Pool is closed.' }, 'unreachable'],
    ['a full disk', { code: 'SQLITE_FULL' }, 'other'],
    ['a text that is too long', { errno: 1406, code: 'ER_DATA_TOO_LONG' }, 'other'],
    ['a missing value on SQLite', { code: 'SQLITE_CONSTRAINT_NOTNULL' }, 'other'],
    ['an error of ours', {}, 'other'],
  ])('should tell %s', (_, fields, kind) => {
    expect(given(fields).map(classify)).toEqual([kind, kind]);
  });

  it.each([[null], [undefined], ['a text'], [{ errno: 1213 }]])('should tell nothing of %o', (thrown) => {
    expect(classify(thrown)).toBe('other');
  });
});
