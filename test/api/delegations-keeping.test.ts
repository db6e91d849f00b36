import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { delegatingIn, DelegationsService } from '../../src/delegations/delegations.service.js';
import { Clock } from '../../src/runtime/clock.js';
import { givenPeople, givenStandIn, inHours, shown, someone } from '../support/delegations.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { boss, root } from '../support/world.js';

let app: TestApp;
let admin: Client;
let run = 0;
/** A team that no other test knows, and people of it. */
let team = '';
let [a, b, c] = ['', '', ''];
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());
beforeEach(async () => {
  run += 1;
  team = `team-${run}`;
  admin = app.as({ ...boss, acc_code: team });
  [a, b, c] = [`a${run}`, `b${run}`, `c${run}`];
  await givenPeople(app, [a, b, c], team);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const as = (code: string): Client => app.as(someone(code, team));
const idsOf = async (client: Client, query = ''): Promise<string[]> =>
  (await client.get(`/delegations?limit=100${query}`)).body.items.map(({ id }: { id: string }) => id);
/** Given the service's clock so many hours ahead; less than one, for which tokens last. */
const givenLater = (hours: number): void => {
  const ahead = hours * 3_600_000;
  vi.spyOn(app.get(Clock), 'now').mockImplementation(() => new Date(Date.now() + ahead));
};

describe('GET /delegations', () => {
  it('should show members what is from or to them, and administrators everything of the team', async () => {
    const own = await givenStandIn(as(a), b);
    const others = await givenStandIn(as(b), c);
    expect(await idsOf(as(a))).toEqual([own]);
    expect(await idsOf(as(b))).toEqual([others, own]);
    expect(await idsOf(as(c))).toEqual([others]);
    expect(await idsOf(admin)).toEqual([others, own]);
    expect(await idsOf(app.as(root), `&accCode=${team}`)).toEqual([others, own]);
    expect(await idsOf(app.as(root))).toEqual(expect.arrayContaining([others, own]));
    expect((await as(a).get(`/delegations/${others}`)).status).toBe(404);
  });

  it('should narrow a list to a person, and show a member no more for it', async () => {
    const own = await givenStandIn(as(a), b);
    const others = await givenStandIn(as(b), c);
    expect(await idsOf(admin, `&userCode=${a}`)).toEqual([own]);
    expect(await idsOf(as(a), `&userCode=${b}`)).toEqual([own]);
    expect(await idsOf(as(a), `&userCode=${c}`)).toEqual([]);
    expect(await idsOf(as(c), `&userCode=${b}`)).toEqual([others]);
  });

  it('should narrow a list to what holds now, or to the rest', async () => {
    const holds = await givenStandIn(as(a), b);
    const planned = await givenStandIn(as(b), c, { startsAt: inHours(0.5), endsAt: inHours(3) });
    const revoked = await givenStandIn(as(c), b, { startsAt: inHours(5), endsAt: inHours(6) });
    await as(c).delete(`/delegations/${revoked}`);
    expect(await idsOf(admin, '&active=true')).toEqual([holds]);
    expect(await idsOf(admin, '&active=false')).toEqual([revoked, planned]);
    expect((await admin.get('/delegations?active=maybe')).status).toBe(400);
    givenLater(0.6);
    expect(await idsOf(admin, '&active=true')).toEqual([planned, holds]);
  });

  it('should answer pages that go on where the last one ended', async () => {
    const ids: string[] = [];
    for (let day = 1; day <= 5; day++) {
      ids.unshift(
        await givenStandIn(as(a), b, { startsAt: inHours(day * 24), endsAt: inHours(day * 24 + 1) }),
      );
    }
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const { body } = await as(a).get(`/delegations?limit=2${cursor}`);
      seen.push(...body.items.map(({ id }: { id: string }) => id));
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    expect(seen).toEqual(ids);
  });
});

describe('PATCH /delegations/{id}', () => {
  it('should change what is given, and nothing else', async () => {
    const id = await givenStandIn(as(a), b, { businessTypes: ['x'], condition: 'amount > 1', remark: 'r' });
    const before = (await as(a).get(`/delegations/${id}`)).body;
    const endsAt = inHours(48);
    const answer = await as(a).patch(`/delegations/${id}`, { endsAt, redelegate: true });
    expect([answer.status, answer.body]).toEqual([
      200,
      { ...before, endsAt: shown(endsAt), redelegate: true, updateTime: expect.any(String) },
    ]);
    const lifted = await admin.patch(`/delegations/${id}`, {
      businessTypes: null,
      condition: null,
      remark: null,
    });
    expect(lifted.body).toMatchObject({ businessTypes: null, condition: null, remark: null });
    expect((await as(a).get(`/delegations/${id}`)).body).toEqual(lifted.body);
  });

  it('should be refused to the stand-in, who may read it', async () => {
    const id = await givenStandIn(as(a), b);
    expect((await as(b).get(`/delegations/${id}`)).status).toBe(200);
    expect((await as(b).patch(`/delegations/${id}`, { remark: 'mine' })).status).toBe(403);
    expect((await as(b).delete(`/delegations/${id}`)).status).toBe(403);
    expect((await as(c).patch(`/delegations/${id}`, { remark: 'mine' })).status).toBe(404);
    expect((await as(c).delete(`/delegations/${id}`)).status).toBe(404);
  });

  it.each([
    ['an end that is past', { endsAt: inHours(-1) }, 400],
    ['an end too far ahead', { endsAt: inHours(24 * 366 + 1) }, 400],
    ['a condition that cannot be read', { condition: '(' }, 422],
    ['another person', { toUserCode: 'c1' }, 400],
    ['another start', { startsAt: inHours(1) }, 400],
    ['an end that is null', { endsAt: null }, 400],
  ])('should refuse %s', async (_name, change, status) => {
    const id = await givenStandIn(as(a), b);
    const before = (await as(a).get(`/delegations/${id}`)).body;
    expect((await as(a).patch(`/delegations/${id}`, change)).status).toBe(status);
    expect((await as(a).get(`/delegations/${id}`)).body).toEqual(before);
  });

  it('should refuse an end that reaches into another delegation of the same person', async () => {
    const id = await givenStandIn(as(a), b);
    await givenStandIn(as(a), c, { startsAt: inHours(30), endsAt: inHours(40) });
    const answer = await as(a).patch(`/delegations/${id}`, { endsAt: inHours(31) });
    expect([answer.status, answer.body.code]).toEqual([409, 'already_exists']);
    expect((await as(a).patch(`/delegations/${id}`, { endsAt: inHours(29) })).status).toBe(200);
  });

  it('should refuse what has ended, or was revoked', async () => {
    const ended = await givenStandIn(as(a), b, { endsAt: inHours(0.5) });
    const revoked = await givenStandIn(as(b), c, { startsAt: inHours(100), endsAt: inHours(110) });
    await as(b).delete(`/delegations/${revoked}`);
    givenLater(0.6);
    expect((await as(a).get(`/delegations/${ended}`)).body.state).toBe('ended');
    for (const [who, id] of [
      [a, ended],
      [b, revoked],
    ] as const) {
      const answer = await as(who).patch(`/delegations/${id}`, { remark: 'later' });
      expect([answer.status, answer.body.errors[0].field]).toEqual([400, 'id']);
    }
  });
});

describe('DELETE /delegations/{id}', () => {
  it('should revoke it and leave it to be read', async () => {
    const id = await givenStandIn(as(a), b);
    expect((await as(a).delete(`/delegations/${id}`)).status).toBe(204);
    const { body } = await as(a).get(`/delegations/${id}`);
    expect(body).toMatchObject({ state: 'revoked', revokedAt: expect.any(String) });
    givenLater(0.6);
    expect((await admin.delete(`/delegations/${id}`)).status).toBe(204);
    expect((await as(a).get(`/delegations/${id}`)).body).toEqual(body);
  });

  it('should leave what has ended as it was', async () => {
    const id = await givenStandIn(as(a), b, { endsAt: inHours(0.5) });
    givenLater(0.6);
    expect((await as(a).delete(`/delegations/${id}`)).status).toBe(204);
    expect((await as(a).get(`/delegations/${id}`)).body).toMatchObject({ state: 'ended', revokedAt: null });
  });
});

describe('what orders ask', () => {
  const inForce = (of: string | null = team, businessType = 'x', variables = {}, hours = 0) =>
    app
      .get(DelegationsService)
      .inForce(app.database, of, new Date(Date.now() + hours * 3_600_000), businessType, variables);
  const delegating = async (of: string | null, hours = 0): Promise<boolean> => {
    const { sql, values } = delegatingIn('?', new Date(Date.now() + hours * 3_600_000));
    const [row] = await app.database.rows<{ delegating: number | string }>(`SELECT ${sql}`, [of, ...values]);
    return Number(row?.delegating) === 1;
  };
  const activate = (code: string, active: boolean) =>
    app.as(root).put(`/directory/users/${code}`, { name: code, accCode: team, active });

  it('should hold from its start to before its end', async () => {
    const id = await givenStandIn(as(a), b, { startsAt: inHours(1), endsAt: inHours(2), redelegate: true });
    expect(await inForce(team, 'x', {}, 0.9)).toEqual([]);
    expect(await inForce(team, 'x', {}, 1.5)).toEqual([
      { id, from: a, to: b, redelegate: true, toActive: true },
    ]);
    expect(await inForce(team, 'x', {}, 2)).toEqual([]);
  });

  it('should hold for its business types and under its condition', async () => {
    await givenStandIn(as(a), b, { businessTypes: ['x', 'y'], condition: 'amount <= 100' });
    expect(await inForce(team, 'y', { amount: 100 })).toHaveLength(1);
    expect(await inForce(team, 'z', { amount: 100 })).toEqual([]);
    expect(await inForce(team, 'X', { amount: 100 })).toEqual([]);
    expect(await inForce(team, 'y', { amount: 101 })).toEqual([]);
    expect(await inForce(team, 'y', {})).toEqual([]);
  });

  it('should hold in its team only', async () => {
    await givenStandIn(as(a), b);
    expect(await inForce('another')).toEqual([]);
    expect(await inForce(null)).toEqual([]);
    const own = await givenStandIn(app.as(root), b, { fromUserCode: c });
    expect(await inForce(null)).toMatchObject([{ id: own, from: c, to: b }]);
    expect(await inForce()).toMatchObject([{ from: a }]);
    await app.as(root).delete(`/delegations/${own}`);
  });

  it('should lapse when the delegator is inactive, and tell when the stand-in is', async () => {
    await givenStandIn(as(a), b);
    await activate(b, false);
    expect(await inForce()).toMatchObject([{ to: b, toActive: false }]);
    await activate(b, true);
    expect(await inForce()).toMatchObject([{ to: b, toActive: true }]);
    await activate(a, false);
    expect(await inForce()).toEqual([]);
    await activate(a, true);
    expect(await inForce()).toHaveLength(1);
  });

  it('should make nothing of what another team says of people, nor of people who are no longer listed', async () => {
    await givenStandIn(as(a), b);
    await app.as(root).put(`/directory/users/${a}`, { name: a, accCode: 'another', active: false });
    await app.as(root).delete(`/directory/users/${b}`);
    expect(await inForce()).toMatchObject([{ from: a, to: b, toActive: true }]);
  });

  it('should tell whether a team delegates at all', async () => {
    expect(await delegating(team)).toBe(false);
    const id = await givenStandIn(as(a), b, { startsAt: inHours(1), endsAt: inHours(2) });
    expect(await delegating(team)).toBe(true);
    expect(await delegating(team, 2.1)).toBe(false);
    expect(await delegating(null)).toBe(false);
    await as(a).delete(`/delegations/${id}`);
    expect(await delegating(team)).toBe(false);
    expect(await inForce(team, 'x', {}, 1.5)).toEqual([]);
    const none = await givenStandIn(app.as(root), b, { fromUserCode: c });
    expect(await delegating(null)).toBe(true);
    await app.as(root).delete(`/delegations/${none}`);
  });
});
