import { Injectable } from '@nestjs/common';
import type { Sql } from '../database/sql.js';
import { groupSubject, roleSubject, type Subject } from '../engine/vocabulary.js';
import { DirectoryRepository, type GroupOrRole, inactiveMark } from './directory.repository.js';

/** A department above a person. */
export interface DepartmentLevel {
  readonly code: string;
  readonly name: string;
  /** The leader's user code; null when the department has none. */
  readonly leader: string | null;
  /** Whether there is a leader, and one who may act in the team. */
  readonly leaderActive: boolean;
}

/**
 * What orders ask the directory: one statement a question, whatever the number of people, and none when nothing is
 * asked. Every question takes its database access, so that it can be asked inside a transaction and outside. Somebody
 * whom the directory does not list counts as active, and as of any team, but has no role.
 *
 * Subjects are groups (`g:`) and roles (`r:`); people (`u:`) among them are passed over. A role counts where the
 * directory lists its holder as active, and as of no team or of the team asked for (null: of any).
 */
@Injectable()
export class DirectoryService {
  constructor(private readonly directory: DirectoryRepository) {}

  /**
   * Which groups a team's node means: the team's own, else the platform's of the same code.
   * @param team null for a node of the platform, which knows the platform's groups only
   * @returns code → scope; codes without a group are absent
   */
  resolveGroups(sql: Sql, team: string | null, codes: readonly string[]): Promise<Map<string, string>> {
    return this.directory.resolveGroups(sql, team, codes);
  }

  /**
   * For the moment of a decision: which of the step's groups each of these people is in, and which of its roles they
   * have. Never `r:system_admin`, which comes from the token.
   * @param team the order's; for roles only, groups have one of their own
   */
  async memberships(
    sql: Sql,
    team: string | null,
    users: readonly string[],
    subjects: readonly Subject[],
  ): Promise<Map<string, Set<Subject>>> {
    const memberships = new Map(users.map((user) => [user, new Set<Subject>()]));
    for (const holding of await this.directory.memberships(sql, team, users, subjects)) {
      memberships.get(holding.userCode)?.add(subjectOf(holding));
    }
    return memberships;
  }

  /** Whether a person may act in a team. */
  async isActive(sql: Sql, team: string | null, userCode: string): Promise<boolean> {
    return !(await this.inactiveOf(sql, team, [userCode])).has(userCode);
  }

  /** The team in which somebody is listed; null for nobody who is, and for people of no team. */
  teamOf(sql: Sql, userCode: string): Promise<string | null> {
    return this.directory.teamOf(sql, userCode);
  }

  /** Who of these people may not act in a team. What another team's administrator says of a code says nothing here. */
  async inactiveOf(sql: Sql, team: string | null, users: readonly string[]): Promise<Set<string>> {
    return new Set(await this.directory.inactiveOf(sql, team, users));
  }

  /**
   * What the directory says of people: whether each may act. Whom it does not list for the team is absent.
   * @param team people listed in another team are absent; null: of all teams
   */
  async listed(
    sql: Sql,
    team: string | null,
    users: readonly string[],
  ): Promise<Map<string, 'active' | 'inactive'>> {
    const rows = await this.directory.listed(sql, team, users);
    return new Map(rows.map(({ userCode, active }) => [userCode, active === 1 ? 'active' : 'inactive']));
  }

  /**
   * The active members of groups and holders of roles (`r:system_admin` too, as far as the directory says), sorted by
   * code; an empty list for a group or role that has none or does not exist.
   * @param team people listed in another team are left out; null: of all teams
   */
  async membersOf(
    sql: Sql,
    subjects: readonly Subject[],
    team: string | null,
  ): Promise<Map<Subject, string[]>> {
    const members = new Map(subjects.map((subject): [Subject, string[]] => [subject, []]));
    for (const holding of await this.directory.membersOf(sql, subjects, team)) {
      members.get(subjectOf(holding))?.push(holding.userCode);
    }
    return members;
  }

  /**
   * Where to write to people about a team's orders: the address of each who is active, not listed in another team, and has
   * one. @param team null: of all teams
   */
  async emailsOf(sql: Sql, team: string | null, users: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.directory.emailsOf(sql, team, users);
    return new Map(rows.map(({ userCode, email }) => [userCode, email]));
  }

  /** How these people are called; whom the directory does not list for the team is absent. @param team null: of all teams */
  async namesOf(sql: Sql, team: string | null, users: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.directory.namesOf(sql, team, users);
    return new Map(rows.map(({ userCode, name }) => [userCode, name]));
  }

  /** Which of these groups and roles have somebody who can review (`r:system_admin` too, as in {@link membersOf}). */
  async reachable(sql: Sql, team: string | null, subjects: readonly Subject[]): Promise<Set<Subject>> {
    return new Set((await this.directory.reachable(sql, team, subjects)).map(subjectOf));
  }

  /**
   * For the inbox: every group that a person sits in and every role that the directory gives them, never
   * `r:system_admin`, which comes from the token; and whether they may act in the team. Who may not sits nowhere.
   */
  async deskOf(
    sql: Sql,
    team: string | null,
    userCode: string,
  ): Promise<{ readonly active: boolean; readonly subjects: Subject[] }> {
    const held = await this.directory.heldBy(sql, team, userCode);
    const subjects = held.filter(({ code }) => code !== inactiveMark).map(subjectOf);
    return { active: subjects.length === held.length, subjects: subjects.toSorted() };
  }

  /**
   * Who of the others is in at least one group with a person, among the team's groups and the platform's.
   * @param team null: the platform's only
   */
  async sharingGroups(
    sql: Sql,
    team: string | null,
    userCode: string,
    others: readonly string[],
  ): Promise<Set<string>> {
    return new Set(await this.directory.sharingGroups(sql, team, userCode, others));
  }

  /**
   * The department of each of these people, by code. Absent is who is not listed for the team, or whose department does
   * not exist there.
   * @param team whose departments stand before the platform's; null: people of all teams, the platform's departments
   */
  async departmentsOf(sql: Sql, team: string | null, users: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.directory.departmentsOf(sql, team, users);
    return new Map(rows.map(({ userCode, department }) => [userCode, department]));
  }

  /**
   * A person's department and the departments above it, nearest first; each code means the team's own department, else
   * the platform's. Ends at a code that no department has, where departments would repeat, and after 50.
   * @returns empty for somebody who is not listed for the team, or has no department there
   */
  async departmentChain(sql: Sql, team: string | null, userCode: string): Promise<DepartmentLevel[]> {
    const chain = new Map<string, DepartmentLevel>();
    for (const { code, name, leader, inactiveLeader } of await this.directory.departmentChain(
      sql,
      team,
      userCode,
    )) {
      if (chain.has(code)) break;
      const leaderActive = leader !== null && inactiveLeader === null;
      chain.set(code, { code, name, leader, leaderActive });
    }
    return [...chain.values()];
  }
}

const subjectOf = ({ scope, code }: GroupOrRole): Subject =>
  scope === null ? roleSubject(code) : groupSubject(scope, code);
