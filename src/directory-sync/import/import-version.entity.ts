import { EntitySchema } from 'typeorm';
import { columnsOf } from '../../database/columns.js';
import type { Dialect } from '../../database/dialect.js';

/** Which version of a source was imported last. */
export interface ImportVersionRow {
  /** The team whose directory it was imported into; empty for the platform. */
  scope: string;
  source: string;
  /** The version as a number, by which versions are compared. */
  stamp: number | string;
  /** As it was written. */
  version: string;
  /** Who imported it. */
  userCode: string;
  updateTime: Date;
}

export const importVersionEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<ImportVersionRow>({
    name: 'DirectoryImport',
    tableName: 'dms_s_apply_directory_import',
    columns: {
      scope: c.varchar('scope', 64, { primary: true }),
      source: c.varchar('source', 64, { primary: true }),
      stamp: c.bigint('stamp'),
      version: c.varchar('version', 64),
      userCode: c.varchar('user_code', 64),
      updateTime: c.datetime('update_time'),
    },
  });
};
