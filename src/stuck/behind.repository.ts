import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { places, type SqlValue } from '../database/sql.js';
import type { Subject } from '../engine/vocabulary.js';

/** A seat of an order that nobody can decide. */
export interface SeatBehind {
  readonly order_id: string;
  readonly apply_step: number;
  readonly subject: Subject;
  readonly state: number;
  readonly gone: string | null;
  readonly barred_user_code: string;
}

/** A group that an open seat asks, as the directory has it. */
export interface GroupBehind {
  readonly subject: Subject;
  readonly scope: string;
  readonly code: string;
  readonly name: string;
  readonly update_time: Date | string;
}

/** Somebody in such a group, or with such a role. */
export interface HolderBehind {
  readonly subject: Subject;
  readonly user_code: string;
}

/** A person whom the directory lists. */
export interface PersonBehind {
  readonly user_code: string;
  readonly name: string;
  readonly acc_code: string | null;
  readonly department: string | null;
  readonly email: string | null;
  readonly roles: string;
  readonly active: number;
  readonly update_time: Date | string;
}

/** How many codes one question names. */
const codesAtOnce = 1_000;

/** Who sits on orders that nobody can decide, and what the directory knows of them: for telling how to free them. */
@Injectable()
export class BehindRepository {
  constructor(private readonly database: Database) {}

  seats(orders: readonly string[]): Promise<SeatBehind[]> {
    return this.each(
      orders,
      (part) => `SELECT apply_order_id AS order_id, apply_step, subject, state, gone, barred_user_code
                   FROM dms_s_apply_order_assignee
                  WHERE apply_order_id IN (${part}) AND apply_step > 0 ORDER BY apply_step, subject`,
    );
  }

  async groups(subjects: readonly Subject[]): Promise<GroupBehind[]> {
    const rows = await this.each<Omit<GroupBehind, 'subject'>>(
      [...new Set(subjects.map((subject) => keyOf(subject).code))],
      (part) => `SELECT scope, code, name, update_time FROM dms_s_apply_group WHERE code IN (${part})
                    AND scope IN (${places(scopesOf(subjects).length)})`,
      scopesOf(subjects),
    );
    return rows
      .map((row) => ({ ...row, subject: `g:${row.scope}/${row.code}` }))
      .filter(({ subject }) => subjects.includes(subject));
  }

  async members(subjects: readonly Subject[]): Promise<HolderBehind[]> {
    const rows = await this.each<{ scope: string; code: string; user_code: string }>(
      [...new Set(subjects.map((subject) => keyOf(subject).code))],
      (part) => `SELECT scope, group_code AS code, user_code FROM dms_s_apply_group_member
                  WHERE group_code IN (${part}) AND scope IN (${places(scopesOf(subjects).length)})
                  ORDER BY user_code`,
      scopesOf(subjects),
    );
    return rows
      .map(({ scope, code, user_code }) => ({ subject: `g:${scope}/${code}`, user_code }))
      .filter(({ subject }) => subjects.includes(subject));
  }

  async holders(subjects: readonly Subject[]): Promise<HolderBehind[]> {
    const rows = await this.each<{ role: string; user_code: string }>(
      [...new Set(subjects.map((subject) => subject.slice('r:'.length)))],
      (part) =>
        `SELECT role, user_code FROM dms_s_apply_user_role WHERE role IN (${part}) ORDER BY user_code`,
    );
    return rows.map(({ role, user_code }) => ({ subject: `r:${role}`, user_code }));
  }

  people(userCodes: readonly string[]): Promise<PersonBehind[]> {
    return this.each(
      [...new Set(userCodes)],
      (part) => `SELECT user_code, name, acc_code, department, email, roles, active, update_time
                   FROM dms_s_apply_user WHERE user_code IN (${part}) ORDER BY user_code`,
    );
  }

  private async each<Row>(
    codes: readonly string[],
    text: (part: string) => string,
    more: readonly SqlValue[] = [],
  ): Promise<Row[]> {
    const rows: Row[] = [];
    for (let from = 0; from < codes.length; from += codesAtOnce) {
      const part = codes.slice(from, from + codesAtOnce);
      rows.push(...(await this.database.rows<Row>(text(places(part.length)), [...part, ...more])));
    }
    return rows;
  }
}

/** The group behind `g:<scope>/<code>`; codes hold no slash. */
export function keyOf(subject: Subject): { readonly scope: string; readonly code: string } {
  const slash = subject.lastIndexOf('/');
  return { scope: subject.slice('g:'.length, slash), code: subject.slice(slash + 1) };
}

const scopesOf = (subjects: readonly Subject[]): string[] => [
  ...new Set(subjects.map((subject) => keyOf(subject).scope)),
];
