import { Injectable } from '@nestjs/common';
import type { TeamScope } from '../auth/principal.js';
import { teamClause } from '../auth/team-clause.js';
import { Database } from '../database/database.js';
import { places, type SqlValue } from '../database/sql.js';
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
  /** Whether the person may review; who is inactive only finds own orders that were returned. */
  readonly active: boolean;
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
  todo(who: Desk, filter: InboxFilter, take: number, after: string | null): Promise<InboxRow[]> {
    return this.collect<InboxRow>(who, filter, columns, take, after);
  }

  /** How many orders wait, counted up to `cap` only: an exact count of a long list is slow and helps nobody. */
  async count(who: Desk, cap: number): Promise<number> {
    return (await this.collect<Place>(who, {}, 'apply_order_id, apply_step', cap, null)).length;
  }

  /** Reads on where rows of shared desks turn out not to wait for this person: few do, so mostly once. */
  private async collect<Row extends Place>(
    who: Desk,
    filter: InboxFilter,
    select: string,
    take: number,
    after: string | null,
  ): Promise<Row[]> {
    const found: Row[] = [];
    for (let before = after; ;) {
      const rows = await this.newest<Row>(who, filter, select, take, before);
      found.push(...(await this.waiting(who, rows)));
      const last = rows.at(-1);
      if (rows.length < take || found.length >= take || !last) return found.slice(0, take);
      before = last.apply_order_id;
    }
  }

  /** The newest open rows of the desks, each order once, with the person's own place on the step, if any. */
  private async newest<Row extends Place>(
    who: Desk,
    filter: InboxFilter,
    select: string,
    take: number,
    before: string | null,
  ): Promise<(Row & OwnPlace)[]> {
    const found = new Map<string, Row & OwnPlace>();
    for (let from = 0; from < who.subjects.length; from += subjectsAtOnce) {
      const part = who.subjects.slice(from, from + subjectsAtOnce);
      const { sql, values } = union(part, who, filter, select, take, before);
      for (const row of await this.database.rows<Row & OwnPlace>(sql, values))
        found.set(row.apply_order_id, row);
    }
    // The newest of the union are among the newest of each desk: nothing beyond `take` of a desk can be missing.
    return [...found.values()]
      .toSorted((one, other) => (one.apply_order_id < other.apply_order_id ? 1 : -1))
      .slice(0, take);
  }

  /**
   * Who has a place of their own on a step waits for that one's turn, not for the group's: whoever handed it over, has
   * left, was added to come later, or waits for an opinion. The same rule by which `seatInTurn` judges a decision.
   */
  private async waiting<Row extends Place>(
    who: Desk,
    rows: readonly (Row & OwnPlace)[],
  ): Promise<readonly (Row & OwnPlace)[]> {
    const unsure = rows.filter((row) => ownTurn(row) === 'unsure').map((row) => row.apply_order_id);
    const asking = unsure.length > 0 ? await this.asking(who.userCode, unsure) : new Set<string>();
    return rows.filter((row) => {
      const turn = ownTurn(row);
      return turn === 'unsure' ? !asking.has(row.apply_order_id) : turn === 'open';
    });
  }

  /** On which of these orders a person waits for somebody's opinion. */
  private async asking(userCode: string, orders: readonly string[]): Promise<Set<string>> {
    const rows = await this.database.rows<{ readonly id: string }>(
      `SELECT apply_order_id AS id FROM dms_s_apply_order_assignee
        WHERE apply_order_id IN (${places(orders.length)}) AND kind = 'consulted' AND given_by = ?
          AND gone IS NULL AND decision IS NULL`,
      [...orders, userCode],
    );
    return new Set(rows.map((row) => row.id));
  }
}

/** Where a row is. */
type Place = Pick<InboxRow, 'apply_order_id' | 'apply_step'>;

/** A person's own seat on the step of a row; absent or null when they have none, or the row is that seat. */
interface OwnPlace {
  readonly own_state?: number | null;
  readonly own_kind?: string | null;
  readonly own_gone?: string | null;
  readonly own_decision?: string | null;
}

/** Whether a shared desk's row waits for a person who may have a place of their own there. */
function ownTurn(row: OwnPlace): 'open' | 'closed' | 'unsure' {
  const kind = row.own_kind ?? null;
  if (kind === null || row.own_state === 1) return 'open';
  const gone = row.own_gone ?? null;
  if (gone !== null) return ['handed_over', 'left', 'delegated'].includes(gone) ? 'closed' : 'open';
  if (kind === 'consulted') return 'open';
  return kind === 'acting' && row.own_decision === null ? 'unsure' : 'closed';
}

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
  if (!who.active) where.push(' AND apply_step = 0');
  if (filter.applyStatus) where.push(` AND apply_step ${filter.applyStatus === 'in_review' ? '>' : '='} 0`);
  and('business_type = ?', filter.businessType);
  and('business_key = ?', filter.businessKey);
  const own = userSubject(who.userCode);
  const one =
    `SELECT ${select} FROM dms_s_apply_order_assignee WHERE subject = ? AND state = 1${where.join('')}${team.sql}` +
    ` ORDER BY apply_order_id DESC LIMIT ${take}`;
  const values = subjects.flatMap((subject) => [subject, ...shared, ...team.values]);
  if (subjects.length === 1 && subjects[0] === own) return { sql: one, values };
  const parts = subjects.map((_, index) => `SELECT * FROM (${one}) part${index}`);
  // Not UNION ALL: who sits at two desks of a step finds the order once, and the limit counts it once.
  const newest = `${parts.join(' UNION ')} ORDER BY apply_order_id DESC LIMIT ${take}`;
  return {
    sql: `SELECT d.*, own.state AS own_state, own.kind AS own_kind, own.gone AS own_gone, own.decision AS own_decision
         FROM (${newest}) d LEFT JOIN dms_s_apply_order_assignee own
           ON own.apply_order_id = d.apply_order_id AND own.apply_step = d.apply_step AND own.subject = ?`,
    values: [...values, own],
  };
}
