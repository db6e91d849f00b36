import { Injectable } from '@nestjs/common';
import type { Tx } from '../../database/sql.js';
import { DepartmentRecordsService } from '../../directory/department-records.service.js';
import {
  type Collection,
  type CollectionKey,
  DirectorySearchService,
} from '../../directory/directory-search.service.js';
import { GroupRecordsService } from '../../directory/group-records.service.js';
import { type LabelRecord, LabelRecordsService } from '../../directory/label-records.service.js';
import { Problem } from '../../http/problem.js';
import { wrongValue } from './scim.problem.js';
import { scimSource } from './scim-users.service.js';

/** Where the rows of the four kinds of groups are. */
@Injectable()
export class GroupRowsService {
  constructor(
    private readonly groups: GroupRecordsService,
    private readonly departments: DepartmentRecordsService,
    private readonly labels: LabelRecordsService,
    private readonly search: DirectorySearchService,
  ) {}

  /** Held until the end of the transaction. */
  async hold(tx: Tx, key: CollectionKey): Promise<Collection | null> {
    const { kind, scope, code } = key;
    const nothing = { parent: null, leader: null };
    if (kind === 'usergroup') {
      const row = (await this.groups.hold(tx, scope, [code])).get(code);
      return row ? collection(key, { ...nothing, ...row }) : null;
    }
    if (kind === 'department') {
      const row = (await this.departments.hold(tx, scope)).get(code);
      return row ? collection(key, { ...row, parent: row.parentCode }) : null;
    }
    const row = await this.labels.hold(tx, { kind, scope, code });
    return row ? collection(key, { ...nothing, ...row }) : null;
  }

  /** @throws ScimProblem 400 for a department whose parent does not exist, or makes a circle */
  async write(tx: Tx, before: Collection | null, after: Collection): Promise<void> {
    const { kind, scope, code, name, externalId, createTime, updateTime } = after;
    const row = { scope, code, name, externalId, source: scimSource, createTime, updateTime };
    if (kind === 'usergroup') return this.groups.write(tx, [{ before: before && row, after: row }]);
    if (kind === 'department') {
      const department = { ...row, parentCode: after.parent, leader: after.leader };
      if (!before) await this.departments.hold(tx, scope);
      const fault = (await this.departments.faults(tx, scope, [department])).get(code);
      if (fault !== undefined) throw wrongValue('parent', fault);
      return this.departments.write(tx, [{ before: before && department, after: department }]);
    }
    const label: LabelRecord = { kind, scope, code, name, externalId, createTime, updateTime };
    return this.labels.write(tx, before && label, label);
  }

  /**
   * @throws Problem 409 for a department that is above another, or hides one that would make a circle, and for a team
   * that has people: without a team they would count in every one
   */
  async checkDeletable(tx: Tx, row: Collection): Promise<void> {
    if (row.kind === 'department') {
      const child = await this.departments.childOf(tx, row.scope, row.code);
      if (child !== null)
        throw new Problem('in_use', `department ${child} has department ${row.code} as its parent`);
      const faults = await this.departments.faults(tx, row.scope, [], new Set([row.code]));
      const fault = faults.get(row.code);
      if (fault !== undefined) throw new Problem('in_use', `without it, the platform's ${fault}`);
    }
    if (row.kind !== 'team') return;
    const [members = []] = await this.search.membersOf([row], tx);
    if (members.length === 0) return;
    throw new Problem('in_use', `team ${row.code} has people; put them into another one first`);
  }

  async delete(tx: Tx, { kind, scope, code }: Collection): Promise<void> {
    if (kind === 'usergroup') await this.groups.delete(tx, scope, [code]);
    else if (kind === 'department') await this.departments.delete(tx, scope, [code]);
    else await this.labels.delete(tx, { kind, scope, code });
  }
}

type Facts = Omit<Collection, keyof CollectionKey>;

const collection = (
  { kind, scope, code }: CollectionKey,
  { name, parent, leader, externalId, createTime, updateTime }: Facts,
): Collection => ({ kind, scope, code, name, parent, leader, externalId, createTime, updateTime });
