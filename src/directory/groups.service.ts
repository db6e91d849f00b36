import { Injectable } from '@nestjs/common';
import { isSystemAdmin, scopeOf, teamOf, type UserPrincipal } from '../auth/principal.js';
import { systemUserCode } from '../auth/token.verifier.js';
import { wholeSecond } from '../database/dialect.js';
import type { Tx } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { groupSubject } from '../engine/vocabulary.js';
import { type Page, pageOf, windowOf } from '../http/pagination.js';
import { invalid, notFound, Problem } from '../http/problem.js';
import { Clock } from '../runtime/clock.js';
import { type GroupKey, platform } from './group-subject.js';
import type { GroupRow } from './group.entity.js';
import type { GroupSummary, GroupView, ListGroups, PutGroup } from './groups.dto.js';
import { type CountedGroup, GroupsRepository } from './groups.repository.js';
import { MembershipChanges } from './membership-changes.port.js';
import { teamOfScope } from './membership-losses.js';
import { settle } from '../database/settle.js';
import { cursorOf, keyOfCursor } from '../auth/sight.js';

/** Groups of people. Nodes name them by code; who is in them is asked anew whenever somebody decides. */
@Injectable()
export class GroupsService {
  constructor(
    private readonly groups: GroupsRepository,
    private readonly changes: MembershipChanges,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes a group of the caller's team, or of the platform, or replaces its name and members.
   * @throws Problem 404 for another team, 400 for a member whose code is reserved.
   */
  async put(principal: UserPrincipal, code: string, dto: PutGroup): Promise<GroupView> {
    const key: GroupKey = { scope: teamOf(principal, dto.accCode) ?? platform, code };
    if (dto.members.includes(systemUserCode)) {
      throw invalid('members', `must not hold ${systemUserCode}, the code of the service itself`);
    }
    const now = wholeSecond(this.clock.now());
    return settle(() =>
      this.unitOfWork.run(async (tx) => {
        const before = await this.groups.lock(tx, key);
        const row: GroupRow = {
          ...key,
          name: dto.name,
          source: before?.source ?? null,
          externalId: before?.externalId ?? null,
          createTime: before?.createTime ?? now,
          updateTime: now,
        };
        if (before) await this.groups.update(tx, key, { name: row.name, updateTime: row.updateTime });
        else await this.groups.insert(tx, [row]);
        const members = before ? await this.membersToTell(tx, key) : [];
        await this.groups.replaceMembers(tx, key, dto.members);
        const kept = new Set(dto.members);
        await this.tellLeft(
          tx,
          key,
          members.filter((member) => !kept.has(member)),
        );
        return toView(row, dto.members);
      }),
    );
  }

  /** For a team, what codes mean there; for a system administrator who names no team, every group. */
  async list(principal: UserPrincipal, query: ListGroups): Promise<Page<GroupSummary>> {
    const team = teamOf(principal, query.accCode);
    const window = windowOf(query);
    const sight = team === null && scopeOf(principal) === 'all' ? 'all' : { team };
    const rows = await this.groups.list(sight, keyOfCursor(window.after), window.take);
    return pageOf(rows, window, cursorOf, toSummary);
  }

  /** @throws Problem 404 */
  async get(principal: UserPrincipal, code: string, accCode: string | undefined): Promise<GroupView> {
    const row = await this.groups.find(teamOf(principal, accCode), code);
    if (!row) throw notFound(`group ${code}`);
    return toView(row, await this.groups.members(row));
  }

  /** @throws Problem 404; 403 when a team administrator means a group of the platform. */
  async remove(principal: UserPrincipal, code: string, accCode: string | undefined): Promise<void> {
    const key: GroupKey = { scope: teamOf(principal, accCode) ?? platform, code };
    await this.unitOfWork.run(async (tx) => {
      if (!(await this.groups.lock(tx, key))) {
        const isPlatforms = !isSystemAdmin(principal) && (await this.groups.find(null, code, tx));
        throw isPlatforms ? platformGroup(code) : notFound(`group ${code}`);
      }
      const members = await this.membersToTell(tx, key);
      await this.groups.delete(tx, key);
      await this.tellLeft(tx, key, members);
    });
  }

  /** Who is in a group, for {@link tellLeft}; nobody when nobody listens. */
  private async membersToTell(tx: Tx, key: GroupKey): Promise<string[]> {
    return this.changes.heard ? this.groups.members(key, tx) : [];
  }

  private tellLeft(tx: Tx, { scope, code }: GroupKey, users: readonly string[]): Promise<void> {
    const subject = groupSubject(scope, code);
    return this.changes.tell(tx, {
      team: teamOfScope(scope),
      left: users.map((userCode) => ({ userCode, subject })),
    });
  }
}

export const platformGroup = (code: string): Problem =>
  new Problem('forbidden', `group ${code} belongs to the platform; only system administrators change it`);

const facts = (row: Omit<GroupRow, 'source' | 'externalId'>) => ({
  code: row.code,
  name: row.name,
  accCode: row.scope === platform ? null : row.scope,
  createTime: row.createTime,
  updateTime: row.updateTime,
});

const toSummary = (row: CountedGroup): GroupSummary => ({ ...facts(row), memberCount: row.memberCount });

const toView = (row: GroupRow, members: readonly string[]): GroupView => ({
  ...facts(row),
  members: members.toSorted(),
});
