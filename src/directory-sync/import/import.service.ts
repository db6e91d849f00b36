import { Injectable } from '@nestjs/common';
import { wholeSecond } from '../../database/dialect.js';
import { settle } from '../../database/settle.js';
import type { Tx } from '../../database/sql.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { DepartmentRecordsService } from '../../directory/department-records.service.js';
import { GroupRecordsService } from '../../directory/group-records.service.js';
import {
  type PersonChange,
  type PersonRecord,
  PersonRecordsService,
} from '../../directory/person-records.service.js';
import { type FieldError, notFound, Problem } from '../../http/problem.js';
import { OpenSeatsService } from '../../orders/open-seats.service.js';
import { Clock } from '../../runtime/clock.js';
import type { Keeper } from '../keeper.js';
import { type ImportDirectory, type ImportOutcome, stampOf } from './import.dto.js';
import {
  type Destination,
  fault,
  keptAs,
  type LeftAlone,
  planDepartments,
  planGroups,
  planPeople,
  twice,
} from './import.plan.js';
import { ImportVersionsRepository } from './import-versions.repository.js';

/** Of the people whom a source keeps, more than this share do not become inactive at once without `force`. */
const largestShare = 0.25;
/** As many always may: in a small team, one is a large share. */
const fewEnough = 5;
/** So many wrong rows are told one by one; the others are counted. */
const errorsTold = 100;

