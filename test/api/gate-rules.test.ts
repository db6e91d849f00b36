import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { ActionsRepository } from '../../src/gate/actions/actions.repository.js';
import { GatesRepository } from '../../src/gate/gates/gates.repository.js';
import { hashOfGateSecret } from '../../src/gate/gates/gate-secret.js';
import { RulesService } from '../../src/gate/rules.service.js';
import { type RequestState, requestStates } from '../../src/gate/vocabulary.js';
import { testDialect } from '../support/fresh-database.js';
import { givenAction, givenGate, storeRequest } from '../support/gates.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { signal } from '../support/signal.js';
import { boss, created, root } from '../support/world.js';

const env = { CALLBACK_ALLOWED_HOSTS: '10.0.0.0/8' };
const upstream = 'http://10.0.0.1:8080';
let app: TestApp;
/** Another process on the same database; SQLite allows one alone. */
let replica: TestApp;
let admin: Client;
let rules: RulesService;
beforeAll(async () => {
  app = await startApp({ env });
  replica = testDialect === 'mysql' ? await startApp({ env, databaseUrl: app.databaseUrl }) : app;
  admin = app.as(boss);
  rules = app.get(RulesService);
  await created(admin, '/business-types', { code: 'export', name: 'Export' });
});
afterAll(async () => {
  if (replica !== app) await replica.close();
  await app.close();
});
afterEach(() => vi.restoreAllMocks());

let number = 0;
const action = (more: object = {}) => ({ path: `/rules/${++number}/{id}`, businessType: 'export', ...more });
const idsNow = async (of: RulesService = rules): Promise<Set<string>> =>
  new Set((await of.now()).actions.map(({ id }) => id));

