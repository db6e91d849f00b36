import { Injectable } from '@nestjs/common';
import { ApproverFinder } from '../approvers/approver-finder.service.js';
import { CalendarsService } from '../calendars/calendars.service.js';
import { DelegationsService } from '../delegations/delegations.service.js';
import { isSystemAdmin, type UserPrincipal } from '../auth/principal.js';
import { SharedClock } from '../database/shared-clock.js';
import type { Sql } from '../database/sql.js';
import { DirectoryService } from '../directory/directory.service.js';
import type { Target } from '../engine/actions.js';
import type { Delegation, DirectoryFacts, Found } from '../engine/advance.js';
import {
  isFound,
  isLazy,
  openStep,
  type OrderState,
  plainFinding,
  type StepSnapshot,
  type StepState,
} from '../engine/order-state.js';
import { allApprovers } from '../engine/repeat.js';
import { standsIn } from '../engine/seats.js';
import {
  type AutoApprove,
  type Person,
  roleSubject,
  type Subject,
  userOfSubject,
  userSubject,
} from '../engine/vocabulary.js';
import { Clock } from '../runtime/clock.js';
import type { OrderRecord } from './order.record.js';

/** The role under which the system node asks for system administrators; it comes from tokens, not from the directory. */
const systemAdminSubject = roleSubject('system_admin');

/** Who applies, or acts. */
export interface Somebody {
  readonly userCode: string;
  readonly systemAdmin: boolean;
}

/** An order for which facts are wanted, and whether anybody in its team has delegated anything. */
export interface Occasion {
  readonly record: Pick<OrderRecord, 'head' | 'state'>;
  readonly delegating: boolean;
}

/** Whose facts are wanted for steps that may open. */
export interface Ahead {
  readonly team: string | null;
  readonly businessType: string;
  /** What the conditions of delegations are judged by. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Whether anybody in the team has delegated anything. */
  readonly delegating: boolean;
  readonly autoApprove: AutoApprove;
  readonly applicant: Somebody;
  readonly steps: readonly StepSnapshot[];
  /** Whether a step without anybody to review it matters also where its node says `refuse`. */
  readonly refuses: boolean;
  /** What resolvers have answered, by step. */
  readonly answered: ReadonlyMap<number, Found>;
  /** Whether the people behind groups and roles are wanted also where a step asks them as they are: to tell of them. */
  readonly everybody?: boolean;
  /** Of people whom the directory was asked for already: whether they are inactive. */
  readonly inactive?: ReadonlyMap<string, boolean>;
}

/** Loads from the directory what the engine wants to know about people, and nothing when nothing is asked. */
@Injectable()
export class OrderPeople {
  constructor(
    private readonly directory: DirectoryService,
    private readonly finder: ApproverFinder,
    private readonly delegations: DelegationsService,
    private readonly calendars: CalendarsService,
    private readonly sharedClock: SharedClock,
    private readonly clock: Clock,
  ) {}

  /** The caller, as the directory has them at this moment; inactive ones sit nowhere. */
  async actor(
    sql: Sql,
    team: string | null,
    state: OrderState,
    { principal, active }: { readonly principal: UserPrincipal; readonly active: boolean },
  ): Promise<Person> {
    const { userCode } = principal;
    if (!active) return { userCode, subjects: new Set(), systemAdmin: false };
    const memberships = await this.memberships(sql, team, [userCode], subjectsOf(state));
    return personOf({ userCode, systemAdmin: isSystemAdmin(principal) }, memberships, principal.roles);
  }

  /** People to whom work is given, as the directory lists them for the order's team. */
  async targets(
    sql: Sql,
    team: string | null,
    state: OrderState,
    userCodes: readonly string[],
  ): Promise<Target[]> {
    const listed = await this.directory.listed(sql, team, userCodes);
    const memberships = await this.memberships(sql, team, userCodes, subjectsOf(state));
    return userCodes.map((userCode) => ({
      person: personOf({ userCode, systemAdmin: false }, memberships),
      standing: listed.get(userCode) ?? 'unknown',
    }));
  }

  /**
   * The facts for a command on an order under way: the applicant, whom the steps would ask that may open, and who of the
   * open step's people is still there. An order that asks people by name only asks the directory nothing.
   * @param also steps that may open although they do not wait: a return's goal, all of them for a resubmission
   * @param refuses whether a step without anybody refuses the command, as it does an opening
   * @param variables those that count from now on
   */
  async facts(
    sql: Sql,
    { record: { head, state }, delegating }: Occasion,
    answered: ReadonlyMap<number, Found>,
    also: (step: StepState) => boolean = () => false,
    refuses = false,
    variables = head.variables,
  ): Promise<DirectoryFacts> {
    const ahead = state.steps.filter((step) => step.auditStatus === 'waiting' || also(step));
    const open = openStep(state);
    const applicant = { userCode: state.applicant, systemAdmin: state.applicantSystemAdmin };
    const approvers = state.dedupe === 'none' ? [] : allApprovers(state);
    const facts = await this.load(
      sql,
      {
        team: head.accCode,
        businessType: head.businessType,
        variables,
        delegating,
        autoApprove: state.autoApprove,
        applicant,
        steps: ahead,
        refuses,
        answered,
      },
      open,
      approvers,
    );
    // Any of the steps may open: one that was closed is reopened.
    return { ...facts, ...(await this.present(sql, head.accCode, state.steps)) };
  }

