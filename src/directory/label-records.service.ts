import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { forUpdate } from '../database/dialect.js';
import type { Tx } from '../database/sql.js';
import type { LabelRow } from './label.entity.js';

export type LabelRecord = LabelRow;
type LabelKey = Pick<LabelRow, 'kind' | 'scope' | 'code'>;

/** What identity providers call roles and teams, within the caller's transaction. */
@Injectable()
export class LabelRecordsService {
  constructor(private readonly database: Database) {}

  /** Held until the end of the transaction. */
  async hold(tx: Tx, { kind, scope, code }: LabelKey): Promise<LabelRecord | null> {
    await tx.rows(
      `SELECT code FROM dms_s_apply_directory_label
        WHERE kind = ? AND scope = ? AND code = ?${forUpdate(this.database.dialect)}`,
      [kind, scope, code],
    );
    return tx.repository<LabelRow>('DirectoryLabel').findOneBy({ kind, scope, code });
  }

  /** @throws a duplicate key, when somebody else has made it meanwhile */
  async write(tx: Tx, before: LabelRecord | null, after: LabelRecord): Promise<void> {
    const rows = tx.repository<LabelRow>('DirectoryLabel');
    const { kind, scope, code, ...told } = after;
    if (before) await rows.update({ kind, scope, code }, told);
    else await rows.insert(after);
  }

  async delete(tx: Tx, { kind, scope, code }: LabelKey): Promise<void> {
    await tx.repository<LabelRow>('DirectoryLabel').delete({ kind, scope, code });
  }
}
