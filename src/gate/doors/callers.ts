import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../../auth/principal.js';
import { isPersonCode, TokenVerifier, unauthenticated, userCodePattern } from '../../auth/token.verifier.js';
import { Problem } from '../../http/problem.js';
import { type HeaderFields, valuesOf } from '../reading/original.js';
import type { GateRule } from '../rules.js';

/** Who the caller is, as a submission tells it in its body. */
export interface Told {
  readonly userCode?: string | undefined;
  readonly accCode?: string | undefined;
}

/** Finds out who sends a request that an action names. */
@Injectable()
export class Callers {
  constructor(private readonly tokens: TokenVerifier) {}

  /**
   * By the caller's own bearer token, or by the word of a proxy that has shown the gate's secret (`place.ts`).
   * @param headers of the request that came to the door
   * @param told what a submission says of its caller; it then counts instead of headers
   * @throws Problem 401 when that is not known; 403 when the caller is not of the gate's team. A system administrator is of no team,
   *   and could pass by a team's actions: they do not come through a team's gate.
   */
  async identify(gate: GateRule, headers: HeaderFields, told?: Told): Promise<UserPrincipal> {
    const caller =
      gate.identity === 'token' ? await this.byToken(headers) : byWord(gate, wordOf(gate, headers, told));
    if (gate.scope !== '' && caller.accCode !== gate.scope) {
      throw new Problem('forbidden', 'this gate is for the people of another team');
    }
    return caller;
  }

  private byToken(headers: HeaderFields): Promise<UserPrincipal> {
    const given = valuesOf(headers, 'authorization');
    const [, token] = /^Bearer ([^\s]+)$/i.exec(given[0] ?? '') ?? [];
    if (given.length !== 1 || token === undefined)
      throw unauthenticated('send Authorization: Bearer <token>');
    return this.tokens.verify(token);
  }
}

/** What a proxy or a submission says; null for what it does not say, or says twice. */
interface Word {
  readonly user: string | null;
  readonly team: string | null;
}

const wordOf = (gate: GateRule, headers: HeaderFields, told: Told | undefined): Word =>
  told === undefined
    ? { user: only(headers, gate.userHeader), team: only(headers, gate.teamHeader) }
    : { user: told.userCode ?? null, team: told.accCode ?? null };

function byWord(gate: GateRule, { user, team }: Word): UserPrincipal {
  if (!isPersonCode(user)) {
    throw unauthenticated('the proxy does not say who the caller is');
  }
  // A team's gate knows the team; where the proxy says it too, it has to be the same.
  const accCode = team ?? (gate.scope === '' ? null : gate.scope);
  if (accCode === null || !userCodePattern.test(accCode)) {
    throw unauthenticated("the proxy does not say which team is the caller's");
  }
  return { kind: 'user', userCode: user, accCode, roles: [] };
}

/** The value of a header that has to come exactly once. @throws Problem 401 when it comes more often, or is not UTF-8 */
function only(headers: HeaderFields, name: string | null): string | null {
  if (name === null) return null;
  const values = valuesOf(headers, name);
  const [value] = values;
  if (value === undefined) return null;
  if (values.length > 1) throw unauthenticated(`the header ${name} comes more than once`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(value, 'latin1'));
  } catch {
    throw unauthenticated(`the header ${name} is not UTF-8`);
  }
}
