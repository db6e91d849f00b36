import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { QueryRunner } from 'typeorm';
import { fullJitter } from '../runtime/jitter.js';
import { Database } from './database.js';
import { classify, DatabaseUnavailable } from './errors.js';
import { FifoMutex } from './fifo-mutex.js';
import { QueryRunnerSql, type Tx } from './sql.js';
import { insideTransaction, transactionUnderWay } from './transaction-scope.js';

/** Runs before the commit of the transaction that answers a request, with its result; may refuse by throwing. */
export type CommitHook = (tx: Tx, result: unknown) => Promise<void>;

export interface RunOptions {
  /**
   * Asked when the connection was lost at COMMIT, on a new connection: did the change arrive? Without an answer the
   * caller is told that the outcome is unknown; the function is never simply run again.
   */
  readonly confirm?: (tx: Tx) => Promise<boolean>;
}

const maxAttempts = 5;
/** What the request under way adds to its transaction. */
const hooks = new AsyncLocalStorage<CommitHook>();

/** Lets a request add rows to the transaction that its handler runs (the idempotency record). */
export const withCommitHook = <T>(hook: CommitHook, work: () => T): T => hooks.run(hook, work);

/**
 * For a request that runs several transactions, each of which stands by itself: none of them is the one that its answer
 * reports on, so the answer is stored once all are done.
 */
export const withoutCommitHook = <T>(work: () => T): T => hooks.exit(work);

/**
 * For a request that answers with something made of its transaction's result: that is what is stored with the
 * transaction, and answered.
 * @param present may run several times
 */
export async function withAnswerOf<T, Answer>(
  present: (result: T) => Answer,
  work: () => Promise<T>,
): Promise<Answer> {
  const hook = hooks.getStore();
  return present(await (hook ? hooks.run((tx, result) => hook(tx, present(result as T)), work) : work()));
}

/**
 * The one way to write. Runs a function in one transaction: all of it is committed, or nothing is.
 *
 * On MySQL the whole function is run again after a deadlock, a lock timeout or a changed snapshot, at most 5 times; so
 * it must hold no state of its own and do nothing outside the database. On SQLite, where TypeORM shares one
 * connection, transactions queue up and run one after the other.
 */
export class UnitOfWork {
  private readonly queue = new FifoMutex();

  constructor(
    private readonly database: Database,
    /** What to do with a process whose SQLite connection did not come out of a transaction: writing on would lose data. */
    private readonly abandonProcess: (reason: string) => void,
    /**
     * Whether to look for transactions inside transactions, and reads beside them. Either is a programming error that
     * every test run would show; looking takes Node 20 a tenth of a decision's time, so production does not.
     */
    private readonly watchNesting: boolean = true,
  ) {}

  /**
   * @throws DatabaseUnavailable when the database cannot be reached, conflicts do not go away, or a commit's outcome
   * is unknown; whatever the function throws, after a rollback.
   */
  async run<T>(work: (tx: Tx) => Promise<T>, options: RunOptions = {}): Promise<T> {
    if (transactionUnderWay())
      throw new Error('a transaction is under way: hand it on as an argument, do not nest');
    if (this.database.dialect === 'sqlite') return this.queue.run(() => this.retried(work, options));
    return this.retried(work, options);
  }

  private async retried<T>(work: (tx: Tx) => Promise<T>, options: RunOptions): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(work, options);
      } catch (error) {
        const kind = classify(error);
        if (kind === 'unreachable') {
          throw new DatabaseUnavailable('the connection to the database was lost', false, { cause: error });
        }
        if (kind !== 'conflict') throw error;
        if (attempt === maxAttempts) {
          throw new DatabaseUnavailable(`${maxAttempts} attempts met conflicting transactions`, false, {
            cause: error,
          });
        }
        await pause(fullJitter(20 * 2 ** attempt));
      }
    }
  }

  private async once<T>(work: (tx: Tx) => Promise<T>, { confirm }: RunOptions): Promise<T> {
    const runner = await this.database.acquire();
    const sql = new QueryRunnerSql(runner);
    const tx = sql as unknown as Tx;
    let healthy = true;
    try {
      await sql.run(this.database.dialect === 'sqlite' ? 'BEGIN IMMEDIATE' : 'START TRANSACTION');
      let result: T;
      try {
        const inside = this.watchNesting ? insideTransaction : callDirectly;
        result = await inside(async () => {
          const done = await work(tx);
          await hooks.getStore()?.(tx, done);
          return done;
        });
      } catch (error) {
        // Explicitly, also after 1205, which undoes only its statement.
        healthy = await this.rollback(runner, sql);
        throw error;
      }
      try {
        await sql.run('COMMIT');
      } catch (error) {
        if (classify(error) !== 'unreachable') {
          healthy = await this.rollback(runner, sql);
          throw error;
        }
        healthy = false;
        if (!confirm || !(await this.confirmed(confirm, error))) throw unknownOutcome(error);
      }
      sql.committed();
      return result;
    } finally {
      await this.giveBack(runner, healthy);
    }
  }

  private async rollback(runner: QueryRunner, sql: QueryRunnerSql): Promise<boolean> {
    try {
      if (this.database.dialect === 'mysql' || sqliteInTransaction(runner)) await sql.run('ROLLBACK');
      return true;
    } catch {
      return false;
    }
  }

  /** Reads back on a connection of its own whether a commit with a lost answer took place. */
  private async confirmed(confirm: (tx: Tx) => Promise<boolean>, cause: unknown): Promise<boolean> {
    const runner = await this.database.acquire().catch(() => {
      throw unknownOutcome(cause);
    });
    try {
      return await confirm(new QueryRunnerSql(runner) as unknown as Tx);
    } catch {
      throw unknownOutcome(cause);
    } finally {
      await runner.release();
    }
  }

  private async giveBack(runner: QueryRunner, healthy: boolean): Promise<void> {
    if (this.database.dialect === 'sqlite') {
      // After a full disk a connection can stay inside a transaction whose rows would be lost while we acknowledge.
      if (sqliteInTransaction(runner))
        this.abandonProcess('the SQLite connection did not leave its transaction');
      return;
    }
    if (!healthy) (await runner.connect()).destroy();
    else await runner.release();
  }
}

const callDirectly = <T>(work: () => Promise<T>): Promise<T> => work();

const unknownOutcome = (cause: unknown): DatabaseUnavailable =>
  new DatabaseUnavailable('the connection was lost while committing', true, { cause });

const sqliteInTransaction = (runner: QueryRunner): boolean =>
  (runner.dataSource.driver as unknown as { databaseConnection: { inTransaction: boolean } })
    .databaseConnection.inTransaction;
