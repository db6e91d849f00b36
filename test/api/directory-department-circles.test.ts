import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, type Client, startApp, type TestApp } from '../support/harness.js';

describe('circles of departments', () => {
  let app: TestApp;
  let root: Client;
  let admin: Client;
  let other: Client;
  let team: string;
  /** A code that no other test uses, for departments of the platform. */
  let code: string;
  let run = 0;

  beforeAll(async () => {
    app = await startApp();
    root = app.as({ sub: 'root', roles: ['system_admin'] });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    run += 1;
    team = `t${run}`;
    code = `d${run}`;
    admin = app.as({ sub: 'adm', acc_code: team, roles: ['team_admin'] });
    other = app.as({ sub: 'adm', acc_code: `${team}-other`, roles: ['team_admin'] });
  });

  const departments = (of: string): string => `/directory/departments/${encodeURIComponent(of)}`;
  const put = (client: Client, of: string, parent: string | null = null) =>
    client.put(departments(of), { name: of, parent });
  const made = async (answer: Promise<Answer>): Promise<void> => {
    expect((await answer).status).toBe(200);
  };
  /** Status, field and message of a refused field. */
  const refusal = ({ status, body }: Answer): unknown[] => [
    status,
    body.code,
    body.errors[0].field,
    body.errors[0].message,
  ];
  const circle = (message: string) => [400, 'validation_failed', 'parent', message];

  it('given itself as its parent, refuses, whether the department is there or not', async () => {
    expect(refusal(await put(admin, 'a', 'a'))).toEqual(circle('would make a circle: a → a'));
    await made(put(admin, 'a'));
    expect(refusal(await put(admin, 'a', 'a'))).toEqual(circle('would make a circle: a → a'));
  });

  it('given two or three that come back, refuses and names them', async () => {
    await made(put(admin, 'a'));
    await made(put(admin, 'b', 'a'));
    await made(put(admin, 'c', 'b'));

    expect(refusal(await put(admin, 'a', 'b'))).toEqual(circle('would make a circle: a → b → a'));
    expect(refusal(await put(admin, 'a', 'c'))).toEqual(circle('would make a circle: a → c → b → a'));
    expect((await admin.get(departments('a'))).body.parent).toBeNull();
  });

  it("given a team's department that stands before the platform's, sees the circle in the team only", async () => {
    const [a, b] = [`${code}-a`, `${code}-b`];
    await made(put(root, b));
    await made(put(root, a, b));

    expect(refusal(await put(admin, b, a))).toEqual(circle(`would make a circle: ${b} → ${a} → ${b}`));
    await made(put(other, b));
    await made(put(other, a));
    await made(put(other, b, a));
  });

  it("given the platform's that would close one in a team's view, refuses and names the team", async () => {
    const [a, b] = [`${code}-a`, `${code}-b`];
    await made(put(root, a));
    await made(put(root, b));
    await made(put(admin, b, a));

    expect(refusal(await put(root, a, b))).toEqual(
      circle(`would make a circle in team ${team}: ${a} → ${b} → ${a}`),
    );
    await made(put(admin, a));
    await made(put(root, a, b));
  });

  it("given the team's own deleted, so that the platform's would close one, refuses", async () => {
    const [a, b, c] = [`${code}-a`, `${code}-b`, `${code}-c`];
    await made(put(root, a));
    await made(put(root, b, a));
    await made(put(root, c, b));
    await made(put(admin, b));
    await made(put(admin, a, c));

    const { status, body } = await admin.delete(departments(b));

    expect([status, body.code]).toEqual([409, 'in_use']);
    expect(body.detail).toContain(`${b} → ${a} → ${c} → ${b}`);
    expect((await admin.get(departments(b))).body.accCode).toBe(team);
  });

  it('given writes at once that together would make one, refuses one of them, every time', async () => {
    for (let round = 0; round < 6; round++) {
      const [a, b, c] = [`a${round}`, `b${round}`, `c${round}`];
      for (const each of [a, b, c]) await made(put(admin, each));

      const answers = await Promise.all([put(admin, a, b), put(admin, b, c), put(admin, c, a)]);

      expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 200, 400]);
    }
  });

  it('given a team and the platform at once, refuses one of them, every time', async () => {
    for (let round = 0; round < 6; round++) {
      const [a, b] = [`${code}-a${round}`, `${code}-b${round}`];
      await made(put(root, a));
      await made(put(root, b));

      const answers = await Promise.all([put(root, a, b), put(admin, b, a)]);

      expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 400]);
    }
  });
});
