import { randomBytes } from 'node:crypto';
import type { LarkApp } from './lark-events.js';
import { failures, LarkFailure } from './lark-failure.js';

const idsOfPeople = 'contact:user.employee_id:readonly';

/** What lets an app in: tokens, and the scopes (权限) that were granted to it. */
export class LarkAccess {
  /** Seconds that a new token lives. */
  life = 7_200;
  /** How many were given out. */
  issued = 0;
  readonly scopes = new Set([
    'approval:approval',
    'approval:approval:readonly',
    'approval:definition',
    'im:message:send_as_bot',
    idsOfPeople,
  ]);
  /** The App Secret, as the console shows it now. */
  secret: string;
  private readonly tokens = new Map<string, number>();

  constructor(private readonly app: LarkApp) {
    this.secret = app.appSecret;
  }

  /** POST /auth/v3/tenant_access_token/internal. Errors come with HTTP 200 here. */
  issue(body: Readonly<Record<string, unknown>>): object {
    if (body.app_id !== this.app.appId) throw new LarkFailure(10003, 'invalid param', 200);
    if (body.app_secret !== this.secret) throw new LarkFailure(10014, 'app secret invalid', 200);
    const now = Date.now();
    // One that lives long enough is given once more.
    const known = [...this.tokens].find(([, until]) => until - now > 30 * 60 * 1000);
    const [token, until] = known ?? [`t-${randomBytes(16).toString('hex')}`, now + this.life * 1000];
    if (!known) {
      this.tokens.set(token, until);
      this.issued += 1;
    }
    return { tenant_access_token: token, expire: Math.floor((until - now) / 1000) };
  }

  /** Takes every token back, although its time is not up. */
  expire(): void {
    this.tokens.clear();
  }

  /** @throws LarkFailure 99991661 without a token, 99991663 with one that counts no more, 99991672 without any of the scopes */
  check(authorization: string | undefined, scopes: readonly string[]): void {
    const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
    if (token === undefined) throw failures.noToken();
    if ((this.tokens.get(token) ?? 0) <= Date.now()) throw failures.badToken();
    if (scopes.length > 0 && !scopes.some((scope) => this.scopes.has(scope))) throw failures.scope(scopes);
  }

  /** Whether answers name user ids; without that scope they name open ids only. */
  get namesUserIds(): boolean {
    return this.scopes.has(idsOfPeople);
  }
}
