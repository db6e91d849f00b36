import { Injectable } from '@nestjs/common';
import type { Sql } from '../database/sql.js';
import { groupSubject, type Subject } from '../engine/vocabulary.js';
import { DirectoryRepository } from './directory.repository.js';

/** What the directory says about a few people and groups at one moment. */
export interface PersonFacts {
  /** For every person asked about: in which of the groups asked about they are. */
  readonly memberships: Map<string, Set<Subject>>;
  /** Who of them is listed as inactive. Somebody who is not listed is active. */
  readonly inactive: Set<string>;
}

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

  /** For the moment of a decision: who is in which of the step's groups, and who is inactive. One statement. */
  async personFacts(
    sql: Sql,
    asked: { readonly users: readonly string[]; readonly groups: readonly Subject[] },
  ): Promise<PersonFacts> {
    const memberships = new Map(asked.users.map((user) => [user, new Set<Subject>()]));
    const inactive = new Set<string>();
    for (const { userCode, scope, code } of await this.directory.personFacts(
      sql,
      asked.users,
      asked.groups,
    )) {
      if (scope === null || code === null) inactive.add(userCode);
      else memberships.get(userCode)?.add(groupSubject(scope, code));
    }
    return { memberships, inactive };
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

  /** Which of these people can review, and which of these groups have somebody who can. One statement. */
  async reachable(
    sql: Sql,
    team: string | null,
    asked: { readonly users: readonly string[]; readonly groups: readonly Subject[] },
  ): Promise<{ users: Set<string>; groups: Set<Subject> }> {
    const users = new Set(asked.users);
    const groups = new Set<Subject>();
    for (const { scope, code } of await this.directory.reachable(sql, team, asked.users, asked.groups)) {
      if (scope === null) users.delete(code);
      else groups.add(groupSubject(scope, code));
    }
    return { users, groups };
  }

  /** Every group that a person sits in, for the inbox; none for somebody inactive. */
  async subjectsOf(sql: Sql, userCode: string): Promise<Subject[]> {
    return (await this.directory.groupsOf(sql, userCode)).map(({ scope, code }) => groupSubject(scope, code));
  }

  /** The roles of an active person; none for everybody else. */
  rolesOf(sql: Sql, userCode: string): Promise<string[]> {
    return this.directory.rolesOf(sql, userCode);
  }
}
