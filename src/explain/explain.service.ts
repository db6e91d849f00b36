import { Injectable } from '@nestjs/common';
import type { Principal } from '../auth/principal.js';
import type { Language } from '../http/language.js';
import { OperationLogService } from '../operation-log/operation-log.service.js';
import { OrdersService } from '../orders/orders.service.js';
import type { ExplanationView } from './explain.dto.js';
import { explained } from './explanation.js';
import { toView } from './explanation.view.js';

/** Tells people why an order is where it is. Reads the order and its log, and nothing else. */
@Injectable()
export class ExplainService {
  constructor(
    private readonly orders: OrdersService,
    private readonly log: OperationLogService,
  ) {}

  /** @throws Problem 404, or 403 for a colleague whom the order does not concern. */
  async explain(principal: Principal, id: string, language: Language): Promise<ExplanationView> {
    const record = await this.orders.readable(principal, id);
    const history = await this.log.history(id, record.state.version);
    return toView(record, explained(record.state, history), language);
  }
}
