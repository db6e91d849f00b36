import { Injectable } from '@nestjs/common';
import { isSystemAdmin, teamOf, type UserPrincipal } from '../../auth/principal.js';
import { platform } from '../../auth/sight.js';
import { wholeSecond } from '../../database/dialect.js';
import type { Sql, Tx } from '../../database/sql.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { type Page, pageOf, windowOf } from '../../http/pagination.js';
import { type FieldError, notFound, Problem } from '../../http/problem.js';
import { Clock } from '../../runtime/clock.js';
import type { ProviderOwner } from '../providers.dto.js';
import { ProvidersRepository, visibleFrom } from '../providers.repository.js';
import type {
  IdentitiesSaved,
  IdentityGiven,
  IdentityView,
  ListIdentities,
  PutIdentities,
  PutIdentity,
} from './identities.dto.js';
import { IdentitiesRepository, type PeopleSeen } from './identities.repository.js';
import type { IdentityRow } from './identity.entity.js';

/** A provider, and whose identities there the caller has in hand. */
interface Reach {
  readonly providerId: string;
  readonly seen: PeopleSeen;
}

/** What becomes of one entry: its row, and the one in its place before. */
interface Change {
  readonly row: IdentityRow;
  readonly before: IdentityRow | null;
}

/**
 * Who people are at providers, as administrators say it. Whoever somebody is there decides as that person here, so this is
 * a power like that over the provider itself: who may change it says it of anybody. With a provider of the platform, which
 * serves all teams, a team's administrator has the people whom the directory lists in that very team, and no others.
 */
