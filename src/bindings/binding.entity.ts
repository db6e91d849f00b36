import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** Team and business type to template: at most one, by its primary key. */
export interface BindingRow {
  accCode: string;
  businessType: string;
  templateId: string;
  createTime: Date;
  updateTime: Date;
}

export const bindingEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<BindingRow>({
    name: 'Binding',
    tableName: 'dms_s_apply_template_binding',
    columns: {
      accCode: c.varchar('acc_code', 64, { primary: true }),
      businessType: c.varchar('business_type', 125, { primary: true }),
      templateId: c.varchar('template_id', 64),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
    indices: [{ name: 'ix_binding_template', columns: ['templateId'] }],
    foreignKeys: [
      {
        name: 'fk_binding_template',
        target: 'Template',
        columnNames: ['templateId'],
        referencedColumnNames: ['id'],
        onDelete: 'RESTRICT',
      },
    ],
  });
};
