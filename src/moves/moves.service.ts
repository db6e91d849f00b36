import { Injectable } from '@nestjs/common';
import { scopeOf, teamOf, type UserPrincipal } from '../auth/principal.js';
import { withoutCommitHook } from '../database/unit-of-work.js';
import { type Page, pageOf, windowOf } from '../http/pagination.js';
import { invalid } from '../http/problem.js';
import { problemOfOne } from '../http/problem-of-one.js';
import { type MoveTarget, type OrderMove, OrderMovesService } from '../orders/order-moves.service.js';
import { TemplatesService } from '../templates/templates.service.js';
import type { MoveItem, MoveOrders, MoveOutcome, MovesView, MoveSummary } from './moves.dto.js';

const defaultLimit = 100;

/** Leads open orders over to the present version of their template (docs/versions.md). */
@Injectable()
export class MovesService {
  constructor(
    private readonly orders: OrderMovesService,
    private readonly templates: TemplatesService,
  ) {}

  /**
   * One order after the other, each in a transaction of its own: what is wrong with one does not touch the others, and a
   * call that was cut off is simply made again.
   * @throws Problem 404 for a template or a team that does not exist for the caller
   */
  async moveOrders(principal: UserPrincipal, templateId: string, dto: MoveOrders): Promise<MovesView> {
    const team = teamOf(principal, dto.accCode);
    const scope = team === null ? scopeOf(principal) : [team];
    await this.templates.require(scopeOf(principal), templateId);
    const target = { scope, template: await this.orders.templateNow(templateId) };
    const dryRun = dto.dryRun ?? true;
    const page = await this.wanted(target, dto);
    return withoutCommitHook(async () => {
      const items: MoveItem[] = [];
      for (const id of page.items) items.push(await this.moveOne(principal, id, target, dryRun));
      const { nextCursor } = page;
      const toVersion = target.template.templateVersion;
      return { dryRun, toVersion, items, summary: summaryOf(items), nextCursor };
    });
  }

  private async wanted({ scope, template }: MoveTarget, dto: MoveOrders): Promise<Page<string>> {
    const { orderIds, limit, cursor } = dto;
    if (orderIds) {
      if (cursor !== undefined) throw invalid('cursor', 'goes with no orderIds: those are one page');
      return { items: orderIds, nextCursor: null };
    }
    const paged = { ...(limit === undefined ? {} : { limit }), ...(cursor === undefined ? {} : { cursor }) };
    const window = windowOf(paged, defaultLimit);
    const ids = await this.orders.behind(scope, template.templateId, window.take, window.after);
    return pageOf(ids, window, itself, itself);
  }

  private async moveOne(
    principal: UserPrincipal,
    id: string,
    target: MoveTarget,
    dryRun: boolean,
  ): Promise<MoveItem> {
    try {
      return shown(await this.orders[dryRun ? 'plan' : 'move'](principal, id, target));
    } catch (error) {
      return { ...nothing, orderId: id, outcome: 'failed', problem: problemOfOne(error) };
    }
  }
}

const itself = <T>(value: T): T => value;

const nothing = {
  title: null,
  reason: '',
  detail: null,
  fromVersion: null,
  from: null,
  to: null,
  reopened: false,
  ahead: [],
  dropped: [],
  problem: null,
} as const;

const outcomes = { stay: 'stays', move: 'moves', conflict: 'conflict' } as const satisfies Record<
  OrderMove['plan']['outcome'],
  MoveOutcome
>;

function shown({ head, plan }: OrderMove): MoveItem {
  const { reason, from, to, reopened, unseated, ahead, dropped } = plan;
  const lost =
    unseated.length > 0
      ? `the open step is asked anew, without those who were seated by somebody: ${unseated.join(', ')}`
      : null;
  return {
    orderId: head.id,
    title: head.title,
    outcome: outcomes[plan.outcome],
    reason,
    detail: plan.detail ?? lost,
    fromVersion: head.templateVersion,
    from: from && { applyStep: from.applyStep, nodeName: from.nodeName },
    to: to && { stageNo: to.applyStep, nodeName: to.nodeName },
    reopened,
    ahead: ahead.map(({ nodeName }) => nodeName),
    dropped: dropped.map(({ nodeName }) => nodeName),
    problem: null,
  };
}

function summaryOf(items: readonly MoveItem[]): MoveSummary {
  const count = (outcome: MoveOutcome): number => items.filter((item) => item.outcome === outcome).length;
  return {
    stays: count('stays'),
    moves: count('moves'),
    conflicts: count('conflict'),
    failed: count('failed'),
  };
}
