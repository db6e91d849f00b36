import { Injectable } from '@nestjs/common';
import { teamOf, type UserPrincipal } from '../auth/principal.js';
import { CalendarsService } from '../calendars/calendars.service.js';
import { Database } from '../database/database.js';
import { withoutCommitHook } from '../database/unit-of-work.js';
import { notFound } from '../http/problem.js';
import { problemOfOne } from '../http/problem-of-one.js';
import { OrderTimersService } from '../orders/order-timers.service.js';
import { RecomputingRepository } from './recomputing.repository.js';
import type { RecomputedOrder, RecomputedOrders } from './recomputing.dto.js';

/** After a calendar was changed: when the orders that are under way are due by it now. */
@Injectable()
export class RecomputingService {
  constructor(
    private readonly recomputing: RecomputingRepository,
    private readonly calendars: CalendarsService,
    private readonly timers: OrderTimersService,
    private readonly database: Database,
  ) {}

  /**
   * One order after the other, each by itself: what is wrong with one does not touch the others, and a call that was
   * cut off is simply made again. A step that stands still is reckoned anew when it goes on.
   * @throws Problem 404 for a calendar that does not exist for the caller
   */
  async recompute(
    principal: UserPrincipal,
    code: string,
    accCode: string | undefined,
  ): Promise<RecomputedOrders> {
    const team = teamOf(principal, accCode);
    const known = await this.calendars.known(this.database, team, [code]);
    if (!known.has(code)) throw notFound(`calendar ${code}`);
    return withoutCommitHook(async () => {
      const items: RecomputedOrder[] = [];
      for await (const orderId of this.recomputing.running(team, code)) items.push(await this.one(orderId));
      return { items };
    });
  }

  private async one(orderId: string): Promise<RecomputedOrder> {
    try {
      const { changed, dueAt } = await this.timers.recompute(orderId);
      return { orderId, outcome: changed ? 'recomputed' : 'unchanged', dueAt, problem: null };
    } catch (error) {
      return { orderId, outcome: 'failed', dueAt: null, problem: problemOfOne(error) };
    }
  }
}
