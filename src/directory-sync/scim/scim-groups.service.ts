import { Injectable } from '@nestjs/common';
import { wholeSecond } from '../../database/dialect.js';
import { settle } from '../../database/settle.js';
import type { Tx } from '../../database/sql.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import {
  type Collection,
  type CollectionKey,
  DirectorySearchService,
} from '../../directory/directory-search.service.js';
import { notFound } from '../../http/problem.js';
import { Clock } from '../../runtime/clock.js';
import { conditionOf } from './scim.filter.js';
import { idOf, keyOfId } from './scim.ids.js';
import { listOf, type ScimList } from './scim.list.js';
import { operationsOf, patched } from './scim.patch.js';
import { outdated, taken } from './scim.problem.js';
import { isShown, listQueryOf, projected, shownOf } from './scim.query.js';
import {
  checkSame,
  groupPatched,
  groupShown,
  type GroupTold,
  groupTold,
  membersPatched,
  newKeyOf,
  patchableGroup,
} from './scim-group.mapping.js';
import { GroupRowsService } from './group-rows.service.js';
import { MembersService } from './members.service.js';
import { asInvalidFilter, matches, type ScimCall } from './scim-users.service.js';
import { versionOf } from './scim-user.mapping.js';

const groupsAtOnce = 200;
/** Fewer, when each comes with all its members. */
const groupsWithMembersAtOnce = 50;

/**
 * SCIM's Groups: the directory's groups, and likewise departments, roles and teams (kind of our extension). What is not
 * said to be something else is a group of the directory.
 */
@Injectable()
export class ScimGroupsService {
  constructor(
    private readonly search: DirectorySearchService,
    private readonly rows: GroupRowsService,
    private readonly members: MembersService,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** @throws ScimProblem 400 */
  async list(call: ScimCall): Promise<ScimList> {
    const shown = shownOf('Group', call.query);
    const withMembers = isShown(shown, 'members');
    const most = withMembers ? groupsWithMembersAtOnce : groupsAtOnce;
    const { filter, startIndex, count } = listQueryOf(call.query, most);
    const { total, rows } = await this.search
      .collections(call.keeper.sight, conditionOf('Group', filter), { skip: startIndex - 1, take: count })
      .catch(asInvalidFilter);
    const members = withMembers ? await this.search.membersOf(rows) : [];
    const resources = rows.map((row, n) =>
      projected('Group', groupShown(call.base, row, withMembers ? (members[n] ?? []) : null), shown),
    );
    return listOf(total, startIndex, resources);
  }

  /** @throws Problem 404 */
  async get(call: ScimCall, id: string): Promise<Record<string, unknown>> {
    const key = keyOfId(id);
    const row = key && (await this.find(call, key));
    if (!row) throw notFound(`group ${id}`);
    const shown = shownOf('Group', call.query);
    const members = isShown(shown, 'members') ? ((await this.search.membersOf([row]))[0] ?? []) : null;
    return projected('Group', groupShown(call.base, row, members), shown);
  }

  /** @throws ScimProblem 400, 409 when there is such a group; Problem 403 */
  async create(call: ScimCall, body: object): Promise<Record<string, unknown>> {
    const told = groupTold(body);
    const key = newKeyOf(call.keeper, told);
    return this.unitOfWork.run(async (tx) => {
      if (await this.rows.hold(tx, key))
        throw taken(`${key.kind} ${key.code} exists already; its id is ${idOf(key)}`);
      const row = this.rowOf(key, null, told);
      await this.rows.write(tx, null, row);
      await this.members.change(tx, call.keeper, key, new Set(told.members), new Set());
      return this.answer(tx, call, row);
    });
  }

  /** @throws Problem 404; ScimProblem 400, 412 */
  async replace(call: ScimCall, id: string, body: object): Promise<Record<string, unknown>> {
    const told = groupTold(body);
    return settle(() =>
      this.unitOfWork.run(async (tx) => {
        const before = await this.held(tx, call, id);
        checkSame(before, told);
        const after = this.rowOf(before, before, told);
        await this.rows.write(tx, before, after);
        if (told.members) await this.members.replace(tx, call.keeper, before, told.members);
        return this.answer(tx, call, after);
      }),
    );
  }

  /** @throws Problem 404; ScimProblem 400, 412 */
  async patch(call: ScimCall, id: string, body: object): Promise<void> {
    const operations = operationsOf('Group', body);
    const isMembers = ({ attribute }: { attribute: { name: string } }) => attribute.name === 'members';
    const people = membersPatched(operations.filter(isMembers));
    const rest = operations.filter((operation) => !isMembers(operation));
    await settle(() =>
      this.unitOfWork.run(async (tx) => {
        const before = await this.held(tx, call, id);
        if (rest.length > 0) {
          const told = groupPatched(patched('Group', patchableGroup(before), rest));
          checkSame(before, told);
          await this.rows.write(tx, before, this.rowOf(before, before, told));
        }
        if (people?.anew) await this.members.replace(tx, call.keeper, before, people.anew);
        if (people) await this.members.change(tx, call.keeper, before, people.joining, people.leaving);
      }),
    );
  }

  /**
   * Deletes a group. Who was in it is told, so that open steps follow; people stay.
   * @throws Problem 404, 409 for a department above others and for a team that has people; ScimProblem 412
   */
  async remove(call: ScimCall, id: string): Promise<void> {
    await this.unitOfWork.run(async (tx) => {
      const row = await this.held(tx, call, id);
      await this.rows.checkDeletable(tx, row);
      if (row.kind === 'role' || row.kind === 'department')
        await this.members.replace(tx, call.keeper, row, []);
      await this.rows.delete(tx, row);
    });
  }

  private async held(tx: Tx, call: ScimCall, id: string): Promise<Collection> {
    const key = keyOfId(id);
    const isVisible = key !== null && (call.keeper.sight === 'all' || call.keeper.sight.includes(key.scope));
    const row = isVisible ? await this.rows.hold(tx, key) : null;
    if (!row) throw notFound(`group ${id}`);
    if (call.ifMatch !== undefined) {
      const [members = []] = await this.search.membersOf([row], tx);
      if (!matches(call.ifMatch, versionOf(row, members))) throw outdated();
    }
    return row;
  }

  private async find(call: ScimCall, { kind, scope, code }: CollectionKey): Promise<Collection | null> {
    const isIt = { kind, scope, code };
    const all = (['kind', 'scope', 'code'] as const).map((field) => ({
      field,
      comparison: 'eq' as const,
      value: isIt[field],
    }));
    const { rows } = await this.search.collections(call.keeper.sight, { all }, { skip: 0, take: 1 });
    return rows[0] ?? null;
  }

  private async answer(tx: Tx, call: ScimCall, row: Collection): Promise<Record<string, unknown>> {
    const [members = []] = await this.search.membersOf([row], tx);
    return projected('Group', groupShown(call.base, row, members), shownOf('Group', call.query));
  }

  private rowOf(
    { kind, scope, code }: CollectionKey,
    before: Collection | null,
    told: GroupTold,
  ): Collection {
    const now = wholeSecond(this.clock.now());
    const isDepartment = kind === 'department';
    return {
      kind,
      scope,
      code,
      name: told.name,
      parent: isDepartment ? (told.parent === undefined ? (before?.parent ?? null) : told.parent) : null,
      leader: isDepartment ? (told.leader === undefined ? (before?.leader ?? null) : told.leader) : null,
      externalId: told.externalId === undefined ? (before?.externalId ?? null) : told.externalId,
      createTime: before?.createTime ?? now,
      updateTime: now,
    };
  }
}
