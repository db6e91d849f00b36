import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { classify, DatabaseUnavailable } from '../database/errors.js';
import { Alarm } from '../observability/alarm.js';
import { Problem, type ProblemCode } from './problem.js';
import { ProblemDialects } from './problem-dialect.port.js';

/**
 * The one place where errors become answers. What is not meant for the caller is logged with its cause and answered
 * as a blank 500.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  constructor(
    private readonly dialects: ProblemDialects,
    private readonly alarm: Alarm,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const problem = toProblem(error);
    if (problem.status >= 500) {
      this.logger.error(
        { err: problem.code === 'internal_error' ? error : problem.more.cause, reqId: request.id },
        problem.detail,
      );
    }
    if (problem.code === 'internal_error') this.alarm.broken(problem.more.cause ?? error, brokenBy(request));
    const dialect = this.dialects.of(request);
    if (dialect) dialect.send(problem, request, reply);
    else sendProblem(problem, request, reply);
  }
}

/** A request as the alarm tells of it. */
export const brokenBy = ({ id, method, routeOptions }: FastifyRequest) => ({
  id,
  method,
  route: routeOptions.url ?? 'none',
});

/** Writes a problem as `application/problem+json` (RFC 9457). */
export function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
  void reply
    .status(problem.status)
    .headers(problem.more.headers ?? {})
    .type('application/problem+json; charset=utf-8')
    .send(
      JSON.stringify({
        type: `urn:countersign:problem:${problem.code}`,
        title: problem.title,
        status: problem.status,
        detail: problem.detail,
        code: problem.code,
        instance: request.url.split('?', 1)[0],
        requestId: request.id,
        ...(problem.more.errors ? { errors: problem.more.errors } : {}),
      }),
    );
}

/** Maps whatever was thrown to the problem that the caller is told. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof DatabaseUnavailable) return unavailable(error);
  const status = statusOf(error);
  if (status !== null && status < 500) return fromStatus(status, error);
  switch (classify(error)) {
    case 'duplicate':
      return new Problem('already_exists', 'an object with this key already exists');
    case 'reference':
      return new Problem('in_use', 'the object is referred to, or refers to one that has gone');
    case 'conflict':
    case 'unreachable':
      return unavailable(error);
    default:
      return new Problem('internal_error', 'the request failed; the log has the cause under the request id', {
        cause: error,
      });
  }
}

function unavailable(error: unknown): Problem {
  const detail =
    error instanceof DatabaseUnavailable && error.outcomeUnknown
      ? 'the database was lost while committing: the change may have been made; read the object before you try again'
      : 'the database cannot serve the request now; try again';
  return new Problem('unavailable', detail, { headers: { 'retry-after': '1' }, cause: error });
}

const codeOfStatus: Readonly<Record<number, ProblemCode>> = {
  400: 'validation_failed',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  413: 'payload_too_large',
  // A path segment longer than any key can be.
  414: 'not_found',
  415: 'unsupported_media_type',
  429: 'rate_limited',
};

/** Errors of Nest (routes that do not exist) and of Fastify (bodies that cannot be read) carry a status. */
function statusOf(error: unknown): number | null {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : null;
}

function fromStatus(status: number, error: unknown): Problem {
  const code = codeOfStatus[status] ?? 'validation_failed';
  const message = error instanceof Error ? error.message : 'the request cannot be read';
  if (code !== 'validation_failed') return new Problem(code, message);
  return new Problem(code, message, { errors: [{ field: 'body', message }] });
}
