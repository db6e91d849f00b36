import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** One person, group, role, leader's number or candidate of a shared node: the normalised `audit_object`. */
export interface NodeObjectRow {
  nodeId: string;
  /** From 0, as the caller listed them. */
  position: number;
  objectCode: string;
}

export const nodeObjectEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<NodeObjectRow>({
    name: 'NodeObject',
    tableName: 'dms_s_apply_template_node_object',
    columns: {
      nodeId: c.id('node_id'),
      position: c.int('position', { primary: true }),
      objectCode: c.varchar('object_code', 64),
    },
    indices: [{ name: 'ix_node_object_code', columns: ['objectCode'] }],
    foreignKeys: [
      {
        name: 'fk_node_object_node',
        target: 'Node',
        columnNames: ['nodeId'],
        referencedColumnNames: ['id'],
        onDelete: 'CASCADE',
      },
    ],
  });
};
