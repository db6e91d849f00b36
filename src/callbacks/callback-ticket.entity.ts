import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** Under which name a business module knows a callback, other than by the order's id (requirement 001). */
export interface CallbackTicketRow {
  ticketId: string;
  applyOrderId: string;
  /** `check` or `execute` */
  kind: string;
  /** JSON object: what the call says instead of the order's variables; null: those. */
  body: string | null;
  createTime: Date;
}

export const callbackTicketEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<CallbackTicketRow>({
    name: 'CallbackTicket',
    tableName: 'dms_s_apply_callback_ticket',
    columns: {
      ticketId: c.varchar('ticket_id', 191, { primary: true }),
      applyOrderId: c.varchar('apply_order_id', 64),
      kind: c.varchar('kind', 8),
      body: c.longText('body', { nullable: true }),
      createTime: c.datetime('create_time'),
    },
    indices: [{ name: 'ix_callback_ticket_order', columns: ['applyOrderId', 'kind'] }],
  });
};
