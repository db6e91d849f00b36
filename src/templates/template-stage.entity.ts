import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** One stage of a template: which node, and when it applies. */
export interface TemplateStageRow {
  templateId: string;
  /** 1 to 255 */
  stageNo: number;
  nodeId: string;
  conditionText: string | null;
  /** JSON: when the stage is due, and what happens then. */
  timing: string | null;
}

export const templateStageEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<TemplateStageRow>({
    name: 'TemplateStage',
    tableName: 'dms_s_apply_template_stage',
    columns: {
      templateId: c.id('template_id'),
      stageNo: c.tinyint('stage_no', { primary: true }),
      nodeId: c.varchar('node_id', 64),
      conditionText: c.text('condition_text', { nullable: true }),
      timing: c.text('timing', { nullable: true }),
    },
    indices: [{ name: 'ix_template_stage_node', columns: ['nodeId'] }],
    foreignKeys: [
      {
        name: 'fk_template_stage_template',
        target: 'Template',
        columnNames: ['templateId'],
        referencedColumnNames: ['id'],
        onDelete: 'CASCADE',
      },
      {
        name: 'fk_template_stage_node',
        target: 'Node',
        columnNames: ['nodeId'],
        referencedColumnNames: ['id'],
        onDelete: 'RESTRICT',
      },
    ],
  });
};
