import { Injectable } from '@nestjs/common';
import type { Tx } from '../database/sql.js';
import type { Command } from '../engine/decide.js';
import { type Person, providerUser, userSubject } from '../engine/vocabulary.js';
import { type OpenedOrder, type OpeningPlan, type OpenOrder, OpeningService } from './opening.service.js';
import { providerOfSteps } from './opening.outside.js';
import { OrderCommands } from './order.commands.js';
import { OrderPeople } from './order.people.js';
import type { OrderRecord } from './order.record.js';
import { noAnswers } from './order.resolvers.js';
import { mirrorTopic, type OutsidePayload, outsideTopic } from './order.transitions.js';
import { type LockedOrder, OrdersRepository } from './orders.repository.js';

export { mirrorTopic, outsideTopic, providerOfSteps };
export type { OpenedOrder, OpeningPlan, OrderRecord, OutsidePayload };

/** What somebody has begun in an outside approval system. */
export type BegunOutside = Pick<
  OpenOrder,
  'businessType' | 'userCode' | 'businessKey' | 'title' | 'variables'
>;

/** A decision that was made in an outside approval system. */
export interface OutsideDecision {
  readonly orderId: string;
  /** The provider's code. */
  readonly provider: string;
  readonly decision: 'approve' | 'reject';
  /** Who decided there, and what they said. */
  readonly auditMsg: string | null;
}

/**
 * What becomes of an order because of its approval in an outside system. Everything here is one command of the order,
 * carried out in the caller's transaction; refusals are Problems, thrown before anything is written.
 */
@Injectable()
export class OrderOutsideService {
  constructor(
    private readonly commands: OrderCommands,
    private readonly people: OrderPeople,
    private readonly opening: OpeningService,
    private readonly orders: OrdersRepository,
  ) {}

  /**
   * Plans an order that somebody has begun outside, on their behalf.
   * @throws Problem as {@link OpeningService.plan}
   */
  plan(provider: { readonly id: string }, team: string, begun: BegunOutside): Promise<OpeningPlan> {
    const principal = {
      kind: 'service',
      keyId: `provider:${provider.id}`,
      accCodes: [team],
      businessTypes: null,
      directory: false,
    } as const;
    return this.opening.plan(principal, { ...begun, accCode: team });
  }

  /** An order under its row lock; null when there is none. */
  async locked(tx: Tx, orderId: string): Promise<OrderRecord | null> {
    return (await this.orders.lock(tx, 'all', orderId, ''))?.record ?? null;
  }

  /** Opens a planned order in the caller's transaction. @throws Problem as {@link OpeningService.store} */
  open(tx: Tx, plan: OpeningPlan): Promise<OpenedOrder> {
    return this.opening.store(tx, plan);
  }

  /**
   * The provider decides the step that waits for it.
   * @throws Problem 404; 409 not_in_review, order_closed; 403 when somebody else has to decide
   */
  decide(tx: Tx, { orderId, provider, decision, auditMsg }: OutsideDecision): Promise<OrderRecord> {
    const actor = seated(provider);
    return this.command(tx, orderId, actor.userCode, async (locked) => {
      const facts = await this.people.facts(tx, locked, noAnswers.approvers);
      const approvers = new Map(facts.approvers).set(actor.userCode, actor);
      return { type: decision, actor, facts: { ...facts, approvers }, auditMsg, expectedVersion: null };
    });
  }

  /** The applicant has taken the approval back outside. @throws Problem 404; 409 order_closed and the like */
  withdraw(tx: Tx, orderId: string, applicant: string, remark: string): Promise<OrderRecord> {
    const actor: Person = { userCode: applicant, subjects: new Set(), systemAdmin: false };
    return this.command(tx, orderId, applicant, () => Promise.resolve({ type: 'withdraw', actor, remark }));
  }

  /**
   * The approval has gone back to its beginning outside, and the applicant has handed it in again: so does the order, and
   * its check is asked anew.
   * @throws Problem 404; 409 when the order does not wait for the provider
   */
  async beginAgain(
    tx: Tx,
    { orderId, provider, auditMsg }: Pick<OutsideDecision, 'orderId' | 'provider' | 'auditMsg'>,
    changed: Readonly<Record<string, unknown>>,
  ): Promise<OrderRecord> {
    const actor = seated(provider);
    const returned = await this.command(tx, orderId, actor.userCode, async (locked) => ({
      type: 'return',
      actor,
      toStep: 0,
      resume: 'again',
      auditMsg,
      facts: await this.people.facts(tx, locked, noAnswers.approvers),
    }));
    const { applicant } = returned.state;
    const person: Person = { userCode: applicant, subjects: new Set(), systemAdmin: false };
    return this.command(tx, orderId, applicant, async (locked) => ({
      type: 'resubmit',
      actor: person,
      remark: auditMsg,
      changed,
      variables: changed,
      facts: await this.people.facts(tx, locked, noAnswers.approvers, () => true, true, changed),
    }));
  }

  private async command(
    tx: Tx,
    orderId: string,
    userCode: string,
    prepare: (locked: LockedOrder) => Promise<Command>,
  ): Promise<OrderRecord> {
    const { record } = await this.commands.carryOut(tx, { scope: 'all', id: orderId, userCode }, prepare);
    return record;
  }
}

const seated = (code: string): Person => {
  const userCode = providerUser(code);
  return { userCode, subjects: new Set([userSubject(userCode)]), systemAdmin: false };
};
