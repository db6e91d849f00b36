import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { wholeSecond } from '../../database/dialect.js';
import { SharedClock } from '../../database/shared-clock.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { DirectoryService } from '../../directory/directory.service.js';
import { Problem } from '../../http/problem.js';
import { OperationLogService } from '../../operation-log/operation-log.service.js';
import { OpeningService } from '../../orders/opening.service.js';
import { ProvidersService } from '../../providers/providers.service.js';
import { Clock } from '../../runtime/clock.js';
import { Ids } from '../../runtime/ids.js';
import { requestHashOf, sha256 } from '../reading/fingerprint.js';
import { forwardable, shownHeaders, withoutCredentials } from '../reading/headers.js';
import { type HeaderFields, valuesOf } from '../reading/original.js';
import { shownBody, shownQuery } from '../reading/redact.js';
import type { RequestRow } from '../requests/request.entity.js';
import type { Mode } from '../vocabulary.js';
import type { Candidate, Visit } from './judgement.js';
import { gateTopics, RequestCourse } from './request.course.js';
import { RequestSeals } from './request.seals.js';
import { RequestsRepository } from './requests.repository.js';

/** What the columns hold. */
const maxTitle = 255;
const maxHost = 255;

/** A request that is about to be held. */
interface Draft {
  readonly id: string;
  readonly requestHash: string;
  readonly headers: HeaderFields;
  readonly credentials: HeaderFields;
  readonly contentType: string | null;
  readonly bodyHash: string;
  /** What conditions and reviewers see. */
  readonly variables: Record<string, unknown> & { readonly query: string; readonly body: unknown };
}

