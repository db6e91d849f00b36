import { Injectable } from '@nestjs/common';
import type { TeamScope } from '../auth/principal.js';
import { teamClause } from '../auth/team-clause.js';
import { Database } from '../database/database.js';
import { delegatingIn } from '../delegations/delegations.service.js';
import { forUpdate, toDbTime } from '../database/dialect.js';
import { insertRows, places, type Sql, type SqlValue, type Tx } from '../database/sql.js';
import { applyStatusCodes, auditStatusCodes, nameOf } from '../engine/codes.js';
import { dueAtOf } from '../engine/clocks.js';
import type { OrderState } from '../engine/order-state.js';
import type { ApplyStatus } from '../engine/vocabulary.js';
import { Problem } from '../http/problem.js';
import { Clock } from '../runtime/clock.js';
import { goneOf, none, type OrderRecord, type Replaced, withoutReplaced } from './order.record.js';
import { orderColumns, type OrderSqlRow, stepColumns, type StepSqlRow, toRecord } from './order.rows.js';
import { deleteSteps, insertSteps, processTable } from './process.rows.js';
import { SeatsRepository } from './seats.repository.js';
import { TimersRepository } from './timers.repository.js';

const assigneeTable = 'dms_s_apply_order_assignee';

/** An order under its row lock, and whether the directory still has the caller as active. */
export interface LockedOrder {
  readonly record: OrderRecord;
  readonly actorActive: boolean;
  /** Whether somebody subscribes to what happens to orders of its team. */
  readonly watched: boolean;
  /** Whether anybody in its team has delegated anything. */
  readonly delegating: boolean;
}

/** How far an order has come. */
export interface OrderStanding {
  readonly status: ApplyStatus;
  /** Of the last step that somebody has approved or rejected; null when nobody has. */
  readonly decidedBy: string | null;
}

/** Whether a team's orders are watched; the platform's subscriptions (scope '') watch all. @param team a column, or `?` */
export const watchedBy = (team: string): string =>
  `(SELECT EXISTS (SELECT 1 FROM dms_s_apply_subscription w WHERE w.active = 1 AND w.scope IN ('', ${team}))) AS watched`;

/**
 * The hot paths' own SQL: one statement a table, rows in bulk, one lock. Every method takes the teams whose orders
 * exist for the caller.
 */
