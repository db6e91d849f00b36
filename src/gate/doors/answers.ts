import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CONFIG, type Config } from '../../config/config.js';
import type { ProblemCode } from '../../http/problem.js';
import { endToEnd } from '../../outbound/hop-by-hop.js';
import type { HeldView, KeptResponse } from '../keeping/judgement.js';
import type { HeaderFields } from '../reading/original.js';
import type { RequestState } from '../vocabulary.js';
import { writeHead } from './passage.js';
import type { Door } from './place.js';

/** What a caller, or the proxy in between, is told of a request that does not pass. */
interface HeldAnswer {
  readonly code: string;
  readonly requestId: string | null;
  readonly orderId: string | null;
  /** The request's state; `unseen` where nothing is stored because its body is still to come; `refused` where nothing will be. */
  readonly status: RequestState | 'unseen' | 'refused';
  readonly statusUrl: string | null;
  readonly detail: string;
}

/** Codes are for programs and never change; sentences are for people. */
const meanings: Readonly<Record<RequestState, readonly [code: string, detail: string]>> = {
  waiting: ['approval_required', 'The request is held until it is approved.'],
  approved: ['approval_executing', 'The request is approved and about to be executed.'],
  executing: ['approval_executing', 'The request is approved and being executed.'],
  executed: ['approval_executed', 'The request was approved and has been executed.'],
  failed: ['approval_failed', 'The request was approved, but it could not be executed.'],
  unknown: ['approval_unknown', 'The request was approved, and nobody knows whether it was executed.'],
  denied: ['approval_denied', 'The request was denied.'],
  cancelled: ['approval_cancelled', 'The order about the request was cancelled.'],
  expired: ['approval_expired', 'The request was not approved in time.'],
};

const underWay: ReadonlySet<RequestState> = new Set(['waiting', 'approved', 'executing']);

/** Writes what the doors answer of their own. Nothing of it may be kept by a cache: it is about one moment. */
@Injectable()
export class Answers {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  held(door: Door, held: HeldView, reply: FastifyReply): void {
    const status = door === 'check' ? 403 : statusOf(held);
    if (status === 401) void reply.header('www-authenticate', `Approval request="${held.requestId}"`);
    void reply.header('location', this.statusUrl(held.requestId));
    const [code, meaning] = meanings[held.state];
    this.tell(reply, status, this.about(held, code, meaning));
  }

  /** A repeat of a request that was executed, where its result cannot be handed over. */
  executed(held: HeldView, reply: FastifyReply): void {
    const statusUrl = this.statusUrl(held.requestId);
    const detail = `The request was approved and has been executed; its result is at ${statusUrl}/response.`;
    void reply.header('location', statusUrl);
    this.tell(reply, 403, { ...this.about(held, 'approval_executed', detail), status: 'executed' });
  }

  /** Its body has to be seen before it can be judged, and this door does not bring it. */
  unseen(reply: FastifyReply): void {
    this.tell(reply, 403, {
      code: 'approval_required',
      requestId: null,
      orderId: null,
      status: 'unseen',
      statusUrl: null,
      detail: 'The request may need approval, which cannot be told without its body.',
    });
  }

  /** For authorizers, of whose answers some proxies pass on only a 403. */
  refused(code: ProblemCode, detail: string, reply: FastifyReply): void {
    const nothing = { requestId: null, orderId: null, statusUrl: null } as const;
    this.tell(reply, 403, { code, ...nothing, status: 'refused', detail });
  }

  json(reply: FastifyReply, status: number, body: object): void {
    void reply
      .status(status)
      .header('cache-control', 'no-store')
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(body));
  }

  /** What the system behind the gate answered when the request was executed, as it answered it. */
  kept(held: HeldView, response: KeptResponse, method: string, reply: FastifyReply): void {
    const { raw } = reply;
    writeHead(raw, response.status, keptHeaders(held, response, method));
    reply.hijack();
    raw.end(response.body);
  }

  private tell(reply: FastifyReply, status: number, answer: HeldAnswer): void {
    if (answer.requestId !== null) void reply.header('x-approval-request-id', answer.requestId);
    this.json(reply, status, answer);
  }

  private about({ requestId, orderId, state, error }: HeldView, code: string, meaning: string): HeldAnswer {
    const detail = error === null ? meaning : `${meaning} ${error}`;
    return { code, requestId, orderId, status: state, statusUrl: this.statusUrl(requestId), detail };
  }

  private statusUrl(requestId: string): string {
    return `${this.config.publicUrl ?? ''}/api/v1/approve-requests/${requestId}`;
  }
}

/** While a request is under way it is answered as its action wants it; one that came to nothing is never told to be on its way. */
const statusOf = ({ hold, state }: HeldView): number =>
  underWay.has(state) || hold === 401 || hold === 200 ? hold : 403;

/** The headers of a complete answer, with the length of what is there. */
export function keptHeaders(
  { requestId }: HeldView,
  { status, headers, body }: KeptResponse,
  method: string,
): HeaderFields {
  // These tell of a body that is not sent.
  const bodiless = method === 'HEAD' || status === 204 || status === 304;
  const kept = endToEnd(headers).filter(
    ([name]) => name !== 'x-approval-request-id' && (bodiless || name !== 'content-length'),
  );
  const length = bodiless ? [] : [['content-length', String(body.length)] as const];
  return [...kept, ...length, ['x-approval-request-id', requestId]];
}
