import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** Something that is done now and then, by one of the replicas. */
export interface JobRow {
  name: string;
  /** In milliseconds since 1970: whoever sets it on does what is due. */
  dueAt: number;
  /** JSON: what came of it the last time. */
  result: string | null;
  updateTime: Date;
}

export const jobEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<JobRow>({
    name: 'Job',
    tableName: 'dms_s_apply_job',
    columns: {
      name: c.varchar('name', 64, { primary: true }),
      dueAt: c.bigint('due_at'),
      result: c.text('result', { nullable: true }),
      updateTime: c.datetime('update_time'),
    },
  });
};
