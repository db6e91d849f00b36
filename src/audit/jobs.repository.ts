import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { toDbTime } from '../database/dialect.js';
import { classify } from '../database/errors.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { Clock } from '../runtime/clock.js';

const table = 'dms_s_apply_job';

/** A job as its row tells of it. */
interface Job {
  /** Milliseconds since 1970, by the database's clock. */
  readonly dueAt: number;
  /** JSON; null before it was first done. */
  readonly result: string | null;
}

/** Jobs of which each replica looks now and then whether they are due: whoever sets the due time on does them. */
@Injectable()
export class JobsRepository {
  constructor(
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  async find(name: string): Promise<Job | null> {
    const [row] = await this.database.rows<{
      readonly due_at: number | string;
      readonly result: string | null;
    }>(`SELECT due_at, result FROM ${table} WHERE name = ?`, [name]);
    return row ? { dueAt: Number(row.due_at), result: row.result } : null;
  }

  /** Names a job for the first time; another replica may have been first. */
  async plan(name: string, dueAt: number): Promise<void> {
    try {
      await this.unitOfWork.run((tx) =>
        tx.run(`INSERT INTO ${table} (name, due_at, update_time) VALUES (?, ?, ?)`, [
          name,
          dueAt,
          this.now(),
        ]),
      );
    } catch (error) {
      if (classify(error) !== 'duplicate') throw error;
    }
  }

  /** Sets the due time on, from the one that was read. @returns whether the caller did, and nobody else. */
  async claim(name: string, from: number, to: number): Promise<boolean> {
    const found = await this.unitOfWork.run((tx) =>
      tx.run(`UPDATE ${table} SET due_at = ?, update_time = ? WHERE name = ? AND due_at = ?`, [
        to,
        this.now(),
        name,
        from,
      ]),
    );
    return found === 1;
  }

  async report(name: string, result: string): Promise<void> {
    await this.unitOfWork.run((tx) =>
      tx.run(`UPDATE ${table} SET result = ?, update_time = ? WHERE name = ?`, [result, this.now(), name]),
    );
  }

  private now(): string {
    return toDbTime(this.clock.now());
  }
}
