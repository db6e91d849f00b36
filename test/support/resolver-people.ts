import type { Answer, Client, TestApp } from './harness.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';

/** Writes people, groups and departments through the routes, as a system administrator. */
export function directoryOf(system: Client) {
  const put = async (path: string, body: object): Promise<void> => {
    const answer = await system.put(path, body);
    if (answer.status !== 200) throw new Error(`PUT ${path}: ${JSON.stringify(answer.body)}`);
  };
  return {
    user: (code: string, about: object = {}) =>
      put(`/directory/users/${code}`, { name: code, accCode: 't1', ...about }),
    group: (code: string, members: readonly string[], about: object = { accCode: 't1' }) =>
      put(`/directory/groups/${code}`, { name: code, members, ...about }),
    department: (code: string, about: object = {}) =>
      put(`/directory/departments/${code}`, { name: code, accCode: 't1', ...about }),
  };
}

/** Departments that no route would write. */
export const plantDepartments = (
  app: TestApp,
  rows: readonly (readonly [scope: string, code: string, parent: string | null, leader: string | null])[],
): Promise<void> =>
  app.get(UnitOfWork).run(async (tx) => {
    for (const row of rows) {
      await tx.run(
        `INSERT INTO dms_s_apply_department (scope, code, name, parent_code, leader, create_time, update_time)
         VALUES (?, ?, 'planted', ?, ?, '2026-01-01 00:00:00', '2026-01-01 00:00:00')`,
        row,
      );
    }
  });

/** Tries a rule out. @param rule the fields of a node, or its id */
export const resolve = (client: Client, userCode: string, rule: object): Promise<Answer> =>
  client.post('/directory/resolve', { userCode, ...rule });

/** Whom it finds, as `code: reason`. */
export async function foundBy(client: Client, userCode: string, rule: object): Promise<string[]> {
  const { status, body } = await resolve(client, userCode, rule);
  if (status !== 200 || body.problem !== null) throw new Error(`${status} ${JSON.stringify(body)}`);
  return (body.approvers as readonly { userCode: string; reason: string }[]).map(
    (one) => `${one.userCode}: ${one.reason}`,
  );
}
