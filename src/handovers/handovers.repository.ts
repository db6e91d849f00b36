import { Injectable } from '@nestjs/common';
import type { TeamScope } from '../auth/principal.js';
import { teamClause } from '../auth/team-clause.js';
import { Database } from '../database/database.js';
import { auditStatusCodes } from '../engine/codes.js';
import { userSubject } from '../engine/vocabulary.js';

/** A place that a person holds by name on the open step of an order. */
export interface PlaceHeld {
  readonly orderId: string;
  readonly title: string | null;
  readonly applyStep: number;
  readonly nodeName: string;
}

/** How many places are read at once. */
const batch = 200;

/** As the assignee rows hold whose turn it is: open, and not yet. */
const undecided = [1, 0] as const;

/** The open work that names a person, walked along the primary key of the assignee rows: subject, state, order. */
@Injectable()
export class HandoversRepository {
  constructor(private readonly database: Database) {}

  /** Where it is the person's turn first, then where it is not yet; oldest order first. */
  async *held(scope: TeamScope, userCode: string): AsyncGenerator<PlaceHeld> {
    const team = teamClause(scope, 'a.acc_code');
    for (const state of undecided) {
      for (let after = ''; ;) {
        const rows = await this.database.rows<PlaceHeld>(
          `SELECT a.apply_order_id AS orderId, a.title, a.apply_step AS applyStep, a.node_name AS nodeName
             FROM dms_s_apply_order_assignee a
             JOIN dms_s_apply_order_process p
               ON p.apply_order_id = a.apply_order_id AND p.apply_step = a.apply_step
            WHERE a.subject = ? AND a.state = ? AND a.apply_order_id > ?
              AND a.gone IS NULL AND a.decision IS NULL AND p.audit_status = ?${team.sql}
            ORDER BY a.apply_order_id LIMIT ?`,
          [userSubject(userCode), state, after, auditStatusCodes.in_review, ...team.values, batch],
        );
        yield* rows;
        const last = rows.at(-1);
        if (rows.length < batch || !last) break;
        after = last.orderId;
      }
    }
  }

  /** Orders of the person's own that were returned to them; oldest first. */
  async returnedTo(scope: TeamScope, userCode: string): Promise<string[]> {
    const team = teamClause(scope, 'acc_code');
    const rows = await this.database.rows<{ readonly orderId: string }>(
      `SELECT apply_order_id AS orderId FROM dms_s_apply_order_assignee
        WHERE subject = ? AND state = 1 AND apply_step = 0${team.sql} ORDER BY apply_order_id`,
      [userSubject(userCode), ...team.values],
    );
    return rows.map(({ orderId }) => orderId);
  }
}
