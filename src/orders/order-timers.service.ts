import { Injectable } from '@nestjs/common';
import { ApproverFinder } from '../approvers/approver-finder.service.js';
import { systemUserCode } from '../auth/token.verifier.js';
import { Database } from '../database/database.js';
import type { Sql, Tx } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import type { Found } from '../engine/advance.js';
import { nextTimer } from '../engine/clocks.js';
import type { Command } from '../engine/decide.js';
import { openStep, plainFinding, type StepState } from '../engine/order-state.js';
import { escalationOf } from '../engine/overdue.js';
import { userOfSubject } from '../engine/vocabulary.js';
import { type CarriedOut, OrderCommands } from './order.commands.js';
import { OrderPeople } from './order.people.js';
import type { OrderRecord } from './order.record.js';
import { contextOf, OrderResolvers } from './order.resolvers.js';
import { OrderTransitions } from './order.transitions.js';
import { type LockedOrder, OrdersRepository } from './orders.repository.js';

/** What became of an order whose time was reckoned anew. */
export interface Reckoned {
  readonly changed: boolean;
  /** When its open step is due; null when none is, or its time stands still. */
  readonly dueAt: Date | null;
}

/** What time does to orders (docs/time.md). Who looks when that is, is the room of timers. */
@Injectable()
export class OrderTimersService {
  constructor(
    private readonly commands: OrderCommands,
    private readonly people: OrderPeople,
    private readonly finder: ApproverFinder,
    private readonly resolvers: OrderResolvers,
    private readonly transitions: OrderTransitions,
    private readonly orders: OrdersRepository,
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * Fires the one timer of an order that is next, if its moment has come: whoever comes second finds nothing to do.
   * @returns whether one has fired; there may be more
   */
  async fire(orderId: string): Promise<boolean> {
    const record = await this.orders.find('all', orderId);
    if (!record || !(await this.isDue(record))) return false;
    const ahead = await this.ahead(record);
    const { events } = await this.carryOut(orderId, async (tx, locked) => {
      const facts = await this.people.facts(tx, locked, ahead);
      const leaders = await this.leaders(tx, locked.record, facts.present?.now ?? 0);
      return { type: 'fire_timer', leaders, facts } as const;
    });
    return events.length > 0;
  }

  /** Reckons when the open step of an order is due by its calendar as it is now. */
  async recompute(orderId: string): Promise<Reckoned> {
    const { record, events } = await this.carryOut(orderId, async (tx, { record: { head, state } }) => {
      const step = openStep(state);
      const present = await this.people.present(tx, head.accCode, step ? [step] : []);
      return { type: 'reckon_time', ...present } as const;
    });
    const clock = openStep(record.state)?.clock;
    return { changed: events.length > 0, dueAt: clock?.running ? new Date(clock.dueAt) : null };
  }

  /** Whether there is anything to lock the order for. */
  private async isDue({ head, state }: OrderRecord): Promise<boolean> {
    const step = openStep(state);
    if (!step?.clock?.running) return false;
    const { present } = await this.people.present(this.database, head.accCode, [step]);
    return present !== undefined && nextTimer(step.clock, present.now) !== null;
  }

  /** Whom resolvers name for the steps that open if time approves the present one; asked outside any transaction. */
  private async ahead(record: OrderRecord): Promise<ReadonlyMap<number, Found>> {
    if (openStep(record.state)?.timing?.then !== 'auto_approve') return new Map();
    const waiting = record.state.steps.filter((step) => step.auditStatus === 'waiting');
    return this.resolvers.approvers(waiting, contextOf(record));
  }

  /** The leaders of that level above everybody who is waited for; above the applicant where that is nobody by name. */
  private async leaders(sql: Sql, { head, state }: OrderRecord, now: number): Promise<string[]> {
    const step = openStep(state);
    const timer = step?.clock ? nextTimer(step.clock, now) : null;
    const level = step && timer ? escalationOf(step, timer) : 0;
    if (!step || level === 0) return [];
    const awaited = peopleAwaited(step);
    const leaders: string[] = [];
    for (const applicant of awaited.length > 0 ? awaited : [state.applicant]) {
      const { people } = await this.finder.find(sql, {
        team: head.accCode,
        applicant,
        auditObjectType: 'leader',
        auditObject: [String(level)],
        subjects: [],
        finding: { ...plainFinding, pastVacant: true },
      });
      leaders.push(...people);
    }
    return leaders;
  }

  private carryOut(
    orderId: string,
    prepare: (tx: Tx, locked: LockedOrder) => Promise<Command>,
  ): Promise<CarriedOut> {
    let firstLogId = '';
    return this.unitOfWork.run(
      async (tx) => {
        const target = { scope: 'all', id: orderId, userCode: systemUserCode } as const;
        const done = await this.commands.carryOut(tx, target, (locked) => prepare(tx, locked));
        ({ firstLogId } = done);
        return done;
      },
      { confirm: (tx) => this.transitions.happened(tx, firstLogId) },
    );
  }
}

/** How many people's leaders are asked, at most. */
const maxAwaited = 20;

const peopleAwaited = (step: StepState): string[] =>
  step.seats
    .filter((seat) => seat.turn === 'open' && seat.kind !== 'escalated')
    .flatMap((seat) => userOfSubject(seat.subject) ?? [])
    .slice(0, maxAwaited);
