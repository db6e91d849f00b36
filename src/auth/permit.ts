import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Principal } from './principal.js';

/**
 * Who may call a route. `member`: every person of a team, and system administrators; `team_admin`: administrators of a
 * team, and system administrators; `system_admin`; `service`: API keys that act for business
 * modules; `directory`: API keys that keep the directory, also as bearer tokens; `signed`: messages with a signature of
 * Standard Webhooks in place of a credential, for the handler to check, who knows whose secret counts. `public`: everybody,
 * without credentials.
 */
export type Policy = 'public' | 'member' | 'team_admin' | 'system_admin' | 'service' | 'directory' | 'signed';

const key = Symbol('policy');

/** Declares who may call a route or all routes of a controller. A route without it stops the start. */
export const Permit = (...policies: [Policy, ...Policy[]]) => SetMetadata(key, policies);

/** The declared policies of a handler, or else of its controller; undefined when nothing is declared. */
export const policiesOf = (handler: object, controller: object): readonly Policy[] | undefined =>
  (Reflect.getMetadata(key, handler) ?? Reflect.getMetadata(key, controller)) as
    readonly Policy[] | undefined;

export interface AuthenticatedRequest extends FastifyRequest {
  principal?: Principal;
}

/** The caller, in a handler's parameters. */
export const Caller = createParamDecorator((_data: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!principal) throw new Error('a public route has no caller');
  return principal;
});
