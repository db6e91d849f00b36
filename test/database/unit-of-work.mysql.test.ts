import { createRequire } from 'node:module';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DatabaseUnavailable } from '../../src/database/errors.js';
import { QueryRunnerSql, type Tx } from '../../src/database/sql.js';
import { openDatabase, type OpenedDatabase } from '../support/open-database.js';
import { meeting, signal, until } from '../support/signal.js';

/** Facts 3 and 4 of the architecture page: real conflicts, lost connections, and a pool that is all taken. */
let opened: OpenedDatabase;
/** A session beside the service's pool. */
let beside: Connection;
beforeEach(async () => {
  // The smallest pool: what is not given back is missed at once.
  opened = await openDatabase({ env: { DATABASE_POOL_SIZE: '2', DATABASE_ACQUIRE_TIMEOUT: '1s' } });
  beside = await createConnection(opened.url);
  // Without locks on the gaps between rows, as the service's own.
  await beside.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
  await beside.query(
    'CREATE TABLE note (no int AUTO_INCREMENT PRIMARY KEY, name varchar(64) NOT NULL, count int NOT NULL DEFAULT 0, KEY (name))',
  );
  await beside.query("INSERT INTO note (name) VALUES ('a'), ('b')");
});
afterEach(async () => {
  await beside.end();
  await opened.close();
});

const add = (tx: Tx, name: string) => tx.run('INSERT INTO note (name) VALUES (?)', [name]);
const count = (tx: Tx, name: string) => tx.run('UPDATE note SET count = count + 1 WHERE name = ?', [name]);
const counts = () =>
  opened.database.rows<{ name: string; count: number }>('SELECT name, count FROM note ORDER BY no');
const sessionOf = async (tx: Tx): Promise<number> =>
  (await tx.rows<{ id: number }>('SELECT CONNECTION_ID() AS id'))[0]?.id ?? 0;
const isRunning = async (session: number, statement: string): Promise<boolean> => {
  const [rows] = await beside.query<RowDataPacket[]>(
    'SELECT 1 FROM information_schema.processlist WHERE id = ? AND info LIKE ?',
    [session, `${statement}%`],
  );
  return rows.length > 0;
};

/** Both connections of the pool serve at the same time, with their settings. */
async function expectWholePool(): Promise<void> {
  const bothThere = meeting(2);
  const sessions = await Promise.all(
    [1, 2].map(() =>
      opened.unitOfWork.run(async (tx) => {
        await bothThere();
        return sessionOf(tx);
      }),
    ),
  );
  expect(new Set(sessions).size).toBe(2);
}

describe('a real deadlock (1213)', () => {
  it('given two that lock two rows crosswise, then both succeed, and the loser ran again as a whole', async () => {
    const bothLocked = meeting(2);
    const attempts = { ab: 0, ba: 0 };
    const crosswise = (name: 'ab' | 'ba', first: string, second: string) =>
      opened.unitOfWork.run(async (tx) => {
        attempts[name] += 1;
        await add(tx, `${name} ${attempts[name]}`);
        await count(tx, first);
        await bothLocked();
        await count(tx, second);
        return name;
      });
    expect(await Promise.all([crosswise('ab', 'a', 'b'), crosswise('ba', 'b', 'a')])).toEqual(['ab', 'ba']);
    // one won at once, the other one at the second attempt, and its first one left nothing
    expect(Object.values(attempts).toSorted()).toEqual([1, 2]);
    expect((await counts()).toSorted((one, other) => (one.name < other.name ? -1 : 1))).toEqual([
      { name: 'a', count: 2 },
      { name: `ab ${attempts.ab}`, count: 0 },
      { name: 'b', count: 2 },
      { name: `ba ${attempts.ba}`, count: 0 },
    ]);
    await expectWholePool();
  });
});

describe('a lock that comes too late (1205)', () => {
  it('given that only the statement is undone, then the rest of the attempt is rolled back, and it runs again', async () => {
    await beside.query('START TRANSACTION');
    await beside.query("UPDATE note SET count = 10 WHERE name = 'a'");
    let attempts = 0;
    await opened.unitOfWork.run(async (tx) => {
      attempts += 1;
      await tx.run('SET SESSION innodb_lock_wait_timeout = 1');
      await add(tx, 'once');
      if (attempts === 2) await beside.query('COMMIT');
      await count(tx, 'a');
    });
    expect(attempts).toBe(2);
    expect(await counts()).toEqual([
      { name: 'a', count: 11 },
      { name: 'b', count: 0 },
      { name: 'once', count: 0 },
    ]);
  });
});

