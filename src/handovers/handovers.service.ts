import { Injectable } from '@nestjs/common';
import { scopeOf, teamOf, type TeamScope, type UserPrincipal } from '../auth/principal.js';
import { Database } from '../database/database.js';
import { withoutCommitHook } from '../database/unit-of-work.js';
import { DelegationsService } from '../delegations/delegations.service.js';
import { DirectoryService } from '../directory/directory.service.js';
import { PositionsService } from '../directory/positions.service.js';
import { invalid } from '../http/problem.js';
import { problemOfOne } from '../http/problem-of-one.js';
import { OrderActionsService } from '../orders/order-actions.service.js';
import type { HandoverItem, HandoverView, HandOverWork, OtherTies } from './handovers.dto.js';
import { HandoversRepository, type PlaceHeld } from './handovers.repository.js';

/** Gives away the open work of somebody who leaves (docs/delegation.md). */
@Injectable()
export class HandoversService {
  constructor(
    private readonly handovers: HandoversRepository,
    private readonly actions: OrderActionsService,
    private readonly delegations: DelegationsService,
    private readonly directory: DirectoryService,
    private readonly positions: PositionsService,
    private readonly database: Database,
  ) {}

  /**
   * One order after the other, each by itself: what is wrong with one does not touch the others, and a call that was cut
   * off is simply made again. Somebody whom the directory does not list may have been forgotten there already, and still
   * be asked; so nobody is unknown here.
   * @throws Problem 404 for another team, 400 for somebody who cannot take over
   */
  async handOver(principal: UserPrincipal, userCode: string, dto: HandOverWork): Promise<HandoverView> {
    const team = teamOf(principal, dto.accCode);
    const scope = team === null ? scopeOf(principal) : [team];
    const { toUserCode } = dto;
    if (toUserCode === userCode) throw invalid('toUserCode', 'is the person who leaves');
    const standing = (await this.directory.listed(this.database, team, [toUserCode])).get(toUserCode);
    if (standing !== 'active') {
      throw invalid('toUserCode', `is ${toUserCode}, whom the directory does not list here as active`);
    }
    const dryRun = dto.dryRun ?? true;
    return withoutCommitHook(async () => {
      const items: HandoverItem[] = [];
      for await (const place of this.handovers.held(scope, userCode)) {
        const outcome = await this.handOverOne(principal, place, {
          fromUserCode: userCode,
          toUserCode,
          auditMsg: dto.remark ?? null,
          dryRun,
        });
        items.push({ ...place, ...outcome });
      }
      return { dryRun, items, others: await this.others(scope, userCode) };
    });
  }

  private async handOverOne(
    principal: UserPrincipal,
    { orderId }: PlaceHeld,
    how: Parameters<OrderActionsService['handOverSeat']>[2],
  ): Promise<Pick<HandoverItem, 'outcome' | 'problem'>> {
    try {
      await this.actions.handOverSeat(principal, orderId, how);
      return { outcome: how.dryRun ? 'would_hand_over' : 'handed_over', problem: null };
    } catch (error) {
      return { outcome: 'not_possible', problem: problemOfOne(error) };
    }
  }

  private async others(scope: TeamScope, userCode: string): Promise<OtherTies> {
    return {
      ...(await this.positions.of(scope, userCode)),
      delegationsTo: await this.delegations.expected(scope, userCode),
      returnedOrders: await this.handovers.returnedTo(scope, userCode),
    };
  }
}
