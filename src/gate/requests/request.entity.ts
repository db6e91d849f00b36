import { EntitySchema } from 'typeorm';
import { columnsOf } from '../../database/columns.js';
import type { Dialect } from '../../database/dialect.js';

/** A request that is, or was, held (requirement 000, approve requests). */
export interface RequestRow {
  id: string;
  accCode: string | null;
  gateId: string;
  actionId: string;
  actionName: string;
  /** `internal`, or the code of the provider that was told. */
  provider: string;
  applyOrderId: string;
  userCode: string;
  /** 1: the directory listed the applicant when the request was held. */
  listed: number;
  state: string;
  mode: string;
  hold: number;
  method: string;
  host: string;
  /** As on the wire, without the query. */
  path: string;
  query: string;
  upstream: string | null;
  contentType: string | null;
  bodyBytes: number;
  /** SHA-256 in hex. */
  bodyHash: string;
  /** What reviewers saw, and execution checks: SHA-256 over all that will be sent. */
  requestHash: string;
  /** Over the variables of its order: what reviewers and conditions see has to stay what it was. */
  shownHash: string;
  /** Tells whether another request is the same one. */
  fingerprint: string;
  /** The fingerprint, as long as a repeat means this request; null afterwards. */
  live: string | null;
  /** Headers and body, sealed. */
  sealedRequest: Buffer | null;
  /** Authorization and Cookie, sealed; only where the gate says so. */
  sealedCredentials: string | null;
  /** Milliseconds of the shared clock. */
  credentialsUntil: number | null;
  /** Seconds, copied from the action. */
  passTtl: number;
  resultTtl: number;
  /** When the present state ends by itself, in milliseconds of the shared clock; null: never. */
  endsAt: number | null;
  /** Who executes it. */
  token: string | null;
  error: string | null;
  responseStatus: number | null;
  /** Headers and body of the upstream's answer, sealed. */
  sealedResponse: Buffer | null;
  /** Keyed hash over everything that decides what may be sent: notices rows that were altered by hand. */
  mac: string;
  createTime: Date;
  updateTime: Date;
}

export const requestEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<RequestRow>({
    name: 'ApproveRequest',
    tableName: 'dms_s_apply_approve_request',
    columns: {
      id: c.id(),
      accCode: c.varchar('acc_code', 64, { nullable: true }),
      gateId: c.varchar('gate_id', 64),
      actionId: c.varchar('action_id', 64),
      actionName: c.varchar('action_name', 128),
      provider: c.varchar('provider', 64),
      applyOrderId: c.varchar('apply_order_id', 64),
      userCode: c.varchar('user_code', 64),
      listed: c.tinyint('listed', { default: 0 }),
      state: c.varchar('state', 16),
      mode: c.varchar('mode', 16),
      hold: c.int('hold'),
      method: c.varchar('method', 16),
      host: c.varchar('host', 255),
      path: c.text('path'),
      query: c.text('query'),
      upstream: c.varchar('upstream', 2048, { nullable: true }),
      contentType: c.varchar('content_type', 255, { nullable: true }),
      bodyBytes: c.int('body_bytes'),
      bodyHash: c.varchar('body_hash', 64),
      requestHash: c.varchar('request_hash', 64),
      shownHash: c.varchar('shown_hash', 64),
      fingerprint: c.varchar('fingerprint', 64),
      live: c.varchar('live', 64, { nullable: true }),
      sealedRequest: c.blob('sealed_request', { nullable: true }),
      sealedCredentials: c.text('sealed_credentials', { nullable: true }),
      credentialsUntil: c.bigint('credentials_until', { nullable: true }),
      passTtl: c.int('pass_ttl'),
      resultTtl: c.int('result_ttl'),
      endsAt: c.bigint('ends_at', { nullable: true }),
      token: c.varchar('token', 64, { nullable: true }),
      error: c.varchar('error', 512, { nullable: true }),
      responseStatus: c.int('response_status', { nullable: true }),
      sealedResponse: c.blob('sealed_response', { nullable: true }),
      mac: c.varchar('mac', 64),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
    indices: [
      { name: 'uq_approve_request_order', columns: ['applyOrderId'], unique: true },
      { name: 'uq_approve_request_live', columns: ['live'], unique: true },
      { name: 'ix_approve_request_user', columns: ['accCode', 'userCode', 'id'] },
      { name: 'ix_approve_request_team', columns: ['accCode', 'id'] },
      { name: 'ix_approve_request_action', columns: ['actionId', 'state'] },
      { name: 'ix_approve_request_state', columns: ['state'] },
    ],
  });
};