describe('a connection that is lost inside a unit of work', () => {
  /** Kills the connection of a unit of work; its function then goes on and meets the loss. */
  async function killed(goOn: (tx: Tx) => Promise<unknown>): Promise<{ error: unknown; attempts: number }> {
    let attempts = 0;
    const error: unknown = await opened.unitOfWork
      .run(async (tx) => {
        attempts += 1;
        await add(tx, 'lost');
        await beside.query(`KILL ${await sessionOf(tx)}`);
        await goOn(tx);
      })
      .catch((thrown: unknown) => thrown);
    return { error, attempts };
  }

  it('given before the commit, then nothing is stored or run again, and the caller may try again', async () => {
    const { error, attempts } = await killed((tx) => add(tx, 'more'));
    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(error).toMatchObject({ outcomeUnknown: false });
    expect(attempts).toBe(1);
    expect(await counts()).toHaveLength(2);
    await expectWholePool();
  });

  it('given while it waits for a lock, then likewise', async () => {
    await beside.query('START TRANSACTION');
    await beside.query("UPDATE note SET count = 10 WHERE name = 'a'");
    const session = signal<number>();
    const running = opened.unitOfWork
      .run(async (tx) => {
        await add(tx, 'lost');
        session.give(await sessionOf(tx));
        await count(tx, 'a');
      })
      .catch((thrown: unknown) => thrown);
    const waiting = await session.happened;
    await until('it waits for the lock', () => isRunning(waiting, 'UPDATE note'));
    await beside.query(`KILL ${waiting}`);
    const error = await running;
    await beside.query('ROLLBACK');
    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(error).toMatchObject({ outcomeUnknown: false });
    expect(await counts()).toHaveLength(2);
    await expectWholePool();
  });

  it('given right before the commit and nobody who can tell, then the outcome is called unknown', async () => {
    const { error, attempts } = await killed(() => Promise.resolve());
    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(error).toMatchObject({ outcomeUnknown: true });
    expect(attempts).toBe(1);
    expect(await counts()).toHaveLength(2);
    await expectWholePool();
  });

  it('given that not even the rollback succeeds, then its connection serves nobody else, who would commit the rest', async () => {
    // oxlint-disable-next-line typescript/unbound-method -- called with its `this` below
    const { run } = QueryRunnerSql.prototype;
    const refusing = vi.spyOn(QueryRunnerSql.prototype, 'run');
    refusing.mockImplementation(function (this: QueryRunnerSql, sql, values) {
      return sql === 'ROLLBACK' ? Promise.reject(new Error('no answer')) : run.call(this, sql, values);
    });
    const session = signal<number>();
    const failing = opened.unitOfWork.run(async (tx) => {
      await add(tx, 'half');
      session.give(await sessionOf(tx));
      throw new Error('the work fails');
    });
    await expect(failing).rejects.toThrow('the work fails');
    refusing.mockRestore();
    const lost = await session.happened;
    for (let round = 0; round < 4; round++) {
      expect(await opened.unitOfWork.run(sessionOf)).not.toBe(lost);
    }
    expect(await counts()).toHaveLength(2);
    await expectWholePool();
  });

  it('given that it was idle in the pool, then the next unit of work is served by another one', async () => {
    const session = await opened.unitOfWork.run(sessionOf);
    await beside.query(`KILL ${session}`);
    await until('it has gone', async () => {
      const [rows] = await beside.query<RowDataPacket[]>(
        'SELECT 1 FROM information_schema.processlist WHERE id = ?',
        [session],
      );
      return rows.length === 0;
    });
    const next = await opened.unitOfWork.run(sessionOf).catch((thrown: unknown) => thrown);
    // It may meet the loss once, if it is quicker than the news of it; never twice.
    if (typeof next !== 'number') expect(next).toBeInstanceOf(DatabaseUnavailable);
    expect(await opened.unitOfWork.run(sessionOf)).not.toBe(session);
    await expectWholePool();
  });
});