/** One document brings a source's people, groups and departments, all or nothing, once for each version. */
@Injectable()
export class ImportService {
  constructor(
    private readonly versions: ImportVersionsRepository,
    private readonly people: PersonRecordsService,
    private readonly groups: GroupRecordsService,
    private readonly departments: DepartmentRecordsService,
    private readonly seats: OpenSeatsService,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * Imports a document, or says what would come of it. A version that is there already changes nothing.
   * @throws Problem 400 naming every wrong row; 404 for another team; 409 `version_conflict` when a newer version is
   * there, `mass_deactivation` when too many would become inactive.
   */
  async run(keeper: Keeper, dto: ImportDirectory): Promise<ImportOutcome> {
    if (dto.accCode !== undefined && keeper.team !== null && dto.accCode !== keeper.team) {
      throw notFound(`team ${dto.accCode}`);
    }
    const scope = dto.accCode ?? keeper.scope;
    const to: Destination = {
      scope,
      source: keptAs(scope, dto.source),
      now: wholeSecond(this.clock.now()),
    };
    const doubles = [
      ...twice('users', 'userCode', dto.users?.map(({ userCode }) => userCode) ?? []),
      ...twice('groups', 'code', dto.groups?.map(({ code }) => code) ?? []),
      ...twice('departments', 'code', dto.departments?.map(({ code }) => code) ?? []),
    ];
    if (doubles.length > 0) throw wrongRows(doubles);
    return settle(() => this.unitOfWork.run((tx) => this.within(tx, keeper, dto, to)));
  }

  private async within(
    tx: Tx,
    keeper: Keeper,
    dto: ImportDirectory,
    to: Destination,
  ): Promise<ImportOutcome> {
    const stamp = stampOf(dto.version) ?? 0;
    const last = await this.versions.hold(tx, to.scope, dto.source);
    if (last && stamp < Number(last.stamp)) {
      throw new Problem(
        'version_conflict',
        `version ${last.version} of source ${dto.source} is there, which is newer`,
      );
    }
    const facts = { source: dto.source, version: String(dto.version) };
    if (last && stamp === Number(last.stamp)) return { ...facts, ...nothing, outcome: 'already_applied' };

    const plan = await this.plan(tx, dto, to);
    if (plan.errors.length > 0) throw wrongRows(plan.errors);
    const outcome: ImportOutcome = {
      ...facts,
      ...(await this.told(tx, plan)),
      outcome: dto.dryRun ? 'planned' : 'applied',
    };
    if (dto.dryRun) return outcome;
    if (outcome.needsForce && !dto.force) {
      throw new Problem(
        'mass_deactivation',
        `${plan.missing.length} of the ${plan.kept} people of source ${dto.source} would become inactive; ` +
          'look at a dry run, and send "force": true if that is meant',
      );
    }
    await this.write(tx, to, plan);
    await this.versions.write(tx, last === null, {
      scope: to.scope,
      source: dto.source,
      stamp,
      version: facts.version,
      userCode: keeper.code,
      updateTime: to.now,
    });
    return outcome;
  }

  private async plan(tx: Tx, dto: ImportDirectory, to: Destination) {
    const { users = [], groups = [], departments = [] } = dto;
    const replaces = dto.mode === 'replace';
    const departmentsHeld = await this.departments.hold(tx, to.scope);
    const departmentPlan = planDepartments(departments, departmentsHeld, to);
    const groupCodes = groups.map(({ code }) => code);
    const groupsHeld = await this.groups.hold(tx, to.scope, groupCodes);
    const membersHeld = await this.groups.members(tx, to.scope, groupCodes);
    const groupPlan = planGroups(groups, groupsHeld, membersHeld, to);
    const personPlan = planPeople(
      users,
      await this.people.hold(
        tx,
        users.map(({ userCode }) => userCode),
      ),
      to,
    );

    const named = new Set(users.map(({ userCode }) => userCode));
    const own = replaces && dto.users ? await this.people.holdActiveOf(tx, to.source) : [];
    const missing = own.filter(({ userCode }) => !named.has(userCode));
    const ownGroups = replaces && dto.groups ? await this.groups.holdOf(tx, to.source) : [];
    const groupsNamed = new Set(groupCodes);
    const groupsGone = ownGroups.map(({ code }) => code).filter((code) => !groupsNamed.has(code));
    const departmentsNamed = new Set(departments.map(({ code }) => code));
    const departmentsGone =
      replaces && dto.departments
        ? [...departmentsHeld.values()]
            .filter(({ source, code }) => source === to.source && !departmentsNamed.has(code))
            .map(({ code }) => code)
        : [];
    return {
      departments: departmentPlan,
      groups: groupPlan,
      people: personPlan,
      missing,
      kept: own.length,
      groupsGone,
      departmentsGone,
      errors: [
        ...personPlan.errors,
        ...groupPlan.errors,
        ...departmentPlan.errors,
        ...(await this.departmentFaults(tx, to, departments, departmentPlan, departmentsGone)),
      ],
    };
  }

  private async departmentFaults(
    tx: Tx,
    { scope }: Destination,
    given: NonNullable<ImportDirectory['departments']>,
    { changes }: ReturnType<typeof planDepartments>,
    gone: readonly string[],
  ): Promise<FieldError[]> {
    if (given.length === 0 && gone.length === 0) return [];
    const wanted = changes.map(({ after }) => after);
    const faults = await this.departments.faults(tx, scope, wanted, new Set(gone));
    const orphans = await this.departments.orphans(tx, scope, wanted, new Set(gone));
    return [
      ...given.flatMap(({ code }, index) => {
        const message = faults.get(code);
        return message === undefined ? [] : [fault(`departments[${index}].parent`, message)];
      }),
      ...gone.flatMap((code) => {
        const message = faults.get(code);
        return message === undefined
          ? []
          : [fault('departments', `must name ${code}: without it, the platform's ${message}`)];
      }),
      ...orphans.map(({ code, parent }) =>
        fault('departments', `must name ${parent}: it is above ${code}, which stays`),
      ),
    ];
  }

  private async told(tx: Tx, plan: Awaited<ReturnType<ImportService['plan']>>) {
    const { people, groups, departments, missing, kept } = plan;
    const inactive = [
      ...people.changes.filter(({ before, after }) => before?.active === 1 && after.active === 0).map(codeOf),
      ...missing.map(({ userCode }) => userCode),
    ];
    const seats = await this.seats.of(tx, inactive);
    const skipped: LeftAlone[] = [...people.skipped, ...groups.skipped, ...departments.skipped];
    return {
      needsForce: missing.length > fewEnough && missing.length > kept * largestShare,
      users: {
        ...counted(people, ({ after }) => after.userCode),
        deactivated: inactive.map((userCode) => ({ userCode, openSeats: seats.get(userCode) ?? 0 })),
      },
      groups: { ...counted(groups, ({ after }) => after.code), deleted: plan.groupsGone },
      departments: { ...counted(departments, ({ after }) => after.code), deleted: plan.departmentsGone },
      skipped,
    };
  }

  private async write(
    tx: Tx,
    { scope, now }: Destination,
    plan: Awaited<ReturnType<ImportService['plan']>>,
  ): Promise<void> {
    await this.departments.write(tx, plan.departments.changes);
    await this.departments.delete(tx, scope, plan.departmentsGone);
    const gone = plan.missing.map((before: PersonRecord): PersonChange => ({
      before,
      after: { ...before, active: 0, updateTime: now },
    }));
    await this.groups.write(tx, plan.groups.changes);
    await this.groups.replaceMembers(tx, scope, plan.groups.members);
    await this.groups.delete(tx, scope, plan.groupsGone);
    await this.people.write(tx, [...plan.people.changes, ...gone]);
  }
}

const codeOf = ({ after }: PersonChange): string => after.userCode;

function counted<Change extends { readonly before: object | null }>(
  { changes, unchanged }: { readonly changes: readonly Change[]; readonly unchanged: number },
  code: (change: Change) => string,
) {
  return {
    created: changes.filter(({ before }) => before === null).map(code),
    changed: changes.filter(({ before }) => before !== null).map(code),
    unchanged,
  };
}

const none = { created: [], changed: [], unchanged: 0 };
const nothing = {
  needsForce: false,
  users: { ...none, deactivated: [] },
  groups: { ...none, deleted: [] },
  departments: { ...none, deleted: [] },
  skipped: [],
};

function wrongRows(errors: readonly FieldError[]): Problem {
  const detail = `${errors.length} of the rows cannot be imported, so nothing was: ${errors[0]?.message ?? ''}`;
  return new Problem('validation_failed', detail, { errors: errors.slice(0, errorsTold) });
}
