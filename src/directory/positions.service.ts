import { Injectable } from '@nestjs/common';
import type { TeamScope } from '../auth/principal.js';
import { DepartmentsRepository } from './departments.repository.js';
import { platform } from './group-subject.js';
import { UsersRepository } from './users.repository.js';

/** Where the directory has a person besides their own entry. */
export interface Positions {
  readonly groups: readonly string[];
  readonly leaderOf: readonly string[];
}

/** What somebody who leaves would leave behind, for whoever looks after it. */
@Injectable()
export class PositionsService {
  constructor(
    private readonly users: UsersRepository,
    private readonly departments: DepartmentsRepository,
  ) {}

  /** Codes of groups and departments of these teams and of the platform, each once, sorted. */
  async of(teams: TeamScope, userCode: string): Promise<Positions> {
    const scopes = teams === 'all' ? 'all' : [platform, ...teams];
    const groups = (await this.users.memberships(scopes, [userCode])).get(userCode) ?? [];
    const led = await this.departments.ledBy(scopes, userCode);
    return { groups: codesOf(groups), leaderOf: codesOf(led) };
  }
}

const codesOf = (owned: readonly { readonly code: string }[]): string[] =>
  [...new Set(owned.map(({ code }) => code))].toSorted();
