import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { Database } from '../database/database.js';
import { forUpdate } from '../database/dialect.js';
import { places, type Sql, type Tx } from '../database/sql.js';
import type { PageWindow } from '../http/pagination.js';
import type { BusinessTypeRow } from './business-type.entity.js';

/** The `scope` of the types that belong to no team. */
export const platformScope = '';

/** Rows of business types. Their key is (scope, code); every method is told the scopes that exist for the caller. */
@Injectable()
export class BusinessTypesRepository {
  constructor(private readonly database: Database) {}

  /** The types of these scopes, sorted by code. @param codes only these, or null for all. */
  async find(
    scopes: readonly string[],
    codes: readonly string[] | null,
    sql: Sql = this.database,
  ): Promise<BusinessTypeRow[]> {
    const rows = await sql.repository<BusinessTypeRow>('BusinessType').find({
      where: { scope: In([...scopes]), ...(codes === null ? {} : { code: In([...codes]) }) },
      order: { code: 'ASC' },
    });
    // MySQL ignores trailing blanks where it compares; a code with one more blank is another code.
    return codes === null ? rows : rows.filter((row) => codes.includes(row.code));
  }

  /** The type of an id, if it is of one of these scopes; else null. */
  byId(scopes: readonly string[], id: string): Promise<BusinessTypeRow | null> {
    return this.database
      .repository<BusinessTypeRow>('BusinessType')
      .findOneBy({ id, scope: In([...scopes]) });
  }

  /**
   * Locks the types of these codes until the transaction ends: those who bind, unbind or delete a type of the same
   * code wait for each other here.
   */
  async lock(tx: Tx, scopes: readonly string[], codes: readonly string[]): Promise<void> {
    if (codes.length === 0) return;
    await tx.rows(
      `SELECT id FROM dms_s_apply_business_type
        WHERE scope IN (${places(scopes.length)}) AND code IN (${places(codes.length)})
        ORDER BY scope, code${forUpdate(this.database.dialect)}`,
      [...scopes, ...codes],
    );
  }

  /** Newest first. @param viewer `all`, or the scope of a team, whose own types hide the platform's of the same code. */
  list(viewer: { readonly scope: string } | 'all', window: PageWindow): Promise<BusinessTypeRow[]> {
    const query = this.database
      .repository<BusinessTypeRow>('BusinessType')
      .createQueryBuilder('type')
      .orderBy('type.id', 'DESC')
      .limit(window.take);
    if (window.after !== null) query.andWhere('type.id < :after', { after: window.after });
    if (viewer !== 'all') {
      query.andWhere(
        `(type.scope = :scope OR (type.scope = '${platformScope}' AND NOT EXISTS (
            SELECT 1 FROM dms_s_apply_business_type own WHERE own.scope = :scope AND own.code = type.code)))`,
        { scope: viewer.scope },
      );
    }
    return query.getMany();
  }

  async insert(tx: Tx, row: BusinessTypeRow): Promise<void> {
    await tx.repository<BusinessTypeRow>('BusinessType').insert(row);
  }

  async update(tx: Tx, id: string, change: Partial<BusinessTypeRow>): Promise<void> {
    await tx.repository<BusinessTypeRow>('BusinessType').update({ id }, change);
  }

  async delete(tx: Tx, id: string): Promise<void> {
    await tx.run('DELETE FROM dms_s_apply_business_type WHERE id = ?', [id]);
  }

  /**
   * A team that has bound this type and would have no type of that code without it, or null. A team's own type can be
   * missed when the platform has one too, and the platform's by a team that has its own.
   */
  async teamThatNeeds(tx: Tx, type: BusinessTypeRow): Promise<string | null> {
    const ofPlatform = type.scope === platformScope;
    const [binding] = await tx.rows<{ team: string }>(
      `SELECT b.acc_code AS team FROM dms_s_apply_template_binding b
        WHERE b.business_type = ? ${ofPlatform ? '' : 'AND b.acc_code = ?'} AND NOT EXISTS (
          SELECT 1 FROM dms_s_apply_business_type t
           WHERE t.code = b.business_type AND t.scope = ${ofPlatform ? 'b.acc_code' : `'${platformScope}'`})
        LIMIT 1`,
      ofPlatform ? [type.code] : [type.code, type.scope],
    );
    return binding?.team ?? null;
  }

  /** The form of a provider that begins orders of a type, or null. The table is that of the providers, as below. */
  async formThatNeeds(
    tx: Tx,
    id: string,
  ): Promise<{ readonly form: string; readonly provider: string } | null> {
    const [form] = await tx.rows<{ form: string; provider: string }>(
      `SELECT f.form_code AS form, p.code AS provider FROM dms_s_apply_provider_form f
         JOIN dms_s_apply_provider p ON p.id = f.provider_id WHERE f.business_type_id = ? LIMIT 1`,
      [id],
    );
    return form ?? null;
  }

  /**
   * The provider that a code means for a type of this scope, and its kind: a team's own comes before the platform's. The
   * table is that of the providers, who stand above this room: only its columns are read here. Locked, so that whoever
   * deletes it sees who names it.
   */
  async providerNamed(
    tx: Tx,
    scope: string,
    code: string,
  ): Promise<{ readonly id: string; readonly code: string; readonly kind: string } | null> {
    const rows = await tx.rows<{ id: string; code: string; kind: string }>(
      `SELECT id, code, kind FROM dms_s_apply_provider WHERE scope IN (?, ?) AND code = ?
        ORDER BY scope DESC${forUpdate(this.database.dialect)}`,
      [platformScope, scope, code],
    );
    return rows.find((row) => row.code === code) ?? null;
  }
}
