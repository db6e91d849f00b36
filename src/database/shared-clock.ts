import { Injectable } from '@nestjs/common';
import { Clock } from '../runtime/clock.js';
import { Database } from './database.js';
import { databaseNow } from './dialect.js';
import type { Sql } from './sql.js';

/**
 * The time on which all replicas agree, whatever their own clocks say: the database's. On SQLite there is one process,
 * and its clock is it.
 */
@Injectable()
export class SharedClock {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Milliseconds since 1970. @param sql the transaction under way, if there is one */
  async now(sql: Sql = this.database): Promise<number> {
    if (this.database.dialect === 'sqlite') return this.clock.now().getTime();
    const [row] = await sql.rows<{ readonly now: number | string }>(
      `SELECT ${databaseNow('mysql')} AS now`,
      [],
    );
    return Number(row?.now);
  }
}
