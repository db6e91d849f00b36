import type Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DatabaseUnavailable } from '../../src/database/errors.js';
import { insertRows, QueryRunnerSql, type Tx } from '../../src/database/sql.js';
import { sqliteDriver } from '../../src/database/sqlite-driver.js';
import { startApp } from '../support/harness.js';
import { openDatabase, type OpenedDatabase } from '../support/open-database.js';
import { boss } from '../support/world.js';

/** Fact 1 of the architecture page: what TypeORM's one shared connection to a SQLite file needs. */
let opened: OpenedDatabase;
beforeEach(async () => {
  opened = await openDatabase();
  await opened.database.writer.query(
    'CREATE TABLE note (id varchar(64) NOT NULL PRIMARY KEY, text text NOT NULL)',
  );
});
afterEach(async () => {
  vi.restoreAllMocks();
  await opened.close();
});

const path = () => opened.url.slice('sqlite:'.length);
const add = (tx: Tx, id: string, text = '') =>
  tx.run('INSERT INTO note (id, text) VALUES (?, ?)', [id, text]);
const stored = async (): Promise<string[]> =>
  (await opened.database.rows<{ id: string }>('SELECT id FROM note ORDER BY id')).map((row) => row.id);
/** The one query runner that TypeORM shares among all who write. */
const writer = () => opened.database.writer.createQueryRunner();

