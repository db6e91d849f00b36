import { Injectable } from '@nestjs/common';
import type { TeamScope } from '../auth/principal.js';
import { Database } from '../database/database.js';
import { fromDbTime } from '../database/dialect.js';
import { insertRows, places, type Sql, type SqlValue, type Tx } from '../database/sql.js';
import type { PageWindow } from '../http/pagination.js';
import type { ApiKeyRow } from './api-key.entity.js';

/** A service account as lists show it: everything but the hash. */
export interface ApiKeyFacts {
  readonly id: string;
  readonly name: string;
  readonly accCodes: readonly string[];
  readonly businessTypes: readonly string[] | null;
  readonly directory: boolean;
  readonly userCode: string;
  readonly createTime: Date;
}

type Condition = readonly [sql: string, values: readonly SqlValue[]];

/**
 * Rows of service accounts. What exists for a caller are the keys that act for the caller's teams and for no other:
 * withdrawing a shared key would reach into another team.
 */
@Injectable()
export class ApiKeysRepository {
  constructor(private readonly database: Database) {}

  /** For the guard, which does not know yet who is calling. */
  async account(
    id: string,
  ): Promise<(Pick<ApiKeyFacts, 'accCodes' | 'businessTypes' | 'directory'> & { keyHash: string }) | null> {
    const rows = await this.database.rows<{
      keyHash: string;
      businessTypes: string | null;
      directory: number;
      accCode: string | null;
    }>(
      `SELECT k.key_hash AS keyHash, k.business_types AS businessTypes, k.directory, t.acc_code AS accCode
         FROM dms_s_apply_api_key k LEFT JOIN dms_s_apply_api_key_team t ON t.api_key_id = k.id
        WHERE k.id = ? ORDER BY t.acc_code`,
      [id],
    );
    const [first] = rows;
    if (!first) return null;
    return {
      keyHash: first.keyHash,
      businessTypes: listOf(first.businessTypes),
      directory: first.directory === 1,
      accCodes: rows.flatMap((row) => (row.accCode === null ? [] : [row.accCode])),
    };
  }

  async exists(scope: TeamScope, id: string, sql: Sql): Promise<boolean> {
    const [inScope, values] = actsOnlyFor(scope);
    const rows = await sql.rows(`SELECT k.id FROM dms_s_apply_api_key k WHERE k.id = ? AND ${inScope}`, [
      id,
      ...values,
    ]);
    return rows.length > 0;
  }

  /** Newest first. @param team only keys that act for it too, or null for all */
  async list(scope: TeamScope, team: string | null, window: PageWindow): Promise<ApiKeyFacts[]> {
    const conditions: Condition[] = [actsOnlyFor(scope)];
    if (team !== null) conditions.push(actsFor([team]));
    if (window.after !== null) conditions.push(['k.id < ?', [window.after]]);
    const rows = await this.database.rows<
      Omit<ApiKeyFacts, 'accCodes' | 'businessTypes' | 'directory' | 'createTime'> & {
        businessTypes: string | null;
        directory: number;
        createTime: Date | string;
      }
    >(
      `SELECT k.id, k.name, k.business_types AS businessTypes, k.directory, k.user_code AS userCode, k.create_time AS createTime
         FROM dms_s_apply_api_key k
        WHERE ${conditions.map(([sql]) => sql).join(' AND ')}
        ORDER BY k.id DESC LIMIT ?`,
      [...conditions.flatMap(([, values]) => values), window.take],
    );
    const teams = await this.teamsOf(rows.map((row) => row.id));
    return rows.map((row) => ({
      ...row,
      accCodes: teams.get(row.id) ?? [],
      businessTypes: listOf(row.businessTypes),
      directory: row.directory === 1,
      createTime: fromDbTime(row.createTime),
    }));
  }

  async insert(tx: Tx, row: ApiKeyRow, teams: readonly string[]): Promise<void> {
    await tx.repository<ApiKeyRow>('ApiKey').insert(row);
    await insertRows(
      tx,
      'dms_s_apply_api_key_team',
      ['api_key_id', 'acc_code'],
      teams.map((team) => [row.id, team]),
    );
  }

  async delete(tx: Tx, id: string): Promise<void> {
    await tx.run('DELETE FROM dms_s_apply_api_key WHERE id = ?', [id]);
  }

  private async teamsOf(ids: readonly string[]): Promise<Map<string, string[]>> {
    const teams = new Map<string, string[]>(ids.map((id) => [id, []]));
    if (ids.length === 0) return teams;
    const rows = await this.database.rows<{ id: string; accCode: string }>(
      `SELECT api_key_id AS id, acc_code AS accCode FROM dms_s_apply_api_key_team
        WHERE api_key_id IN (${places(ids.length)}) ORDER BY acc_code`,
      ids,
    );
    for (const { id, accCode } of rows) teams.get(id)?.push(accCode);
    return teams;
  }
}

/** The list behind a comma-separated column; codes hold no comma. */
const listOf = (column: string | null): string[] | null => (column === null ? null : column.split(','));

const actsFor = (teams: readonly string[]): Condition => [
  `EXISTS (SELECT 1 FROM dms_s_apply_api_key_team t
            WHERE t.api_key_id = k.id AND t.acc_code IN (${places(teams.length)}))`,
  teams,
];

function actsOnlyFor(scope: TeamScope): Condition {
  if (scope === 'all') return ['1 = 1', []];
  const [acts, teams] = actsFor(scope);
  const others = `NOT EXISTS (SELECT 1 FROM dms_s_apply_api_key_team t
                    WHERE t.api_key_id = k.id AND t.acc_code NOT IN (${places(scope.length)}))`;
  return [`${acts} AND ${others}`, [...teams, ...scope]];
}
