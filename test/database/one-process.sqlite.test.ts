import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config.js';
import { freshDatabase, type FreshDatabase } from '../support/fresh-database.js';
import { startApp } from '../support/harness.js';
import { openDatabase } from '../support/open-database.js';
import { startProcess } from '../support/process.js';
import { startService } from '../support/service.js';
import { ann, boss, created, givenFlow } from '../support/world.js';

/** One process a SQLite file: another one's writers would pass our queue of writers (fact 1). */
/** A process starts, and `dist/` may have to be built first. */
const TIMEOUT = { timeout: 180_000 };

let fresh: FreshDatabase;
beforeEach(async () => {
  fresh = await freshDatabase();
});
afterEach(() => fresh.drop());

const path = () => fresh.url.slice('sqlite:'.length);

describe('a second process on the same SQLite file', () => {
  it('is refused, naming DATABASE_URL and what to do, but not the path', TIMEOUT, async () => {
    const first = await startApp({ databaseUrl: fresh.url });
    try {
      const second = startProcess({ NODE_ENV: 'test', DATA_DIR: `${path()}.d`, DATABASE_URL: fresh.url });
      expect(await second.ended).toEqual({ code: 1, signal: null });
      expect(second.output().trim()).toBe(
        'DATABASE_URL: another process serves this SQLite file; stop it, or use MySQL for several replicas.',
      );
      expect((await first.as(boss).get('/nodes')).status).toBe(200);
    } finally {
      await first.close();
    }
  });

  it('is refused within one process too, and let in when the first one has closed', async () => {
    const first = await openDatabase({ url: fresh.url });
    await expect(openDatabase({ url: fresh.url })).rejects.toThrow(ConfigError);
    await expect(openDatabase({ url: fresh.url })).rejects.toThrow('DATABASE_URL: another process serves');
    await first.close();
    const second = await openDatabase({ url: fresh.url });
    await second.close();
  });

  it(
    'is let in when the first one was killed: no stale lock, and everything acknowledged is there',
    TIMEOUT,
    async () => {
      const first = await startService(fresh.url);
      const { businessType } = await givenFlow(first, [{ users: ['bob'] }]);
      const order = await created(first.as(ann), '/orders', { businessType });
      await first.kill();
      const second = await startApp({ databaseUrl: fresh.url });
      try {
        expect((await second.as(ann).get(`/orders/${String(order.id)}`)).body).toEqual(order);
      } finally {
        await second.close();
      }
    },
  );
});

describe('a SQLite file that cannot be written', () => {
  it.each([
    ['a folder in its place', () => `sqlite:${path().replace(/\/[^/]*$/, '')}`],
    ['a file in the place of its folder', () => 'sqlite:/dev/null/test.db'],
    ['a file that is no database', () => `sqlite:${path()}`],
  ])('given %s, then the start is refused, naming DATABASE_URL', async (_, url) => {
    await writeFile(path(), 'a letter, longer than the header of a database, '.repeat(10));
    const opening = openDatabase({ url: url() });
    await expect(opening).rejects.toThrow(ConfigError);
    await expect(opening).rejects.toThrow('DATABASE_URL: the SQLite file cannot be opened for writing');
  });
});
