import { Injectable } from '@nestjs/common';
import { scopeOf, type UserPrincipal } from '../auth/principal.js';
import { Database } from '../database/database.js';
import type { Sql } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { unasked } from '../engine/advance.js';
import { type Command, decide } from '../engine/decide.js';
import { needsConfirmation } from '../engine/permission.js';
import { maxStages, type Person } from '../engine/vocabulary.js';
import { notFound } from '../http/problem.js';
import { type CarriedOut, OrderCommands, problemOf } from './order.commands.js';
import { OrderPeople } from './order.people.js';
import type { OrderRecord } from './order.record.js';
import { noAnswers, OrderResolvers, type ResolverAnswers, ResolverNeeded } from './order.resolvers.js';
import { OrderTransitions } from './order.transitions.js';
import { toView } from './order.view.js';
import type { OrderView } from './orders.dto.js';
import { OrdersRepository } from './orders.repository.js';

/** What a command is made from: the locked order, who gives the command, and what resolvers have said. */
export interface AtHand {
  /** Where to read: the transaction that has locked the order, or none where it is only judged. */
  readonly sql: Sql;
  readonly record: OrderRecord;
  /** Whether anybody in its team has delegated anything. */
  readonly delegating: boolean;
  readonly actor: Person;
  readonly answers: ResolverAnswers;
}

/** A question for each step, and one for the caller; more means that the order changes all the time. */
const maxRounds = maxStages + 1;

/** Carries out one command of a person, in a transaction of its own. */
@Injectable()
export class OrderDesk {
  constructor(
    private readonly commands: OrderCommands,
    private readonly people: OrderPeople,
    private readonly resolvers: OrderResolvers,
    private readonly transitions: OrderTransitions,
    private readonly orders: OrdersRepository,
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * Where a business system has to be asked who reviews a step, or whether the caller may decide, the transaction is
   * rolled back, the question asked, and the command begun anew: no network inside a transaction.
   * @param decides whether the command is for whoever may decide the open step
   * @throws Problem 404, and what the engine refuses
   */
  async command(
    principal: UserPrincipal,
    id: string,
    prepare: (atHand: AtHand) => Promise<Command>,
    decides: boolean,
  ): Promise<OrderView> {
    let answers = noAnswers;
    for (let round = 1; ; round++) {
      try {
        return await this.once(principal, id, prepare, decides, answers);
      } catch (error) {
        if (!(error instanceof ResolverNeeded) || round === maxRounds) throw error;
        answers = await this.resolvers.answer(answers, error);
      }
    }
  }

  /** What a command would meet; stores nothing. @throws Problem 404, and what the engine refuses */
  async judge(
    principal: UserPrincipal,
    id: string,
    prepare: (atHand: AtHand) => Promise<Command>,
  ): Promise<void> {
    const sql = this.database;
    const record = await this.orders.find(scopeOf(principal), id);
    if (!record) throw notFound(`order ${id}`);
    const actor = await this.people.actor(sql, record.head.accCode, record.state, {
      principal,
      active: true,
    });
    const command = await prepare({ sql, record, delegating: true, actor, answers: noAnswers });
    const outcome = decide(record.state, command);
    if (!outcome.ok) throw problemOf(outcome.refusal);
  }

  private async once(
    principal: UserPrincipal,
    id: string,
    prepare: (atHand: AtHand) => Promise<Command>,
    decides: boolean,
    answers: ResolverAnswers,
  ): Promise<OrderView> {
    const target = { scope: scopeOf(principal), id, userCode: principal.userCode };
    let firstLogId = '';
    return this.unitOfWork.run(
      async (tx) => {
        const done = await this.commands.carryOut(
          tx,
          target,
          async ({ record, actorActive: active, delegating }) => {
            const { accCode } = record.head;
            const known = await this.people.actor(tx, accCode, record.state, { principal, active });
            const actor = decides ? confirmedBy(known, record, answers) : known;
            return prepare({ sql: tx, record, delegating, actor, answers });
          },
        );
        requireAnswers(done, answers);
        ({ firstLogId } = done);
        return toView(done.record);
      },
      { confirm: (tx) => this.transitions.happened(tx, firstLogId) },
    );
  }
}

/** What the resolver of the open step said of the caller. @throws ResolverNeeded when it matters and was not asked. */
function confirmedBy(actor: Person, record: OrderRecord, { confirmed }: ResolverAnswers): Person {
  const step = needsConfirmation(record.state, actor);
  if (!step) return actor;
  const answer = confirmed.get(step.applyStep);
  if (answer === undefined) throw new ResolverNeeded(record, step, actor.userCode);
  return { ...actor, confirmed: answer };
}

/**
 * Of the order as it would be, with the variables of a resubmission and the steps of a move.
 * @throws ResolverNeeded when a step has opened whose resolver was not asked.
 */
function requireAnswers({ record, events }: CarriedOut, { approvers }: ResolverAnswers): void {
  const opened = events.find((event) => event.type === 'step.in_review' && event.reason === unasked);
  if (opened?.type !== 'step.in_review' || approvers.has(opened.applyStep)) return;
  const step = record.state.steps.find((one) => one.applyStep === opened.applyStep);
  if (step) throw new ResolverNeeded(record, step, null);
}
