import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config.js';
import { SharedClock } from '../../database/shared-clock.js';
import type { Tx } from '../../database/sql.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { UpstreamClient, UpstreamError, type WholeAnswer } from '../../outbound/upstream.client.js';
import {
  type AttemptResult,
  type ClaimedDelivery,
  type DeliveryHandler,
  DeliveryHandlers,
} from '../../outbox/delivery-handler.port.js';
import { Ids } from '../../runtime/ids.js';
import { ApprovalProof } from '../keeping/approval.proof.js';
import { gateTopics } from '../keeping/request.course.js';
import { type KeptRequest, RequestSeals } from '../keeping/request.seals.js';
import {
  alteredWords,
  failedFor,
  type RequestChange,
  RequestsRepository,
} from '../keeping/requests.repository.js';
import { forwardable } from '../reading/headers.js';
import type { HeaderFields } from '../reading/original.js';
import type { RequestRow } from '../requests/request.entity.js';
import { IdentityTokens } from './identity.tokens.js';

/** Methods that do the same when they come twice (RFC 9110, 9.2.2): they may be sent again when nobody knows how it went. */
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);
/** Answers of something in between, which does not know either whether the request was carried out. */
const hearsay: ReadonlySet<number> = new Set([502, 504]);

/** Headers that the service sets, and those by which a client could say that it came another way than it did. */
const ours =
  /^(?:idempotency-key|x-approval-request-id|accept-encoding|authorization|forwarded|x-forwarded-.*|x-real-ip|x-original-url|x-rewrite-url)$/;

/** A request of which this process says that it sends it. */
interface Taken {
  readonly row: RequestRow;
  readonly upstream: string;
  readonly headers: HeaderFields;
  readonly body: Buffer;
}

/**
 * Sends approved requests (mode `replay`). The request is taken by compare-and-set before anything is sent, and what came
 * of it is stored by whoever has taken it: so each is sent once, and one that was lost on the way is named `unknown`,
 * unless its method does no harm twice.
 */
