import type { EntitySchemaColumnOptions } from 'typeorm';
import type { Dialect } from './dialect.js';

/**
 * Columns of the two dialects. Codes and ids compare byte by byte (`utf8mb4_bin`), as SQLite does; `char` is called
 * `character` there, and `tinyint` has no sign.
 */
export interface Columns {
  id(name?: string): EntitySchemaColumnOptions;
  varchar(name: string, length: number, options?: Options): EntitySchemaColumnOptions;
  /** `char(1)`: the one-letter codes of requirement 003. */
  code(name: string, options?: Options): EntitySchemaColumnOptions;
  text(name: string, options?: Options): EntitySchemaColumnOptions;
  /** Up to 16 MiB: answers and events that may hold many rows. */
  longText(name: string, options?: Options): EntitySchemaColumnOptions;
  /** Bytes, up to 4 GiB. */
  blob(name: string, options?: Options): EntitySchemaColumnOptions;
  int(name: string, options?: Options): EntitySchemaColumnOptions;
  bigint(name: string, options?: Options): EntitySchemaColumnOptions;
  /** `tinyint unsigned`, 0 to 255. */
  tinyint(name: string, options?: Options): EntitySchemaColumnOptions;
  datetime(name: string, options?: Options): EntitySchemaColumnOptions;
}

type Options = Pick<EntitySchemaColumnOptions, 'nullable' | 'default' | 'primary'>;

export function columnsOf(dialect: Dialect): Columns {
  const mysql = dialect === 'mysql';
  const bin = mysql ? { charset: 'utf8mb4', collation: 'utf8mb4_bin' } : {};
  return {
    id: (name = 'id') => ({ name, type: 'varchar', length: 64, primary: true, ...bin }),
    varchar: (name, length, options) => ({ name, type: 'varchar', length, ...bin, ...options }),
    code: (name, options) => ({ name, type: mysql ? 'char' : 'character', length: 1, ...bin, ...options }),
    text: (name, options) => ({ name, type: 'text', ...bin, ...options }),
    longText: (name, options) => ({ name, type: mysql ? 'mediumtext' : 'text', ...bin, ...options }),
    blob: (name, options) => ({ name, type: mysql ? 'longblob' : 'blob', ...options }),
    int: (name, options) => ({ name, type: 'int', ...options }),
    bigint: (name, options) => ({ name, type: 'bigint', ...options }),
    tinyint: (name, options) => ({ name, type: 'tinyint', ...(mysql ? { unsigned: true } : {}), ...options }),
    datetime: (name, options) => ({ name, type: 'datetime', ...options }),
  };
}
