import type { QueryRunner } from 'typeorm';

/** A table for both dialects, as a migration writes it down. Types are the dialects' own; nothing here reads entities. */
export interface TableDefinition {
  readonly name: string;
  /** Column name to type, such as `varchar(64) NOT NULL`. `char(1)`, `tinyint unsigned` and `mediumtext` are translated. */
  readonly columns: Readonly<Record<string, string>>;
  readonly primaryKey: readonly string[];
  readonly indexes?: readonly IndexDefinition[];
  readonly foreignKeys?: readonly ForeignKeyDefinition[];
}

interface IndexDefinition {
  readonly name: string;
  readonly columns: readonly string[];
  readonly unique?: true;
}

interface ForeignKeyDefinition {
  readonly name: string;
  readonly columns: readonly string[];
  readonly table: string;
  readonly references: readonly string[];
  readonly onDelete: 'CASCADE' | 'RESTRICT';
}

const isSqlite = (runner: QueryRunner): boolean => runner.dataSource.options.type === 'better-sqlite3';

/*
 * SQLite runs a migration in one transaction. MySQL commits each DDL statement at once: whoever is killed half-way
 * leaves half a migration, and the next start runs it from its beginning. So every step here leaves alone what is there
 * already, and a migration's own statements must do no harm when they run twice.
 */

/** Creates a table with its keys and indexes. Codes compare byte by byte on MySQL too (`utf8mb4_bin`). */
export async function createTable(runner: QueryRunner, table: TableDefinition): Promise<void> {
  const sqlite = isSqlite(runner);
  const lines = Object.entries(table.columns).map(
    ([name, type]) => `${name} ${sqlite ? forSqlite(type) : type}`,
  );
  lines.push(`PRIMARY KEY (${table.primaryKey.join(', ')})`);
  // Quoted on SQLite, which keeps the statement as its schema: TypeORM finds a key's name there only between quotes.
  const quoted = (names: readonly string[]) => names.map((name) => (sqlite ? `"${name}"` : name)).join(', ');
  for (const key of table.foreignKeys ?? []) {
    lines.push(
      `CONSTRAINT ${quoted([key.name])} FOREIGN KEY (${quoted(key.columns)}) REFERENCES ${quoted([key.table])}` +
        ` (${quoted(key.references)}) ON DELETE ${key.onDelete} ON UPDATE NO ACTION`,
    );
  }
  const options = sqlite ? '' : ' ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin';
  const create = sqlite ? 'CREATE TABLE' : 'CREATE TABLE IF NOT EXISTS';
  await runner.query(`${create} ${table.name} (\n  ${lines.join(',\n  ')}\n)${options}`);
  for (const index of table.indexes ?? []) await createIndex(runner, table.name, index);
}

export async function createIndex(runner: QueryRunner, table: string, index: IndexDefinition): Promise<void> {
  if (await isThere(runner, 'statistics', table, 'index_name', index.name)) return;
  const unique = index.unique ? 'UNIQUE ' : '';
  await runner.query(`CREATE ${unique}INDEX ${index.name} ON ${table} (${index.columns.join(', ')})`);
}

export async function dropIndex(runner: QueryRunner, table: string, name: string): Promise<void> {
  if (!isSqlite(runner) && !(await isThere(runner, 'statistics', table, 'index_name', name))) return;
  await runner.query(`DROP INDEX ${name}${isSqlite(runner) ? '' : ` ON ${table}`}`);
}

/** One statement a column: SQLite adds only one at a time. */
export async function addColumns(
  runner: QueryRunner,
  table: string,
  columns: TableDefinition['columns'],
): Promise<void> {
  const sqlite = isSqlite(runner);
  for (const [name, type] of Object.entries(columns)) {
    if (await isThere(runner, 'columns', table, 'column_name', name)) continue;
    await runner.query(`ALTER TABLE ${table} ADD COLUMN ${name} ${sqlite ? forSqlite(type) : type}`);
  }
}

export async function dropColumns(
  runner: QueryRunner,
  table: string,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    if (!isSqlite(runner) && !(await isThere(runner, 'columns', table, 'column_name', name))) continue;
    await runner.query(`ALTER TABLE ${table} DROP COLUMN ${name}`);
  }
}

/** Begins a statement that adds rows with keys of their own, and leaves those alone that are there. */
export const insertOnce = (runner: QueryRunner): string =>
  isSqlite(runner) ? 'INSERT OR IGNORE INTO' : 'INSERT IGNORE INTO';

/** Whether an earlier, unfinished run of the migration has made a column or an index; on SQLite there is no such run. */
async function isThere(
  runner: QueryRunner,
  kind: 'columns' | 'statistics',
  table: string,
  column: 'column_name' | 'index_name',
  name: string,
): Promise<boolean> {
  if (isSqlite(runner)) return false;
  const rows = (await runner.query(
    `SELECT 1 FROM information_schema.${kind} WHERE table_schema = DATABASE() AND table_name = ? AND ${column} = ? LIMIT 1`,
    [table, name],
  )) as unknown[];
  return rows.length > 0;
}

/** SQLite enforces neither length nor sign; the names only keep its schema readable. */
const forSqlite = (type: string): string =>
  type
    .replace('tinyint unsigned', 'tinyint')
    .replace(/^char\(/, 'character(')
    .replace('mediumtext', 'text')
    .replace('longblob', 'blob')
    .replace(/^int\b/, 'integer');
