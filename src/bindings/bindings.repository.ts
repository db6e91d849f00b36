import { Injectable } from '@nestjs/common';
import type { TeamScope } from '../auth/principal.js';
import { Database } from '../database/database.js';
import { fromDbTime } from '../database/dialect.js';
import { places, type Sql, type SqlValue, type Tx } from '../database/sql.js';
import type { BindingRow } from './binding.entity.js';

/** A binding with the name of its template. */
export interface BindingRecord extends BindingRow {
  readonly templateName: string;
}

/** The key of a binding, by which lists are sorted. */
export type BindingKey = Pick<BindingRow, 'accCode' | 'businessType'>;

/** Rows of bindings: team and business type to template. */
@Injectable()
export class BindingsRepository {
  constructor(private readonly database: Database) {}

  find(tx: Tx, { accCode, businessType }: BindingKey): Promise<BindingRow | null> {
    return tx.repository<BindingRow>('Binding').findOneBy({ accCode, businessType });
  }

  /** All bindings of a team. */
  ofTeam(accCode: string, sql: Sql = this.database): Promise<BindingRow[]> {
    return sql.repository<BindingRow>('Binding').find({ where: { accCode }, order: { businessType: 'ASC' } });
  }

  /** By team and business type. @param after the last key of the page before, or null. */
  async list(scope: TeamScope, after: BindingKey | null, take: number): Promise<BindingRecord[]> {
    const conditions: string[] = [];
    const values: SqlValue[] = [];
    if (scope !== 'all') {
      conditions.push(scope.length === 0 ? '1 = 0' : `b.acc_code IN (${places(scope.length)})`);
      values.push(...scope);
    }
    if (after) {
      conditions.push('(b.acc_code > ? OR (b.acc_code = ? AND b.business_type > ?))');
      values.push(after.accCode, after.accCode, after.businessType);
    }
    const rows = await this.database.rows<BindingRecord>(
      `SELECT b.acc_code AS accCode, b.business_type AS businessType, b.template_id AS templateId,
              t.template_name AS templateName, b.create_time AS createTime, b.update_time AS updateTime
         FROM dms_s_apply_template_binding b
         JOIN dms_s_apply_template t ON t.id = b.template_id
        ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`}
        ORDER BY b.acc_code, b.business_type
        LIMIT ?`,
      [...values, take],
    );
    return rows.map((row) => ({
      ...row,
      createTime: fromDbTime(row.createTime),
      updateTime: fromDbTime(row.updateTime),
    }));
  }

  /** Binds, in place of earlier bindings of the same types, whose `create_time` stays. */
  async put(tx: Tx, rows: readonly BindingRow[]): Promise<void> {
    if (rows.length === 0) return;
    await tx
      .repository<BindingRow>('Binding')
      .createQueryBuilder()
      .insert()
      .values([...rows])
      .orUpdate(['template_id', 'update_time'], ['acc_code', 'business_type'])
      .updateEntity(false)
      .execute();
  }

  /** @returns how many there were. */
  async delete(tx: Tx, accCode: string, businessTypes: readonly string[]): Promise<number> {
    if (businessTypes.length === 0) return 0;
    return tx.run(
      `DELETE FROM dms_s_apply_template_binding
        WHERE acc_code = ? AND business_type IN (${places(businessTypes.length)})`,
      [accCode, ...businessTypes],
    );
  }
}
