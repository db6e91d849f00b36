import fc from 'fast-check';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateCondition, parseCondition } from '../../src/engine/conditions/condition.js';
import {
  type Case,
  cases,
  DOUBLE_EQUALS,
  type Given,
  scrambledCases,
  type Variable,
  VARIABLES,
} from './conditions.generator.js';

/**
 * The condition language against the database whose language it follows: the same text, once through the engine, once through
 * MariaDB or MySQL, over the same values. Settings (environment):
 *
 * TEST_MYSQL_URL   mysql://user:password@host:port/database; needs no tables and writes none
 * CONDITION_RUNS   number of generated conditions, 2000 if not given; the nightly run takes 20000
 * CONDITION_SEED   seed of the generator, to repeat a failure or to look elsewhere
 */
const RUNS = Number(process.env.CONDITION_RUNS ?? 2000);
const SEED = Number(process.env.CONDITION_SEED ?? 2026);
const BATCH = 100;
const TIMEOUT = { timeout: 1_800_000 };

/** DECIMAL is exact and wide enough for all generated numbers; strings compare by code point. */
const CASTS: Record<Variable['kind'], string> = {
  number: 'cast(? as decimal(65,30))',
  boolean: 'cast(? as signed)',
  text: 'cast(? as char character set utf8mb4) collate utf8mb4_bin',
};

function derivedTable(table: Variable['table']): string {
  const columns = VARIABLES.filter((variable) => variable.table === table);
  return `(select ${columns.map(({ name, kind }) => `${CASTS[kind]} as \`${name}\``).join(', ')}) ${table}`;
}

/** The values as an order carries them; a null is there in some places and left out in others. */
function engineVariables(values: readonly Given[]): Record<string, unknown> {
  const detail: Record<string, unknown> = {};
  const variables: Record<string, unknown> = { detail };
  VARIABLES.forEach(({ table, name, kind, asText }, index) => {
    const given = values[index] ?? null;
    if (given === null && index % 2 === 1) return;
    const holder = table === 'detail' ? detail : variables;
    holder[name] = kind === 'number' && !asText && given !== null ? Number(given) : given;
  });
  return variables;
}

describe('conditions against the database', () => {
  let connection: Connection | undefined;

  beforeAll(async () => {
    const uri = process.env.TEST_MYSQL_URL;
    if (!uri) throw new Error('TEST_MYSQL_URL is not set; give mysql://user:password@host:port/database');
    connection = await createConnection({ uri, charset: 'UTF8MB4_BIN' });
    // Literals compare with one another by the connection's collation; no mode that changes `||`, quotes or backslashes.
    await connection.query("set names utf8mb4 collate utf8mb4_bin, sql_mode = 'STRICT_TRANS_TABLES'");
  });

  afterAll(async () => {
    await connection?.end();
  });

  /** What the database makes of a batch. `and true` turns a number into a truth value and changes nothing else. */
  async function askDatabase(batch: readonly Case[]): Promise<(boolean | null)[]> {
    const from = `from ${derivedTable('v')}, ${derivedTable('detail')}`;
    const selects = batch.map(
      ({ text }, index) =>
        `select ${index} as i, ((${text.replaceAll(DOUBLE_EQUALS, '=')}) and true) as truth ${from}`,
    );
    const sql = selects.join('\nunion all\n');
    const parameters = batch.flatMap(({ values }) =>
      values.map((value) => (typeof value === 'boolean' ? String(Number(value)) : value)),
    );
    const [rows] = await connection!.execute<RowDataPacket[]>(sql, parameters);
    connection!.unprepare(sql);
    const answers: (boolean | null)[] = [];
    for (const { i, truth } of rows) answers[Number(i)] = truth === null ? null : Number(truth) !== 0;
    return answers;
  }

  /** Like `askDatabase`; if the database refuses the batch, the error names the condition it refuses. */
  async function askDatabaseOrExplain(batch: readonly Case[]): Promise<(boolean | null)[]> {
    try {
      return await askDatabase(batch);
    } catch (error) {
      const refused: string[] = [];
      for (const single of batch) await askDatabase([single]).catch(() => refused.push(single.text));
      throw new Error(`The database refuses: ${refused.join(' | ')}`, { cause: error });
    }
  }

  /** Runs the cases on both sides and returns those that differ, the first ten at most. */
  async function differences(all: readonly Case[]): Promise<object[]> {
    const different: object[] = [];
    for (let start = 0; start < all.length && different.length < 10; start += BATCH) {
      const batch = all.slice(start, start + BATCH);
      const answers = await askDatabaseOrExplain(batch);
      expect(answers).toHaveLength(batch.length);
      batch.forEach(({ text, values }, index) => {
        const ours = text.replaceAll(DOUBLE_EQUALS, '==');
        const parsed = parseCondition(ours);
        const variables = engineVariables(values);
        const engine = parsed.ok ? evaluateCondition(parsed.condition, variables) : parsed.error;
        const database = answers[index];
        if (engine !== database) different.push({ text: ours, variables, engine, database });
      });
    }
    return different.slice(0, 10);
  }

  /** `0 and …` never holds (requirement 002), whatever the database makes of an `or` behind it. */
  const isSwitchedOff = ({ text }: Case): boolean => /^0\s+and\s/i.test(text);

  it(`should mean the same for ${RUNS} generated conditions (seed ${SEED})`, TIMEOUT, async () => {
    const all = fc.sample(cases, { numRuns: RUNS, seed: SEED });
    expect(await differences(all.filter((each) => !isSwitchedOff(each)))).toEqual([]);
  });

  it(
    `should accept nothing that the database refuses or reads otherwise (seed ${SEED})`,
    TIMEOUT,
    async () => {
      const all = fc.sample(scrambledCases, { numRuns: RUNS * 10, seed: SEED });
      const accepted = all.filter((each) => parseCondition(each.text).ok && !isSwitchedOff(each));
      expect(accepted.length).toBeGreaterThan(RUNS / 2);
      expect(await differences(accepted)).toEqual([]);
    },
  );
});
