import {
  type CallHandler,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { map, type Observable } from 'rxjs';
import type { AuthenticatedRequest } from '../../auth/permit.js';
import { keeperOf } from '../keeper.js';
import type { RawQuery } from './scim.query.js';
import type { ScimCall } from './scim-users.service.js';

/** Who calls, for what, and under which address they reach the service. */
export const Call = createParamDecorator((_data: unknown, context: ExecutionContext): ScimCall => {
  const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!request.principal) throw new Error('a public route has no caller');
  return {
    keeper: keeperOf(request.principal),
    base: `${request.protocol}://${request.host}`,
    query: request.query as RawQuery,
    ifMatch: request.headers['if-match'],
  };
});

/** The headers that a resource brings: its entity tag, and of a new one its place. 304 for who has it already. */
@Injectable()
export class ResourceHeaders implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<AuthenticatedRequest>();
    const reply = http.getResponse<FastifyReply>();
    return next.handle().pipe(
      map((answer: unknown) => {
        const { version, location } = (answer as { meta?: Headers } | undefined)?.meta ?? {};
        if (version !== undefined) reply.header('etag', version);
        if (location !== undefined && request.method === 'POST') reply.header('location', location);
        const known = request.headers['if-none-match'];
        if (request.method !== 'GET' || version === undefined || known === undefined) return answer;
        if (!known.split(',').some((tag) => tag.trim() === version)) return answer;
        reply.status(304);
        return undefined;
      }),
    );
  }
}

interface Headers {
  readonly version?: string;
  readonly location?: string;
}
