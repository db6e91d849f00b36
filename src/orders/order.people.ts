import { Injectable } from '@nestjs/common';
import { isSystemAdmin, type UserPrincipal } from '../auth/principal.js';
import type { Sql } from '../database/sql.js';
import { DirectoryService } from '../directory/directory.service.js';
import type { DirectoryFacts } from '../engine/advance.js';
import type { OrderState } from '../engine/order-state.js';
import {
  isGroupSubject,
  type Person,
  roleSubject,
  type Subject,
  userOfSubject,
  userSubject,
} from '../engine/vocabulary.js';

/** The role under which the system node asks for system administrators. */
const systemAdminRole = 'system_admin';

/** Loads from the directory what the engine wants to know about people, and nothing when nothing is asked. */
@Injectable()
export class OrderPeople {
  constructor(private readonly directory: DirectoryService) {}

  /**
   * The facts for a command on an order: the caller and the applicant as the directory has them at this moment. An order
   * without groups asks the directory nothing.
   * @param actor the caller; inactive ones sit nowhere.
   */
  async forCommand(
    sql: Sql,
    team: string | null,
    state: OrderState,
    actor: { readonly principal: UserPrincipal; readonly active: boolean },
  ): Promise<{ actor: Person; facts: DirectoryFacts }> {
    const { userCode } = actor.principal;
    const memberships = await this.memberships(sql, [userCode, state.applicant], groupsOf(subjectsOf(state)));
    return {
      actor: actor.active
        ? personOf(userCode, isSystemAdmin(actor.principal), memberships.get(userCode))
        : { userCode, subjects: new Set(), systemAdmin: false },
      facts: {
        applicant: personOf(state.applicant, state.applicantSystemAdmin, memberships.get(state.applicant)),
        ...(await this.asked(sql, team, askedAhead(state))),
      },
    };
  }

  /** The facts for a command that nobody gives in person: the applicant, and whom the steps ahead would ask. */
  async forService(sql: Sql, team: string | null, state: OrderState): Promise<DirectoryFacts> {
    const { applicant, applicantSystemAdmin } = state;
    const memberships = await this.memberships(sql, [applicant], groupsOf(subjectsOf(state)));
    return {
      applicant: personOf(applicant, applicantSystemAdmin, memberships.get(applicant)),
      ...(await this.asked(sql, team, askedAhead(state))),
    };
  }

  /** The facts for an opening: on which of the groups the applicant sits, and whom `all` steps would ask. */
  async forOpening(
    sql: Sql,
    team: string | null,
    applicant: { readonly userCode: string; readonly systemAdmin: boolean },
    groups: readonly Subject[],
    asking: readonly Subject[],
  ): Promise<DirectoryFacts> {
    const memberships = await this.memberships(sql, [applicant.userCode], groups);
    return {
      applicant: personOf(applicant.userCode, applicant.systemAdmin, memberships.get(applicant.userCode)),
      ...(await this.asked(sql, team, asking)),
    };
  }

  /** Whom `all` steps would ask: the members of their groups, and which of the people they name are inactive. */
  private async asked(
    sql: Sql,
    team: string | null,
    subjects: readonly Subject[],
  ): Promise<Pick<DirectoryFacts, 'members' | 'inactive'>> {
    const groups = groupsOf(subjects);
    const users = subjects.flatMap((subject) => userOfSubject(subject) ?? []);
    return {
      members: groups.length > 0 ? await this.directory.membersOf(sql, groups, team) : new Map(),
      inactive: users.length > 0 ? await this.directory.inactiveOf(sql, team, users) : new Set(),
    };
  }

  private async memberships(
    sql: Sql,
    users: readonly string[],
    groups: readonly Subject[],
  ): Promise<ReadonlyMap<string, ReadonlySet<Subject>>> {
    if (groups.length === 0) return new Map();
    return this.directory.memberships(sql, [...new Set(users)], groups);
  }
}

const subjectsOf = (state: OrderState): Subject[] => state.steps.flatMap((step) => step.subjects);

/** Whom the `all` steps that are still ahead would ask. */
const askedAhead = (state: OrderState): Subject[] =>
  state.steps
    .filter((step) => step.approvalMode === 'all' && step.auditStatus === 'waiting')
    .flatMap((step) => step.subjects);

const groupsOf = (subjects: readonly Subject[]): Subject[] => [...new Set(subjects.filter(isGroupSubject))];

const personOf = (
  userCode: string,
  systemAdmin: boolean,
  groups: ReadonlySet<Subject> = new Set(),
): Person => ({
  userCode,
  subjects: new Set([
    userSubject(userCode),
    ...groups,
    ...(systemAdmin ? [roleSubject(systemAdminRole)] : []),
  ]),
  systemAdmin,
});
