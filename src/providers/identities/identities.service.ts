import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { places, type Sql } from '../../database/sql.js';

const table = 'dms_s_apply_identity';

/** Who people are at a provider, and the other way round. */
@Injectable()
export class IdentitiesService {
  constructor(private readonly database: Database) {}

  /** The provider's id of a person; null when nobody has said who they are there. */
  async externalOf(providerId: string, userCode: string, sql: Sql = this.database): Promise<string | null> {
    const found = await this.externalsOf(providerId, [userCode], sql);
    return found.get(userCode) ?? null;
  }

  /** The provider's ids of people, by user code; who has none is absent. */
  async externalsOf(
    providerId: string,
    userCodes: readonly string[],
    sql: Sql = this.database,
  ): Promise<Map<string, string>> {
    if (userCodes.length === 0) return new Map();
    const rows = await sql.rows<{ readonly userCode: string; readonly externalId: string }>(
      `SELECT user_code AS userCode, external_id AS externalId FROM ${table}
        WHERE provider_id = ? AND user_code IN (${places(userCodes.length)})`,
      [providerId, ...userCodes],
    );
    // MySQL ignores trailing blanks where it compares; a code with one more blank is another code.
    const found = new Map(rows.map(({ userCode, externalId }) => [userCode, externalId]));
    return new Map(
      userCodes.flatMap((userCode) => {
        const externalId = found.get(userCode);
        return externalId === undefined ? [] : [[userCode, externalId] as const];
      }),
    );
  }

  /** The user codes behind a provider's ids of people, by id; who is nobody's is absent. */
  async usersOf(
    providerId: string,
    externalIds: readonly string[],
    sql: Sql = this.database,
  ): Promise<Map<string, string>> {
    if (externalIds.length === 0) return new Map();
    const rows = await sql.rows<{ readonly userCode: string; readonly externalId: string }>(
      `SELECT user_code AS userCode, external_id AS externalId FROM ${table}
        WHERE provider_id = ? AND external_id IN (${places(externalIds.length)})`,
      [providerId, ...externalIds],
    );
    return new Map(rows.map(({ userCode, externalId }) => [externalId, userCode]));
  }

  /** The user code behind a provider's id of a person; null when it is nobody's. */
  async userOf(providerId: string, externalId: string, sql: Sql = this.database): Promise<string | null> {
    const found = await this.usersOf(providerId, [externalId], sql);
    return found.get(externalId) ?? null;
  }
}
