import { Injectable } from '@nestjs/common';
import { wholeSecond } from '../../database/dialect.js';
import type { Tx } from '../../database/sql.js';
import { type CollectionKey, DirectorySearchService } from '../../directory/directory-search.service.js';
import { GroupRecordsService } from '../../directory/group-records.service.js';
import { type PersonRecord, PersonRecordsService } from '../../directory/person-records.service.js';
import { Clock } from '../../runtime/clock.js';
import type { Keeper } from '../keeper.js';
import { wrongValue } from './scim.problem.js';
import { isSeen, scimSource } from './scim-users.service.js';

/**
 * Who is gathered by what. Members of the directory's groups are rows of their own, and need not be listed. Departments,
 * roles and teams stand in people's own rows, so their members are people whom the keeper sees.
 */
@Injectable()
export class MembersService {
  constructor(
    private readonly groups: GroupRecordsService,
    private readonly people: PersonRecordsService,
    private readonly search: DirectorySearchService,
    private readonly clock: Clock,
  ) {}

  /** Makes these, and nobody else, the members. @throws ScimProblem 400 */
  async replace(tx: Tx, keeper: Keeper, key: CollectionKey, members: readonly string[]): Promise<void> {
    if (key.kind === 'usergroup')
      return this.groups.replaceMembers(tx, key.scope, new Map([[key.code, members]]));
    const [before = []] = await this.search.membersOf([key], tx);
    const [were, wanted] = [new Set(before), new Set(members)];
    return this.change(
      tx,
      keeper,
      key,
      new Set(members.filter((one) => !were.has(one))),
      new Set(before.filter((one) => !wanted.has(one))),
    );
  }

  /**
   * Lets some join and others leave; who is there already, or is not, stays as they are.
   * @throws ScimProblem 400 naming somebody whom the keeper does not see, or who is of another team than the group
   */
  async change(
    tx: Tx,
    keeper: Keeper,
    key: CollectionKey,
    joining: ReadonlySet<string>,
    leaving: ReadonlySet<string>,
  ): Promise<void> {
    if (key.kind === 'usergroup') return this.groups.changeMembers(tx, key, [...joining], [...leaving]);
    const held = await this.people.hold(tx, [...joining, ...leaving]);
    const fits = (row: PersonRecord | undefined): row is PersonRecord =>
      row !== undefined && isSeen(keeper, row) && (key.scope === '' || row.accCode === key.scope);
    const stranger = [...joining].find((code) => !fits(held.get(code)));
    if (stranger !== undefined)
      throw wrongValue('members', `must be people of the directory; ${stranger} is not`);
    const hiding = await this.hiding(tx, keeper, key);
    const hidden = [...joining].find((code) => hiding.has(held.get(code)?.accCode ?? ''));
    if (hidden !== undefined) {
      throw wrongValue(
        'members',
        `must not hold ${hidden}, whose team has a department ${key.code} of its own`,
      );
    }
    const now = wholeSecond(this.clock.now());
    const meant = [...held.values()].filter(fits).filter(({ accCode }) => !hiding.has(accCode ?? ''));
    const changes = meant.flatMap((before) => {
      const { userCode } = before;
      const changed = joining.has(userCode) ? joined(key, before) : left(key, before);
      if (changed === null) return [];
      const { leaves, ...row } = changed;
      const after: PersonRecord = { ...before, ...row, source: scimSource, updateTime: now };
      return [{ before, after, ...(leaves === undefined ? {} : { leaves }) }];
    });
    await this.people.write(tx, changes);
  }

  /** The teams in which the code of the platform's department means one of their own. */
  private async hiding(
    tx: Tx,
    { sight }: Keeper,
    { kind, scope, code }: CollectionKey,
  ): Promise<Set<string>> {
    if (kind !== 'department' || scope !== '') return new Set();
    const condition = {
      all: [
        { field: 'kind', comparison: 'eq' as const, value: 'department' },
        { field: 'code', comparison: 'eq' as const, value: code },
        { field: 'scope', comparison: 'pr' as const, value: null },
      ],
    };
    const { rows } = await this.search.collections(sight, condition, { skip: 0, take: 10_000 }, tx);
    return new Set(rows.map((row) => row.scope));
  }
}

type Changed = Partial<Pick<PersonRecord, 'accCode' | 'department' | 'roles'>> & {
  readonly leaves?: readonly string[];
};

/** What joining changes; null for somebody who is in already. */
function joined({ kind, code }: CollectionKey, row: PersonRecord): Changed | null {
  if (kind === 'department') return row.department === code ? null : { department: code };
  if (kind === 'team') return row.accCode === code ? null : { accCode: code };
  const roles = row.roles === '' ? [] : row.roles.split(',');
  return roles.includes(code) ? null : { roles: [...roles, code].join(',') };
}

/**
 * What leaving changes; null for somebody who is not in. Who leaves a team without entering another one keeps neither its
 * groups nor roles: of somebody without a team, roles count in every one.
 */
function left({ kind, code }: CollectionKey, row: PersonRecord): Changed | null {
  if (kind === 'department') return row.department === code ? { department: null } : null;
  if (kind === 'team') return row.accCode === code ? { accCode: null, roles: '', leaves: [code] } : null;
  const roles = row.roles === '' ? [] : row.roles.split(',');
  return roles.includes(code) ? { roles: roles.filter((role) => role !== code).join(',') } : null;
}
