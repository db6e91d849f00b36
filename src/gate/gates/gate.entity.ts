import { EntitySchema } from 'typeorm';
import { columnsOf } from '../../database/columns.js';
import type { Dialect } from '../../database/dialect.js';

/** A place where requests come by: which proxy speaks there, and what stands behind it. */
export interface GateRow {
  id: string;
  /** What names it in addresses: `/gate/:key/…`; unique over all teams. */
  gateKey: string;
  /** The team whose people come by; empty for people of any team. */
  scope: string;
  name: string;
  adapter: string;
  upstream: string | null;
  /** `token`: the caller's own bearer token tells who they are; `headers`: the proxy in front has found out. */
  identity: string;
  userHeader: string | null;
  teamHeader: string | null;
  /** What becomes of Authorization and Cookie of a held request: `drop` or `seal`. */
  credentials: string;
  /** Seconds that sealed credentials are kept. */
  credentialsTtl: number;
  /** 1: the proxy sends bodies along with its checks, so that a check without one is about a request without one. */
  forwardsBody: number;
  /** SHA-256 of the secret by which the proxy authenticates itself, in hex. */
  secretHash: string;
  createTime: Date;
  updateTime: Date;
}

export const gateEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<GateRow>({
    name: 'Gate',
    tableName: 'dms_s_apply_gate',
    columns: {
      id: c.id(),
      gateKey: c.varchar('gate_key', 64),
      scope: c.varchar('scope', 64),
      name: c.varchar('name', 128),
      adapter: c.varchar('adapter', 16),
      upstream: c.varchar('upstream', 2048, { nullable: true }),
      identity: c.varchar('identity', 16),
      userHeader: c.varchar('user_header', 64, { nullable: true }),
      teamHeader: c.varchar('team_header', 64, { nullable: true }),
      credentials: c.varchar('credentials', 16),
      credentialsTtl: c.int('credentials_ttl'),
      forwardsBody: c.tinyint('forwards_body', { default: 0 }),
      secretHash: c.varchar('secret_hash', 64),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
    indices: [{ name: 'uq_gate_key', columns: ['gateKey'], unique: true }],
  });
};

/** One row: counted up by whatever changes gates or actions. */
interface GateRevisionRow {
  id: number;
  revision: number;
}

export const gateRevisionEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<GateRevisionRow>({
    name: 'GateRevision',
    tableName: 'dms_s_apply_gate_revision',
    columns: {
      id: { ...c.int('id'), primary: true },
      revision: c.bigint('revision'),
    },
  });
};
