import { Injectable } from '@nestjs/common';
import { settle } from '../../database/settle.js';
import { wholeSecond } from '../../database/dialect.js';
import type { Sql, Tx } from '../../database/sql.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { DirectorySearchService, SearchRefused } from '../../directory/directory-search.service.js';
import {
  type PersonRecord,
  PersonRecordsService,
  platformRole,
} from '../../directory/person-records.service.js';
import { notFound, Problem } from '../../http/problem.js';
import { Clock } from '../../runtime/clock.js';
import { type Keeper, scopesLeft } from '../keeper.js';

import { conditionOf } from './scim.filter.js';
import { operationsOf, patched } from './scim.patch.js';
import { outdated, refused, taken } from './scim.problem.js';
import { isShown, listQueryOf, projected, type RawQuery, shownOf } from './scim.query.js';
import { listOf, type ScimList } from './scim.list.js';
import {
  patchable,
  personPatched,
  type PersonTold,
  personTold,
  renamed,
  userShown,
  versionOf,
} from './scim-user.mapping.js';

export const usersAtOnce = 200;
/** Who keeps a row that SCIM has written. */
export const scimSource = 'scim';

/** How a request is to be answered, and on which condition it is to be carried out. */
export interface ScimCall {
  readonly keeper: Keeper;
  /** What stands before paths in answers: scheme and host. */
  readonly base: string;
  readonly query: RawQuery;
  /** `If-Match` */
  readonly ifMatch?: string | undefined;
}

