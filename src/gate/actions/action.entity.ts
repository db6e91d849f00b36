import { EntitySchema } from 'typeorm';
import { columnsOf } from '../../database/columns.js';
import type { Dialect } from '../../database/dialect.js';

/** Which requests are held, and what becomes of them (requirement 000, approve actions). */
export interface ActionRow {
  id: string;
  /** The team that owns it; empty for the platform. */
  scope: string;
  name: string;
  description: string | null;
  /** As it was entered: `/users/{id}/`. */
  path: string;
  /** What makes two templates the same: lower case, without names and the slash at the end. */
  pathKey: string;
  method: string;
  /** `internal`, or the code of a provider. */
  provider: string;
  businessType: string;
  upstream: string | null;
  /** `replay` or `retry-once`. */
  mode: string;
  /** The status that a held request is answered with: 401, 403, 202 or 200. */
  hold: number;
  /** JSON list of query parameters that do not tell requests apart. */
  ignoreQuery: string | null;
  /** Seconds: how long a request may wait, how long an approved repeat may pass, how long a result answers repeats. */
  waitTtl: number;
  passTtl: number;
  resultTtl: number;
  /** 1, or null once it is deleted. */
  alive: number | null;
  createTime: Date;
  updateTime: Date;
}

export const actionEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<ActionRow>({
    name: 'ApproveAction',
    tableName: 'dms_s_apply_approve_action',
    columns: {
      id: c.id(),
      scope: c.varchar('scope', 64),
      name: c.varchar('name', 128),
      description: c.text('description', { nullable: true }),
      path: c.varchar('path', 255),
      pathKey: c.varchar('path_key', 255),
      method: c.varchar('method', 16),
      provider: c.varchar('provider', 64),
      businessType: c.varchar('business_type', 125),
      upstream: c.varchar('upstream', 2048, { nullable: true }),
      mode: c.varchar('mode', 16),
      hold: c.int('hold'),
      ignoreQuery: c.text('ignore_query', { nullable: true }),
      waitTtl: c.int('wait_ttl'),
      passTtl: c.int('pass_ttl'),
      resultTtl: c.int('result_ttl'),
      alive: c.tinyint('alive', { nullable: true }),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
    indices: [
      {
        name: 'uq_approve_action',
        columns: ['scope', 'pathKey', 'method', 'provider', 'alive'],
        unique: true,
      },
    ],
  });
};
