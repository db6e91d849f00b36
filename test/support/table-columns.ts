import type { Database } from '../../src/database/database.js';

/** A column as the database has it, in one notation for both dialects. */
export interface ColumnFound {
  /** Such as `varchar(64)`, `tinyint unsigned`; the display width of whole numbers, which says nothing, is left out. */
  readonly type: string;
  readonly required: boolean;
  readonly primary: boolean;
  readonly hasDefault: boolean;
}

/** The columns of a table by name, in their order; none when there is no such table. */
export async function columnsOf(database: Database, table: string): Promise<Record<string, ColumnFound>> {
  return database.dialect === 'mysql' ? mysqlColumns(database, table) : sqliteColumns(database, table);
}

/** The service's own tables, by name; the one in which TypeORM counts migrations is not among them. */
export async function tablesOf(database: Database): Promise<string[]> {
  const rows = await database.rows<{ name: string }>(
    database.dialect === 'mysql'
      ? 'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()'
      : "SELECT name FROM sqlite_master WHERE type = 'table'",
  );
  return rows
    .map((row) => row.name)
    .filter((name) => name.startsWith('dms_s_apply_') && name !== 'dms_s_apply_migration')
    .toSorted();
}

async function mysqlColumns(database: Database, table: string): Promise<Record<string, ColumnFound>> {
  const rows = await database.rows<{
    name: string;
    type: string;
    nullable: string;
    column_key: string;
    fallback: string | null;
  }>(
    `SELECT column_name AS name, column_type AS type, is_nullable AS nullable, column_key AS column_key,
            column_default AS fallback
       FROM information_schema.columns
      WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position`,
    [table],
  );
  return Object.fromEntries(
    rows.map((row) => [
      row.name,
      {
        // MariaDB prints tinyint(3) unsigned and int(11), MySQL 8 tinyint unsigned and int.
        type: row.type.replace(/^(tinyint|int)\(\d+\)/, '$1'),
        required: row.nullable === 'NO',
        primary: row.column_key === 'PRI',
        // For a column without one MariaDB answers NULL where it is required, and the text NULL where it is not.
        hasDefault: row.fallback !== null && row.fallback !== 'NULL',
      },
    ]),
  );
}

async function sqliteColumns(database: Database, table: string): Promise<Record<string, ColumnFound>> {
  const rows = await database.rows<{
    name: string;
    type: string;
    notnull: number;
    pk: number;
    dflt_value: string | null;
  }>(`PRAGMA table_info(${table})`);
  return Object.fromEntries(
    rows.map((row) => [
      row.name,
      {
        // SQLite writes the types that it knows in capitals.
        type: row.type.toLowerCase(),
        required: row.notnull === 1,
        primary: row.pk > 0,
        hasDefault: row.dflt_value !== null,
      },
    ]),
  );
}
