import { Inject, Injectable, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG, type Config } from '../../config/config.js';
import { brokenBy, sendProblem, toProblem } from '../../http/problem.filter.js';
import { Problem } from '../../http/problem.js';
import { Alarm } from '../../observability/alarm.js';
import type { Judgement, Pass } from '../keeping/judgement.js';
import { KeeperService } from '../keeping/keeper.service.js';
import { isBodiless, type RawHead, readOriginal } from '../reading/adapters.js';
import { hiddenMethods, isMethod } from '../reading/methods.js';
import { mayClimb } from '../reading/paths.js';
import { chooseMatch, judgeHead } from '../reading/matching.js';
import { type HeaderFields, type OriginalRequest, valuesOf } from '../reading/original.js';
import type { GateRule, Match, Rules } from '../rules.js';
import { RulesService } from '../rules.service.js';
import { Answers, keptHeaders } from './answers.js';
import { drained, hasBody, readBody, SenderGone } from './bodies.js';
import { Callers, type Told } from './callers.js';
import { Passage } from './passage.js';
import { type Door, fieldsOf, gateAt, isTrusted, type Place, placeOf } from './place.js';
import { readSubmission } from './submission.js';

/** A request at a door, as far as its head tells. */
interface Arrival {
  readonly door: Door;
  readonly gate: GateRule;
  readonly rules: Rules;
  readonly original: OriginalRequest;
  /** Whether the proxy in front has shown the gate's secret. */
  readonly trusted: boolean;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** The header fields of the request that came to the door. */
  readonly headers: HeaderFields;
  /** Who is calling, as a submission tells it. */
  readonly told?: Told;
  /** The whole body; null where this door does not bring it. */
  readonly body: () => Promise<Buffer | null>;
}

/**
 * Lets requests in, by the door that the adapter of their gate has: what no action names passes, everything else is judged by the keeper.
 * Whatever goes wrong on the way, the request does not pass.
 */
