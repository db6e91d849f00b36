import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { forUpdate } from '../../database/dialect.js';
import type { Tx } from '../../database/sql.js';
import type { ImportVersionRow } from './import-version.entity.js';

/** Rows of {@link ImportVersionRow}. */
@Injectable()
export class ImportVersionsRepository {
  constructor(private readonly database: Database) {}

  /** Held until the end of the transaction: two imports of one source follow each other. */
  async hold(tx: Tx, scope: string, source: string): Promise<ImportVersionRow | null> {
    await tx.rows(
      `SELECT stamp FROM dms_s_apply_directory_import
        WHERE scope = ? AND source = ?${forUpdate(this.database.dialect)}`,
      [scope, source],
    );
    return tx.repository<ImportVersionRow>('DirectoryImport').findOneBy({ scope, source });
  }

  /** @throws a duplicate key, when another first import of the source came before */
  async write(tx: Tx, isFirst: boolean, row: ImportVersionRow): Promise<void> {
    const rows = tx.repository<ImportVersionRow>('DirectoryImport');
    const { scope, source, ...rest } = row;
    if (isFirst) await rows.insert(row);
    else await rows.update({ scope, source }, rest);
  }
}
