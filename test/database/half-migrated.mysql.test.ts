import type { QueryRunner } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { migrations } from '../../migrations/index.js';
import { earlierVersion } from '../support/earlier-version.js';
import { freshDatabase } from '../support/fresh-database.js';
import { openDatabase, type OpenedDatabase } from '../support/open-database.js';

/** Runs a migration until it has carried out so many statements; then it is as if its process were killed. */
async function killedAfter(statements: number, runner: QueryRunner, index: number): Promise<boolean> {
  const Migration = migrations[index];
  if (!Migration) throw new Error(`there is no migration ${index}`);
  let left = statements;
  const killed = new Proxy(runner, {
    get(target, name, receiver) {
      if (name !== 'query') return Reflect.get(target, name, receiver) as unknown;
      return (...given: Parameters<QueryRunner['query']>) => {
        // Questions change nothing.
        const changes = !given[0].startsWith('SELECT');
        if (changes && left-- === 0) throw new Error('killed');
        return target.query(...given);
      };
    },
  });
  try {
    await new Migration().up(killed);
    return false;
  } catch (error) {
    if ((error as Error).message !== 'killed') throw error;
    return true;
  }
}

/** Columns, indexes and the rows that every installation starts with. */
const schemaOf = async ({ database }: OpenedDatabase): Promise<unknown[]> => [
  await database.rows(
    `SELECT table_name AS name, column_name AS part, column_type AS type, is_nullable AS nullable
       FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1, 2`,
  ),
  await database.rows(
    `SELECT table_name AS name, index_name AS part, seq_in_index, column_name AS indexed, non_unique
       FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY 1, 2, 3`,
  ),
  await database.rows('SELECT template_id, stage_no, node_id FROM dms_s_apply_template_stage'),
];

/** MySQL commits each statement that changes tables: a start that is killed leaves half a migration. */
describe('a start after one that was killed while it migrated', () => {
  it.each(migrations.map((Migration, index) => [new Migration().name, index] as const))(
    'finishes what %s began',
    async (_name, index) => {
      const whole = await openDatabase();
      const wanted = await schemaOf(whole);
      await whole.close();
      // A prime, so that tables, columns and indexes all are the last thing that happened.
      for (let statements = 1; ; statements += 19) {
        const fresh = await freshDatabase();
        try {
          const source = await earlierVersion(fresh.url, index);
          const runner = source.createQueryRunner();
          const cut = await killedAfter(statements, runner, index);
          await runner.release();
          await source.destroy();
          const opened = await openDatabase({ url: fresh.url });
          expect(await schemaOf(opened), `killed after ${statements} statements`).toEqual(wanted);
          await opened.close();
          if (!cut) return;
        } finally {
          await fresh.drop();
        }
      }
    },
  );
});
