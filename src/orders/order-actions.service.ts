import { Inject, Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../auth/principal.js';
import { CONFIG, type Config } from '../config/config.js';
import { wholeSecond } from '../database/dialect.js';
import { withoutCommitHook } from '../database/unit-of-work.js';
import { conditionHolds } from '../engine/conditions/condition.js';
import type { Target } from '../engine/actions.js';
import type { Command } from '../engine/decide.js';
import type { OrderState, StepState } from '../engine/order-state.js';
import { invalid } from '../http/problem.js';
import { problemOfOne } from '../http/problem-of-one.js';
import { Clock } from '../runtime/clock.js';
import type {
  AddSigners,
  BulkDecisions,
  BulkOutcome,
  BulkOutcomes,
  CommentOrder,
  CopyOrder,
  HandOver,
  RemoveSigners,
  ReturnOrder,
  ResubmitOrder,
  WordsOnOrder,
} from './order-actions.dto.js';
import { type AtHand, OrderDesk } from './order.desk.js';
import { OrderPeople } from './order.people.js';
import { ResolverNeeded } from './order.resolvers.js';
import { requireSmallVariables } from './opening.service.js';
import type { DecideOrder, OrderView } from './orders.dto.js';
import { OrdersService } from './orders.service.js';

/** Whose place goes to whom. */
export interface HandOverFor {
  readonly fromUserCode: string;
  readonly toUserCode: string;
  readonly auditMsg: string | null;
  readonly dryRun: boolean;
}

/** What people do to orders besides opening and deciding them: docs/orders.md tells who may what. */
@Injectable()
export class OrderActionsService {
  constructor(
    private readonly desk: OrderDesk,
    private readonly orders: OrdersService,
    private readonly people: OrderPeople,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  transfer(principal: UserPrincipal, id: string, dto: HandOver): Promise<OrderView> {
    return this.handOver('transfer', principal, id, dto);
  }

  delegate(principal: UserPrincipal, id: string, dto: HandOver): Promise<OrderView> {
    return this.handOver('ask_opinion', principal, id, dto);
  }

  /**
   * An administrator gives the place that somebody holds by name on the open step to another.
   * @param dryRun whether only to tell what would come of it; answers null then
   * @throws Problem 404, 409 not_awaited where they hold none, and as for {@link transfer}
   */
  async handOverSeat(
    principal: UserPrincipal,
    id: string,
    { fromUserCode, toUserCode, auditMsg, dryRun }: HandOverFor,
  ): Promise<OrderView | null> {
    const prepare = async (atHand: AtHand): Promise<Command> => ({
      type: 'hand_over',
      actor: atHand.actor,
      from: fromUserCode,
      to: await this.target(atHand, toUserCode),
      auditMsg,
      facts: await this.facts(atHand),
    });
    if (!dryRun) return this.beside(principal, id, prepare);
    await this.desk.judge(principal, id, prepare);
    return null;
  }

  addSign(principal: UserPrincipal, id: string, dto: AddSigners): Promise<OrderView> {
    return this.atDesk(principal, id, async (atHand) => ({
      type: 'add_signers',
      actor: atHand.actor,
      signers: await this.targets(atHand, dto.userCodes),
      position: dto.position,
      auditMsg: dto.auditMsg ?? null,
      facts: await this.facts(atHand),
    }));
  }

  removeSign(principal: UserPrincipal, id: string, dto: RemoveSigners): Promise<OrderView> {
    return this.beside(principal, id, async (atHand) => ({
      type: 'remove_signers',
      actor: atHand.actor,
      userCodes: dto.userCodes,
      auditMsg: null,
      facts: await this.facts(atHand),
    }));
  }

  giveBack(principal: UserPrincipal, id: string, dto: ReturnOrder): Promise<OrderView> {
    return this.atDesk(principal, id, async (atHand) => ({
      type: 'return',
      actor: atHand.actor,
      toStep: dto.toStep,
      resume: dto.resume ?? 'again',
      auditMsg: dto.auditMsg ?? null,
      facts: await this.facts(atHand, (step) => step.applyStep === dto.toStep),
    }));
  }

  resubmit(principal: UserPrincipal, id: string, dto: ResubmitOrder): Promise<OrderView> {
    requireSmallVariables(dto.variables);
    return this.beside(principal, id, async (atHand) => {
      requireOwnVariables(atHand, dto);
      const variables = dto.variables ?? atHand.record.head.variables;
      requireResolved(atHand, variables);
      return {
        type: 'resubmit',
        actor: atHand.actor,
        remark: dto.remark ?? null,
        changed: dto.variables ?? null,
        variables,
        facts: await this.people.facts(
          atHand.sql,
          atHand,
          atHand.answers.approvers,
          () => true,
          true,
          variables,
        ),
      };
    });
  }

  reopen(principal: UserPrincipal, id: string, dto: WordsOnOrder): Promise<OrderView> {
    return this.beside(principal, id, async (atHand) => ({
      type: 'reopen',
      actor: atHand.actor,
      auditMsg: dto.auditMsg ?? null,
      facts: await this.facts(atHand),
    }));
  }

  takeBack(principal: UserPrincipal, id: string): Promise<OrderView> {
    return this.beside(principal, id, async (atHand) => ({
      type: 'take_back',
      actor: atHand.actor,
      facts: await this.facts(atHand),
    }));
  }

  urge(principal: UserPrincipal, id: string, dto: WordsOnOrder): Promise<OrderView> {
    return this.beside(principal, id, ({ actor }) =>
      Promise.resolve({
        type: 'urge',
        actor,
        auditMsg: dto.auditMsg ?? null,
        now: wholeSecond(this.clock.now()).getTime(),
        interval: this.config.urgeInterval,
      }),
    );
  }

  /** Whoever may read an order sends copies of it. @throws Problem 403 */
  async copy(principal: UserPrincipal, id: string, dto: CopyOrder): Promise<OrderView> {
    await this.orders.readable(principal, id);
    return this.beside(principal, id, async (atHand) => ({
      type: 'copy',
      actor: atHand.actor,
      to: await this.targets(atHand, dto.userCodes),
    }));
  }

  /** Whoever may read an order says something about it, also after its end. @throws Problem 403 */
  async comment(principal: UserPrincipal, id: string, dto: CommentOrder): Promise<OrderView> {
    await this.orders.readable(principal, id);
    return this.beside(principal, id, ({ actor }) =>
      Promise.resolve({ type: 'comment', actor, text: dto.text, attachments: dto.attachments ?? [] }),
    );
  }

  /** One decision after the other, each by itself: what is wrong with one order does not touch the others. */
  decideMany(principal: UserPrincipal, dto: BulkDecisions): Promise<BulkOutcomes> {
    return withoutCommitHook(async () => {
      const items: BulkOutcome[] = [];
      for (const { id, version } of dto.orders) {
        const decision = { auditMsg: dto.auditMsg ?? null, ...(version === undefined ? {} : { version }) };
        items.push(await this.decideOne(principal, dto.decision, id, decision));
      }
      return { items };
    });
  }

  private async decideOne(
    principal: UserPrincipal,
    verdict: BulkDecisions['decision'],
    id: string,
    decision: DecideOrder,
  ): Promise<BulkOutcome> {
    try {
      const { applyStatus, version } = await this.orders[verdict](principal, id, decision);
      return {
        id,
        outcome: verdict === 'approve' ? 'approved' : 'rejected',
        applyStatus,
        version,
        problem: null,
      };
    } catch (error) {
      return { id, outcome: 'failed', applyStatus: null, version: null, problem: problemOfOne(error) };
    }
  }

  private handOver(
    type: 'transfer' | 'ask_opinion',
    principal: UserPrincipal,
    id: string,
    dto: HandOver,
  ): Promise<OrderView> {
    return this.atDesk(principal, id, async (atHand) => {
      return {
        type,
        actor: atHand.actor,
        to: await this.target(atHand, dto.toUserCode),
        auditMsg: dto.auditMsg ?? null,
        facts: await this.facts(atHand),
      };
    });
  }

  /** For whoever may decide the open step. */
  private atDesk(
    principal: UserPrincipal,
    id: string,
    prepare: (atHand: AtHand) => Promise<Command>,
  ): Promise<OrderView> {
    return this.desk.command(principal, id, prepare, true);
  }

  /** For others. */
  private beside(
    principal: UserPrincipal,
    id: string,
    prepare: (atHand: AtHand) => Promise<Command>,
  ): Promise<OrderView> {
    return this.desk.command(principal, id, prepare, false);
  }

  private facts(atHand: AtHand, also?: (step: StepState) => boolean) {
    return this.people.facts(atHand.sql, atHand, atHand.answers.approvers, also);
  }

  private async target(atHand: AtHand, userCode: string): Promise<Target> {
    const [target] = await this.targets(atHand, [userCode]);
    if (!target) throw new Error('one person asked for, none found');
    return target;
  }

  private targets({ sql, record }: AtHand, userCodes: readonly string[]) {
    return this.people.targets(sql, record.head.accCode, record.state, userCodes);
  }
}

/** A resubmission is judged like an opening: everybody who reviews the steps ahead has to be known. @throws ResolverNeeded */
function requireResolved(
  { record, actor, answers }: AtHand,
  variables: Readonly<Record<string, unknown>>,
): void {
  const { state, head } = record;
  if (!isTheirs(state, actor.userCode)) return;
  const step = state.steps.find(
    (one) =>
      one.auditObjectType === 'resolver' &&
      !answers.approvers.has(one.applyStep) &&
      conditionHolds(one.condition, variables),
  );
  if (step) throw new ResolverNeeded({ ...record, head: { ...head, variables } }, step, null);
}

/** Nobody is asked for the sake of a command that is refused anyway. */
const isTheirs = (state: OrderState, userCode: string): boolean =>
  state.returned !== null && state.applicant === userCode;

/**
 * An order that another room has opened shows what that room will act on: its applicant cannot show reviewers something
 * else. @throws Problem 400
 */
function requireOwnVariables({ record }: AtHand, { variables }: ResubmitOrder): void {
  if (variables !== undefined && record.head.endedTopic !== null)
    throw invalid('variables', 'belong to what the order was opened for; resubmit it without them');
}
