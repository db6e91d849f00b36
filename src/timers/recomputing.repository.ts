import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { SqlValue } from '../database/sql.js';

const pageSize = 500;

/** Which orders run by a calendar. */
@Injectable()
export class RecomputingRepository {
  constructor(private readonly database: Database) {}

  /**
   * The orders whose open step runs by a calendar, by id: of a team; or, where the platform's is meant (team null), of
   * every team that has no own calendar of that code. Timings are JSON of our own making, and name their calendar so.
   */
  async *running(team: string | null, code: string): AsyncGenerator<string> {
    const [whose, values]: [string, SqlValue[]] =
      team === null
        ? [
            'NOT EXISTS (SELECT 1 FROM dms_s_apply_calendar own WHERE own.scope = o.acc_code AND own.code = ?)',
            [code],
          ]
        : ['o.acc_code = ?', [team]];
    for (let after = ''; ;) {
      const rows = await this.database.rows<{ id: string }>(
        `SELECT o.id FROM dms_s_apply_order_process p
           JOIN dms_s_apply_order o ON o.id = p.apply_order_id
          WHERE p.due_at IS NOT NULL AND INSTR(p.timing, ?) > 0 AND ${whose} AND o.id > ?
          ORDER BY o.id LIMIT ?`,
        [`"calendar":${JSON.stringify(code)}`, ...values, after, pageSize],
      );
      for (const { id } of rows) yield id;
      const last = rows.at(-1);
      if (!last || rows.length < pageSize) return;
      after = last.id;
    }
  }
}
