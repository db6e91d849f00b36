// @ts-check
/** The floor's statements over better-sqlite3: prepared once, run synchronously, one transaction after the other. */
import { Sqlite } from '../sqlite.mjs';
import { approval, lockSql } from './approval.mjs';
import { opening, snapshotSql, snapshotValues } from './opening.mjs';
import { groupsSql, listed, subjectsOf, todoStatement } from './todo.mjs';

/** @param {string} path @returns {import('../floor.mjs').Floor} */
export function sqliteFloor(path) {
  const db = new Sqlite(path, { fileMustExist: true, timeout: 10_000 });
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');

  /** @type {Map<string, import('better-sqlite3').Statement<any[], any>>} */
  const prepared = new Map();
  /** @param {string} sql */
  const statement = (sql) => {
    const known = prepared.get(sql);
    if (known) return known;
    const made = db.prepare(sql);
    prepared.set(sql, made);
    return made;
  };

  const write = db.transaction((/** @type {import('./rows.mjs').Statement[]} */ statements) => {
    for (const [sql, values] of statements) statement(sql).run(values);
  });
  const decide = db.transaction(
    (
      /** @type {import('../floor.mjs').Caller} */ caller,
      /** @type {string} */ id,
      /** @type {string | null} */ auditMsg,
    ) => {
      const locked = statement(lockSql).all(caller.userCode, id, caller.team);
      const { statements, answer } = approval(caller, id, auditMsg, locked);
      for (const [index, [sql, values]] of statements.entries()) {
        const { changes } = statement(sql).run(values);
        if (index === 0 && changes !== 1) throw new Error('the order has changed meanwhile');
      }
      return answer;
    },
  );

  return {
    async open(caller, request) {
      const snapshot = statement(snapshotSql).all(snapshotValues(caller, request));
      const { statements, answer } = opening(caller, request, snapshot);
      write.immediate(statements);
      return answer;
    },
    approve: async (caller, id, auditMsg) => decide.immediate(caller, id, auditMsg),
    async todo(caller, after, take) {
      const groups = statement(groupsSql).all(caller.userCode, caller.team);
      const [sql, values] = todoStatement(caller, subjectsOf(caller, groups), after, take);
      return statement(sql).all(values).map(listed);
    },
  };
}
