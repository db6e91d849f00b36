import { Injectable } from '@nestjs/common';
import { VerificationService } from '../../audit/verification.service.js';
import { Database } from '../../database/database.js';
import { DirectoryService } from '../../directory/directory.service.js';
import { OrdersService } from '../../orders/orders.service.js';
import { sha256 } from '../reading/fingerprint.js';
import type { RequestRow } from '../requests/request.entity.js';
import { RequestSeals } from './request.seals.js';
import { alteredWords, RequestsRepository } from './requests.repository.js';

/**
 * Looks once more, right before something is sent, whether it was approved: nobody has altered the request or its order
 * in the database, the order is completed and showed this very request all along, the action and the gate are still there, and
 * the applicant may still act in their team.
 */
@Injectable()
export class ApprovalProof {
  constructor(
    private readonly requests: RequestsRepository,
    private readonly orders: OrdersService,
    private readonly verification: VerificationService,
    private readonly directory: DirectoryService,
    private readonly seals: RequestSeals,
    private readonly database: Database,
  ) {}

  /** @returns what speaks against it, for people; null when nothing does */
  async whyNot(row: RequestRow): Promise<string | null> {
    if (!this.seals.isSound(row)) return alteredWords;
    const { ok } = await this.verification.verifyForService(row.applyOrderId);
    if (!ok) return 'the log of its order does not agree with the order; it is not executed';
    const order = await this.orders.forService(row.applyOrderId);
    if (order?.state.applyStatus !== 'completed') return 'its order is not approved; it is not executed';
    if (sha256(JSON.stringify(order.head.variables)) !== row.shownHash)
      return 'reviewers were shown something else; it is not executed';
    if (!(await this.requests.isRuled(row)))
      return 'its action or gate was deleted meanwhile; it is not executed';
    if (!(await this.isOfTeam(row)))
      return `${row.userCode} is not active in the team any more; it is not executed`;
    return null;
  }

  /**
   * Whoever was listed has to be so still, as active and of this team; whom the directory has never listed is known by the
   * token alone (ADR 0007).
   */
  private async isOfTeam({ accCode, userCode, listed }: RequestRow): Promise<boolean> {
    const standing = (await this.directory.listed(this.database, accCode, [userCode])).get(userCode);
    return listed === 1 ? standing === 'active' : standing !== 'inactive';
  }
}
