import { Injectable } from '@nestjs/common';
import { toDbTime } from '../database/dialect.js';
import { insertRows, places, type SqlValue, type Tx } from '../database/sql.js';
import type { Seat, StepState } from '../engine/order-state.js';
import { newSeat } from '../engine/seats.js';
import { userSubject } from '../engine/vocabulary.js';
import { type ChangedSeat, changedSeats, type OrderRecord, personOf, seatKey } from './order.record.js';
import { decisionCodes, turnCodes } from './order.rows.js';

const table = 'dms_s_apply_order_assignee';

/** A column of a seat that changes; turns, which change in many rows at once, are written by themselves. */
type Column = readonly [name: string, value: (change: ChangedSeat) => SqlValue];

/**
 * The rows behind the seats of an order's steps: who is asked, and the inbox. Rows go only with their steps: who decided
 * in an earlier round keeps the order among those they have done.
 */
@Injectable()
export class SeatsRepository {
  /** The seats of a new order, in one statement. */
  async insert(tx: Tx, record: OrderRecord): Promise<void> {
    const rows = record.state.steps.flatMap((step) => step.seats.map((seat) => ({ step, seat })));
    await this.insertRows(tx, record, rows);
  }

  /** What one transition changed: one update, and one insert for people who had no seat yet. */
  async save(tx: Tx, before: OrderRecord, after: OrderRecord, time: string): Promise<void> {
    const changes = changedSeats(before.state, after.state);
    const changed = changes.filter(({ was }) => was !== undefined);
    const added = changes.filter(({ was }) => was === undefined);
    if (changed.length > 0) await this.update(tx, after.head.id, changed, time);
    if (barredIn(before) !== barredIn(after)) await this.bar(tx, after);
    if (added.length > 0) await this.insertRows(tx, after, added);
    if (Boolean(before.state.returned) !== Boolean(after.state.returned))
      await this.turnOfApplicant(tx, after);
  }

  /**
   * Takes the seats of steps away that a move to another version replaces. Who has decided on one of them in an earlier
   * round keeps the order among those they have done: as step 0, on which nothing is decided.
   */
  async putAside(tx: Tx, record: OrderRecord, steps: readonly number[]): Promise<void> {
    if (steps.length === 0) return;
    const { id } = record.head;
    const which = `apply_order_id = ? AND apply_step IN (${places(steps.length)})`;
    const rows = await tx.rows<{ readonly person: string }>(
      `SELECT DISTINCT decided_by AS person FROM ${table} WHERE ${which} AND decided_by IS NOT NULL`,
      [id, ...steps],
    );
    await tx.run(`DELETE FROM ${table} WHERE ${which}`, [id, ...steps]);
    if (rows.length === 0) return;
    const subjects = rows.map(({ person }) => userSubject(person));
    const those = `apply_order_id = ? AND apply_step = 0 AND subject IN (${places(subjects.length)})`;
    const known = await tx.rows<{ readonly subject: string }>(`SELECT subject FROM ${table} WHERE ${those}`, [
      id,
      ...subjects,
    ]);
    const there = new Set(known.map(({ subject }) => subject));
    const step = { applyStep: 0, nodeName: '', subjects: [] };
    const seats = subjects
      .filter((subject) => !there.has(subject))
      .map((subject) => ({ step, seat: newSeat(subject, 'acting', { turn: 'closed', gone: 'past' }) }));
    if (seats.length > 0) await this.insertRows(tx, record, seats, '');
    await tx.run(`UPDATE ${table} SET decided_by = SUBSTR(subject, 3) WHERE ${those}`, [id, ...subjects]);
  }

  /** Who may not decide any of the order's steps, since its policy has changed; a returned order is their own to resubmit. */
  private async bar(tx: Tx, record: OrderRecord): Promise<void> {
    await tx.run(`UPDATE ${table} SET barred_user_code = ? WHERE apply_order_id = ? AND apply_step > 0`, [
      barredIn(record),
      record.head.id,
    ]);
  }

  /** A returned order lies in its applicant's to-do list, as step 0, until it is resubmitted or withdrawn. */
  private async turnOfApplicant(tx: Tx, record: OrderRecord): Promise<void> {
    const { head, state } = record;
    const turn = state.returned ? 'open' : 'closed';
    const seat = newSeat(userSubject(state.applicant), 'named', { turn });
    const found = await tx.run(
      `UPDATE ${table} SET state = ? WHERE apply_order_id = ? AND apply_step = 0 AND subject = ?`,
      [turnCodes[turn], head.id, seat.subject],
    );
    if (found > 0) return;
    const step = { applyStep: 0, nodeName: '', subjects: [] };
    // Under `never` the applicant decides nothing, and resubmits all the same.
    await this.insertRows(tx, record, [{ step, seat }], '');
  }