/** SCIM's Users: people of the directory (RFC 7643, 4.1). Their id is their code, and so is their userName. */
@Injectable()
export class ScimUsersService {
  constructor(
    private readonly people: PersonRecordsService,
    private readonly search: DirectorySearchService,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** @throws ScimProblem 400 */
  async list(call: ScimCall): Promise<ScimList> {
    const { filter, startIndex, count } = listQueryOf(call.query, usersAtOnce);
    const shown = shownOf('User', call.query);
    const { total, rows } = await this.search
      .people(call.keeper.sight, conditionOf('User', filter), { skip: startIndex - 1, take: count })
      .catch(asInvalidFilter);
    const codes = rows.map((row) => row.userCode);
    const groups = isShown(shown, 'groups')
      ? await this.search.gathering(call.keeper.sight, codes)
      : new Map();
    const resources = rows.map((row) =>
      projected('User', userShown(call.base, row, groups.get(row.userCode) ?? []), shown),
    );
    return listOf(total, startIndex, resources);
  }

  /** @throws Problem 404 */
  async get(call: ScimCall, id: string): Promise<Record<string, unknown>> {
    const row = (await this.people.find([id])).get(id);
    if (!row || !isSeen(call.keeper, row)) throw notFound(`user ${id}`);
    return this.answer(call, row);
  }

  /** @throws ScimProblem 409 when somebody has the code, in whatever team; 400; Problem 403 */
  async create(call: ScimCall, body: object): Promise<Record<string, unknown>> {
    const told = personTold(body);
    return this.unitOfWork.run(async (tx) => {
      const held = (await this.people.hold(tx, [told.userCode])).get(told.userCode) ?? null;
      const gone = held?.removed === 1 && isOwn(call.keeper, held) ? held : null;
      if (held && !gone) throw taken(`userName ${told.userCode} is taken`);
      const now = wholeSecond(this.clock.now());
      const row: PersonRecord = {
        ...this.rowOf(call.keeper, gone, told),
        accCode: call.keeper.team,
        active: Number(told.active ?? true),
        createTime: gone?.createTime ?? now,
      };
      await this.people.write(tx, [{ before: gone, after: row }]);
      return this.answer(call, row, tx);
    });
  }

  /** @throws Problem 404; ScimProblem 400, 412; Problem 403 */
  replace(call: ScimCall, id: string, body: object): Promise<Record<string, unknown>> {
    const told = personTold(body);
    if (told.userCode !== id) throw renamed();
    return this.change(call, id, () => told);
  }

  /** @throws Problem 404; ScimProblem 400, 412; Problem 403 */
  patch(call: ScimCall, id: string, body: object): Promise<Record<string, unknown>> {
    const operations = operationsOf('User', body);
    return this.change(call, id, (row) => personPatched(row, patched('User', patchable(row), operations)));
  }

  /**
   * Deletes a person for SCIM: 404 from then on, and made anew by a POST. The directory keeps the row, inactive, without
   * groups and roles, because somebody whom it does not list counts as active (ADR 0021).
   * @throws Problem 404; ScimProblem 412
   */
  async remove(call: ScimCall, id: string): Promise<void> {
    await this.unitOfWork.run(async (tx) => {
      const before = await this.held(tx, call, id);
      const after: PersonRecord = {
        ...before,
        active: 0,
        roles: '',
        removed: 1,
        source: scimSource,
        updateTime: wholeSecond(this.clock.now()),
      };
      await this.people.write(tx, [{ before, after, leaves: scopesLeft(call.keeper) }]);
    });
  }

  private change(
    call: ScimCall,
    id: string,
    toldOf: (row: PersonRecord) => PersonTold,
  ): Promise<Record<string, unknown>> {
    return settle(() =>
      this.unitOfWork.run(async (tx) => {
        const before = await this.held(tx, call, id);
        const after = this.rowOf(call.keeper, before, toldOf(before));
        await this.people.write(tx, [{ before, after }]);
        return this.answer(call, after, tx);
      }),
    );
  }

  private async held(tx: Tx, { keeper, ifMatch }: ScimCall, id: string): Promise<PersonRecord> {
    const row = (await this.people.hold(tx, [id])).get(id);
    if (!row || !isSeen(keeper, row)) throw notFound(`user ${id}`);
    if (!matches(ifMatch, versionOf(row))) throw outdated();
    return row;
  }

  private rowOf(keeper: Keeper, before: PersonRecord | null, told: PersonTold): PersonRecord {
    const now = wholeSecond(this.clock.now());
    return {
      userCode: told.userCode,
      name: told.name,
      accCode: before?.accCode ?? keeper.team,
      department: told.department === undefined ? (before?.department ?? null) : told.department,
      email: told.email,
      roles: rolesGiven(keeper, before, told.roles).join(','),
      active: told.active === undefined ? (before?.active ?? 1) : Number(told.active),
      source: scimSource,
      externalId: told.externalId === undefined ? (before?.externalId ?? null) : told.externalId,
      removed: 0,
      createTime: before?.createTime ?? now,
      updateTime: now,
    };
  }

  private async answer({ keeper, base, query }: ScimCall, row: PersonRecord, sql?: Sql) {
    const groups = await this.search.gathering(keeper.sight, [row.userCode], sql);
    return projected('User', userShown(base, row, groups.get(row.userCode) ?? []), shownOf('User', query));
  }
}

/** Whether a row is of the keeper's, deleted or not. */
const isOwn = ({ sight }: Keeper, row: PersonRecord): boolean =>
  sight === 'all' || (row.accCode !== null && sight.includes(row.accCode));

/** Whether a person exists for a keeper. */
export const isSeen = (keeper: Keeper, row: PersonRecord): boolean => row.removed === 0 && isOwn(keeper, row);

/** Whether a condition of RFC 9110, 13.1.1 holds; weak tags are compared as they are. */
export const matches = (ifMatch: string | undefined, version: string): boolean =>
  ifMatch === undefined || ifMatch.trim() === '*' || ifMatch.split(',').some((tag) => tag.trim() === version);

/** @throws ScimProblem 400 invalidFilter for comparisons that a field does not have */
export function asInvalidFilter(error: unknown): never {
  if (error instanceof SearchRefused) throw refused('invalidFilter', error.message);
  throw error;
}

/**
 * The roles from now on. Only who keeps the installation gives and takes the platform's.
 * @throws Problem 403
 */
function rolesGiven(
  { team }: Keeper,
  before: PersonRecord | null,
  given: readonly string[] | undefined,
): readonly string[] {
  const had = before === null || before.roles === '' ? [] : before.roles.split(',');
  if (given === undefined || team === null) return given ?? had;
  if (had.includes(platformRole)) return given.includes(platformRole) ? given : [...given, platformRole];
  if (!given.includes(platformRole)) return given;
  throw new Problem('forbidden', `only who keeps the whole installation gives the role ${platformRole}`);
}
