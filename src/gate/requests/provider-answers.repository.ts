import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';

/** A held request, as far as the answer of its provider is concerned. */
export interface AnsweredRequest {
  readonly id: string;
  readonly provider: string;
  /** The team that owns the action which names the provider; empty for the platform. */
  readonly scope: string;
  readonly orderId: string;
  readonly state: string;
}

/** Finds what providers answer about. The answer changes no row here: the end of the order does. */
@Injectable()
export class ProviderAnswersRepository {
  constructor(private readonly database: Database) {}

  /** A request of any team: who asks proves by a signature that it is theirs. */
  async find(id: string): Promise<AnsweredRequest | null> {
    const [row] = await this.database.rows<AnsweredRequest>(
      `SELECT r.id AS id, r.provider AS provider, a.scope AS scope, r.apply_order_id AS orderId, r.state AS state
         FROM dms_s_apply_approve_request r JOIN dms_s_apply_approve_action a ON a.id = r.action_id
        WHERE r.id = ?`,
      [id],
    );
    // MySQL ignores trailing blanks where it compares.
    return row?.id === id ? row : null;
  }
}
