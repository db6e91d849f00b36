import { Injectable } from '@nestjs/common';
import type { Sql } from '../database/sql.js';
import { groupSubject, type Subject } from '../engine/vocabulary.js';
import { DirectoryRepository } from './directory.repository.js';

/**
 * What orders ask the directory. Every question takes its database access, so that it can be asked inside a
 * transaction and outside. Somebody whom the directory does not list counts as active, and as of any team.
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

  /** For the moment of a decision: in which of the step's groups each of these people is. */
  async memberships(
    sql: Sql,
    users: readonly string[],
    groups: readonly Subject[],
  ): Promise<Map<string, Set<Subject>>> {
    const memberships = new Map(users.map((user) => [user, new Set<Subject>()]));
    for (const { userCode, scope, code } of await this.directory.memberships(sql, users, groups)) {
      memberships.get(userCode)?.add(groupSubject(scope, code));
    }
    return memberships;
  }

  /** Whether a person may act in a team. */
  async isActive(sql: Sql, team: string | null, userCode: string): Promise<boolean> {
    return !(await this.inactiveOf(sql, team, [userCode])).has(userCode);
  }

  /** Who of these people may not act in a team. What another team's administrator says of a code says nothing here. */
  async inactiveOf(sql: Sql, team: string | null, users: readonly string[]): Promise<Set<string>> {
    return new Set(await this.directory.inactiveOf(sql, team, users));
  }

  /**
   * The active members of groups, sorted by code; an empty list for a group that has none or does not exist.
   * @param team people listed in another team are left out; null: of all teams
   */
  async membersOf(
    sql: Sql,
    groups: readonly Subject[],
    team: string | null,
  ): Promise<Map<Subject, string[]>> {
    const members = new Map(groups.map((group): [Subject, string[]] => [group, []]));
    for (const { userCode, scope, code } of await this.directory.membersOf(sql, groups, team)) {
      members.get(groupSubject(scope, code))?.push(userCode);
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

  /** Which of these groups have somebody who can review. */
  async reachable(sql: Sql, team: string | null, groups: readonly Subject[]): Promise<Set<Subject>> {
    const found = await this.directory.reachable(sql, team, groups);
    return new Set(found.map(({ scope, code }) => groupSubject(scope, code)));
  }

  /** Every group that a person sits in, for the inbox; none for somebody who is inactive in the team. */
  async subjectsOf(sql: Sql, team: string | null, userCode: string): Promise<Subject[]> {
    const groups = await this.directory.groupsOf(sql, team, userCode);
    return groups.map(({ scope, code }) => groupSubject(scope, code));
  }
}