/** Holds requests: each becomes an order of its action's business type, and is kept sealed beside it. */
@Injectable()
export class RequestHolding {
  constructor(
    private readonly requests: RequestsRepository,
    private readonly course: RequestCourse,
    private readonly opening: OpeningService,
    private readonly directory: DirectoryService,
    private readonly database: Database,
    private readonly providers: ProvidersService,
    private readonly log: OperationLogService,
    private readonly seals: RequestSeals,
    private readonly shared: SharedClock,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * Order, request and what follows from them in one transaction.
   * @returns null when the action or the gate was deleted in this moment
   * @throws Problem when no order can be opened; a duplicate-key error when the same request is held already
   */
  async hold(visit: Visit, candidate: Candidate): Promise<RequestRow | null> {
    const { caller } = visit;
    const { action } = candidate.match;
    if (action.mode === 'replay' && candidate.upstream === null) {
      const why = `neither the gate nor the action ${action.name} says where it goes; set its upstream`;
      throw new Problem('upstream_failed', why);
    }
    const draft = draftOf(this.ids.next(), visit, candidate);
    const { path } = visit.original;
    const { accCode, userCode } = caller;
    const listed = (await this.directory.listed(this.database, accCode, [userCode])).has(userCode);
    const plan = await this.opening.plan(caller, {
      businessType: action.businessType,
      businessKey: draft.id,
      title: `${action.name}: ${visit.original.method} ${path}`.slice(0, maxTitle),
      variables: draft.variables,
    });
    let firstLogId = '';
    return this.unitOfWork.run(
      async (tx) => {
        firstLogId = '';
        if (!(await this.requests.holdRules(tx, action.id, visit.gate.id))) return null;
        const opened = await this.opening.store(tx, { ...plan, endedTopic: gateTopics.order });
        const { head, state } = opened.record;
        const approved = state.applyStatus === 'completed';
        const now = await this.shared.now(tx);
        const ends = approved ? passEnd(action.mode, action.passTtl, now) : now + action.waitTtl * 1000;
        const row = await this.requests.insert(tx, {
          ...this.rowOf(visit, candidate, draft, now),
          listed: Number(listed),
          applyOrderId: head.id,
          state: approved ? 'approved' : 'waiting',
          endsAt: ends,
        });
        await this.course.arrange(tx, row);
        await this.course.forgetInTime(tx, row);
        await this.providers.tell(tx, {
          event: 'CREATE_APPROVE_REQUEST',
          orderId: head.id,
          team: row.accCode,
          scope: action.scope,
          provider: row.provider,
          data: told(row, candidate, draft),
          time: row.createTime,
        });
        ({ firstLogId } = opened);
        return row;
      },
      { confirm: (tx) => this.log.exists(tx, firstLogId) },
    );
  }

  private rowOf(
    { gate, original, body, caller }: Visit,
    { match, upstream, fingerprint }: Candidate,
    draft: Draft,
    now: number,
  ): Omit<RequestRow, 'mac' | 'applyOrderId' | 'listed' | 'state' | 'endsAt'> {
    const { action } = match;
    const { id, headers, credentials } = draft;
    const sealed = gate.credentials === 'seal' && action.mode === 'replay' && credentials.length > 0;
    const time = wholeSecond(this.clock.now());
    return {
      id,
      accCode: caller.accCode,
      gateId: gate.id,
      actionId: action.id,
      actionName: action.name,
      provider: action.provider,
      userCode: caller.userCode,
      mode: action.mode,
      hold: action.hold,
      method: original.method,
      host: original.host.slice(0, maxHost),
      path: original.path,
      query: original.query,
      upstream,
      contentType: draft.contentType,
      bodyBytes: body.length,
      bodyHash: draft.bodyHash,
      requestHash: draft.requestHash,
      shownHash: sha256(JSON.stringify(draft.variables)),
      fingerprint,
      live: fingerprint,
      // A repeat that passes brings its own headers and body.
      sealedRequest: action.mode === 'replay' ? this.seals.sealRequest(id, { headers, body }) : null,
      sealedCredentials: sealed ? this.seals.sealCredentials(id, credentials) : null,
      credentialsUntil: sealed ? now + gate.credentialsTtl * 1000 : null,
      passTtl: action.passTtl,
      resultTtl: action.resultTtl,
      token: null,
      error: null,
      responseStatus: null,
      sealedResponse: null,
      createTime: time,
      updateTime: time,
    };
  }
}

/** What a provider is told; nothing of it is secret. */
const told = (row: RequestRow, { match: { action } }: Candidate, { variables }: Draft) => ({
  approve_request_id: row.id,
  action: { id: action.id, name: action.name, path: action.template.text, method: action.method },
  method: row.method,
  path: row.path,
  query: variables.query,
  body: variables.body,
  request_hash: row.requestHash,
  user_code: row.userCode,
  acc_code: row.accCode,
  business_type: action.businessType,
});

/** When leave to pass is over, in milliseconds of the shared clock; null for what the service executes itself. */
const passEnd = (mode: Mode, ttl: number, now: number): number | null =>
  mode === 'retry-once' ? now + ttl * 1000 : null;

function draftOf(id: string, visit: Visit, { match, upstream }: Candidate): Draft {
  const { gate, original, body, caller } = visit;
  const { action, params } = match;
  const { kept: headers, credentials } = withoutCredentials(forwardable(original.headers));
  const [contentType = null] = valuesOf(original.headers, 'content-type');
  const bodyHash = sha256(body);
  const requestHash = requestHashOf({
    id,
    team: caller.accCode,
    user: caller.userCode,
    actionId: action.id,
    mode: action.mode,
    method: original.method,
    upstream,
    host: original.host.slice(0, maxHost),
    path: original.path,
    query: original.query,
    headers,
    bodyHash,
    bodyBytes: body.length,
  });
  const variables = {
    requestId: id,
    requestHash,
    gate: gate.key,
    action: action.name,
    mode: action.mode,
    method: original.method,
    host: original.host,
    path: original.path,
    query: shownQuery(original.query),
    params,
    contentType,
    bodyBytes: body.length,
    body: shownBody(contentType, body),
    headers: byName(shownHeaders(original.headers)),
  };
  return {
    id,
    requestHash,
    headers,
    credentials,
    contentType: contentType?.slice(0, 255) ?? null,
    bodyHash,
    variables,
  };
}

/** A header that came several times shows all its values. */
const byName = (headers: HeaderFields): Record<string, string> =>
  Object.fromEntries(headers.map(([name]) => [name, valuesOf(headers, name).join(', ')]));
