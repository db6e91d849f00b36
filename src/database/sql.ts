import type { ObjectLiteral, QueryRunner, Repository } from 'typeorm';
import type { Dialect } from './dialect.js';
import { type SqlValue, type Statements, statementsOf } from './statements.js';

export type { SqlValue };

/** What a repository may do with a database: hand-written SQL with `?` places, or TypeORM's repository of an entity. */
export interface Sql {
  /** Runs a statement that answers rows. */
  rows<T>(sql: string, values?: readonly SqlValue[]): Promise<T[]>;
  /** The repository of an entity, by its name in `entities.ts`; for admin modules, not for hot paths. */
  repository<T extends ObjectLiteral>(entity: string): Repository<T>;
}

declare const inTransaction: unique symbol;

/**
 * A transaction under way. Only `UnitOfWork.run` makes one, and whatever writes asks for one, so that a write
 * outside a transaction does not compile.
 */
export interface Tx extends Sql {
  readonly [inTransaction]: true;
  /** Runs a statement that changes rows. @returns how many rows it found to change. */
  run(sql: string, values?: readonly SqlValue[]): Promise<number>;
  /** Has something told once the transaction is committed; never, when it is not. For signals within this process. */
  afterCommit(tell: () => void): void;
}

/** The one implementation of {@link Sql} and {@link Tx}, over a TypeORM query runner. */
export class QueryRunnerSql implements Sql {
  private statements: Statements | undefined;
  private afterwards: (() => void)[] | undefined;

  constructor(private readonly runner: QueryRunner) {}

  async rows<T>(sql: string, values: readonly SqlValue[] = []): Promise<T[]> {
    return (await (this.statements ??= await statementsOf(this.runner)).rows(sql, values)) as T[];
  }

  async run(sql: string, values: readonly SqlValue[] = []): Promise<number> {
    return (this.statements ??= await statementsOf(this.runner)).run(sql, values);
  }

  repository<T extends ObjectLiteral>(entity: string): Repository<T> {
    return this.runner.manager.getRepository<T>(entity);
  }

  afterCommit(tell: () => void): void {
    (this.afterwards ??= []).push(tell);
  }

  /** For the unit of work, when the transaction is committed. */
  committed(): void {
    for (const tell of this.afterwards ?? []) tell();
  }
}

/** SQLite binds at most 32,766 values in one statement; MySQL's packets are larger. */
const maxValues = 30_000;

/**
 * Inserts rows in bulk: one statement a table, however many rows (a few when they are thousands).
 * @param rows one array of values for each row, in the order of `columns`.
 */
export async function insertRows(
  tx: Tx,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly SqlValue[])[],
): Promise<void> {
  const perStatement = Math.floor(maxValues / columns.length);
  for (let from = 0; from < rows.length; from += perStatement) {
    const part = rows.slice(from, from + perStatement);
    const values: SqlValue[] = [];
    for (const row of part) for (const value of row) values.push(value);
    await tx.run(insertText(table, columns, part.length), values);
  }
}

/**
 * Overwrites rows that the caller holds, in bulk: as {@link insertRows}, but what has the key already takes the values.
 * @param key the columns of the primary key; the other columns are overwritten
 */
export async function overwriteRows(
  tx: Tx,
  dialect: Dialect,
  table: string,
  key: readonly string[],
  columns: readonly string[],
  rows: readonly (readonly SqlValue[])[],
): Promise<void> {
  const all = [...key, ...columns];
  const conflict =
    dialect === 'mysql'
      ? `ON DUPLICATE KEY UPDATE ${columns.map((name) => `${name} = VALUES(${name})`).join(', ')}`
      : `ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${columns.map((name) => `${name} = excluded.${name}`).join(', ')}`;
  const perStatement = Math.floor(maxValues / all.length);
  for (let from = 0; from < rows.length; from += perStatement) {
    const part = rows.slice(from, from + perStatement);
    await tx.run(`${insertText(table, all, part.length)} ${conflict}`, part.flat());
  }
}

/** Some values at a time: as many as one `IN (…)` holds on both databases. */
export function* inParts<T>(values: readonly T[], size = 10_000): Generator<readonly T[]> {
  for (let from = 0; from < values.length; from += size) yield values.slice(from, from + size);
}

/** The texts of small inserts, which are the many: made once, and as flat strings, which drivers read faster. */
const insertTexts = new Map<string, string>();
const keptRows = 20;

function insertText(table: string, columns: readonly string[], rows: number): string {
  const key = `${table} (${columns.join(',')}) ${rows}`;
  const known = insertTexts.get(key);
  if (known) return known;
  const row = `(${places(columns.length)})`;
  const text = `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${Array.from({ length: rows }, () => row).join(', ')}`;
  if (rows > keptRows) return text;
  const flat = Buffer.from(text).toString();
  insertTexts.set(key, flat);
  return flat;
}

/** `?, ?, ?` */
export const places = (count: number): string =>
  '?, '.repeat(Math.max(0, count - 1)) + (count > 0 ? '?' : '');