@Injectable()
export class IdentitySettingsService {
  constructor(
    private readonly identities: IdentitiesRepository,
    private readonly providers: ProvidersRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** @throws Problem 404 for a provider or a person that the caller does not have; 409 already_exists for somebody else's id */
  put(
    principal: UserPrincipal,
    code: string,
    owner: ProviderOwner,
    userCode: string,
    { externalId }: PutIdentity,
  ): Promise<IdentityView> {
    return this.unitOfWork.run(async (tx) => {
      const [change] = await this.save(
        tx,
        principal,
        code,
        owner,
        [{ userCode, externalId }],
        () => 'externalId',
      );
      if (!change) throw new Error('an identity was neither saved nor refused');
      return toView(change.row);
    });
  }

  /** All or nothing. @throws Problem as {@link put}, and 400 for a person or an id twice; each names the entries */
  putAll(
    principal: UserPrincipal,
    code: string,
    owner: ProviderOwner,
    { identities }: PutIdentities,
  ): Promise<IdentitiesSaved> {
    refuseTwice(identities);
    return this.unitOfWork.run(async (tx) => {
      const changes = await this.save(
        tx,
        principal,
        code,
        owner,
        identities,
        (index, field) => `identities[${index}].${field}`,
      );
      const created = changes.filter(({ before }) => before === null).length;
      const unchanged = changes.filter(({ row, before }) => before?.externalId === row.externalId).length;
      return { created, changed: changes.length - created - unchanged, unchanged };
    });
  }

  /** @throws Problem 404 */
  async list(principal: UserPrincipal, code: string, query: ListIdentities): Promise<Page<IdentityView>> {
    const { providerId, seen } = await this.reach(principal, code, query);
    const window = windowOf(query);
    const rows = await this.identities.list(providerId, seen, query.externalId, window);
    return pageOf(rows, window, (row) => row.userCode, toView);
  }

  /** @throws Problem 404 */
  async get(
    principal: UserPrincipal,
    code: string,
    owner: ProviderOwner,
    userCode: string,
  ): Promise<IdentityView> {
    const { providerId, seen } = await this.reach(principal, code, owner);
    const row = await this.identities.find(providerId, seen, userCode);
    if (!row) throw unknown(userCode, code);
    return toView(row);
  }

  /** @throws Problem 404 */
  async remove(
    principal: UserPrincipal,
    code: string,
    owner: ProviderOwner,
    userCode: string,
  ): Promise<void> {
    await this.unitOfWork.run(async (tx) => {
      const { providerId, seen } = await this.locked(tx, principal, code, owner);
      const row = await this.identities.find(providerId, seen, userCode, tx);
      if (!row) throw unknown(userCode, code);
      await this.identities.delete(tx, providerId, [userCode]);
    });
  }

  /** @param fieldOf how errors name a field of an entry */
  private async save(
    tx: Tx,
    principal: UserPrincipal,
    code: string,
    owner: ProviderOwner,
    given: readonly IdentityGiven[],
    fieldOf: (index: number, field: 'userCode' | 'externalId') => string,
  ): Promise<Change[]> {
    const { providerId, seen } = await this.locked(tx, principal, code, owner);
    await this.refuseStrangers(tx, seen, given, fieldOf);
    const concerned = await this.identities.concerned(tx, providerId, given);
    refuseTaken(concerned, given, fieldOf);
    const before = new Map(concerned.map((row) => [row.userCode, row]));
    const now = wholeSecond(this.clock.now());
    const changes = given.map(({ userCode, externalId }): Change => {
      const had = before.get(userCode) ?? null;
      const row = { providerId, userCode, externalId, createTime: had?.createTime ?? now, updateTime: now };
      return had?.externalId === externalId ? { row: had, before: had } : { row, before: had };
    });
    const changed = changes.filter(({ row, before: had }) => row !== had).map(({ row }) => row);
    if (changed.length > 0) await this.identities.replace(tx, providerId, changed);
    return changes;
  }

  /** Somebody of another team does not exist, nor does somebody whom the directory does not list in the own one. */
  private async refuseStrangers(
    tx: Tx,
    seen: PeopleSeen,
    given: readonly IdentityGiven[],
    fieldOf: (index: number, field: 'userCode') => string,
  ): Promise<void> {
    if (seen === 'all') return;
    const listed = await this.identities.listed(
      tx,
      seen.team,
      given.map(({ userCode }) => userCode),
    );
    const errors = given.flatMap(({ userCode }, index): FieldError[] =>
      listed.has(userCode)
        ? []
        : [{ field: fieldOf(index, 'userCode'), message: `${userCode} does not exist` }],
    );
    const [first] = errors;
    if (first) throw new Problem('not_found', `in team ${seen.team}, user ${first.message}`, { errors });
  }

  private async reach(
    principal: UserPrincipal,
    code: string,
    owner: ProviderOwner,
    sql?: Sql,
  ): Promise<Reach> {
    const team = teamOf(principal, owner.accCode) ?? platform;
    const row = await this.providers.find(isSystemAdmin(principal) ? [team] : visibleFrom(team), code, sql);
    if (!row) throw notFound(`provider ${code}`);
    const seen = row.scope === platform && !isSystemAdmin(principal) ? { team } : 'all';
    return { providerId: row.id, seen };
  }

  /** The same, with the provider locked: who says something of its people waits for whoever does, and for its end. */
  private async locked(tx: Tx, principal: UserPrincipal, code: string, owner: ProviderOwner): Promise<Reach> {
    await this.providers.lock(tx, visibleFrom(teamOf(principal, owner.accCode) ?? platform), code);
    return this.reach(principal, code, owner, tx);
  }
}

const unknown = (userCode: string, code: string): Problem =>
  notFound(`an identity of ${userCode} at provider ${code}`);

/** @throws Problem 400 naming every entry with a person or an id that stands in an earlier one */
function refuseTwice(given: readonly IdentityGiven[]): void {
  const errors: FieldError[] = [];
  for (const field of ['userCode', 'externalId'] as const) {
    const first = new Map<string, number>();
    for (const [index, entry] of given.entries()) {
      const earlier = first.get(entry[field]);
      if (earlier === undefined) first.set(entry[field], index);
      else errors.push({ field: `identities[${index}].${field}`, message: `stands in entry ${earlier} too` });
    }
  }
  if (errors.length > 0) {
    throw new Problem('validation_failed', `${errors[0]?.field} ${errors[0]?.message}`, { errors });
  }
}

/** @throws Problem 409 for ids of people who are not among the entries; it does not say whose they are */
function refuseTaken(
  concerned: readonly IdentityRow[],
  given: readonly IdentityGiven[],
  fieldOf: (index: number, field: 'externalId') => string,
): void {
  const named = new Set(given.map(({ userCode }) => userCode));
  const taken = new Set(
    concerned.filter(({ userCode }) => !named.has(userCode)).map(({ externalId }) => externalId),
  );
  const errors = given.flatMap(({ externalId }, index): FieldError[] =>
    taken.has(externalId)
      ? [{ field: fieldOf(index, 'externalId'), message: `${externalId} is another person's` }]
      : [],
  );
  const [first] = errors;
  if (first) throw new Problem('already_exists', first.message, { errors });
}

const toView = ({ userCode, externalId, createTime, updateTime }: IdentityRow): IdentityView => ({
  userCode,
  externalId,
  createTime,
  updateTime,
});
