import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { pendingMigrations } from '../database/migrate.js';
import { Problem } from '../http/problem.js';

/** Whether this replica should be sent requests. */
@Injectable()
export class Readiness implements BeforeApplicationShutdown {
  private stopping = false;
  private migrated = false;

  constructor(private readonly database: Database) {}

  beforeApplicationShutdown(): void {
    this.stopping = true;
  }

  /** @throws Problem 503 naming what is not ready. */
  async check(): Promise<{ status: 'ok'; checks: Record<string, 'ok'> }> {
    if (this.stopping) throw notReady('the process is stopping');
    try {
      await this.database.ping();
    } catch (error) {
      throw notReady('the database does not answer', error);
    }
    // Migrations only ever get fewer while a process runs, so one look that finds none is enough.
    this.migrated ||= !(await pendingMigrations(this.database.writer));
    if (!this.migrated) throw notReady('migrations are pending');
    return { status: 'ok', checks: { database: 'ok', migrations: 'ok' } };
  }
}

const notReady = (detail: string, cause?: unknown): Problem =>
  new Problem('unavailable', detail, { headers: { 'retry-after': '2' }, cause });
