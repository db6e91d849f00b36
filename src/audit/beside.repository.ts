import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { OrderMark } from '../operation-log/operation-log.service.js';

/** What stands in an order's tables besides its record: written so that others can look for it, and read by nobody who decides. */
export interface Beside {
  /** When steps are due, by their number. */
  readonly dueAt: ReadonlyMap<number, number | null>;
  readonly timers: readonly { readonly applyStep: number; readonly name: string; readonly dueAt: number }[];
  readonly seats: readonly SeatBeside[];
}

/** What the row of a seat repeats of its order and step. */
export interface SeatBeside {
  readonly applyStep: number;
  readonly subject: string;
  readonly accCode: string | null;
  readonly businessType: string;
  readonly businessKey: string | null;
  readonly title: string | null;
  readonly templateId: string;
  readonly templateName: string;
  readonly userCode: string;
  readonly barredUserCode: string;
}

@Injectable()
export class BesideRepository {
  constructor(private readonly database: Database) {}

  async find(orderId: string): Promise<Beside> {
    const steps = await this.database.rows<{ readonly applyStep: number; readonly dueAt: Stored | null }>(
      'SELECT apply_step AS applyStep, due_at AS dueAt FROM dms_s_apply_order_process WHERE apply_order_id = ?',
      [orderId],
    );
    const timers = await this.database.rows<{
      readonly applyStep: number;
      readonly name: string;
      readonly dueAt: Stored;
    }>(
      `SELECT apply_step AS applyStep, name, due_at AS dueAt FROM dms_s_apply_timer WHERE apply_order_id = ?
        ORDER BY apply_step, name`,
      [orderId],
    );
    const seats = await this.database.rows<SeatBeside>(
      `SELECT apply_step AS applyStep, subject, acc_code AS accCode, business_type AS businessType,
              business_key AS businessKey, title, template_id AS templateId, template_name AS templateName,
              user_code AS userCode, barred_user_code AS barredUserCode
         FROM dms_s_apply_order_assignee WHERE apply_order_id = ? ORDER BY apply_step, subject`,
      [orderId],
    );
    return {
      dueAt: new Map(steps.map(({ applyStep, dueAt }) => [applyStep, dueAt === null ? null : Number(dueAt)])),
      timers: timers.map((timer) => ({ ...timer, dueAt: Number(timer.dueAt) })),
      seats,
    };
  }

  /** What an order says of its log, where the rest of it cannot be read; null when none exists. */
  async mark(orderId: string): Promise<OrderMark | null> {
    const [row] = await this.database.rows<OrderMark>(
      'SELECT version, log_hash AS logHash FROM dms_s_apply_order WHERE id = ?',
      [orderId],
    );
    return row ?? null;
  }
}

/** Drivers answer large numbers as text. */
type Stored = number | string;
