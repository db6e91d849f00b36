import { createHash } from 'node:crypto';
import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  Logger,
  type NestInterceptor,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  SetMetadata,
} from '@nestjs/common';
import { HTTP_CODE_METADATA } from '@nestjs/common/constants.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { DatabaseUnavailable } from '../database/errors.js';
import { UnitOfWork, withCommitHook } from '../database/unit-of-work.js';
import { IdempotencyStore, type KeyedRequest } from './idempotency.store.js';
import { invalid } from './problem.js';

const secretAnswer = Symbol('secret answer');

/** Marks a POST whose answer shows a secret once: a stored copy of it is sealed. */
export const SecretAnswer = () => SetMetadata(secretAnswer, true);

/** Tells whose request it is; the auth room sets it, this room knows no principals. */
export type CredentialOfRequest = (request: FastifyRequest) => string | null;

/**
 * Idempotency-Key on every POST: the answer is stored by the transaction that it reports on, through the unit of
 * work's commit hook, so that after a crash there is either both or neither. A handler therefore runs one transaction
 * and answers with its result.
 */
@Injectable()
export class IdempotencyInterceptor
  implements NestInterceptor, OnApplicationBootstrap, OnApplicationShutdown
{
  private readonly logger = new Logger('idempotency');
  private sweeper: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: IdempotencyStore,
    private readonly unitOfWork: UnitOfWork,
    private readonly credentialOf: CredentialOfRequest,
  ) {}

  onApplicationBootstrap(): void {
    this.sweeper = setInterval(
      () => {
        this.store
          .forgetOld()
          .catch((error: unknown) => this.logger.warn({ err: error }, 'old keys stay for now'));
      },
      60 * 60 * 1000,
    ).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.sweeper);
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const key = request.headers['idempotency-key'];
    const principal = this.credentialOf(request);
    if (request.method !== 'POST' || key === undefined || principal === null) return next.handle();
    if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
      throw invalid('Idempotency-Key', 'must be 1 to 255 visible ASCII characters');
    }
    const body = JSON.stringify(request.body ?? null);
    const fingerprint = createHash('sha256')
      .update(`${request.method} ${request.url}\n${body}`)
      .digest('hex');
    return from(this.once({ principal, key, fingerprint }, context, next));
  }

  private async once(request: KeyedRequest, context: ExecutionContext, next: CallHandler): Promise<unknown> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const reservation = await this.store.reserve(request);
    if (reservation.kind === 'answered') {
      reply.header('idempotent-replayed', 'true').status(reservation.status);
      return reservation.answer;
    }
    const { token } = reservation;
    const handler = context.getHandler();
    const status = (Reflect.getMetadata(HTTP_CODE_METADATA, handler) as number | undefined) ?? 201;
    const secret = Reflect.getMetadata(secretAnswer, handler) === true;
    let stored = false;
    try {
      const answer: unknown = await withCommitHook(
        async (tx, result) => {
          await this.store.complete(tx, request, token, status, result, secret);
          stored = true;
        },
        () => lastValueFrom(next.handle()),
      );
      if (!stored)
        await this.unitOfWork.run((tx) => this.store.complete(tx, request, token, status, answer, secret));
      return answer;
    } catch (error) {
      // With an unknown outcome the record stays: whether it holds an answer tells the next try what happened.
      const unknown = error instanceof DatabaseUnavailable && error.outcomeUnknown;
      if (!unknown) await this.store.release(request, token).catch(() => undefined);
      throw error;
    }
  }
}
