import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Problem } from '../http/problem.js';
import { type AuthenticatedRequest, policiesOf, type Policy } from './permit.js';
import { isSystemAdmin, isTeamAdmin, type Principal } from './principal.js';
import { ServiceAccounts } from './service-account.port.js';
import { TokenVerifier, unauthenticated } from './token.verifier.js';

/** Denies by default: no declared policy, no answer; no credential, 401; the wrong one, 403. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly tokens: TokenVerifier,
    private readonly accounts: ServiceAccounts,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const policies = policiesOf(context.getHandler(), context.getClass());
    if (!policies) throw new Problem('forbidden', 'this route declares nobody who may call it');
    if (policies.includes('public')) return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (policies.includes('signed') && isSigned(request)) return true;
    request.principal = await this.identify(request, policies);
    if (!policies.some((policy) => meets(policy, request.principal as Principal))) {
      throw new Problem('forbidden', `this call needs one of: ${policies.join(', ')}`);
    }
    return true;
  }

  private async identify(request: AuthenticatedRequest, policies: readonly Policy[]): Promise<Principal> {
    const { authorization } = request.headers;
    const apiKey = request.headers['x-api-key'];
    if (authorization !== undefined && apiKey !== undefined) {
      throw unauthenticated('send a bearer token or an API key, not both');
    }
    if (typeof apiKey === 'string') return this.account(apiKey);
    const token = /^Bearer ([^\s]+)$/i.exec(authorization ?? '')?.[1];
    if (!token) throw unauthenticated('send Authorization: Bearer <token>, or X-API-Key');
    // Identity providers know no other way to send what they call a secret token.
    if (policies.includes('directory') && token.startsWith('csk_')) return this.account(token);
    return this.tokens.verify(token);
  }

  private async account(apiKey: string): Promise<Principal> {
    const account = await this.accounts.find(apiKey);
    if (account) return account;
    throw unauthenticated('the API key is not valid');
  }
}

/** Whether a message bears a signature in place of a credential. Nobody knows yet whether it is right. */
const isSigned = ({ headers }: AuthenticatedRequest): boolean =>
  headers['webhook-signature'] !== undefined &&
  headers.authorization === undefined &&
  headers['x-api-key'] === undefined;

function meets(policy: Policy, principal: Principal): boolean {
  switch (policy) {
    case 'public':
      return true;
    case 'signed':
      return false;
    case 'member':
      return principal.kind === 'user';
    case 'team_admin':
      return isTeamAdmin(principal) || isSystemAdmin(principal);
    case 'system_admin':
      return isSystemAdmin(principal);
    case 'service':
      return principal.kind === 'service' && !principal.directory;
    case 'directory':
      return principal.kind === 'service' && principal.directory;
  }
}
