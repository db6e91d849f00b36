import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { toDbTime } from '../database/dialect.js';
import { classify } from '../database/errors.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { Clock } from '../runtime/clock.js';

const table = 'dms_s_apply_provider_message';

/**
 * How long a message is remembered, in milliseconds. Its signature counts for ten minutes at most (five on both sides of
 * our clock); the rest is for replicas whose clocks differ.
 */
const keptFor = 3_600_000;

/** What the column holds; longer ones could not be told apart. */
export const longestMessageId = 191;

/** Which request a signed message counts for: a signature covers the message, not the address that it is sent to. */
@Injectable()
export class ProviderMessagesRepository {
  constructor(
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * Has a message count for a request, unless it counts for one already. Runs a transaction of its own, so that the
   * message is taken before anything is decided by it.
   * @param messageId at most {@link longestMessageId} characters
   * @returns the request that the message counts for: the one that it was first sent to
   */
  async claim(providerId: string, messageId: string, requestId: string): Promise<string | null> {
    const now = this.clock.now();
    try {
      await this.unitOfWork.run(async (tx) => {
        // First, so that nobody who waits here holds a row that another one waits for.
        await tx.run(`DELETE FROM ${table} WHERE create_time < ?`, [
          toDbTime(new Date(now.getTime() - keptFor)),
        ]);
        await tx.run(
          `INSERT INTO ${table} (provider_id, message_id, request_id, create_time) VALUES (?, ?, ?, ?)`,
          [providerId, messageId, requestId, toDbTime(now)],
        );
      });
      return requestId;
    } catch (error) {
      if (classify(error) !== 'duplicate') throw error;
    }
    const [row] = await this.database.rows<{ readonly requestId: string }>(
      `SELECT request_id AS requestId FROM ${table} WHERE provider_id = ? AND message_id = ?`,
      [providerId, messageId],
    );
    return row?.requestId ?? null;
  }
}