  /** The facts for an opening, or for one that is planned. */
  async forOpening(sql: Sql, ahead: Omit<Ahead, 'refuses'>): Promise<DirectoryFacts> {
    const facts = await this.load(sql, { ...ahead, refuses: true }, null, []);
    return { ...facts, ...(await this.present(sql, ahead.team, ahead.steps)) };
  }

  private async load(
    sql: Sql,
    ahead: Ahead,
    underReview: StepState | null,
    approverCodes: readonly string[],
  ): Promise<DirectoryFacts> {
    const { team, applicant, steps } = ahead;
    const asks = underReview && (underReview.people.length > 0 || awaited(underReview).length > 0);
    const open = asks ? underReview : null;
    const reviewed = underReview ? [underReview, ...steps] : steps;
    const named = [...steps, ...(open ? [open] : [])].flatMap((step) => step.subjects);
    const codes = [...new Set([applicant.userCode, ...approverCodes])];
    const memberships = await this.memberships(sql, team, codes, named);
    const asked = steps
      .filter((step) => !isFound(step) && (ahead.everybody || !isLazy(step)))
      .flatMap((step) => step.subjects);
    // Of a step that asks its groups as they are, only whoever was added to it can be missing.
    const opened = open && !isLazy(open) ? open.subjects : [];
    const asking = [...asked, ...opened].filter((subject) => userOfSubject(subject) === null);
    const fallback = steps.flatMap((step) => step.finding?.fallback ?? []);
    const users = [
      ...asked.flatMap((subject) => userOfSubject(subject) ?? []),
      ...(open ? awaited(open) : []),
      ...fallback,
    ];
    return {
      applicant: personOf(applicant, memberships),
      members: asking.length > 0 ? await this.directory.membersOf(sql, unique(asking), team) : new Map(),
      inactive: await this.inactive(sql, ahead, users),
      found: await this.found(sql, ahead),
      deserted: await this.deserted(sql, ahead),
      approvers: new Map(
        approverCodes.map((userCode) => [userCode, personOf({ userCode, systemAdmin: false }, memberships)]),
      ),
      ...(ahead.delegating ? { delegations: await this.standIns(sql, ahead, reviewed) } : {}),
      ...(open ? await this.lapsed(sql, team, open) : {}),
    };
  }

  /** Who has delegated what an order like this asks of them, and through which groups and roles it asks them. */
  private async standIns(
    sql: Sql,
    { team, businessType, variables }: Ahead,
    steps: readonly StepSnapshot[],
  ): Promise<Delegation[]> {
    const inForce = await this.delegations.inForce(sql, team, this.clock.now(), businessType, variables);
    if (inForce.length === 0) return [];
    const shared = steps.filter((step) => isLazy(step)).flatMap((step) => step.subjects);
    const delegators = inForce.map(({ from }) => from);
    const memberships = await this.memberships(sql, team, delegators, shared);
    return inForce.map((delegation) => ({
      ...delegation,
      subjects: memberships.get(delegation.from) ?? new Set<Subject>(),
    }));
  }

  /** Who is represented on a step that asks groups as they are, and has left the groups through which it asked them. */
  private async lapsed(
    sql: Sql,
    team: string | null,
    open: StepState,
  ): Promise<Pick<DirectoryFacts, 'lapsed'>> {
    const represented = open.seats
      .filter((seat) => seat.gone === 'delegated' && seat.kind === 'acting')
      .flatMap((seat) => userOfSubject(seat.subject) ?? []);
    if (represented.length === 0) return {};
    const memberships = await this.memberships(sql, team, represented, open.subjects);
    return { lapsed: new Set(represented.filter((userCode) => !memberships.get(userCode)?.size)) };
  }

  /** The moment, and the calendars by which steps are due; nothing where none is. */
  async present(
    sql: Sql,
    team: string | null,
    steps: readonly StepSnapshot[],
  ): Promise<Pick<DirectoryFacts, 'present'>> {
    const timings = steps.flatMap((step) => step.timing ?? []);
    if (timings.length === 0) return {};
    const calendars = unique(timings.flatMap(({ calendar }) => calendar ?? []));
    const timetable = await this.calendars.timetable(sql, team, calendars);
    return { present: { now: await this.sharedClock.now(sql), timetable } };
  }