describe('the connections', () => {
  it('write ahead (WAL) and reach the disk with every commit (synchronous=FULL)', async () => {
    expect(await writer().query('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
    // 2 is FULL
    expect(await writer().query('PRAGMA synchronous')).toEqual([{ synchronous: 2 }]);
  });

  it('hold to foreign keys', async () => {
    expect(await writer().query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
  });

  it('write through the unit of work only: the one that reads cannot', async () => {
    const write = opened.database.rows("INSERT INTO note (id, text) VALUES ('x', '') RETURNING id");
    await expect(write).rejects.toThrow('readonly');
    await expect(opened.database.repository('User').clear()).rejects.toThrow('readonly');
    expect(await stored()).toEqual([]);
  });
});

describe('units of work', () => {
  it('run one after the other, in the order in which they came', async () => {
    const told: string[] = [];
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        opened.unitOfWork.run(async (tx) => {
          told.push(`${n} begins`);
          await add(tx, `n${n}`);
          await new Promise((resolve) => setImmediate(resolve));
          told.push(`${n} ends`);
        }),
      ),
    );
    expect(told).toEqual(Array.from({ length: 20 }, (_, n) => [`${n} begins`, `${n} ends`]).flat());
  });

  it('given that one fails, then the next in line runs all the same', async () => {
    const outcomes = await Promise.allSettled([
      opened.unitOfWork.run(() => Promise.reject(new Error('no'))),
      opened.unitOfWork.run((tx) => add(tx, 'next')),
    ]);
    expect(outcomes.map((one) => one.status)).toEqual(['rejected', 'fulfilled']);
    expect(await stored()).toEqual(['next']);
  });
});

/** Lets a test do something, or fail, before the unit of work sends a statement. */
function beforeStatement(act: (sql: string) => void): void {
  // oxlint-disable-next-line typescript/unbound-method -- called with its `this` below
  const send = QueryRunnerSql.prototype.run;
  vi.spyOn(QueryRunnerSql.prototype, 'run').mockImplementation(function (
    this: QueryRunnerSql,
    ...[sql, values]: Parameters<QueryRunnerSql['run']>
  ) {
    return Promise.resolve()
      .then(() => act(sql))
      .then(() => send.call(this, sql, values));
  });
}

describe('a file that another connection is writing', () => {
  let other: Sqlite.Database;
  beforeEach(async () => {
    // SQLite waits for a lock without letting anybody else run, in this process not even who holds it.
    await writer().query('PRAGMA busy_timeout = 1');
    other = new sqliteDriver(path());
    other.exec('BEGIN IMMEDIATE');
  });
  afterEach(() => other.close());

  it('given that it finishes, then the unit of work succeeds at a later attempt', async () => {
    let attempts = 0;
    beforeStatement((sql) => {
      if (sql.startsWith('BEGIN') && ++attempts === 3) other.exec('COMMIT');
    });
    await opened.unitOfWork.run((tx) => add(tx, 'patient'));
    expect(attempts).toBe(3);
    expect(await stored()).toEqual(['patient']);
  });

  it('given that it does not, then the database counts as unavailable, and nothing is half done', async () => {
    const refused = opened.unitOfWork.run((tx) => add(tx, 'refused'));
    await expect(refused).rejects.toThrow(DatabaseUnavailable);
    other.exec('COMMIT');
    await opened.unitOfWork.run((tx) => add(tx, 'next'));
    expect(await stored()).toEqual(['next']);
    expect(opened.abandoned).toEqual([]);
  });
});

describe('a full disk', () => {
  it('given that a unit of work hits it, then it fails alone, and what is acknowledged before and after is there', async () => {
    // given a file that may hardly grow
    await opened.unitOfWork.run((tx) => add(tx, 'before'));
    const [{ page_count: pages }] = await writer().query('PRAGMA page_count');
    await writer().query(`PRAGMA max_page_count = ${pages + 2}`);
    // when rows do not fit
    const full = opened.unitOfWork.run(async (tx) => {
      await add(tx, 'small');
      await add(tx, 'large', 'x'.repeat(1_000_000));
    });
    await expect(full).rejects.toMatchObject({ code: 'SQLITE_FULL' });
    // then the connection has left that transaction, and serves the next one
    await opened.unitOfWork.run((tx) => add(tx, 'after'));
    expect(await stored()).toEqual(['after', 'before']);
    expect(opened.abandoned).toEqual([]);
    // and the rows are in the file, not only in the connection
    const other = new sqliteDriver(path(), { readonly: true });
    expect(other.prepare('SELECT id FROM note ORDER BY id').pluck().all()).toEqual(['after', 'before']);
    other.close();
  });

  it.each(['COMMIT', 'ROLLBACK'])(
    'given that the connection cannot leave a transaction (%s fails), then the process is abandoned',
    async (ending) => {
      beforeStatement((sql) => {
        if (/^(COMMIT|ROLLBACK)/.test(sql)) {
          throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' });
        }
      });
      const failing = opened.unitOfWork.run(async (tx) => {
        await add(tx, 'lost');
        if (ending === 'ROLLBACK') throw new Error('no');
      });
      await expect(failing).rejects.toThrow(ending === 'ROLLBACK' ? 'no' : 'disk I/O error');
      expect(opened.abandoned).toEqual(['the SQLite connection did not leave its transaction']);
    },
  );
});

describe('a service whose connection cannot leave a transaction', () => {
  it('ends, and acknowledges nothing meanwhile', async () => {
    const reasons: string[] = [];
    const app = await startApp({ abandonProcess: (reason) => reasons.push(reason) });
    try {
      beforeStatement((sql) => {
        if (/^(COMMIT|ROLLBACK)/.test(sql)) throw new Error('disk I/O error');
      });
      const node = { templateNodeName: 'lost', auditObjectType: 'user', auditObject: ['bob'] };
      expect((await app.as(boss).post('/nodes', node)).status).toBe(500);
      expect(reasons).toEqual(['the SQLite connection did not leave its transaction']);
    } finally {
      await app.close();
    }
  });
});

describe('statements', () => {
  it('inserts more values than one statement can bind, in one transaction', async () => {
    const rows = Array.from({ length: 20_000 }, (_, n) => [`n${n}`, 'text']);
    await opened.unitOfWork.run((tx) => insertRows(tx, 'note', ['id', 'text'], rows));
    expect(await opened.database.rows('SELECT COUNT(*) AS n FROM note')).toEqual([{ n: 20_000 }]);
  });
});
