import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** One saved state of a template or a node. Rows are only added; they outlive what they tell of. */
interface SavedVersionRow {
  objectId: string;
  /** From 1. */
  version: number;
  /** JSON. */
  content: string;
  savedBy: string;
  createTime: Date;
}

const savedVersionEntity = (dialect: Dialect, name: string, tableName: string, idColumn: string) => {
  const c = columnsOf(dialect);
  return new EntitySchema<SavedVersionRow>({
    name,
    tableName,
    columns: {
      objectId: c.id(idColumn),
      version: c.int('version', { primary: true }),
      content: c.longText('content'),
      savedBy: c.varchar('saved_by', 64),
      createTime: c.datetime('create_time'),
    },
  });
};

export const templateVersionEntity = (dialect: Dialect) =>
  savedVersionEntity(dialect, 'TemplateVersion', 'dms_s_apply_template_version', 'template_id');

export const nodeVersionEntity = (dialect: Dialect) =>
  savedVersionEntity(dialect, 'NodeVersion', 'dms_s_apply_node_version', 'node_id');
