import { expect, it } from 'vitest';
import { startApp } from '../../support/harness.js';
it('stress', async () => {
  const app = await startApp({ env: {} });
  const admin = app.as({ sub: 'adm', acc_code: 't1', roles: ['team_admin'] });
  const root = app.as({ sub: 'root', roles: ['system_admin'] });
  const tally = new Map<string, number>();
  const count = (k: string) => tally.set(k, (tally.get(k) ?? 0) + 1);
  const rnd = (n: number) => Math.floor(Math.random() * n);
  const until = Date.now() + 15_000;
  const pick = () => ['a', 'b', 'c', 'd'].filter(() => Math.random() < 0.5);
  await Promise.all(Array.from({ length: 16 }, async () => {
    while (Date.now() < until) {
      const k = rnd(10);
      const u = `u${rnd(4)}`;
      const g = 'abcd'[rnd(4)];
      let r; let name;
      if (k < 5) { name = 'putUser'; r = await admin.put(`/directory/users/${u}`, { name: 'x', groups: pick() });
        if (r.status === 200 && new Set(r.body.groups).size !== r.body.groups.length) count('DUP'); }
      else if (k < 7) { name = 'putGroup'; r = await admin.put(`/directory/groups/${g}`, { name: 'x', members: ['u0', 'u1', 'u2', 'u3'].filter(() => Math.random() < 0.5) }); }
      else if (k < 8) { name = 'delGroup'; r = await admin.delete(`/directory/groups/${g}`); }
      else if (k < 9) { name = 'delUser'; r = await admin.delete(`/directory/users/${u}`); }
      else { name = 'rootPut'; r = await root.put(`/directory/users/${u}`, { name: 'x', accCode: 't1', groups: pick() }); }
      count(`${name} ${r.status} ${r.status >= 403 && r.status !== 404 ? r.body.detail : ''}`);
    }
  }));
  console.log([...tally].sort().map(([k, n]) => `${n}\t${k}`).join('\n'));
  await app.close();
  expect(1).toBe(1);
}, 60_000);
