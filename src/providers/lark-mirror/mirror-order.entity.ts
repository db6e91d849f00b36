import { EntitySchema } from 'typeorm';
import { columnsOf } from '../../database/columns.js';
import type { Dialect } from '../../database/dialect.js';

/** An order as it is shown in Feishu. */
export interface MirrorOrderRow {
  applyOrderId: string;
  /** The version that is to be shown at least: whoever is showing the order does not end before. */
  wanted: number;
  /** The newest version that was shown; 0: none. */
  shown: number;
  /** The `update_time` of the last call, in milliseconds; the next one's is greater. */
  stamp: number;
  /** The delivery that is showing it at this moment; null: none is. */
  sender: string | null;
  /** When that one is given up, by the shared clock. */
  senderUntil: number | null;
  /** The last delivery whose call failed: what it has sent may still arrive, so that it shows the order once more. */
  unsure: string | null;
  updateTime: Date;
}

export const mirrorOrderEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<MirrorOrderRow>({
    name: 'MirrorOrder',
    tableName: 'dms_s_apply_mirror_order',
    columns: {
      applyOrderId: c.id('apply_order_id'),
      wanted: c.int('wanted'),
      shown: c.int('shown'),
      stamp: c.bigint('stamp'),
      sender: c.varchar('sender', 64, { nullable: true }),
      senderUntil: c.bigint('sender_until', { nullable: true }),
      unsure: c.varchar('unsure', 64, { nullable: true }),
      updateTime: c.datetime('update_time'),
    },
  });
};