  private async update(
    tx: Tx,
    orderId: string,
    changed: readonly ChangedSeat[],
    time: string,
  ): Promise<void> {
    const set: string[] = [];
    const values: SqlValue[] = [];
    for (const [name, value] of columnsAt(time)) {
      const rows = changed.filter(
        ({ step, seat, was }) => was && value({ step, seat, was }) !== value({ step, seat: was, was }),
      );
      // Who once decided stays known when the decision is taken back.
      const kept = name === 'decided_by' ? rows.filter(({ seat }) => seat.decision !== null) : rows;
      if (kept.length === 0) continue;
      const cases = kept.map(() => 'WHEN apply_step = ? AND subject = ? THEN ?').join(' ');
      set.push(`${name} = CASE ${cases} ELSE ${name} END`);
      for (const change of kept) values.push(change.step.applyStep, change.seat.subject, value(change));
    }
    const turns = turnChanges(changed);
    if (turns) {
      set.push(`state = ${turns.sql}`);
      values.push(...turns.values);
    }
    if (set.length === 0) return;
    const which = bySteps(changed);
    await tx.run(`UPDATE ${table} SET ${set.join(', ')} WHERE apply_order_id = ? AND (${which.sql})`, [
      ...values,
      orderId,
      ...which.values,
    ]);
  }

  private insertRows(
    tx: Tx,
    record: OrderRecord,
    rows: readonly {
      readonly step: Pick<StepState, 'applyStep' | 'nodeName' | 'subjects'>;
      readonly seat: Seat;
    }[],
    barred: string = barredIn(record),
  ): Promise<void> {
    const { head, state, decidedAt } = record;
    const createTime = toDbTime(head.createTime);
    return insertRows(
      tx,
      table,
      [
        'subject',
        'state',
        'apply_order_id',
        'apply_step',
        'candidate',
        'kind',
        'gone',
        'position',
        'given_by',
        'decision',
        'capacity',
        'audit_msg',
        'decided_by',
        'decided_at',
        'on_behalf_of',
        'barred_user_code',
        'acc_code',
        'business_type',
        'business_key',
        'title',
        'template_id',
        'template_name',
        'user_code',
        'node_name',
        'create_time',
      ],
      rows.map(({ step, seat }) => {
        const time = decidedAt.get(seatKey(step.applyStep, seat.subject));
        return [
          seat.subject,
          turnCodes[seat.turn],
          head.id,
          step.applyStep,
          step.subjects.includes(seat.subject) ? 1 : 0,
          seat.kind,
          seat.gone,
          seat.position,
          seat.by,
          seat.decision && decisionCodes[seat.decision],
          seat.capacity,
          seat.auditMsg,
          seat.decision && personOf(seat),
          time ? toDbTime(time) : null,
          seat.onBehalfOf,
          barred,
          head.accCode,
          head.businessType,
          head.businessKey,
          head.title,
          head.applyTemplateId,
          head.templateName,
          state.applicant,
          step.nodeName,
          createTime,
        ];
      }),
    );
  }
}

const barredIn = ({ state }: OrderRecord): string => (state.autoApprove === 'never' ? state.applicant : '');

const columnsAt = (time: string): readonly Column[] => [
  ['kind', ({ seat }) => seat.kind],
  ['gone', ({ seat }) => seat.gone],
  ['position', ({ seat }) => seat.position],
  ['given_by', ({ seat }) => seat.by],
  ['on_behalf_of', ({ seat }) => seat.onBehalfOf],
  ['decision', ({ seat }) => seat.decision && decisionCodes[seat.decision]],
  ['decided_by', ({ seat }) => seat.decision && personOf(seat)],
  ['decided_at', ({ seat }) => seat.decision && time],
  ['capacity', ({ seat }) => seat.capacity],
  ['audit_msg', ({ seat }) => seat.auditMsg],
];

/** The turn that most rows get needs no list of them: an open step of thousands closes by a short statement. */
function turnChanges(
  changed: readonly ChangedSeat[],
): { readonly sql: string; readonly values: SqlValue[] } | null {
  if (changed.every(({ seat, was }) => seat.turn === was?.turn)) return null;
  const byTurn = new Map<Seat['turn'], ChangedSeat[]>();
  for (const change of changed) {
    const rows = byTurn.get(change.seat.turn);
    if (rows) rows.push(change);
    else byTurn.set(change.seat.turn, [change]);
  }
  const groups = [...byTurn].toSorted(([, some], [, others]) => others.length - some.length);
  const [[most] = ['closed' as const], ...fewer] = groups;
  const values: SqlValue[] = [];
  const cases = fewer.map(([turn, rows]) => {
    const which = bySteps(rows);
    values.push(...which.values, turnCodes[turn]);
    return `WHEN ${which.sql} THEN ?`;
  });
  if (cases.length === 0) return { sql: '?', values: [turnCodes[most]] };
  return { sql: `CASE ${cases.join(' ')} ELSE ? END`, values: [...values, turnCodes[most]] };
}

/** Rows of an order, by step and subject. */
function bySteps(rows: readonly ChangedSeat[]): { readonly sql: string; readonly values: SqlValue[] } {
  const subjects = new Map<number, string[]>();
  for (const { step, seat } of rows) {
    subjects.set(step.applyStep, [...(subjects.get(step.applyStep) ?? []), seat.subject]);
  }
  const parts = [...subjects];
  return {
    sql: parts.map(([, some]) => `(apply_step = ? AND subject IN (${places(some.length)}))`).join(' OR '),
    values: parts.flatMap(([applyStep, some]) => [applyStep, ...some]),
  };
}
