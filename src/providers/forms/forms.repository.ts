import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { fromDbTime } from '../../database/dialect.js';
import { places, type Sql, type SqlValue, type Tx } from '../../database/sql.js';
import type { PageWindow } from '../../http/pagination.js';
import type { FieldRelation } from '../provider.port.js';
import type { FormRow } from './form.entity.js';

/** Which widget is which field, and whether that counts (requirement 001, relation). */
export interface KeptRelation {
  readonly isOpen: boolean;
  readonly data: readonly FieldRelation[];
}

/** A widget whose options the business module answers for (requirement 001, field). */
export interface KeptField {
  readonly code: string;
  readonly url: string;
  /** What its address ends with: nobody guesses it. */
  readonly uri: string;
  /** What the vendor sends along, sealed for this form and field. */
  readonly sealedToken: string;
  /** What the answer is encrypted with; null: it is not. */
  readonly sealedKey: string | null;
}

export interface KeptFields {
  readonly isOpen: boolean;
  readonly data: readonly KeptField[];
}

/** The business type of a form, as far as forms show it. */
interface TypeOfForm {
  readonly id: string;
  readonly code: string;
  /** The team that owns it; empty for the platform. */
  readonly scope: string;
  readonly providerId: string | null;
  readonly checkUrl: string | null;
  readonly executeUrl: string | null;
  readonly callbackMode: string;
  readonly executeMode: string | null;
}

/** A form, with the business type whose orders begin there. */
export interface FormRecord {
  readonly id: string;
  readonly providerId: string;
  readonly formCode: string;
  readonly name: string;
  readonly accCode: string | null;
  readonly relation: KeptRelation;
  readonly fields: KeptFields;
  readonly createTime: Date;
  readonly updateTime: Date;
  readonly type: TypeOfForm;
}

interface Row {
  readonly id: string;
  readonly providerId: string;
  readonly formCode: string;
  readonly name: string;
  readonly accCode: string | null;
  readonly relation: string | null;
  readonly fields: string | null;
  readonly createTime: Date | string;
  readonly updateTime: Date | string;
  readonly typeId: string;
  readonly typeCode: string;
  readonly typeScope: string;
  readonly typeProviderId: string | null;
  readonly checkUrl: string | null;
  readonly executeUrl: string | null;
  readonly callbackMode: string;
  readonly executeMode: string | null;
}

/** Of business types, which lie below this room, only the columns are read that forms show. */
const select = `SELECT f.id AS id, f.provider_id AS providerId, f.form_code AS formCode, f.name AS name,
        f.acc_code AS accCode, f.relation AS relation, f.fields AS fields, f.create_time AS createTime,
        f.update_time AS updateTime, bt.id AS typeId, bt.code AS typeCode, bt.scope AS typeScope,
        bt.provider_id AS typeProviderId, bt.check_url AS checkUrl, bt.execute_url AS executeUrl,
        bt.callback_mode AS callbackMode, bt.execute_mode AS executeMode
   FROM dms_s_apply_provider_form f JOIN dms_s_apply_business_type bt ON bt.id = f.business_type_id`;

/** Rows of forms. Whoever asks has made sure that the caller may see the provider. */
@Injectable()
export class FormsRepository {
  constructor(private readonly database: Database) {}

  async byId(id: string, sql: Sql = this.database): Promise<FormRecord | null> {
    return this.one(sql, 'f.id = ?', [id]);
  }

  ofType(providerId: string, businessTypeId: string, sql: Sql = this.database): Promise<FormRecord | null> {
    return this.one(sql, 'f.provider_id = ? AND f.business_type_id = ?', [providerId, businessTypeId]);
  }

  async byCode(providerId: string, formCode: string, sql: Sql = this.database): Promise<FormRecord | null> {
    const found = await this.one(sql, 'f.provider_id = ? AND f.form_code = ?', [providerId, formCode]);
    // MySQL ignores trailing blanks where it compares.
    return found?.formCode === formCode ? found : null;
  }

  /** The forms of these providers, newest first. */
  async list(providerIds: readonly string[], window: PageWindow): Promise<FormRecord[]> {
    if (providerIds.length === 0) return [];
    const after = window.after === null ? '' : ' AND f.id < ?';
    const rows = await this.database.rows<Row>(
      `${select} WHERE f.provider_id IN (${places(providerIds.length)})${after} ORDER BY f.id DESC LIMIT ?`,
      [...providerIds, ...(window.after === null ? [] : [window.after]), window.take],
    );
    return rows.map(toRecord);
  }

  /** Whatever provider calls a form so, of this kind. */
  async named(kind: string, formCode: string): Promise<FormRecord[]> {
    const rows = await this.database.rows<Row>(
      `${select} JOIN dms_s_apply_provider p ON p.id = f.provider_id WHERE p.kind = ? AND f.form_code = ?`,
      [kind, formCode],
    );
    return rows.map(toRecord).filter((form) => form.formCode === formCode);
  }

  async insert(tx: Tx, row: FormRow): Promise<void> {
    await tx.repository<FormRow>('ProviderForm').insert(row);
  }

  async update(tx: Tx, id: string, change: Partial<FormRow>): Promise<void> {
    await tx.repository<FormRow>('ProviderForm').update({ id }, change);
  }

  async delete(tx: Tx, id: string): Promise<void> {
    await tx.run('DELETE FROM dms_s_apply_provider_form WHERE id = ?', [id]);
  }

  /** An order whose approval of this form somebody there may still decide, or null. */
  async waiting(providerId: string, formCode: string, sql: Sql = this.database): Promise<string | null> {
    const [row] = await sql.rows<{ readonly id: string }>(
      `SELECT apply_order_id AS id FROM dms_s_apply_outside_approval
        WHERE provider_id = ? AND form_code = ? AND state IN ('asking', 'pending') LIMIT 1`,
      [providerId, formCode],
    );
    return row?.id ?? null;
  }

  private async one(sql: Sql, where: string, values: readonly SqlValue[]): Promise<FormRecord | null> {
    const [row] = await sql.rows<Row>(`${select} WHERE ${where}`, values);
    return row ? toRecord(row) : null;
  }
}

const closed = { isOpen: false, data: [] } as const;

const toRecord = (row: Row): FormRecord => ({
  id: row.id,
  providerId: row.providerId,
  formCode: row.formCode,
  name: row.name,
  accCode: row.accCode,
  relation: row.relation === null ? closed : (JSON.parse(row.relation) as KeptRelation),
  fields: row.fields === null ? closed : (JSON.parse(row.fields) as KeptFields),
  createTime: fromDbTime(row.createTime),
  updateTime: fromDbTime(row.updateTime),
  type: {
    id: row.typeId,
    code: row.typeCode,
    scope: row.typeScope,
    providerId: row.typeProviderId,
    checkUrl: row.checkUrl,
    executeUrl: row.executeUrl,
    callbackMode: row.callbackMode,
    executeMode: row.executeMode,
  },
});