@Injectable()
export class OrdersRepository {
  constructor(
    private readonly database: Database,
    private readonly seats: SeatsRepository,
    private readonly timers: TimersRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Locks the order's row first (it is found by its key, before the rows that join it): whoever comes second sees what
   * the first one did. @returns null when none exists.
   */
  async lock(tx: Tx, scope: TeamScope, id: string, actorCode: string): Promise<LockedOrder | null> {
    const active = `(SELECT u.active FROM dms_s_apply_user u
        WHERE u.user_code = ? AND (u.acc_code IS NULL OR u.acc_code = o.acc_code)) AS actor_active`;
    const delegating = delegatingIn('o.acc_code', this.clock.now());
    const rows = await this.select<{
      readonly actor_active: number | null;
      readonly watched: number | string;
      readonly delegating: number | string;
    }>(
      tx,
      scope,
      id,
      {
        sql: `, ${active}, ${watchedBy('o.acc_code')}, ${delegating.sql}`,
        values: [actorCode, ...delegating.values],
      },
      forUpdate(this.database.dialect),
    );
    const [order] = rows;
    return order
      ? {
          record: toRecord(order, rows),
          actorActive: order.actor_active !== 0,
          watched: Number(order.watched) === 1,
          delegating: Number(order.delegating) === 1,
        }
      : null;
  }

  async find(scope: TeamScope, id: string): Promise<OrderRecord | null> {
    const rows = await this.select(this.database, scope, id, { sql: '', values: [] }, '');
    const [order] = rows;
    return order ? toRecord(order, rows) : null;
  }

  /** How far an order has come, whatever its team, and who made its last decision; null when none exists. */
  async standingOf(sql: Sql, id: string): Promise<OrderStanding | null> {
    const { approved, rejected } = auditStatusCodes;
    const [row] = await sql.rows<{ readonly status: string; readonly decidedBy: string | null }>(
      `SELECT o.apply_status AS status, (SELECT p.audit_user_code FROM ${processTable} p
          WHERE p.apply_order_id = o.id AND p.audit_status IN (?, ?) ORDER BY p.apply_step DESC LIMIT 1) AS decidedBy
         FROM dms_s_apply_order o WHERE o.id = ?`,
      [approved, rejected, id],
    );
    return row ? { status: nameOf(applyStatusCodes, row.status), decidedBy: row.decidedBy } : null;
  }

  /** Stores a new order: four statements, however many steps and people; one more when its first step is due some time. */
  async insert(tx: Tx, record: OrderRecord): Promise<void> {
    const { head, state } = record;
    const time = toDbTime(head.createTime);
    await insertRows(
      tx,
      'dms_s_apply_order',
      [
        'id',
        'apply_template_id',
        'business_type',
        'business_type_id',
        'apply_status',
        'user_code',
        'acc_code',
        'remark',
        'business_key',
        'title',
        'template_name',
        'auto_approve',
        'dedupe',
        'template_version',
        'distinct_approvers',
        'log_hash',
        'ended_topic',
        'mirror_id',
        'has_check',
        'has_execute',
        'applicant_system_admin',
        'variables',
        'version',
        'create_time',
        'update_time',
      ],
      [
        [
          head.id,
          head.applyTemplateId,
          head.businessType,
          head.businessTypeId,
          applyStatusCodes[state.applyStatus],
          state.applicant,
          head.accCode,
          head.remark,
          head.businessKey,
          head.title,
          head.templateName,
          state.autoApprove,
          state.dedupe,
          head.templateVersion,
          state.distinct ? 1 : 0,
          head.logHash,
          head.endedTopic,
          head.mirrorId,
          state.hasCheck ? 1 : 0,
          state.hasExecute ? 1 : 0,
          state.applicantSystemAdmin ? 1 : 0,
          JSON.stringify(head.variables),
          state.version,
          time,
          time,
        ],
      ],
    );
    await insertSteps(tx, record, state.steps, time);
    await this.seats.insert(tx, record);
    await this.timers.save(tx, head.id, null, state);
  }

  /**
   * Stores what one transition changed.
   * @param replaced the steps that are copied anew
   * @throws Problem 409 version_conflict when the row is at another version than the one that was decided on; the row
   * lock prevents it, and this notices if it ever does not.
   */
  async save(tx: Tx, before: OrderRecord, after: OrderRecord, replaced: Replaced = none): Promise<void> {
    const time = toDbTime(after.head.updateTime);
    const set: (readonly [column: string, value: SqlValue])[] = [
      ['apply_status', applyStatusCodes[after.state.applyStatus]],
      ['version', after.state.version],
      ['error', after.state.error],
      ['update_time', time],
      ['log_hash', after.head.logHash],
      ...rareColumns(before, after),
    ];
    const found = await tx.run(
      `UPDATE dms_s_apply_order SET ${set.map(([column]) => `${column} = ?`).join(', ')} WHERE id = ? AND version = ?`,
      [...set.map(([, value]) => value), after.head.id, before.state.version],
    );
    if (found !== 1) throw new Problem('version_conflict', 'the order has changed meanwhile; read it again');
    const earlier = replaced.size > 0 ? withoutReplaced(before, after.state, replaced) : before;
    if (replaced.size > 0 || after.state.steps.length < before.state.steps.length) {
      const gone = goneOf(before, after, replaced);
      await this.seats.putAside(tx, before, gone);
      await deleteSteps(tx, after.head.id, gone);
      const fresh = after.state.steps.filter((step) => replaced.has(step.applyStep));
      await insertSteps(tx, after, fresh, time);
    }
    await this.saveSteps(tx, earlier, after, time, replaced);
    await this.seats.save(tx, earlier, after, time);
    await this.timers.save(tx, after.head.id, before.state, after.state);
  }

  /** Order, steps and assignees in one statement: outside a transaction too they are of one moment. */
  private select<More = unknown>(
    sql: Sql,
    scope: TeamScope,
    id: string,
    more: { readonly sql: string; readonly values: readonly SqlValue[] },
    lock: string,
  ): Promise<(OrderSqlRow & StepSqlRow & More)[]> {
    const team = teamClause(scope, 'o.acc_code');
    return sql.rows(
      `SELECT ${orderColumns}, ${stepColumns}${more.sql}
         FROM dms_s_apply_order o
         JOIN ${processTable} p ON p.apply_order_id = o.id
         LEFT JOIN ${assigneeTable} a ON a.apply_order_id = p.apply_order_id AND a.apply_step = p.apply_step
        WHERE o.id = ?${team.sql} ORDER BY p.apply_step, a.subject${lock}`,
      [...more.values, id, ...team.values],
    );
  }

  /** All changed steps in one statement. */
  private async saveSteps(
    tx: Tx,
    before: OrderRecord,
    after: OrderRecord,
    time: string,
    replaced: Replaced,
  ): Promise<void> {
    const changed = after.state.steps.filter(
      (step, index) => step !== before.state.steps[index] && !replaced.has(step.applyStep),
    );
    if (changed.length === 0) return;
    const set: string[] = [];
    const values: SqlValue[] = [];
    const column = (name: string, value: (step: (typeof changed)[number]) => SqlValue) => {
      set.push(`${name} = CASE apply_step ${changed.map(() => 'WHEN ? THEN ?').join(' ')} ELSE ${name} END`);
      for (const step of changed) values.push(step.applyStep, value(step));
    };
    column('audit_status', (step) => auditStatusCodes[step.auditStatus]);
    column('audit_user_code', (step) => step.auditUserCode ?? '');
    column('audit_msg', (step) => step.auditMsg);
    column('reason', (step) => step.reason);
    column('required_approvals', (step) => step.requiredApprovals);
    if (before.state.steps.some(({ clock }) => clock) || changed.some(({ clock }) => clock)) {
      column('clock', ({ clock }) => (clock ? JSON.stringify(clock) : null));
      column('due_at', dueAtOf);
    }
    column('people', (step) => (step.people.length > 0 ? JSON.stringify(step.people) : null));
    await tx.run(
      `UPDATE ${processTable} SET ${set.join(', ')}, update_time = ?
        WHERE apply_order_id = ? AND apply_step IN (${places(changed.length)})`,
      [...values, time, after.head.id, ...changed.map((step) => step.applyStep)],
    );
  }
}

/** What few transitions change, written only when it has changed. */
function rareColumns(before: OrderRecord, after: OrderRecord): (readonly [string, SqlValue])[] {
  const json = (value: object | null): string | null => (value ? JSON.stringify(value) : null);
  const columns: readonly (readonly [string, (record: OrderRecord) => SqlValue])[] = [
    ['take_back', ({ state }) => json(state.lastDecision)],
    ['returned', ({ state }) => json(state.returned)],
    ['urged_at', ({ state }) => timeOf(state)],
    ['has_check', ({ state }) => (state.hasCheck ? 1 : 0)],
    ['auto_approve', ({ state }) => state.autoApprove],
    ['dedupe', ({ state }) => state.dedupe],
    ['distinct_approvers', ({ state }) => (state.distinct ? 1 : 0)],
    ['template_version', ({ head }) => head.templateVersion],
  ];
  const changed = columns.flatMap(([column, value]): (readonly [string, SqlValue])[] =>
    value(before) === value(after) ? [] : [[column, value(after)]],
  );
  if (before.head.variables !== after.head.variables) {
    changed.push(['variables', JSON.stringify(after.head.variables)]);
  }
  return changed;
}

const timeOf = ({ urgedAt }: OrderState): string | null =>
  urgedAt === null ? null : toDbTime(new Date(urgedAt));
