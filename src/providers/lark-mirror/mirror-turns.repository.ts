import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { forUpdate, toDbTime } from '../../database/dialect.js';
import { classify } from '../../database/errors.js';
import { SharedClock } from '../../database/shared-clock.js';
import type { SqlValue, Tx } from '../../database/sql.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { Clock } from '../../runtime/clock.js';

const table = 'dms_s_apply_mirror_order';

/** What a delivery comes to show. */
export interface Showing {
  readonly orderId: string;
  /** The delivery. */
  readonly sender: string;
  /** The version that caused it, which need not be shown once more; null: to be shown whatever was shown before. */
  readonly transition: number | null;
  /** The order's version at this moment. */
  readonly latest: number;
}

interface Row {
  readonly wanted: number;
  readonly shown: number;
  readonly stamp: number | string;
  readonly sender: string | null;
  readonly until: number | string | null;
  readonly unsure: string | null;
}

/**
 * Who shows an order in Feishu: one delivery at a time, so that calls do not overtake each other, and ten quick transitions
 * need not be ten calls. Who comes meanwhile leaves word of the version that it came for, and whoever is showing does not
 * end before that was shown.
 */
@Injectable()
export class MirrorTurnsRepository {
  constructor(
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly shared: SharedClock,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @returns `mine`: show it, and end; `shown`: it was shown already; `left`: another one will show it */
  async take({ orderId, sender, transition, latest }: Showing): Promise<'mine' | 'shown' | 'left'> {
    await this.known(orderId);
    return this.unitOfWork.run(async (tx) => {
      const { row, now } = await this.lock(tx, orderId);
      const other = row.sender === sender ? null : row.sender;
      if (other !== null && Number(row.until) > now) {
        await this.set(tx, orderId, ['wanted = ?'], [Math.max(row.wanted, transition ?? latest)]);
        return 'left';
      }
      // What this delivery has sent before may arrive behind what others have shown since.
      const sent = row.sender === sender || row.unsure === sender;
      if (!sent && transition !== null && row.shown >= transition) return 'shown';
      const until = now + this.config.callback.lease;
      const unsure = other ?? row.unsure;
      await this.set(tx, orderId, ['sender = ?', 'sender_until = ?', 'unsure = ?'], [sender, until, unsure]);
      return 'mine';
    });
  }

  /**
   * Before every call.
   * @returns the call's `update_time`, greater than that of any call before; null: another one shows it by now
   */
  begin(orderId: string, sender: string, updateTime: Date): Promise<number | null> {
    return this.unitOfWork.run(async (tx) => {
      const { row, now } = await this.lock(tx, orderId);
      if (row.sender !== sender) return null;
      const stamp = Math.max(updateTime.getTime(), Number(row.stamp) + 1);
      await this.set(
        tx,
        orderId,
        ['stamp = ?', 'sender_until = ?'],
        [stamp, now + this.config.callback.lease],
      );
      return stamp;
    });
  }

  /** After a call that arrived. @returns `again`: a newer version is wanted; `lost`: another one shows it by now */
  end(orderId: string, sender: string, version: number): Promise<'over' | 'again' | 'lost'> {
    return this.unitOfWork.run(async (tx) => {
      const { row } = await this.lock(tx, orderId);
      if (row.sender !== sender) return 'lost';
      const over = row.wanted <= version;
      const shown = Math.max(row.shown, version);
      const gives = over ? ['sender = NULL', 'sender_until = NULL', 'unsure = ?'] : [];
      const unsure = over ? [row.unsure === sender ? null : row.unsure] : [];
      await this.set(tx, orderId, ['shown = ?', ...gives], [shown, ...unsure]);
      return over ? 'over' : 'again';
    });
  }

  /** After a call that failed: whoever comes next may show it. */
  async release(orderId: string, sender: string): Promise<void> {
    await this.unitOfWork.run((tx) =>
      tx.run(
        `UPDATE ${table} SET sender = NULL, sender_until = NULL, unsure = ? WHERE apply_order_id = ? AND sender = ?`,
        [sender, orderId, sender],
      ),
    );
  }

  private async known(orderId: string): Promise<void> {
    const rows = await this.database.rows(`SELECT shown FROM ${table} WHERE apply_order_id = ?`, [orderId]);
    if (rows.length > 0) return;
    try {
      await this.unitOfWork.run((tx) =>
        tx.run(
          `INSERT INTO ${table} (apply_order_id, wanted, shown, stamp, update_time) VALUES (?, 0, 0, 0, ?)`,
          [orderId, toDbTime(this.clock.now())],
        ),
      );
    } catch (error) {
      if (classify(error) !== 'duplicate') throw error;
    }
  }

  private async lock(tx: Tx, orderId: string): Promise<{ readonly row: Row; readonly now: number }> {
    const [row] = await tx.rows<Row>(
      `SELECT wanted, shown, stamp, sender, sender_until AS until, unsure FROM ${table}
        WHERE apply_order_id = ?${forUpdate(this.database.dialect)}`,
      [orderId],
    );
    if (!row) throw new Error(`order ${orderId} has no place among those that are shown`);
    return { row, now: await this.shared.now(tx) };
  }

  private async set(
    tx: Tx,
    orderId: string,
    columns: readonly string[],
    values: readonly SqlValue[],
  ): Promise<void> {
    await tx.run(`UPDATE ${table} SET ${columns.join(', ')}, update_time = ? WHERE apply_order_id = ?`, [
      ...values,
      toDbTime(this.clock.now()),
      orderId,
    ]);
  }
}
