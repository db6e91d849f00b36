import { Injectable } from '@nestjs/common';
import { ApproverResolver, type Question } from '../approvers/approver-resolver.service.js';
import type { Found } from '../engine/advance.js';
import type { StepSnapshot } from '../engine/order-state.js';
import type { OrderRecord } from './order.record.js';

/** What resolvers have said about an order so far. */
export interface ResolverAnswers {
  /** Whom they name, by step. */
  readonly approvers: ReadonlyMap<number, Found>;
  /** Whether the caller may decide, by step. */
  readonly confirmed: ReadonlyMap<number, boolean>;
}

export const noAnswers: ResolverAnswers = { approvers: new Map(), confirmed: new Map() };

/** What a command cannot be decided without, asked once its transaction is rolled back: no network inside of one. */
export class ResolverNeeded extends Error {
  override readonly name = 'ResolverNeeded';

  constructor(
    readonly record: OrderRecord,
    readonly step: StepSnapshot,
    /** Whether this person may decide; null: who is to be asked. */
    readonly candidate: string | null,
  ) {
    super(`the resolver of step ${step.applyStep} has to be asked first`);
  }
}

type Context = Omit<Question, 'url' | 'applyStep' | 'nodeName'>;

/** Asks business systems who reviews the steps of an order, and whether somebody may. */
@Injectable()
export class OrderResolvers {
  constructor(private readonly resolver: ApproverResolver) {}

  /** Who reviews these steps, as far as resolvers name them; all are asked at once. */
  async approvers(steps: readonly StepSnapshot[], context: Context): Promise<Map<number, Found>> {
    const asked = steps.filter((step) => step.auditObjectType === 'resolver');
    const answers = await Promise.all(
      asked.map((step) => this.resolver.approvers(questionOf(step, context))),
    );
    return new Map(asked.map((step, index) => [step.applyStep, answers[index] as Found]));
  }

  /** What was known, and the answer to what a command needed besides. */
  async answer(known: ResolverAnswers, needed: ResolverNeeded): Promise<ResolverAnswers> {
    const { record, step } = needed;
    if (needed.candidate === null) {
      const found = await this.resolver.approvers(questionOf(step, contextOf(record)));
      return { ...known, approvers: new Map(known.approvers).set(step.applyStep, found) };
    }
    return { ...known, confirmed: new Map(known.confirmed).set(step.applyStep, await this.confirms(needed)) };
  }

  /** Whether a person may decide a step. */
  confirms({ record, step, candidate }: ResolverNeeded): Promise<boolean> {
    return this.resolver.confirms(questionOf(step, contextOf(record)), candidate ?? '');
  }
}

export const contextOf = ({ head, state }: Pick<OrderRecord, 'head' | 'state'>): Context => ({
  ticketId: head.id,
  team: head.accCode,
  businessType: head.businessType,
  businessTypeId: head.businessTypeId,
  businessKey: head.businessKey,
  applicant: state.applicant,
  variables: head.variables,
});

const questionOf = (step: StepSnapshot, context: Context): Question => ({
  ...context,
  url: step.auditObject[0] ?? '',
  applyStep: step.applyStep,
  nodeName: step.nodeName,
});
