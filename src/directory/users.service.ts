import { Injectable } from '@nestjs/common';
import { isSystemAdmin, scopeOf, teamOf, type TeamScope, type UserPrincipal } from '../auth/principal.js';
import { systemUserCode } from '../auth/token.verifier.js';
import { wholeSecond } from '../database/dialect.js';
import type { Tx } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { type Page, pageOf, windowOf } from '../http/pagination.js';
import { invalid, notFound, Problem } from '../http/problem.js';
import { Clock } from '../runtime/clock.js';
import { DirectoryRepository } from './directory.repository.js';
import { type GroupKey, platform } from './group-subject.js';
import { GroupsRepository } from './groups.repository.js';
import { platformGroup } from './groups.service.js';
import { MembershipChanges } from './membership-changes.port.js';
import { lossesOf, type Standing } from './membership-losses.js';
import { settle } from '../database/settle.js';
import { platformRole } from './user-role.entity.js';
import { rolesOfColumn, type UserRow } from './user.entity.js';
import type { ListUsers, PutUser, UserView } from './users.dto.js';
import { UsersRepository } from './users.repository.js';

/** People as the directory knows them, with their groups. Their codes are unique in the installation. */
@Injectable()
export class UsersService {
  constructor(
    private readonly users: UsersRepository,
    private readonly groups: GroupsRepository,
    private readonly directory: DirectoryRepository,
    private readonly changes: MembershipChanges,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes a person known, or replaces what is known. Left out, `accCode`, `active` and `groups` stay as they are.
   * @throws Problem 404 for another team, or a code that is taken outside the caller's team; 403 for what only system
   * administrators give; 400 for the reserved code.
   */
  async put(principal: UserPrincipal, userCode: string, dto: PutUser): Promise<UserView> {
    if (userCode === systemUserCode) throw invalid('userCode', 'is reserved for the service itself');
    return settle(() =>
      this.unitOfWork.run(async (tx) => {
        const scope = scopeOf(principal);
        const before = await this.users.lock(tx, scope, userCode);
        if (!before && scope !== 'all' && (await this.users.taken(tx, userCode))) throw unknown(userCode);
        const row = this.replaced(principal, before, userCode, dto);
        const groupsBefore = await this.groupsToTell(tx, userCode);
        if (before) await this.users.update(tx, userCode, row);
        else await this.users.insert(tx, row);
        await this.users.replaceRoles(tx, userCode, rolesOfColumn(row.roles));
        if (dto.groups) await this.regroup(tx, principal, row, dto.groups);
        await this.tellLost(tx, userCode, { row: before, groups: groupsBefore }, row);
        return this.view(row, await this.users.memberships(groupsInSight(scope), [userCode], tx));
      }),
    );
  }

  /** By code. */
  async list(principal: UserPrincipal, query: ListUsers): Promise<Page<UserView>> {
    const team = teamOf(principal, query.accCode);
    const window = windowOf(query);
    const scope = scopeOf(principal);
    const rows = await this.users.list(team === null ? scope : [team], window);
    const codes = rows.slice(0, window.size).map((row) => row.userCode);
    const memberships = await this.users.memberships(groupsInSight(scope), codes);
    return pageOf(
      rows,
      window,
      (row) => row.userCode,
      (row) => this.view(row, memberships),
    );
  }

  /** @throws Problem 404 */
  async get(principal: UserPrincipal, userCode: string): Promise<UserView> {
    const scope = scopeOf(principal);
    const row = await this.users.find(scope, userCode);
    if (!row) throw unknown(userCode);
    return this.view(row, await this.users.memberships(groupsInSight(scope), [userCode]));
  }

  /**
   * Forgets a person. The memberships go too, those in the platform's groups included: a member whom the directory
   * does not list counts as active.
   * @throws Problem 404
   */
  async remove(principal: UserPrincipal, userCode: string): Promise<void> {
    await this.unitOfWork.run(async (tx) => {
      const scope = scopeOf(principal);
      const before = await this.users.lock(tx, scope, userCode);
      if (!before) throw unknown(userCode);
      const groupsBefore = await this.groupsToTell(tx, userCode);
      await this.users.delete(tx, scope, userCode);
      await this.users.leaveGroups(tx, groupsInSight(scope), userCode);
      await this.tellLost(tx, userCode, { row: before, groups: groupsBefore }, null);
    });
  }

  /** Every group of a person, for {@link tellLost}; none when nobody listens. */
  private async groupsToTell(tx: Tx, userCode: string): Promise<GroupKey[]> {
    if (!this.changes.heard) return [];
    return (await this.users.memberships('all', [userCode], tx)).get(userCode) ?? [];
  }

  private async tellLost(tx: Tx, userCode: string, before: Standing, row: UserRow | null): Promise<void> {
    if (!this.changes.heard) return;
    const after = { row, groups: await this.groupsToTell(tx, userCode) };
    for (const change of lossesOf(userCode, before, after)) await this.changes.tell(tx, change);
  }

  private replaced(
    principal: UserPrincipal,
    before: UserRow | null,
    userCode: string,
    given: PutUser,
  ): UserRow {
    const team = teamOf(principal, given.accCode);
    const now = wholeSecond(this.clock.now());
    return {
      userCode,
      name: given.name,
      accCode: given.accCode === undefined && before ? before.accCode : team,
      department: given.department ?? null,
      email: given.email ?? null,
      roles: rolesGiven(principal, before, given.roles ?? []).join(','),
      active: Number(given.active ?? before?.active ?? true),
      source: before?.source ?? null,
      externalId: before?.externalId ?? null,
      removed: 0,
      createTime: before?.createTime ?? now,
      updateTime: now,
    };
  }

  /**
   * Makes a person a member of exactly these groups, as far as the caller may: of the person's team, else of the
   * platform, else new ones. A team administrator leaves the platform's groups as they are.
   * @throws Problem 403 naming a group of the platform that a team administrator would add the person to.
   */
  private async regroup(
    tx: Tx,
    principal: UserPrincipal,
    row: UserRow,
    codes: readonly string[],
  ): Promise<void> {
    const { userCode, accCode } = row;
    const scope = scopeOf(principal);
    const own = teamOf(principal, undefined) ?? platform;
    const known = await this.directory.resolveGroups(tx, accCode, codes);
    const current = (await this.users.memberships(groupsInSight(scope), [userCode], tx)).get(userCode) ?? [];
    // A group of a third team keeps its member when a system administrator writes back what was read.
    const wanted = codes.map((code): GroupKey => {
      const found = known.get(code) ?? current.find((group) => group.code === code)?.scope;
      return { scope: found ?? own, code };
    });
    const isMember = (group: GroupKey): boolean =>
      current.some((other) => other.scope === group.scope && other.code === group.code);
    const mayWrite = (group: GroupKey): boolean => scope === 'all' || group.scope !== platform;
    const refused = wanted.find((group) => !mayWrite(group) && !isMember(group));
    if (refused) throw platformGroup(refused.code);

    const made = wanted.filter((group) => !known.has(group.code) && !isMember(group));
    const { updateTime } = row;
    await this.groups.insert(
      tx,
      made.map((group) => ({
        ...group,
        name: group.code,
        source: null,
        externalId: null,
        createTime: updateTime,
        updateTime,
      })),
    );
    await this.users.leaveGroups(tx, scope, userCode);
    await this.users.joinGroups(tx, userCode, wanted.filter(mayWrite));
  }

  private view(row: UserRow, memberships: ReadonlyMap<string, readonly GroupKey[]>): UserView {
    const groups = (memberships.get(row.userCode) ?? []).map((group) => group.code);
    return {
      userCode: row.userCode,
      name: row.name,
      accCode: row.accCode,
      groups: [...new Set(groups)].toSorted(),
      roles: rolesOfColumn(row.roles),
      department: row.department,
      email: row.email,
      active: row.active === 1,
      createTime: row.createTime,
      updateTime: row.updateTime,
    };
  }
}

const unknown = (userCode: string): Problem => notFound(`user ${userCode}`);

/** The scopes of the groups that exist for a caller: of the own teams and of the platform. */
const groupsInSight = (scope: TeamScope): TeamScope => (scope === 'all' ? 'all' : [platform, ...scope]);

/** @throws Problem 403 when a team administrator gives the platform's role to somebody who does not have it. */
function rolesGiven(
  principal: UserPrincipal,
  before: UserRow | null,
  roles: readonly string[],
): readonly string[] {
  if (isSystemAdmin(principal)) return roles;
  const had = before !== null && rolesOfColumn(before.roles).includes(platformRole);
  if (roles.includes(platformRole) === had) return roles;
  if (had) return [...roles, platformRole];
  throw new Problem('forbidden', `only system administrators give the role ${platformRole}`);
}
