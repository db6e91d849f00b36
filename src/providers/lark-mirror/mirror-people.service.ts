import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { DirectoryService } from '../../directory/directory.service.js';
import { openStep, type StepState } from '../../engine/order-state.js';
import { mayDecide } from '../../engine/permission.js';
import { roleSubject, type Subject, userOfSubject, userSubject } from '../../engine/vocabulary.js';
import type { OrderRecord } from '../../orders/orders.service.js';
import { IdentitiesService } from '../identities/identities.service.js';
import type { Deciders } from './mirrored-tasks.js';

/** How many members of groups and roles are looked at for one step. */
const maxMembers = 1_000;

/** This role comes with a token, and nobody has one in Feishu. */
const systemAdmin = roleSubject('system_admin');

/** The people of an order, on both sides. */
export interface MirrorPeople {
  /** Feishu's ids, by user code; who has none there is absent. */
  readonly externals: ReadonlyMap<string, string>;
  readonly deciders: Deciders;
  readonly applicantName: string;
}

/** Who is shown an order in Feishu, and who may decide it there: by the rules that count here. */
@Injectable()
export class MirrorPeopleService {
  constructor(
    private readonly directory: DirectoryService,
    private readonly identities: IdentitiesService,
    private readonly database: Database,
  ) {}

  /** @param copied who has got a copy */
  async of(providerId: string, record: OrderRecord, copied: readonly string[]): Promise<MirrorPeople> {
    const { state, head } = record;
    const step = state.returned ? null : openStep(state);
    const members = step ? await this.members(head.accCode, step) : [];
    const seated = state.steps.flatMap(({ seats }) => peopleOf(seats));
    const everybody = [...new Set([state.applicant, ...copied, ...seated, ...members])];
    const externals = await this.identities.externalsOf(providerId, everybody);
    const named = step ? peopleOf(step.seats) : [];
    const candidates = [...new Set([...named, ...members])].filter((userCode) => externals.has(userCode));
    const names = externals.has(state.applicant)
      ? null
      : await this.directory.namesOf(this.database, head.accCode, [state.applicant]);
    return {
      externals,
      deciders: { may: await this.deciders(record, step, candidates), throughGroups: members },
      applicantName: names?.get(state.applicant) ?? state.applicant,
    };
  }

  /** Of a step that asks groups and roles as they are: who is in them. */
  private async members(team: string | null, { seats }: StepState): Promise<string[]> {
    const shared = seats
      .filter(({ subject, turn, gone }) => turn === 'open' && gone === null && isShared(subject))
      .map(({ subject }) => subject);
    if (shared.length === 0) return [];
    const members = await this.directory.membersOf(this.database, shared, team);
    return [...new Set([...members.values()].flat())].slice(0, maxMembers);
  }

  /** Nobody decides there whom the directory does not list as active: no token says who they are. */
  private async deciders(
    { state, head }: OrderRecord,
    step: StepState | null,
    candidates: readonly string[],
  ): Promise<ReadonlySet<string>> {
    if (!step || candidates.length === 0) return new Set();
    const { accCode } = head;
    const listed = await this.directory.listed(this.database, accCode, candidates);
    const active = candidates.filter((userCode) => listed.get(userCode) === 'active');
    const shared = [...step.subjects, ...step.seats.map(({ subject }) => subject)].filter(isShared);
    const memberships =
      shared.length === 0 || active.length === 0
        ? new Map<string, ReadonlySet<Subject>>()
        : await this.directory.memberships(this.database, accCode, active, [...new Set(shared)]);
    const may = active.filter((userCode) => {
      const subjects = new Set([userSubject(userCode), ...(memberships.get(userCode) ?? [])]);
      // Whom a resolver has named is asked for again when they decide.
      return 'step' in mayDecide(state, { userCode, subjects, systemAdmin: false, confirmed: true });
    });
    return new Set(may);
  }
}

const isShared = (subject: Subject): boolean => userOfSubject(subject) === null && subject !== systemAdmin;

const peopleOf = (seats: readonly { readonly subject: Subject }[]): string[] =>
  seats.flatMap(({ subject }) => userOfSubject(subject) ?? []);