describe('the rules', () => {
  it('should say of gates and actions what was entered', async () => {
    const { key, secret } = await givenGate(admin, {
      upstream: `${upstream}/`,
      identity: 'headers',
      userHeader: 'X-Remote-User',
      credentials: 'seal',
      credentialsTtl: '2m',
      forwardsBody: false,
    });
    const given = await givenAction(admin, {
      ...action({ path: '/Rules/{id}/Said/', method: 'PATCH', mode: 'retry-once', hold: 202 }),
      ignoreQuery: ['page'],
      waitTtl: '1m',
      passTtl: '2m',
      resultTtl: '3m',
    });
    const now = await rules.now();
    expect(now.gate(key)).toEqual({
      id: expect.any(String),
      key,
      scope: 't1',
      adapter: 'proxy',
      upstream,
      identity: 'headers',
      userHeader: 'x-remote-user',
      teamHeader: null,
      credentials: 'seal',
      credentialsTtl: 120,
      forwardsBody: false,
      secretHash: hashOfGateSecret(secret),
    });
    const rule = now.actions.find(({ id }) => id === given.id);
    expect(rule).toMatchObject({
      scope: 't1',
      name: given.name,
      method: 'PATCH',
      provider: 'internal',
      businessType: 'export',
      upstream: null,
      mode: 'retry-once',
      hold: 202,
      ignoreQuery: ['page'],
      waitTtl: 60,
      passTtl: 120,
      resultTtl: 180,
      deleted: false,
    });
    expect(rule?.template.match('/rules/7/said')).toEqual({ id: '7' });
    for (const nobody of ['nobody', '', '__proto__', 'constructor']) expect(now.gate(nobody)).toBeNull();
  });

  it('should cost one statement while nothing changes', async () => {
    const before = await rules.now();
    const statements = vi.spyOn(app.database, 'rows');
    const repositories = vi.spyOn(app.database, 'repository');
    expect(await rules.now()).toBe(before);
    expect(statements).toHaveBeenCalledTimes(1);
    expect(repositories).not.toHaveBeenCalled();
  });

  it('should follow every change at once, in every process', async () => {
    const other = replica.get(RulesService);
    const { id } = await givenAction(admin, action());
    const { key } = await givenGate(admin, { upstream });
    expect(await idsNow(other)).toContain(id);
    await admin.patch(`/approve-actions/${id}`, { hold: 403 });
    expect((await other.now()).actions.find((rule) => rule.id === id)?.hold).toBe(403);
    await admin.patch(`/gates/${key}`, { upstream: 'http://10.0.0.2' });
    expect((await other.now()).gate(key)?.upstream).toBe('http://10.0.0.2');
    const { body } = await admin.post(`/gates/${key}/rotate-secret`);
    expect((await other.now()).gate(key)?.secretHash).toBe(hashOfGateSecret(String(body.secret)));
    await admin.delete(`/gates/${key}`);
    expect((await other.now()).gate(key)).toBeNull();
    await admin.delete(`/approve-actions/${id}`);
    expect(await idsNow(other)).not.toContain(id);
    const document = { openapi: '3.1.0', paths: { [`/rules/${++number}/imported`]: { get: {} } } };
    const choose = [{ path: Object.keys(document.paths)[0], method: 'GET' }];
    const imported = await admin.post('/approve-actions/openapi/import', {
      document,
      choose,
      businessType: 'export',
    });
    expect(await idsNow(other)).toContain(imported.body.created[0].id);
  });

  it('should be read once for all who ask at the same time', async () => {
    await givenAction(admin, action());
    const read = vi.spyOn(app.get(GatesRepository), 'all');
    const answers = await Promise.all(Array.from({ length: 8 }, () => rules.now()));
    expect(new Set(answers).size).toBe(1);
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('should forget a reading that failed', async () => {
    const { id } = await givenAction(admin, action());
    vi.spyOn(app.get(ActionsRepository), 'ruling').mockRejectedValueOnce(new Error('gone'));
    await expect(rules.now()).rejects.toThrow('gone');
    expect(await idsNow()).toContain(id);
  });

  it('should not take rows for those of a revision that came while they were read', async () => {
    // given rules that are just being read: the gates already, the actions not yet
    await givenAction(admin, action());
    const gates = app.get(GatesRepository);
    const [read, goOn] = [signal(), signal()];
    vi.spyOn(gates, 'all').mockImplementationOnce(async () => {
      const rows = await GatesRepository.prototype.all.call(gates);
      read.give();
      await goOn.happened;
      return rows;
    });
    const reading = rules.now();
    await read.happened;
    // when a gate is made meanwhile
    const { key } = await givenGate(admin, { upstream });
    goOn.give();
    // then they lack it, and whoever asks afterwards does not
    expect((await reading).gate(key)).toBeNull();
    expect((await rules.now()).gate(key)).not.toBeNull();
  });

  it('should not wait for a reading that began before the last change', async () => {
    await givenAction(admin, action());
    const gates = app.get(GatesRepository);
    const [read, goOn] = [signal(), signal()];
    vi.spyOn(gates, 'all').mockImplementationOnce(async () => {
      const rows = await GatesRepository.prototype.all.call(gates);
      read.give();
      await goOn.happened;
      return rows;
    });
    const early = rules.now();
    await read.happened;
    const { key } = await givenGate(admin, { upstream });
    expect((await rules.now()).gate(key)).not.toBeNull();
    // and what ends late does not replace what is newer
    goOn.give();
    await early;
    const again = vi.spyOn(app.get(ActionsRepository), 'ruling');
    expect((await rules.now()).gate(key)).not.toBeNull();
    expect(again).not.toHaveBeenCalled();
  });

  it('should refuse to rule when an action cannot be read any more', async () => {
    const { id } = await givenAction(admin, action());
    const broken = (path: string) =>
      app.get(UnitOfWork).run(async (tx) => {
        await tx.run('UPDATE dms_s_apply_approve_action SET path = ? WHERE id = ?', [path, id]);
        await tx.run('UPDATE dms_s_apply_gate_revision SET revision = revision + 1 WHERE id = 1');
      });
    await broken('/a/{b}.json');
    await expect(rules.now()).rejects.toThrow(id);
    await broken('/a/{b}');
    expect(await idsNow()).toContain(id);
  });
});

describe('an action that is deleted', () => {
  const ruledBy: readonly RequestState[] = ['waiting', 'approved', 'executing'];

  it.each(requestStates)(
    'should rule on while a request of it is %s, if that can still go on',
    async (state) => {
      const { id } = await givenAction(admin, action());
      await app.get(UnitOfWork).run((tx) => storeRequest(tx, { actionId: id, state }));
      await admin.delete(`/approve-actions/${id}`);
      const rule = (await rules.now()).actions.find((one) => one.id === id);
      expect(rule?.deleted).toBe(ruledBy.includes(state) ? true : undefined);
    },
  );

  it('should rule on while a refusal stands: its order can be reopened', async () => {
    const standing = await givenAction(admin, action());
    const over = await givenAction(admin, action());
    await app.get(UnitOfWork).run(async (tx) => {
      const denied = { state: 'denied' as const };
      const now = Date.now();
      await storeRequest(tx, {
        ...denied,
        actionId: standing.id,
        live: `live ${standing.id}`,
        endsAt: now + 600_000,
      });
      await storeRequest(tx, { ...denied, actionId: over.id, live: `live ${over.id}`, endsAt: now - 1 });
    });
    for (const { id } of [standing, over]) await admin.delete(`/approve-actions/${id}`);
    const ids = await idsNow();
    expect([ids.has(standing.id), ids.has(over.id)]).toEqual([true, false]);
  });

  it('should rule beside the one that took its place', async () => {
    const body = action();
    const { id } = await givenAction(admin, body);
    await app.get(UnitOfWork).run((tx) => storeRequest(tx, { actionId: id }));
    await admin.delete(`/approve-actions/${id}`);
    const next = await givenAction(app.as(root), { ...body, accCode: 't1' });
    const ruling = (await rules.now()).actions.filter((rule) => [id, next.id].includes(rule.id));
    expect(new Map(ruling.map((rule) => [rule.id, rule.deleted]))).toEqual(
      new Map([
        [id, true],
        [next.id, false],
      ]),
    );
  });
});
