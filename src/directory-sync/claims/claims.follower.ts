import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { UserPrincipal } from '../../auth/principal.js';
import { type Claims, TokenClaims } from '../../auth/token-claims.port.js';
import { CONFIG, type Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { wholeSecond } from '../../database/dialect.js';
import { settle } from '../../database/settle.js';
import type { Sql, Tx } from '../../database/sql.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { GroupRecordsService } from '../../directory/group-records.service.js';
import { type PersonRecord, PersonRecordsService } from '../../directory/person-records.service.js';
import { Clock } from '../../runtime/clock.js';
import { type ClaimsTold, toldBy } from './claims.told.js';

/** Who keeps the rows and memberships that come from tokens. */
const claimsSource = 'claims';
/** People whose claims are remembered, in each process for itself. */
const mostRemembered = 10_000;
/** How long claims that could not be followed are left alone, in milliseconds. */
const pauseAfterFailure = 60_000;

/**
 * Lets the directory follow what people's tokens say, when settings name the claims (AUTH_CLAIM_…). What was followed is
 * remembered, so a request costs nothing as long as the claims stay the same.
 *
 * A token speaks for the directory of its own team alone: somebody who is listed elsewhere, or whose row SCIM or an import
 * keeps, stays as they are. System administrators have no team and are not listed: without one they would count in all.
 */
@Injectable()
export class ClaimsFollower implements OnModuleInit {
  private readonly followed = new Map<string, { readonly told: string; readonly until: number }>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly tokens: TokenClaims,
    private readonly people: PersonRecordsService,
    private readonly groups: GroupRecordsService,
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    const names = this.config.auth.claims;
    if (Object.values(names).every((name) => name === null)) return;
    this.tokens.register((principal, claims) => this.follow(principal, claims));
  }

  private async follow(principal: UserPrincipal, claims: Claims): Promise<void> {
    const { userCode, accCode: team } = principal;
    if (team === null) return;
    const told = toldBy(claims, this.config.auth.claims);
    const [key, text] = [`${team},${userCode}`, JSON.stringify(told)];
    const now = this.clock.now().getTime();
    const known = this.followed.get(key);
    if (known?.told === text && now < known.until) return;
    // Before anything is asked: those who come at the same time need not do the same.
    this.remember(key, text, now + pauseAfterFailure);
    if ((await this.difference(this.database, team, userCode, told)) !== null) {
      await settle(() => this.unitOfWork.run((tx) => this.write(tx, team, userCode, told)));
    }
    this.remember(key, text, Infinity);
  }

  private remember(key: string, told: string, until: number): void {
    this.followed.delete(key);
    const [oldest] = this.followed.keys();
    if (this.followed.size >= mostRemembered && oldest !== undefined) this.followed.delete(oldest);
    this.followed.set(key, { told, until });
  }

  private async write(tx: Tx, team: string, userCode: string, told: ClaimsTold): Promise<void> {
    await this.people.hold(tx, [userCode]);
    const difference = await this.difference(tx, team, userCode, told);
    if (difference === null) return;
    const { before, after, joining, leaving } = difference;
    if (after !== null) await this.people.write(tx, [{ before, after }]);
    for (const code of joining) {
      await this.groups.changeMembers(tx, { scope: team, code }, [userCode], [], claimsSource);
    }
    for (const code of leaving) await this.groups.changeMembers(tx, { scope: team, code }, [], [userCode]);
  }

  /** What is to be written; null: nothing. */
  private async difference(sql: Sql, team: string, userCode: string, told: ClaimsTold) {
    const before = (await this.people.find([userCode], sql)).get(userCode) ?? null;
    if (before && (before.accCode !== team || (before.source ?? claimsSource) !== claimsSource)) return null;
    const after = this.rowOf(before, team, userCode, told);
    const joined = told.groups === undefined ? [] : await this.groups.joinedBy(sql, claimsSource, userCode);
    const were = joined.filter(({ scope }) => scope === team).map(({ code }) => code);
    const joining = await this.groups.openTo(sql, team, told.groups ?? [], [claimsSource], userCode);
    const leaving = told.groups === undefined ? [] : were.filter((code) => !told.groups?.includes(code));
    const isSame = after === null && joining.length === 0 && leaving.length === 0;
    return isSame ? null : { before, after, joining, leaving };
  }

  /** Null: the row says so already. */
  private rowOf(
    before: PersonRecord | null,
    team: string,
    userCode: string,
    told: ClaimsTold,
  ): PersonRecord | null {
    const now = wholeSecond(this.clock.now());
    const said = {
      name: told.name ?? before?.name ?? userCode,
      email: told.email ?? before?.email ?? null,
      department: told.department ?? before?.department ?? null,
    };
    const { name, email, department } = said;
    if (before?.name === name && before.email === email && before.department === department) return null;
    return {
      userCode,
      accCode: team,
      ...said,
      roles: before?.roles ?? '',
      active: before?.active ?? 1,
      source: before === null ? claimsSource : before.source,
      externalId: before?.externalId ?? null,
      removed: 0,
      createTime: before?.createTime ?? now,
      updateTime: now,
    };
  }
}
