import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import type { SqlValue } from '../../database/sql.js';
import type { FieldRelation, ProviderForm } from '../provider.port.js';

/** A form, with the business type whose orders begin there. */
export interface KnownForm extends ProviderForm {
  readonly businessType: string;
  /** The team in which orders are opened that begin there; null: the applicant's. */
  readonly accCode: string | null;
}

interface Row {
  readonly id: string;
  readonly formCode: string;
  readonly name: string;
  readonly relation: string | null;
  readonly accCode: string | null;
  readonly businessType: string;
}

/** How business types look at providers. */
@Injectable()
export class FormsService {
  constructor(private readonly database: Database) {}

  /** The form of a business type at a provider; null when it has none. */
  ofType(providerId: string, businessTypeId: string): Promise<KnownForm | null> {
    return this.one('f.provider_id = ? AND f.business_type_id = ?', [providerId, businessTypeId]);
  }

  /** The form that a provider calls by a code; null when nobody has said what it is. */
  byCode(providerId: string, formCode: string): Promise<KnownForm | null> {
    return this.one('f.provider_id = ? AND f.form_code = ?', [providerId, formCode]);
  }

  private async one(where: string, values: readonly SqlValue[]): Promise<KnownForm | null> {
    const [row] = await this.database.rows<Row>(
      `SELECT f.id AS id, f.form_code AS formCode, f.name AS name, f.relation AS relation, f.acc_code AS accCode,
              bt.code AS businessType
         FROM dms_s_apply_provider_form f JOIN dms_s_apply_business_type bt ON bt.id = f.business_type_id
        WHERE ${where}`,
      values,
    );
    return row
      ? {
          id: row.id,
          code: row.formCode,
          name: row.name,
          relation: row.relation === null ? null : (JSON.parse(row.relation) as FieldRelation[]),
          businessType: row.businessType,
          accCode: row.accCode,
        }
      : null;
  }
}
