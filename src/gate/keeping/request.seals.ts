import { Injectable } from '@nestjs/common';
import { Sealer } from '../../config/sealer.js';
import { requestHashOf, sha256 } from '../reading/fingerprint.js';
import type { HeaderFields } from '../reading/original.js';
import type { RequestRow } from '../requests/request.entity.js';
import type { Mode } from '../vocabulary.js';
import type { KeptResponse } from './judgement.js';

/** What is sent of a held request besides its first line. */
export interface KeptRequest {
  readonly headers: HeaderFields;
  readonly body: Buffer;
}

/** The columns that decide whether, what, where and for whom something may be sent. Seals have their own protection. */
type Guarded = Omit<
  RequestRow,
  | 'mac'
  | 'error'
  | 'sealedRequest'
  | 'sealedCredentials'
  | 'sealedResponse'
  | 'credentialsUntil'
  | 'createTime'
  | 'updateTime'
>;

/**
 * Keeps held requests from being read or altered in the database: headers, bodies and credentials are sealed
 * (AES-256-GCM, each for its own request), and a keyed hash over the row tells whether anybody without the key has
 * changed who asks for what, where it goes, or how far it has come.
 */
@Injectable()
export class RequestSeals {
  constructor(private readonly sealer: Sealer) {}

  /** In hex. */
  macOf(row: Guarded): string {
    const fields = [
      row.id,
      row.accCode,
      row.gateId,
      row.actionId,
      row.actionName,
      row.provider,
      row.applyOrderId,
      row.userCode,
      row.listed,
      row.state,
      row.mode,
      row.hold,
      row.method,
      row.host,
      row.path,
      row.query,
      row.upstream,
      row.contentType,
      row.bodyBytes,
      row.bodyHash,
      row.requestHash,
      row.shownHash,
      row.fingerprint,
      row.live,
      row.passTtl,
      row.resultTtl,
      row.endsAt,
      row.token,
      row.responseStatus,
    ];
    return this.sealer.mac(JSON.stringify(fields), 'approve-request');
  }

  /** Whether nobody has altered the row by hand. */
  isSound(row: RequestRow): boolean {
    return this.macOf(row) === row.mac;
  }

  /** What reviewers saw of a request, reckoned anew from what is stored (reading/fingerprint.ts). */
  hashOf(row: RequestRow, { headers, body }: KeptRequest): string {
    return requestHashOf({
      id: row.id,
      team: row.accCode,
      user: row.userCode,
      actionId: row.actionId,
      mode: row.mode as Mode,
      method: row.method,
      upstream: row.upstream,
      host: row.host,
      path: row.path,
      query: row.query,
      headers,
      bodyHash: sha256(body),
      bodyBytes: body.length,
    });
  }

  sealRequest(id: string, { headers, body }: KeptRequest): Buffer {
    return this.sealer.sealBytes(framed(headers, body), context(id, 'request'));
  }

  /** @throws Error when it was altered, or is another request's. */
  openRequest({ id, sealedRequest }: RequestRow): KeptRequest {
    if (sealedRequest === null) throw new Error('the request is not kept any more');
    const opened = this.sealer.openBytes(sealedRequest, context(id, 'request'));
    const { head, body } = unframed(opened);
    return { headers: head as HeaderFields, body };
  }

  sealResponse(id: string, { status, headers, body }: KeptResponse): Buffer {
    return this.sealer.sealBytes(framed([status, headers], body), context(id, 'response'));
  }

  /** Null where none is kept. @throws Error when it was altered, or is another request's. */
  openResponse({ id, sealedResponse }: RequestRow): KeptResponse | null {
    if (sealedResponse === null) return null;
    const opened = this.sealer.openBytes(sealedResponse, context(id, 'response'));
    const { head, body } = unframed(opened);
    const [status, headers] = head as readonly [number, HeaderFields];
    return { status, headers, body };
  }

  sealCredentials(id: string, headers: HeaderFields): string {
    return this.sealer.seal(JSON.stringify(headers), context(id, 'credentials'));
  }

  /** None once their time is over. @param now milliseconds of the shared clock */
  openCredentials({ id, sealedCredentials, credentialsUntil }: RequestRow, now: number): HeaderFields {
    if (sealedCredentials === null || credentialsUntil === null || now >= credentialsUntil) return [];
    return JSON.parse(this.sealer.open(sealedCredentials, context(id, 'credentials'))) as HeaderFields;
  }
}

const context = (id: string, what: string): string => `approve-request/${id}/${what}`;

/** A head as JSON with its length in four bytes before it, then the body as it is. */
function framed(head: unknown, body: Buffer): Buffer {
  const json = Buffer.from(JSON.stringify(head), 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([length, json, body]);
}

function unframed(bytes: Buffer): { readonly head: unknown; readonly body: Buffer } {
  const end = 4 + bytes.readUInt32BE(0);
  return {
    head: JSON.parse(bytes.subarray(4, end).toString('utf8')),
    body: bytes.subarray(end),
  };
}
