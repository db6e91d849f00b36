import { Injectable } from '@nestjs/common';
import type { Sql } from '../database/sql.js';
import { DirectoryService } from '../directory/directory.service.js';
import type { Found } from '../engine/advance.js';
import type { FoundWhy } from '../engine/events.js';
import type { FindingRule } from '../engine/order-state.js';
import { type NodeObjectType, isGroupSubject, type Subject, userOfSubject } from '../engine/vocabulary.js';
import { wrongChoices } from './applicant-choice.js';
import { nthLeader } from './leaders.js';

export { wrongChoices } from './applicant-choice.js';

/** A stage's rule, and for whom it is to find somebody. */
export interface Search {
  /** The order's; null for an applicant without one. */
  readonly team: string | null;
  readonly applicant: string;
  readonly auditObjectType: NodeObjectType;
  readonly auditObject: readonly string[];
  /** Of `user`, `group` and `role`: whom the codes mean. */
  readonly subjects: readonly Subject[];
  readonly finding: FindingRule;
}

/** Whom a rule finds, and why. */
export type Finding = Required<Found>;

/** The people found, each with the reason; a map keeps their sequence and has each once. */
type Reasons = ReadonlyMap<string, FoundWhy>;

/** How many people one statement asks about: fewer than the 32,766 values that SQLite binds. */
const perStatement = 20_000;

/**
 * Finds the people whom a stage asks, in the directory alone: a handful of statements, whatever the number of people. To
 * find nobody is an answer, and no `problem`: the node's `whenNobody` says what follows. Resolvers are asked by
 * `ApproverResolver`, since no network is inside a transaction.
 */
@Injectable()
export class ApproverFinder {
  constructor(private readonly directory: DirectoryService) {}

  /** @throws Error for a resolver: a mistake of the program. */
  async find(sql: Sql, search: Search): Promise<Finding> {
    const found = await this.reasons(sql, search);
    return {
      people: [...found.keys()],
      problem: null,
      why: [...found.values()],
    };
  }

  private reasons(sql: Sql, search: Search): Promise<Reasons> {
    switch (search.auditObjectType) {
      case 'user':
      case 'group':
      case 'role':
        return this.named(sql, search);
      case 'leader':
        return this.leader(sql, search);
      case 'applicant_choice':
        return this.chosen(sql, search);
      case 'resolver':
        throw new Error('resolvers are asked by ApproverResolver, outside any transaction');
    }
  }

  private async leader(sql: Sql, search: Search): Promise<Reasons> {
    const { team, applicant, auditObject, finding } = search;
    const chain = await this.directory.departmentChain(sql, team, applicant);
    const leader = nthLeader(chain, applicant, Number(auditObject[0]), finding.pastVacant);
    if (leader === null) return new Map();
    const { userCode, department, level } = leader;
    return new Map([[userCode, { userCode, rule: 'leader', of: department, level }]]);
  }

  private async chosen(sql: Sql, { team, auditObject, finding }: Search): Promise<Reasons> {
    const { chosen } = finding;
    const listed = await this.directory.listed(sql, team, chosen);
    const wrong = new Set(wrongChoices(auditObject, chosen, listed));
    return new Map(
      chosen
        .filter((userCode) => !wrong.has(userCode))
        .map((userCode): [string, FoundWhy] => [userCode, { userCode, rule: 'chosen' }]),
    );
  }

  /** The people behind users, groups and roles, as far as the restriction keeps them (requirement 002, 限定). */
  private async named(sql: Sql, search: Search): Promise<Reasons> {
    const people = await this.everybody(sql, search);
    const { team, applicant, finding } = search;
    switch (finding.restrictTo) {
      case null:
        return people;
      case 'group': {
        const sharing = await inParts([...people.keys()], (part) =>
          this.directory.sharingGroups(sql, team, applicant, part),
        );
        return kept(people, new Set(sharing), { restriction: 'group' });
      }
      case 'department': {
        const departments = await this.departmentsOf(sql, team, [applicant, ...people.keys()]);
        const own = departments.get(applicant);
        return own === undefined
          ? new Map()
          : kept(people, peopleOf(departments, own), { restriction: 'department', department: own });
      }
      case 'department_chain':
        return this.nearest(sql, search, people);
    }
  }

  private async everybody(sql: Sql, { team, subjects }: Search): Promise<Reasons> {
    const users = subjects.flatMap((subject) => userOfSubject(subject) ?? []);
    const shared = subjects.filter((subject) => userOfSubject(subject) === null);
    const inactive = await this.directory.inactiveOf(sql, team, users);
    const members = await this.directory.membersOf(sql, shared, team);
    const people = new Map<string, FoundWhy>();
    for (const subject of subjects) {
      const user = userOfSubject(subject);
      const behind = user === null ? (members.get(subject) ?? []) : inactive.has(user) ? [] : [user];
      const reason = user === null ? membership(subject) : ({ rule: 'named' } as const);
      for (const userCode of behind) if (!people.has(userCode)) people.set(userCode, { userCode, ...reason });
    }
    return people;
  }

  /** Those of the nearest department upwards that has one of them. */
  private async nearest(sql: Sql, { team, applicant }: Search, people: Reasons): Promise<Reasons> {
    const chain = await this.directory.departmentChain(sql, team, applicant);
    if (chain.length === 0) return new Map();
    const departments = await this.departmentsOf(sql, team, [...people.keys()]);
    const inhabited = new Set(departments.values());
    const index = chain.findIndex(({ code }) => inhabited.has(code));
    const department = chain[index]?.code;
    if (department === undefined) return new Map();
    const within = { restriction: 'department_chain', department, level: index + 1 } as const;
    return kept(people, peopleOf(departments, department), within);
  }

  private async departmentsOf(
    sql: Sql,
    team: string | null,
    users: readonly string[],
  ): Promise<ReadonlyMap<string, string>> {
    return new Map(await inParts(users, (part) => this.directory.departmentsOf(sql, team, part)));
  }
}

/** The answers of as few questions as there can be, one after the other: a transaction has one connection. */
async function inParts<T>(
  users: readonly string[],
  ask: (part: readonly string[]) => Promise<Iterable<T>>,
): Promise<T[]> {
  const answers: T[] = [];
  for (let from = 0; from < users.length; from += perStatement) {
    for (const answer of await ask(users.slice(from, from + perStatement))) answers.push(answer);
  }
  return answers;
}

const kept = (people: Reasons, who: ReadonlySet<string>, within: FoundWhy['within']): Reasons =>
  new Map(
    [...people]
      .filter(([userCode]) => who.has(userCode))
      .map(([userCode, why]) => [userCode, { ...why, within }]),
  );

const peopleOf = (departments: ReadonlyMap<string, string>, department: string): ReadonlySet<string> =>
  new Set([...departments].filter(([, code]) => code === department).map(([userCode]) => userCode));

/** `g:<team>/<code>` or `r:<role>`: codes of groups hold no slash. */
const membership = (subject: Subject): Pick<FoundWhy, 'rule' | 'of'> =>
  isGroupSubject(subject)
    ? { rule: 'group', of: subject.slice(subject.lastIndexOf('/') + 1) }
    : { rule: 'role', of: subject.slice('r:'.length) };
