/** The two kinds of database that the service runs on; `mysql` is the protocol: MySQL 8 or MariaDB. */
export type Dialect = 'sqlite' | 'mysql';

/** Appended to a select that locks its rows. SQLite has one writer at a time: the unit of work is its lock. */
export const forUpdate = (dialect: Dialect): string => (dialect === 'mysql' ? ' FOR UPDATE' : '');

/**
 * A moment as the columns of type `datetime` hold it: UTC, whole seconds (requirement 003 gives them no fraction).
 * Written as text so that neither driver applies a time zone of its own.
 */
export const toDbTime = (moment: Date): string => moment.toISOString().slice(0, 19).replace('T', ' ');

/** A `datetime` as either driver answers it: mysql2 a Date, better-sqlite3 the text that was written. */
export const fromDbTime = (value: Date | string): Date =>
  value instanceof Date ? value : new Date(`${value.slice(0, 19).replace(' ', 'T')}Z`);

/** The same moment without its milliseconds: what a `datetime` column gives back. */
export const wholeSecond = (moment: Date): Date => new Date(Math.floor(moment.getTime() / 1000) * 1000);

/**
 * Now by the database's clock, in milliseconds since 1970, as an SQL expression: replicas whose own clocks differ agree
 * on it.
 */
export const databaseNow = (dialect: Dialect): string =>
  dialect === 'mysql'
    ? "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)"
    : "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
