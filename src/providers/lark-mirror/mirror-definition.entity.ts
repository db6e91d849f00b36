import { EntitySchema } from 'typeorm';
import { columnsOf } from '../../database/columns.js';
import type { Dialect } from '../../database/dialect.js';

/** A business type as Feishu knows it: a definition of approvals that live elsewhere (三方审批定义). */
export interface MirrorDefinitionRow {
  providerId: string;
  businessTypeId: string;
  /** As Feishu calls it; null until it has taken it on. */
  approvalCode: string | null;
  /** JSON, sealed: the token and the key of quick actions. */
  sealedSecrets: string;
  /** Of what Feishu was told of it; null: it has to be told again. */
  fingerprint: string | null;
  createTime: Date;
  updateTime: Date;
}

export const mirrorDefinitionEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<MirrorDefinitionRow>({
    name: 'MirrorDefinition',
    tableName: 'dms_s_apply_mirror_definition',
    columns: {
      providerId: c.varchar('provider_id', 64, { primary: true }),
      businessTypeId: c.varchar('business_type_id', 64, { primary: true }),
      approvalCode: c.varchar('approval_code', 128, { nullable: true }),
      sealedSecrets: c.text('sealed_secrets'),
      fingerprint: c.varchar('fingerprint', 64, { nullable: true }),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
  });
};
