import { Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import { OrdersService } from '../../orders/orders.service.js';
import { IdentitiesService } from '../identities/identities.service.js';
import { ProvidersService } from '../providers.service.js';
import type { OutsideApprovals, OutsideApprovalView } from './outside-approvals.dto.js';
import { type OutsideApproval, OutsideApprovalsRepository } from './outside-approvals.repository.js';

/** What people may know of an order's approvals at providers. */
@Injectable()
export class OutsideApprovalsService {
  constructor(
    private readonly approvals: OutsideApprovalsRepository,
    private readonly orders: OrdersService,
    private readonly providers: ProvidersService,
    private readonly identities: IdentitiesService,
  ) {}

  /** @throws Problem 404, 403 as for the order itself */
  async ofOrder(principal: Principal, orderId: string): Promise<OutsideApprovals> {
    await this.orders.readable(principal, orderId);
    const approvals = await this.approvals.allOf(orderId);
    return { items: await Promise.all(approvals.map((approval) => this.view(approval))) };
  }

  private async view(approval: OutsideApproval): Promise<OutsideApprovalView> {
    const { id, providerId, origin, state, externalId, formCode, seen, seenAt, createTime } = approval;
    const provider = await this.providers.codeOf(providerId);
    const tasks = seen?.tasks ?? [];
    const people = tasks.flatMap((task) => task.externalId ?? []);
    const known = await this.identities.usersOf(providerId, [...new Set(people)]);
    return {
      id,
      provider: provider ?? '',
      origin,
      state,
      externalId,
      formCode,
      tasks: tasks.map((task) => ({
        ...task,
        userCode: task.externalId === null ? null : (known.get(task.externalId) ?? null),
        // It was kept as JSON.
        endedAt: task.endedAt === null ? null : String(task.endedAt),
      })),
      seenAt,
      createTime,
    };
  }
}
