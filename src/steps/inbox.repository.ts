import { Injectable } from '@nestjs/common';
import type { TeamScope } from '../auth/principal.js';
import { teamClause } from '../auth/team-clause.js';
import { Database } from '../database/database.js';
import type { SqlValue } from '../database/sql.js';
import { type Subject, userSubject } from '../engine/vocabulary.js';

/** What an assignee row tells of its order, without joining back to it. */
export interface InboxRow {
  readonly apply_order_id: string;
  /** 0: returned to its applicant. */
  readonly apply_step: number;
  readonly business_type: string;
  readonly business_key: string | null;
  readonly title: string | null;
  readonly template_id: string;
  readonly template_name: string;
  readonly user_code: string;
  readonly acc_code: string | null;
  readonly create_time: Date | string;
}

/** What the to-do list may be narrowed to. */
export interface InboxFilter {
  readonly applyStatus?: 'in_review' | 'initiating';
  readonly businessType?: string;
  readonly businessKey?: string;
}

/** Whose open work. */
export interface Desk {
  readonly userCode: string;
  readonly scope: TeamScope;
  /** Every subject under which the person sits somewhere. */
  readonly subjects: readonly Subject[];
}

const columns =
  'apply_order_id, apply_step, business_type, business_key, title, template_id, template_name, user_code, acc_code, create_time';

/** SQLite joins at most 500 selects; nobody sits on that many desks, and who does is asked for in parts. */
const subjectsAtOnce = 100;

/**
 * The open work of people. The primary key of the assignee rows is (subject, state, order, step): one desk's open rows
 * lie side by side, so a page costs the same among ten thousand orders and a million.
 */
@Injectable()
export class InboxRepository {
  constructor(private readonly database: Database) {}

  /** The newest `take` orders waiting at any of the desks, each once, before the order `after`. */
  async todo(who: Desk, filter: InboxFilter, take: number, after: string | null): Promise<InboxRow[]> {
    const found = new Map<string, InboxRow>();
    for (let from = 0; from < who.subjects.length; from += subjectsAtOnce) {
      const part = who.subjects.slice(from, from + subjectsAtOnce);
      const { sql, values } = union(part, who, filter, columns, take, after);
      for (const row of await this.database.rows<InboxRow>(sql, values)) found.set(row.apply_order_id, row);
    }
    // The newest of the union are among the newest of each desk: nothing beyond `take` of a desk can be missing.
    return [...found.values()]
      .toSorted((one, other) => (one.apply_order_id < other.apply_order_id ? 1 : -1))
      .slice(0, take);
  }

  /** How many orders wait, counted up to `cap` only: an exact count of a long list is slow and helps nobody. */
  async count(who: Desk, cap: number): Promise<number> {
    const orders = new Set<string>();
    for (let from = 0; from < who.subjects.length; from += subjectsAtOnce) {
      const part = who.subjects.slice(from, from + subjectsAtOnce);
      const { sql, values } = union(part, who, {}, 'apply_order_id', cap, null);
      for (const row of await this.database.rows<{ apply_order_id: string }>(sql, values))
        orders.add(row.apply_order_id);
    }
    return Math.min(orders.size, cap);
  }
}

/**
 * Who has a place of their own on the step waits for that one's turn, not for the group's: whoever handed it over, has
 * left, was added to come later, or waits for an opinion. The same rule by which `seatInTurn` judges a decision.
 */
const hasNoPlaceOfTheirOwn =
  ' AND NOT EXISTS (SELECT 1 FROM dms_s_apply_order_assignee own WHERE own.apply_order_id = a.apply_order_id' +
  ' AND own.apply_step = a.apply_step AND own.subject = ?' +
  " AND (own.gone IN ('handed_over', 'left') OR own.gone IS NULL AND own.kind <> 'consulted'" +
  " AND (own.kind <> 'acting' OR own.decision IS NOT NULL" +
  ' OR EXISTS (SELECT 1 FROM dms_s_apply_order_assignee asked WHERE asked.apply_order_id = own.apply_order_id' +
  " AND asked.apply_step = own.apply_step AND asked.kind = 'consulted' AND asked.given_by = ?" +
  ' AND asked.gone IS NULL AND asked.decision IS NULL))))';

function union(
  subjects: readonly Subject[],
  who: Desk,
  filter: InboxFilter,
  select: string,
  take: number,
  after: string | null,
): { readonly sql: string; readonly values: SqlValue[] } {
  const team = teamClause(who.scope, 'acc_code');
  const where: string[] = [];
  const shared: SqlValue[] = [];
  const and = (condition: string, value: SqlValue | undefined | null) => {
    if (value === undefined || value === null) return;
    where.push(` AND ${condition}`);
    shared.push(value);
  };
  and('apply_order_id < ?', after);
  // Under `never` the applicant may sit on the step, but not decide it.
  and('barred_user_code <> ?', who.userCode);
  if (filter.applyStatus) where.push(` AND apply_step ${filter.applyStatus === 'in_review' ? '>' : '='} 0`);
  and('business_type = ?', filter.businessType);
  and('business_key = ?', filter.businessKey);
  const own = userSubject(who.userCode);
  const one = (subject: Subject): string =>
    `SELECT ${select} FROM dms_s_apply_order_assignee a WHERE subject = ? AND state = 1${where.join('')}${team.sql}` +
    `${subject === own ? '' : hasNoPlaceOfTheirOwn} ORDER BY apply_order_id DESC LIMIT ${take}`;
  const values = subjects.flatMap((subject) => [
    subject,
    ...shared,
    ...team.values,
    ...(subject === own ? [] : [own, who.userCode]),
  ]);
  if (subjects.length === 1) return { sql: one(subjects[0] ?? own), values };
  const parts = subjects.map((subject, index) => `SELECT * FROM (${one(subject)}) part${index}`);
  // Not UNION ALL: who sits at two desks of a step finds the order once, and the limit counts it once.
  return { sql: `${parts.join(' UNION ')} ORDER BY apply_order_id DESC LIMIT ${take}`, values };
}
