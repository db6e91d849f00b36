import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { forUpdate, toDbTime } from '../database/dialect.js';
import type { Tx } from '../database/sql.js';
import { Clock } from '../runtime/clock.js';

/** A flow of one business object. */
export interface ObjectRun {
  /** Null: the platform. */
  readonly team: string | null;
  readonly businessType: string;
  readonly objectId: string;
}

const table = 'dms_s_apply_object_run';
const which = 'scope = ? AND business_type = ? AND object_id = ?';
const keyOf = ({ team, businessType, objectId }: ObjectRun) => [team ?? '', businessType, objectId] as const;

/** The rows by which automatic starts of one flow of one object wait for each other. */
@Injectable()
export class ObjectRunsRepository {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Makes the row, which nobody else can take then. @throws a duplicate, perhaps after waiting, when there is one. */
  async insert(tx: Tx, run: ObjectRun): Promise<void> {
    await tx.run(
      `INSERT INTO ${table} (scope, business_type, object_id, apply_order_id, create_time)
       VALUES (?, ?, ?, NULL, ?)`,
      [...keyOf(run), toDbTime(this.clock.now())],
    );
  }

  /** Waits for the row that there is. */
  async lock(tx: Tx, run: ObjectRun): Promise<void> {
    await tx.rows(
      `SELECT apply_order_id FROM ${table} WHERE ${which}${forUpdate(this.database.dialect)}`,
      keyOf(run),
    );
  }

  /** Notes which order was started. */
  async note(tx: Tx, run: ObjectRun, orderId: string): Promise<void> {
    await tx.run(`UPDATE ${table} SET apply_order_id = ? WHERE ${which}`, [orderId, ...keyOf(run)]);
  }
}
