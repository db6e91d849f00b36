// @ts-check
/** The floor's statements over mysql2: a pool, one round trip a statement. */
import { createPool } from 'mysql2/promise';
import { approval, lockSql } from './approval.mjs';
import { opening, snapshotSql, snapshotValues } from './opening.mjs';
import { groupsSql, listed, subjectsOf, todoStatement } from './todo.mjs';

/** @param {string} uri @param {number} size of the pool @returns {import('../floor.mjs').Floor} */
export function mysqlFloor(uri, size) {
  const pool = createPool({
    uri,
    connectionLimit: size,
    maxIdle: size,
    dateStrings: true,
    timezone: 'Z',
    trace: false,
  });
  pool.pool.on('connection', (connection) => {
    connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
  });

  /**
   * @template T
   * @param {(connection: import('mysql2/promise').PoolConnection) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async function inTransaction(work) {
    const connection = await pool.getConnection();
    try {
      await connection.query('START TRANSACTION');
      const result = await work(connection);
      await connection.query('COMMIT');
      return result;
    } catch (error) {
      await connection.query('ROLLBACK');
      throw error;
    } finally {
      connection.release();
    }
  }

  /** @param {import('mysql2/promise').PoolConnection | typeof pool} sql @param {string} text @param {any[]} values @returns {Promise<any>} */
  const ask = async (sql, text, values) => (await sql.query(text, values))[0];

  return {
    async open(caller, request) {
      const snapshot = await ask(pool, snapshotSql, snapshotValues(caller, request));
      const { statements, answer } = opening(caller, request, snapshot);
      return inTransaction(async (connection) => {
        for (const [sql, values] of statements) await ask(connection, sql, values);
        return answer;
      });
    },
    approve: (caller, id, auditMsg) =>
      inTransaction(async (connection) => {
        const locked = await ask(connection, `${lockSql} FOR UPDATE`, [caller.userCode, id, caller.team]);
        const { statements, answer } = approval(caller, id, auditMsg, locked);
        for (const [index, [sql, values]] of statements.entries()) {
          const { affectedRows } = await ask(connection, sql, values);
          if (index === 0 && affectedRows !== 1) throw new Error('the order has changed meanwhile');
        }
        return answer;
      }),
    async todo(caller, after, take) {
      const groups = await ask(pool, groupsSql, [caller.userCode, caller.team]);
      return (await ask(pool, ...todoStatement(caller, subjectsOf(caller, groups), after, take))).map(listed);
    },
  };
}
