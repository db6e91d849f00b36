import { Injectable } from '@nestjs/common';
import type { TeamScope, UserPrincipal } from '../auth/principal.js';
import { teamClause } from '../auth/team-clause.js';
import { Database } from '../database/database.js';
import type { DirectoryFacts } from '../engine/advance.js';
import { applyStatusCodes, auditObjectTypeCodes, auditStatusCodes } from '../engine/codes.js';
import { movedState, type MoveCommand, type MovePlan, type NewVersion, planMove } from '../engine/moving.js';
import { isSuperseded, supersededReason } from '../engine/order-state.js';
import { notFound } from '../http/problem.js';
import { OpeningStages } from './opening.stages.js';
import { type AtHand, OrderDesk } from './order.desk.js';
import { OrderPeople } from './order.people.js';
import type { OrderHead } from './order.record.js';
import { noAnswers } from './order.resolvers.js';
import { OrdersRepository } from './orders.repository.js';
import { type PresentTemplate, PresentStagesRepository } from './present-stages.repository.js';

export type { MovePlan, PresentTemplate };

/** What a move does, or would do, to one order. */
export interface OrderMove {
  readonly head: Pick<OrderHead, 'id' | 'title' | 'templateVersion'>;
  readonly plan: MovePlan;
}

/** Which orders exist for the caller, and where they are to be led. */
export interface MoveTarget {
  readonly scope: TeamScope;
  readonly template: PresentTemplate;
}

type Judged = Pick<AtHand, 'sql' | 'record' | 'delegating' | 'answers'>;

/** Leads open orders over to the present version of their template (ADR 0017). */
@Injectable()
export class OrderMovesService {
  constructor(
    private readonly desk: OrderDesk,
    private readonly orders: OrdersRepository,
    private readonly present: PresentStagesRepository,
    private readonly stages: OpeningStages,
    private readonly people: OrderPeople,
    private readonly database: Database,
  ) {}

  /** A template as it is now; the caller's right to see it is judged before. @throws Problem 404 */
  async templateNow(templateId: string): Promise<PresentTemplate> {
    const template = await this.present.ofTemplate(this.database, null, templateId);
    if (!template) throw notFound(`template ${templateId}`);
    return template;
  }

  /**
   * Open orders of a template that are not at its present version, or walk a node that has changed since; oldest first.
   * @param after the id behind which to begin
   */
  async behind(scope: TeamScope, templateId: string, take: number, after: string | null): Promise<string[]> {
    const team = teamClause(scope, 'o.acc_code');
    const { initiating, in_review: inReview } = applyStatusCodes;
    const { waiting, in_review: open, skipped } = auditStatusCodes;
    const rows = await this.database.rows<{ readonly id: string }>(
      `SELECT o.id FROM dms_s_apply_order o
         JOIN dms_s_apply_template t ON t.id = o.apply_template_id
        WHERE o.apply_template_id = ? AND o.apply_status IN (?, ?) AND o.id > ?${team.sql}
          AND NOT EXISTS (
            SELECT 1 FROM dms_s_apply_order_process x WHERE x.apply_order_id = o.id AND x.audit_object_type = ?)
          AND (o.template_version IS NULL OR o.template_version <> t.version OR EXISTS (
            SELECT 1 FROM dms_s_apply_order_process p
              JOIN dms_s_apply_template_process_node n ON n.id = p.node_id
             WHERE p.apply_order_id = o.id AND p.audit_status IN (?, ?, ?) AND COALESCE(p.reason, '') <> ?
               AND (p.node_version IS NULL OR p.node_version <> n.version)))
        ORDER BY o.id LIMIT ${take}`,
      [
        templateId,
        initiating,
        inReview,
        after ?? '',
        ...team.values,
        auditObjectTypeCodes.provider,
        waiting,
        open,
        skipped,
        supersededReason,
      ],
    );
    return rows.map(({ id }) => id);
  }

  /** What a move would do; stores nothing, and asks no resolver. @throws Problem 404 */
  async plan(principal: UserPrincipal, id: string, target: MoveTarget): Promise<OrderMove> {
    const record = await this.orders.find(target.scope, id);
    if (!record) throw notFound(`order ${id}`);
    const judged = { sql: this.database, record, delegating: true, answers: noAnswers };
    const command = await this.command(principal, judged, target);
    return { head: record.head, plan: planMove(record.state, command) };
  }

  /**
   * Moves an order, in a transaction of its own: it is judged as it is then, whatever was planned before.
   * @returns also where it stays, or conflicts, and nothing has happened
   * @throws Problem 404
   */
  async move(principal: UserPrincipal, id: string, target: MoveTarget): Promise<OrderMove> {
    let done: OrderMove | null = null;
    try {
      await this.desk.command(
        principal,
        id,
        async (atHand) => {
          const command = await this.command(principal, atHand, target);
          const { head, state } = atHand.record;
          const plan = planMove(state, command);
          if (plan.outcome !== 'move') throw new NotMoved({ head, plan });
          done = { head, plan };
          return command;
        },
        false,
      );
    } catch (error) {
      if (error instanceof NotMoved) return error.move;
      throw error;
    }
    if (!done) throw new Error('a command was carried out that nobody has prepared');
    return done;
  }

  private async command(
    { userCode }: UserPrincipal,
    { sql, record, delegating, answers }: Judged,
    { scope, template }: MoveTarget,
  ): Promise<MoveCommand> {
    const { head, state } = record;
    const theirs = scope === 'all' || (head.accCode !== null && scope.includes(head.accCode));
    if (!theirs || head.applyTemplateId !== template.templateId) throw notFound(`order ${head.id}`);
    const { autoApprove, dedupe, distinct, templateVersion } = template;
    const steps = state.steps.filter((step) => !isSuperseded(step));
    const version: NewVersion = {
      userCode,
      fromVersion: head.templateVersion,
      toVersion: templateVersion,
      autoApprove,
      dedupe,
      distinct,
      stages: await this.stages.instead(sql, head.accCode, template.stages, steps, distinct),
      variables: head.variables,
    };
    const moved = movedState(state, version);
    const facts = moved
      ? await this.people.facts(
          sql,
          { record: { head, state: moved }, delegating },
          answers.approvers,
          undefined,
          true,
        )
      : noFacts(state.applicant);
    return { type: 'move', ...version, facts };
  }
}

/** An order that stays as it is: nobody's business outside of this file. */
class NotMoved extends Error {
  override readonly name = 'NotMoved';

  constructor(readonly move: OrderMove) {
    super(`order ${move.head.id} is not moved: ${move.plan.reason}`);
  }
}

/** For an order that is not moved nobody need be known. */
const noFacts = (applicant: string): DirectoryFacts => ({
  applicant: { userCode: applicant, subjects: new Set(), systemAdmin: false },
  members: new Map(),
  inactive: new Set(),
  found: new Map(),
  deserted: new Set(),
  approvers: new Map(),
});