@Injectable()
export class Doors {
  private readonly logger = new Logger('gate');

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly rules: RulesService,
    private readonly callers: Callers,
    private readonly keeper: KeeperService,
    private readonly passage: Passage,
    private readonly answers: Answers,
    private readonly alarm: Alarm,
  ) {}

  /** Answers a request. Never throws. */
  async open(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    let door: Door | null = null;
    try {
      const place = placeOf(request.originalUrl);
      ({ door } = place);
      await this.receive(place, request, reply);
    } catch (error) {
      await this.refuse(door, error, request, reply);
    }
  }

  private async receive(place: Place, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { door } = place;
    const rules = await this.rules.now();
    const gate = gateAt(rules, place);
    const headers = fieldsOf(request.raw);
    const trusted = isTrusted(gate, headers);
    const arrival = { door, gate, rules, trusted, request, reply, headers };
    if (door === 'submit') {
      // In base64 and with its escapes, a description is longer than what it describes.
      const json = await readBody(request.raw, this.config.gate.bodyLimit * 2 + 65_536);
      const { original, body, told } = readSubmission(json, this.config.gate.bodyLimit);
      return this.judge({ ...arrival, original, told, body: () => Promise.resolve(body) });
    }
    const { method = '', rawHeaders, headers: byName } = request.raw;
    const head = { method, url: place.behind, rawHeaders, host: byName.host ?? null };
    const original = readOriginal(gate.adapter, door, head);
    if ('why' in original) throw new Problem('request_ambiguous', original.why);
    return this.judge({ ...arrival, original, body: () => this.bodyAt(door, gate, head, request) });
  }

  private async judge(arrival: Arrival): Promise<void> {
    const { original, rules, gate } = arrival;
    if (hasPath(gate.upstream) && mayClimb(original.path))
      throw new Problem('request_ambiguous', 'the path may lead above the path of the upstream');
    const verdict = judgeHead(rules.actions, original);
    switch (verdict.kind) {
      case 'refused':
        throw new Problem('request_ambiguous', verdict.why);
      case 'free':
        return verdict.mayHide && mayBeForm(original) ? this.look(arrival) : this.letPass(arrival, null);
      case 'named':
        return this.judgeNamed(arrival, verdict.matches);
    }
  }

  /** No action names the request itself, but its form could name another method, which an action names. */
  private async look(arrival: Arrival): Promise<void> {
    const body = await arrival.body();
    if (body === null) return this.answers.unseen(arrival.reply);
    const { original, rules } = arrival;
    const hidden = hiddenIn(original, body).find(
      (method) => judgeHead(rules.actions, { ...original, method }).kind !== 'free' || !/^[A-Z]/.test(method),
    );
    if (hidden !== undefined) throw hiding(hidden);
    return this.letPass(arrival, body);
  }

  private async judgeNamed(arrival: Arrival, matches: readonly Match[]): Promise<void> {
    const { gate, original, headers, told } = arrival;
    const caller = await this.callers.identify(gate, headers, told);
    // Another team's action names it, which says nothing here; its form could still name what is held here.
    if (chooseMatch(matches, caller.accCode) === null)
      return original.method === 'POST' && mayBeForm(original)
        ? this.look(arrival)
        : this.letPass(arrival, null);
    const body = await arrival.body();
    if (body === null) return this.answers.unseen(arrival.reply);
    const [hidden] = original.method === 'POST' ? hiddenIn(original, body) : [];
    if (hidden !== undefined) throw hiding(hidden);
    return this.conclude(arrival, body, await this.keeper.judge({ gate, original, matches, body, caller }));
  }

  private async conclude(arrival: Arrival, body: Buffer, judgement: Judgement): Promise<void> {
    const { door, original, reply } = arrival;
    switch (judgement.kind) {
      case 'free':
        return this.letPass(arrival, body);
      case 'held':
        return this.answers.held(door, judgement.held, reply);
      case 'pass':
        return this.letPassOnce(arrival, body, judgement.pass);
      case 'answered': {
        const { held, response } = judgement;
        if (door === 'check') return this.answers.executed(held, reply);
        if (door !== 'submit') return this.answers.kept(held, response, original.method, reply);
        const headers = keptHeaders(held, response, original.method);
        const bodyBase64 = response.body.toString('base64');
        const told = { status: response.status, headers, bodyBase64 };
        return this.answers.json(reply, 200, {
          status: 'executed',
          requestId: held.requestId,
          response: told,
        });
      }
    }
  }

  /** @param body what has been read of it, if anything has */
  private async letPass(arrival: Arrival, body: Buffer | null): Promise<void> {
    const { door, gate, reply } = arrival;
    if (door === 'submit') return this.answers.json(reply, 200, { status: 'free' });
    if (door === 'check') return void reply.status(200).header('cache-control', 'no-store').send();
    await this.passage.carry(arrival, gate.upstream, body);
  }

  private async letPassOnce(arrival: Arrival, body: Buffer, pass: Pass): Promise<void> {
    const { door, reply } = arrival;
    if (door === 'proxy' || door === 'hold') return this.carryOnce(arrival, body, pass);
    // Whoever asked sends it on, unseen by us: it is noted before they hear that they may.
    await pass.done({ status: null });
    void reply.header('x-approval-request-id', pass.requestId);
    if (door === 'submit')
      return this.answers.json(reply, 200, { status: 'pass', requestId: pass.requestId });
    void reply.status(200).header('cache-control', 'no-store').send();
  }

  private async carryOnce(arrival: Arrival, body: Buffer, pass: Pass): Promise<void> {
    let outcome: { readonly status: number } | Error;
    try {
      outcome = { status: await this.passage.carry(arrival, pass.upstream, body, pass.headers) };
    } catch (error) {
      outcome = error instanceof Error ? error : new Error('the exchange broke off');
    }
    await pass.done(outcome);
    if (outcome instanceof Error) throw outcome;
  }

  /**
   * What an authorizer was given of the body. nginx never sends it along; others do when they are told to, and one without a body is known
   * by what the proxy tells of it.
   */
  private async bodyAt(
    door: Door,
    gate: GateRule,
    head: RawHead,
    { raw }: FastifyRequest,
  ): Promise<Buffer | null> {
    const brought = door !== 'check' || (gate.adapter !== 'nginx' && hasBody(raw));
    if (brought) return readBody(raw, this.config.gate.bodyLimit);
    return isBodiless(gate.adapter, head, gate.forwardsBody) ? Buffer.alloc(0) : null;
  }

  private async refuse(
    door: Door | null,
    error: unknown,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    // The head of an answer is out, or nobody is there to read one: the connection has been ended, which says all.
    if (reply.sent || error instanceof SenderGone) {
      this.logger.debug({ err: error, reqId: request.id }, 'a request broke off');
      if (!reply.sent) reply.hijack();
      reply.raw.destroy();
      return;
    }
    const problem = toProblem(error);
    if (problem.status >= 500) {
      const cause = problem.code === 'internal_error' ? error : problem.more.cause;
      this.logger.error({ err: cause, reqId: request.id }, problem.detail);
    }
    if (problem.code === 'internal_error') this.alarm.broken(error, brokenBy(request));
    await drained(request.raw);
    const closed = door === 'check' && problem.status < 500 && ![401, 404].includes(problem.status);
    if (closed) return this.answers.refused(problem.code, problem.detail, reply);
    sendProblem(problem, request, reply);
  }
}

/** Whether something stands before the paths of requests. */
const hasPath = (upstream: string | null): boolean => upstream !== null && new URL(upstream).pathname !== '/';

/** Everything that a request says of its content's type, however often. */
const contentTypeOf = ({ headers }: OriginalRequest): string | null => {
  const types = valuesOf(headers, 'content-type');
  return types.length === 0 ? null : types.join(', ');
};

/** The types in which frameworks look for a method; without any, some take a body for a form. */
const mayBeForm = (original: OriginalRequest): boolean =>
  /urlencoded|multipart|json|^$/i.test(contentTypeOf(original) ?? '');

const hiddenIn = (original: OriginalRequest, body: Buffer): readonly string[] =>
  hiddenMethods(contentTypeOf(original), body).filter(
    (method) => isMethod(method) && method !== original.method,
  );

const hiding = (method: string): Problem =>
  new Problem('request_ambiguous', `the body names the method ${method} beside the request's own`);