  /** Whom rules find for the steps ahead; resolvers are asked elsewhere, since no network is inside a transaction. */
  private async found(sql: Sql, { team, applicant, steps, answered }: Ahead): Promise<Map<number, Found>> {
    const found = new Map(answered);
    for (const step of steps) {
      const { auditObjectType } = step;
      if (!isFound(step) || auditObjectType === 'resolver' || auditObjectType === 'provider') continue;
      const { auditObject, subjects, finding = plainFinding } = step;
      const search = { team, applicant: applicant.userCode, auditObjectType, auditObject, subjects, finding };
      found.set(step.applyStep, await this.finder.find(sql, search));
    }
    return found;
  }

  /** The steps that ask people, groups and roles as they are, and among whom nobody could review. */
  private async deserted(sql: Sql, ahead: Ahead): Promise<ReadonlySet<number>> {
    const { steps, refuses } = ahead;
    const lazy = steps.filter(
      (step) => isLazy(step) && (refuses || (step.finding?.whenNobody ?? 'refuse') !== 'refuse'),
    );
    if (lazy.length === 0) return new Set();
    const subjects = unique(lazy.flatMap((step) => step.subjects));
    const users = subjects.flatMap((subject) => userOfSubject(subject) ?? []);
    const shared = subjects.filter(
      (subject) => userOfSubject(subject) === null && subject !== systemAdminSubject,
    );
    const inactive = await this.inactive(sql, ahead, users);
    const reachable = await this.reachable(sql, ahead, shared);
    // Whose own decision does not count is nobody here.
    const barred = ahead.autoApprove === 'never' ? ahead.applicant.userCode : null;
    const isThere = (subject: Subject): boolean => {
      const user = userOfSubject(subject);
      if (user !== null) return user !== barred && !inactive.has(user);
      // A system administrator can always be found: the service cannot be set up without one.
      return subject === systemAdminSubject || reachable.has(subject);
    };
    return new Set(lazy.filter((step) => !step.subjects.some(isThere)).map((step) => step.applyStep));
  }

  /** Which groups and roles have somebody who could review; under `never`, besides the applicant. */
  private async reachable(
    sql: Sql,
    { team, autoApprove, applicant }: Ahead,
    shared: readonly Subject[],
  ): Promise<ReadonlySet<Subject>> {
    if (shared.length === 0) return new Set();
    const reachable = await this.directory.reachable(sql, team, shared);
    if (autoApprove !== 'never') return reachable;
    const own = (await this.memberships(sql, team, [applicant.userCode], shared)).get(applicant.userCode);
    const theirs = [...reachable].filter((subject) => own?.has(subject));
    if (theirs.length === 0) return reachable;
    const members = await this.directory.membersOf(sql, theirs, team);
    const alone = theirs.filter((subject) =>
      members.get(subject)?.every((one) => one === applicant.userCode),
    );
    return new Set([...reachable].filter((subject) => !alone.includes(subject)));
  }

  private async inactive(
    sql: Sql,
    { team, inactive: known }: Ahead,
    users: readonly string[],
  ): Promise<ReadonlySet<string>> {
    const unknown = unique(users.filter((userCode) => !known?.has(userCode)));
    const asked = unknown.length > 0 ? await this.directory.inactiveOf(sql, team, unknown) : [];
    return new Set([...users.filter((userCode) => known?.get(userCode)), ...asked]);
  }

  private async memberships(
    sql: Sql,
    team: string | null,
    users: readonly string[],
    subjects: readonly Subject[],
  ): Promise<ReadonlyMap<string, ReadonlySet<Subject>>> {
    const shared = unique(subjects).filter(
      (subject) => userOfSubject(subject) === null && subject !== systemAdminSubject,
    );
    if (shared.length === 0) return new Map();
    return this.directory.memberships(sql, team, unique(users), shared);
  }
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** People whom an open step waits for by name: it has to know whether they are still there. */
const awaited = (step: StepState): string[] =>
  step.seats
    .filter((seat) => (seat.gone === null || seat.gone === 'delegated') && seat.decision === null)
    .filter(
      (seat) =>
        !isLazy(step) ||
        seat.kind === 'added' ||
        seat.kind === 'consulted' ||
        seat.gone === 'delegated' ||
        standsIn(step, seat),
    )
    .flatMap((seat) => userOfSubject(seat.subject) ?? []);

/** Everything that an order's steps name or ask, besides people. */
const subjectsOf = (state: OrderState): Subject[] =>
  state.steps.flatMap((step) => [...step.subjects, ...step.seats.map((seat) => seat.subject)]);

const personOf = (
  { userCode, systemAdmin }: Somebody,
  memberships: ReadonlyMap<string, ReadonlySet<Subject>>,
  roles: readonly string[] = [],
): Person => ({
  userCode,
  subjects: new Set([
    userSubject(userCode),
    ...(memberships.get(userCode) ?? []),
    ...roles.map(roleSubject),
    ...(systemAdmin ? [systemAdminSubject] : []),
  ]),
  systemAdmin,
});
