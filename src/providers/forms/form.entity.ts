import { EntitySchema } from 'typeorm';
import { columnsOf } from '../../database/columns.js';
import type { Dialect } from '../../database/dialect.js';

/** How a business type looks at a provider: there it has a form of its own. */
export interface FormRow {
  id: string;
  providerId: string;
  /** The provider's: an approval code of Feishu, a process code of DingTalk, a template id of WeCom. */
  formCode: string;
  name: string;
  businessTypeId: string;
  /** The team in which orders are opened that begin there; null: the applicant's. */
  accCode: string | null;
  /** JSON: which widget is which field, and whether that counts; null: fields are not mapped. */
  relation: string | null;
  /** JSON: the widgets whose options the business module answers for, their secrets sealed. */
  fields: string | null;
  createTime: Date;
  updateTime: Date;
}

export const formEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<FormRow>({
    name: 'ProviderForm',
    tableName: 'dms_s_apply_provider_form',
    columns: {
      id: c.id(),
      providerId: c.varchar('provider_id', 64),
      formCode: c.varchar('form_code', 128),
      name: c.varchar('name', 128),
      businessTypeId: c.varchar('business_type_id', 64),
      accCode: c.varchar('acc_code', 64, { nullable: true }),
      relation: c.text('relation', { nullable: true }),
      fields: c.text('fields', { nullable: true }),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
    indices: [
      { name: 'uq_provider_form', columns: ['providerId', 'formCode'], unique: true },
      { name: 'uq_provider_form_type', columns: ['providerId', 'businessTypeId'], unique: true },
    ],
  });
};
