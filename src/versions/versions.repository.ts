import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { fromDbTime, toDbTime } from '../database/dialect.js';
import { insertRows, places, type Sql, type Tx } from '../database/sql.js';

const tables = {
  template: { table: 'dms_s_apply_template_version', id: 'template_id' },
  node: { table: 'dms_s_apply_node_version', id: 'node_id' },
} as const;

/** What has versions. Whoever names one has seen that it exists for the caller: its team is told by its own row. */
export interface Versioned {
  readonly kind: keyof typeof tables;
  readonly id: string;
}

/** A saved state without what it says. */
export interface VersionRecord {
  readonly version: number;
  readonly savedBy: string;
  readonly createTime: Date;
}

export interface VersionWithContent extends VersionRecord {
  /** JSON. */
  readonly content: string;
}

/** Saved states of templates and nodes: added, never changed, never taken away. */
@Injectable()
export class VersionsRepository {
  constructor(private readonly database: Database) {}

  async add(tx: Tx, of: Versioned, { version, content, savedBy, createTime }: VersionWithContent) {
    const { table, id } = tables[of.kind];
    await insertRows(
      tx,
      table,
      [id, 'version', 'content', 'saved_by', 'create_time'],
      [[of.id, version, content, savedBy, toDbTime(createTime)]],
    );
  }

  /** Newest first. @param before only versions lower than this one; null for all. */
  async list(of: Versioned, before: number | null, take: number): Promise<VersionRecord[]> {
    const { table, id } = tables[of.kind];
    const rows = await this.database.rows<VersionRecord>(
      `SELECT version, saved_by AS savedBy, create_time AS createTime FROM ${table}
        WHERE ${id} = ? ${before === null ? '' : 'AND version < ?'}
        ORDER BY version DESC LIMIT ${take}`,
      before === null ? [of.id] : [of.id, before],
    );
    return rows.map(withTime);
  }

  /** Those of the versions that there are. */
  async find(
    of: Versioned,
    versions: readonly number[],
    sql: Sql = this.database,
  ): Promise<VersionWithContent[]> {
    const { table, id } = tables[of.kind];
    const rows = await sql.rows<VersionWithContent>(
      `SELECT version, content, saved_by AS savedBy, create_time AS createTime FROM ${table}
        WHERE ${id} = ? AND version IN (${places(versions.length)})`,
      [of.id, ...versions],
    );
    return rows.map(withTime);
  }
}

const withTime = <T extends VersionRecord>(row: T): T => ({ ...row, createTime: fromDbTime(row.createTime) });