@Injectable()
export class ExecutionHandler implements DeliveryHandler, OnModuleInit {
  readonly topics = [gateTopics.execute];

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly handlers: DeliveryHandlers,
    private readonly requests: RequestsRepository,
    private readonly proof: ApprovalProof,
    private readonly seals: RequestSeals,
    private readonly tokens: IdentityTokens,
    private readonly upstreams: UpstreamClient,
    private readonly shared: SharedClock,
    private readonly unitOfWork: UnitOfWork,
    private readonly ids: Ids,
  ) {}

  onModuleInit(): void {
    this.handlers.register(this);
  }

  /** The signal is not heeded: a request that is under way is better waited for than lost. */
  async attempt({ orderId }: ClaimedDelivery): Promise<AttemptResult> {
    const row = await this.requests.ofOrder(orderId);
    if (!row) return { outcome: 'failed', error: 'the request is gone', permanent: true };
    const lost = row.state === 'executing' || row.state === 'unknown';
    if (row.state !== 'approved' && !(lost && idempotent.has(row.method))) {
      if (row.state !== 'executing') return { outcome: 'succeeded' };
      return this.givenUp(row, { state: 'unknown', endsAt: null, error: lostWords });
    }
    const why = await this.proof.whyNot(row);
    if (why !== null) return this.givenUp(row, await this.failed(row, why));
    const taken = await this.take(row);
    if (typeof taken === 'string') return this.givenUp(row, await this.failed(row, taken));
    // Whoever was first may have lost its claim, and then cannot record what comes of it: this one looks again.
    return taken ? this.send(taken) : { outcome: 'failed', error: 'another process is just sending it' };
  }

  /** Approved when certainly nothing was sent, else unknown. It can be sent again (`/deliveries/{id}/redeliver`). */
  async parked(tx: Tx, { orderId }: Pick<ClaimedDelivery, 'orderId'>, error: string): Promise<void> {
    const row = await this.requests.ofOrder(orderId, tx);
    if (row?.state !== 'approved' && row?.state !== 'executing' && row?.state !== 'unknown') return;
    const state = row.state === 'approved' ? 'approved' : 'unknown';
    await this.requests.change(tx, row, { state, endsAt: null, error: `parked: ${error}` });
  }

  /** @returns null when somebody else was first; what speaks against it, when it cannot be read */
  private async take(row: RequestRow): Promise<Taken | string | null> {
    const { upstream } = row;
    if (upstream === null) return 'neither its action nor its gate says where it goes';
    let kept: KeptRequest;
    try {
      kept = this.seals.openRequest(row);
    } catch {
      return alteredWords;
    }
    if (this.seals.hashOf(row, kept) !== row.requestHash)
      return 'the stored request is not what was approved; it is not executed';
    // Whatever may fail fails before it is taken: nothing stands between that and the sending.
    const headers = await this.headers(row, upstream, kept.headers);
    const change: RequestChange = { state: 'executing', endsAt: null, token: this.ids.next(), error: null };
    const taken = await this.unitOfWork.run((tx) => this.requests.change(tx, row, change));
    return taken && { row: taken, upstream, headers, body: kept.body };
  }

  private async send({ row, upstream, headers, body }: Taken): Promise<AttemptResult> {
    try {
      const answer = await this.upstreams.whole({
        base: upstream,
        path: row.query === '' ? row.path : `${row.path}?${row.query}`,
        method: row.method,
        headers,
        body,
        timeout: this.config.gate.timeout,
        limit: this.config.gate.bodyLimit,
      });
      return await this.answered(row, answer);
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      return this.unanswered(row, error);
    }
  }

  private async headers(row: RequestRow, upstream: string, kept: HeaderFields): Promise<HeaderFields> {
    const credentials = this.seals.openCredentials(row, await this.shared.now());
    return [
      ...kept.filter(([name]) => !ours.test(name)),
      ...(row.host === '' ? [] : [['x-forwarded-host', row.host] as const]),
      ...(credentials.length > 0
        ? credentials
        : [['authorization', `Bearer ${await this.tokens.sign(row, upstream)}`] as const]),
      // What is kept is given to repeats, whatever they can unpack.
      ['accept-encoding', 'identity'],
      ['idempotency-key', row.id],
      ['x-approval-request-id', row.id],
    ];
  }

  private async answered(row: RequestRow, answer: WholeAnswer): Promise<AttemptResult> {
    const { status, truncated, body } = answer;
    if (hearsay.has(status) && idempotent.has(row.method)) {
      const error = `the upstream answered ${status}`;
      await this.change(row, { state: 'unknown', endsAt: null, error });
      return { outcome: 'failed', error, status };
    }
    const sealedResponse = truncated
      ? null
      : this.seals.sealResponse(row.id, { status, headers: forwardable(answer.headers), body });
    const state = hearsay.has(status) ? 'unknown' : status < 400 ? 'executed' : 'failed';
    const error = truncated ? 'the answer is too long to be kept' : null;
    return {
      outcome: 'succeeded',
      status,
      // Asked for there: a database that is away just now must not cost us the answer.
      settle: async (tx) => {
        const endsAt = state === 'unknown' ? null : (await this.shared.now(tx)) + row.resultTtl * 1000;
        await this.settle(tx, row, { state, endsAt, error, responseStatus: status, sealedResponse });
      },
    };
  }

  private async unanswered(row: RequestRow, { sent, message }: UpstreamError): Promise<AttemptResult> {
    const lost: RequestChange = { state: 'unknown', endsAt: null, error: message };
    if (sent && !idempotent.has(row.method)) return this.givenUp(row, lost);
    const error = sent ? message : `${message}; nothing was sent`;
    await this.change(row, sent ? lost : { state: 'approved', endsAt: null, token: null, error });
    return { outcome: 'failed', error };
  }

  /** It is not tried again, and nobody need act. */
  private givenUp(row: RequestRow, change: RequestChange): AttemptResult {
    return {
      outcome: 'failed',
      error: change.error ?? change.state,
      settle: (tx) => this.settle(tx, row, change),
    };
  }

  private async failed(row: RequestRow, error: string): Promise<RequestChange> {
    return failedFor(error, row, await this.shared.now());
  }

  private async settle(tx: Tx, row: RequestRow, change: RequestChange): Promise<void> {
    await this.requests.change(tx, row, change);
    await this.requests.forgetCredentials(tx, row.id);
  }

  private async change(row: RequestRow, change: RequestChange): Promise<void> {
    await this.unitOfWork.run((tx) => this.requests.change(tx, row, change));
  }
}

const lostWords = 'the process that sent it ended before it could tell how it went';
