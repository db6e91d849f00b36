import { Injectable } from '@nestjs/common';
import { scopeOf, type UserPrincipal } from '../auth/principal.js';
import { invalid, notFound } from '../http/problem.js';
import { problemOfOne } from '../http/problem-of-one.js';
import {
  type OrderForPlan,
  OrderPlansService,
  type PlannedStep,
  type TemplatePlan,
  type WantedOrders,
} from '../orders/order-plans.service.js';
import { TemplatesService } from '../templates/templates.service.js';
import { differencesOf } from './path-difference.js';
import { summaryOf } from './simulation.summary.js';
import type { SimulatedOrder, SimulatedStep, SimulateTemplate, Simulation } from './simulations.dto.js';

const defaultLast = 100;
/** How many people a path names of one step. */
const maxPeople = 50;

/** Tries a change of a template on past orders. Stores nothing and calls nobody. */
@Injectable()
export class SimulationsService {
  constructor(
    private readonly templates: TemplatesService,
    private readonly plans: OrderPlansService,
  ) {}

  /** @throws Problem 404 for the template, and for a change whatever saving it would be refused with */
  async simulate(principal: UserPrincipal, id: string, dto: SimulateTemplate): Promise<Simulation> {
    const { templateName, version, distinctApprovers, ...changed } = await this.templates.changed(
      principal,
      id,
      dto.change ?? {},
    );
    const plan: TemplatePlan = { ...changed, distinct: distinctApprovers };
    const items: SimulatedOrder[] = [];
    for (const [orderId, order] of await this.plans.find(scopeOf(principal), wantedOf(dto))) {
      items.push(await this.one(orderId, order, plan));
    }
    return { templateId: id, templateName, version, summary: summaryOf(items), items };
  }

  private async one(
    orderId: string,
    order: OrderForPlan | null,
    plan: TemplatePlan,
  ): Promise<SimulatedOrder> {
    const { title = null, businessType = null, templateVersion = null } = order?.head ?? {};
    const about = { orderId, title, businessType, templateVersion };
    const nothing = { then: [], now: [], differences: [], problems: [] };
    try {
      if (!order) throw notFound(`order ${orderId}`);
      const { then, now } = await this.plans.compare(order, plan);
      const differences = differencesOf(then, now);
      return {
        ...about,
        outcome: differences.length > 0 ? 'differs' : 'same',
        then: then.map(toStep),
        now: now.map(toStep),
        differences,
        problems: now.flatMap(({ problem }) => problem ?? []),
        problem: null,
      };
    } catch (error) {
      return { ...about, ...nothing, outcome: 'failed', problem: problemOfOne(error) };
    }
  }
}

/** @throws Problem 400 unless the orders are named in one way. */
function wantedOf({ orderIds, businessType, last }: SimulateTemplate): WantedOrders {
  if (orderIds && businessType !== undefined) {
    throw invalid(
      'orderIds',
      'and businessType exclude each other: name the orders, or take the last of a type',
    );
  }
  if (orderIds) {
    if (last !== undefined) throw invalid('last', 'goes with businessType');
    return { ids: [...new Set(orderIds)] };
  }
  if (businessType === undefined) {
    throw invalid('orderIds', 'or businessType is required: on which orders is the change tried?');
  }
  return { businessType, last: last ?? defaultLast };
}

const toStep = ({ stage, outcome, reason, people }: PlannedStep): SimulatedStep => ({
  applyStep: stage.applyStep,
  nodeName: stage.nodeName,
  outcome,
  reason,
  approvers: people.slice(0, maxPeople),
});
