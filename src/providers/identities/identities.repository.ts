import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { fromDbTime, toDbTime } from '../../database/dialect.js';
import { inParts, insertRows, places, type Sql, type Tx } from '../../database/sql.js';
import type { PageWindow } from '../../http/pagination.js';
import type { IdentityRow } from './identity.entity.js';

/** Whose identities at a provider exist for a caller: everybody's, or those of the people listed in one team. */
export type PeopleSeen = 'all' | { readonly team: string };

interface SqlRow {
  readonly userCode: string;
  readonly externalId: string;
  readonly createTime: Date | string;
  readonly updateTime: Date | string;
}

const table = 'dms_s_apply_identity';
const columns = `i.user_code AS userCode, i.external_id AS externalId,
  i.create_time AS createTime, i.update_time AS updateTime`;

/** Rows of identities. The directory's people are another room's: only their team is read here, to narrow the lists. */
@Injectable()
export class IdentitiesRepository {
  constructor(private readonly database: Database) {}

  async find(
    providerId: string,
    seen: PeopleSeen,
    userCode: string,
    sql: Sql = this.database,
  ): Promise<IdentityRow | null> {
    const narrow = listedIn(seen);
    const rows = await sql.rows<SqlRow>(
      `SELECT ${columns} FROM ${table} i WHERE i.provider_id = ? AND i.user_code = ?${narrow.sql}`,
      [providerId, userCode, ...narrow.values],
    );
    // MySQL ignores trailing blanks where it compares; a code with one more blank is another code.
    const row = rows.find((one) => one.userCode === userCode);
    return row ? toRow(providerId, row) : null;
  }

  /** One page, by user code. */
  async list(
    providerId: string,
    seen: PeopleSeen,
    externalId: string | undefined,
    { after, take }: PageWindow,
  ): Promise<IdentityRow[]> {
    const narrow = listedIn(seen);
    const rows = await this.database.rows<SqlRow>(
      `SELECT ${columns} FROM ${table} i WHERE i.provider_id = ?${narrow.sql}
          ${externalId === undefined ? '' : ' AND i.external_id = ?'}${after === null ? '' : ' AND i.user_code > ?'}
        ORDER BY i.user_code LIMIT ?`,
      [
        providerId,
        ...narrow.values,
        ...(externalId === undefined ? [] : [externalId]),
        ...(after === null ? [] : [after]),
        take,
      ],
    );
    const found = externalId === undefined ? rows : rows.filter((row) => row.externalId === externalId);
    return found.map((row) => toRow(providerId, row));
  }

  /** What stands in the way of these: the identities of these people, and of whoever has one of these ids. */
  async concerned(
    tx: Tx,
    providerId: string,
    given: readonly { readonly userCode: string; readonly externalId: string }[],
  ): Promise<IdentityRow[]> {
    const found = new Map<string, IdentityRow>();
    for (const part of inParts(given)) {
      const rows = await tx.rows<SqlRow>(
        `SELECT ${columns} FROM ${table} i WHERE i.provider_id = ?
            AND (i.user_code IN (${places(part.length)}) OR i.external_id IN (${places(part.length)}))`,
        [providerId, ...part.map((one) => one.userCode), ...part.map((one) => one.externalId)],
      );
      for (const row of rows) found.set(row.userCode, toRow(providerId, row));
    }
    return [...found.values()];
  }

  /** Who of these people the directory lists in a team itself. */
  async listed(tx: Tx, team: string, userCodes: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await tx.rows<{ readonly userCode: string }>(
      `SELECT user_code AS userCode FROM dms_s_apply_user
        WHERE acc_code = ? AND user_code IN (${places(userCodes.length)})`,
      [team, ...userCodes],
    );
    return new Set(rows.map(({ userCode }) => userCode));
  }

  /** Puts rows in the place of whatever these people had before: ids may be exchanged among them. */
  async replace(tx: Tx, providerId: string, rows: readonly IdentityRow[]): Promise<void> {
    await this.delete(
      tx,
      providerId,
      rows.map(({ userCode }) => userCode),
    );
    await insertRows(
      tx,
      table,
      ['provider_id', 'user_code', 'external_id', 'create_time', 'update_time'],
      rows.map((row) => [
        providerId,
        row.userCode,
        row.externalId,
        toDbTime(row.createTime),
        toDbTime(row.updateTime),
      ]),
    );
  }

  async delete(tx: Tx, providerId: string, userCodes: readonly string[]): Promise<void> {
    await tx.run(
      `DELETE FROM ${table} WHERE provider_id = ? AND user_code IN (${places(userCodes.length)})`,
      [providerId, ...userCodes],
    );
  }
}

const listedIn = (seen: PeopleSeen): { readonly sql: string; readonly values: readonly string[] } =>
  seen === 'all'
    ? { sql: '', values: [] }
    : {
        sql: ` AND EXISTS (
          SELECT 1 FROM dms_s_apply_user u WHERE u.user_code = i.user_code AND u.acc_code = ?)`,
        values: [seen.team],
      };

const toRow = (
  providerId: string,
  { userCode, externalId, createTime, updateTime }: SqlRow,
): IdentityRow => ({
  providerId,
  userCode,
  externalId,
  createTime: fromDbTime(createTime),
  updateTime: fromDbTime(updateTime),
});