describe('a pool of which everything is taken', () => {
  it('given no free connection in time, then who waits is told so, for reads and writes', async () => {
    const bothThere = meeting(3);
    const goOn = signal();
    const holders = [1, 2].map(() =>
      opened.unitOfWork.run(async (tx) => {
        await bothThere();
        await goOn.happened;
        await add(tx, 'holder');
      }),
    );
    await bothThere();
    const refused = [
      opened.unitOfWork.run((tx) => add(tx, 'refused')),
      opened.database.rows('SELECT 1 AS one'),
      opened.database.ping(),
    ];
    for (const outcome of await Promise.allSettled(refused)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(DatabaseUnavailable) });
      expect(outcome).toMatchObject({
        reason: { message: 'no database connection became free in time', outcomeUnknown: false },
      });
    }
    // and those who hold them finish
    goOn.give();
    await Promise.all(holders);
    expect((await counts()).map((row) => row.name)).toEqual(['a', 'b', 'holder', 'holder']);
    // and connections that came too late for who had waited serve again
    await expectWholePool();
  });

  it('given that every holder wants one more, then all are told so instead of waiting for one another', async () => {
    const bothThere = meeting(2);
    const wanting = [1, 2].map(() =>
      opened.unitOfWork.run(async (tx) => {
        await add(tx, 'never');
        await bothThere();
        await opened.database.acquire();
      }),
    );
    for (const outcome of await Promise.allSettled(wanting)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(DatabaseUnavailable) });
    }
    expect(await counts()).toHaveLength(2);
    await expectWholePool();
  });
});

describe('every connection of the pool', () => {
  const settingsOf = async (tx: Tx) => {
    const [isolation] = await tx.rows<{ Value: string }>(
      "SHOW SESSION VARIABLES WHERE variable_name IN ('transaction_isolation', 'tx_isolation')",
    );
    const [rest] = await tx.rows<{ mode: string; wait: number | string }>(
      'SELECT @@SESSION.sql_mode AS mode, @@SESSION.innodb_lock_wait_timeout AS wait',
    );
    return {
      isolation: isolation?.Value,
      lockWait: Number(rest?.wait),
      strict: rest?.mode.split(',').includes('STRICT_ALL_TABLES'),
    };
  };
  const wanted = { isolation: 'READ-COMMITTED', lockWait: 10, strict: true };

  /** Two units of work that need a connection at the same time. */
  const both = <T>(work: (tx: Tx) => Promise<T>): Promise<PromiseSettledResult<T>[]> => {
    const bothThere = meeting(2);
    const one = () =>
      opened.unitOfWork.run(async (tx) => {
        await bothThere();
        return work(tx);
      });
    // Who is refused has been there too: the other one need not wait.
    return Promise.allSettled([1, 2].map(() => one().finally(() => void bothThere())));
  };

  it('reads committed rows, is strict, and waits ten seconds for a lock', async () => {
    expect(await both(settingsOf)).toEqual([1, 2].map(() => ({ status: 'fulfilled', value: wanted })));
  });

  it('given what others committed meanwhile, then a unit of work sees it', async () => {
    const seen = await opened.unitOfWork.run(async (tx) => {
      const before = (await tx.rows('SELECT no FROM note')).length;
      await beside.query("INSERT INTO note (name) VALUES ('c')");
      return [before, (await tx.rows('SELECT no FROM note')).length];
    });
    expect(seen).toEqual([2, 3]);
  });

  it('given a text that is too long, then it is refused, not cut', async () => {
    const long = opened.unitOfWork.run((tx) => add(tx, 'x'.repeat(65)));
    await expect(long).rejects.toMatchObject({ code: 'ER_DATA_TOO_LONG' });
  });

  it('speaks utf8mb4', async () => {
    await opened.unitOfWork.run((tx) => add(tx, '审批 👍'));
    expect((await counts()).at(-1)?.name).toBe('审批 👍');
  });

  it('given that its settings are refused, then it does not serve: it would read and lock by other rules', async () => {
    // given a server that refuses one of them on every new connection
    const { PoolConnection } = createRequire(import.meta.url)('mysql2') as {
      PoolConnection: { prototype: Queries };
    };
    const query = PoolConnection.prototype.query;
    const refusing = vi.spyOn(PoolConnection.prototype, 'query');
    let refused = 0;
    refusing.mockImplementation(function (this: Queries, ...given) {
      if (!/ISOLATION LEVEL/.test(String(given[0]))) return query.apply(this, given);
      refused += 1;
      return (given.at(-1) as (error: Error) => void)(new Error('refused'));
    });
    const [session] = await both(sessionOf);
    await beside.query(`KILL ${session?.status === 'fulfilled' ? session.value : 0}`);
    // when new connections are needed, then none of them serves
    for (let round = 0; round < 5; round++) {
      for (const outcome of await both(settingsOf)) {
        if (outcome.status === 'fulfilled') expect(outcome.value).toEqual(wanted);
        else expect(outcome.reason).toBeInstanceOf(DatabaseUnavailable);
      }
    }
    expect(refused).toBeGreaterThan(0);
    refusing.mockRestore();
    await expectWholePool();
  });
});

interface Queries {
  query: (this: Queries, ...given: unknown[]) => unknown;
}
