import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { givenPeople, givenStandIn, inHours, shown, someone } from '../support/delegations.js';
import { type Answer, type Client, startApp, type TestApp } from '../support/harness.js';
import { boss, created, rival, root } from '../support/world.js';

let app: TestApp;
let admin: Client;
let run = 0;
/** People of team t1 whom no other test knows. */
let [a, b, c] = ['', '', ''];
beforeAll(async () => {
  app = await startApp();
  admin = app.as(boss);
});
afterAll(() => app.close());
beforeEach(async () => {
  run += 1;
  [a, b, c] = [`a${run}`, `b${run}`, `c${run}`];
  await givenPeople(app, [a, b, c]);
});

const as = (code: string, team?: string): Client => app.as(someone(code, team));
const to = (toUserCode: string, more: object = {}) => ({ toUserCode, endsAt: inHours(24), ...more });
/** Status, code and field of a refusal. */
const refusal = ({ status, body }: Answer): unknown[] => [status, body.code, body.errors?.[0].field];
const idsOf = async (client: Client, query: string): Promise<string[]> =>
  (await client.get(`/delegations?limit=100${query}`)).body.items.map(({ id }: { id: string }) => id);

describe('POST /delegations', () => {
  it('should have somebody stand in for the caller, from now on', async () => {
    const endsAt = inHours(24);
    const answer = await as(a).post('/delegations', { toUserCode: b, endsAt });
    expect([answer.status, answer.body]).toEqual([
      201,
      {
        id: expect.any(String),
        accCode: 't1',
        fromUserCode: a,
        toUserCode: b,
        startsAt: expect.any(String),
        endsAt: shown(endsAt),
        businessTypes: null,
        condition: null,
        redelegate: false,
        remark: null,
        state: 'active',
        createdBy: a,
        revokedAt: null,
        createTime: answer.body.startsAt,
        updateTime: answer.body.startsAt,
      },
    ]);
    expect((await as(a).get(`/delegations/${answer.body.id}`)).body).toEqual(answer.body);
  });

  it('should keep everything that is given, and take the zone of times into account', async () => {
    const body = {
      businessTypes: ['data-export', '采购'],
      condition: "amount <= 100 and dept not in ('IT')",
      redelegate: true,
      remark: '年假',
    };
    const startsAt = '2091-12-24T00:00:00.9+08:00';
    const endsAt = '2091-12-31T23:59:59-05:00';
    expect(await created(as(a), '/delegations', to(b, { ...body, startsAt, endsAt }))).toMatchObject({
      ...body,
      startsAt: '2091-12-23T16:00:00.000Z',
      endsAt: '2092-01-01T04:59:59.000Z',
      state: 'planned',
    });
  });

  it('should take a start of just now, and a stand-in whom the platform lists', async () => {
    await givenPeople(app, [`${b}-everywhere`], null);
    expect(
      await created(as(a), '/delegations', to(`${b}-everywhere`, { startsAt: inHours(-0.01) })),
    ).toMatchObject({ state: 'active' });
  });

  it("should delegate somebody else's work for administrators only", async () => {
    expect(await created(admin, '/delegations', to(b, { fromUserCode: a }))).toMatchObject({
      fromUserCode: a,
      createdBy: 'boss',
    });
    expect(
      await created(app.as(root), '/delegations', to(c, { fromUserCode: b, accCode: 't1' })),
    ).toMatchObject({ accCode: 't1', fromUserCode: b, createdBy: 'root' });
    expect(refusal(await as(c).post('/delegations', to(b, { fromUserCode: a })))).toEqual([
      403,
      'forbidden',
      undefined,
    ]);
    const own = to(a, { fromUserCode: c, startsAt: inHours(48), endsAt: inHours(49) });
    expect(await created(as(c), '/delegations', own)).toMatchObject({ fromUserCode: c });
  });

  it('should be about orders of no team when a system administrator names none', async () => {
    expect(await created(app.as(root), '/delegations', to(b, { fromUserCode: a }))).toMatchObject({
      accCode: null,
    });
    expect(await created(as(a), '/delegations', to(c))).toMatchObject({ accCode: 't1' });
  });

  it.each([
    ['oneself', () => to(a), 'toUserCode'],
    ['nobody', () => ({ endsAt: inHours(1) }), 'toUserCode'],
    ['somebody who is not listed', () => to('a-stranger'), 'toUserCode'],
    ['no end', () => ({ toUserCode: b }), 'endsAt'],
    ['an end that is past', () => to(b, { endsAt: inHours(-1) }), 'endsAt'],
    ['a start that is past', () => to(b, { startsAt: inHours(-1) }), 'startsAt'],
    ['an end before the start', () => to(b, { startsAt: inHours(2), endsAt: inHours(1) }), 'startsAt'],
    ['more than 366 days', () => to(b, { endsAt: inHours(24 * 366 + 1) }), 'endsAt'],
    ['a hundred years', () => to(b, { endsAt: '2126-01-01T00:00:00Z' }), 'endsAt'],
    ['a time without a zone', () => to(b, { endsAt: '2091-12-24T00:00:00' }), 'endsAt'],
    ['a day without a time', () => to(b, { endsAt: '2091-12-24' }), 'endsAt'],
    ['a day that there is not', () => to(b, { endsAt: '2091-02-30T00:00:00Z' }), 'endsAt'],
    ['an hour that there is not', () => to(b, { endsAt: '2091-02-20T25:00:00Z' }), 'endsAt'],
    ['a year of five digits', () => to(b, { endsAt: '+012091-02-20T00:00:00Z' }), 'endsAt'],
    ['a moment after the year 9999', () => to(b, { endsAt: '9999-12-31T23:00:00-05:00' }), 'endsAt'],
    ['a time as a number', () => to(b, { endsAt: 4_000_000_000_000 }), 'endsAt'],
    ['no business types', () => to(b, { businessTypes: [] }), 'businessTypes'],
    ['a business type with a comma', () => to(b, { businessTypes: ['a,b'] }), 'businessTypes'],
    ['a redelegate that is a text', () => to(b, { redelegate: 'yes' }), 'redelegate'],
    ['a remark of 256 characters', () => to(b, { remark: 'r'.repeat(256) }), 'remark'],
    ['a field that there is not', () => to(b, { forEver: true }), 'forEver'],
  ])('should refuse %s with 400', async (_name, body, field) => {
    expect(refusal(await as(a).post('/delegations', body()))).toEqual([400, 'validation_failed', field]);
  });

  it('should refuse people who are inactive, or of another team', async () => {
    await givenPeople(app, [`${b}-there`], 't2');
    await app.as(root).put(`/directory/users/${b}`, { name: b, accCode: 't1', active: false });
    for (const code of [b, `${b}-there`]) {
      expect(refusal(await as(a).post('/delegations', to(code)))).toEqual([
        400,
        'validation_failed',
        'toUserCode',
      ]);
      expect(refusal(await admin.post('/delegations', to(c, { fromUserCode: code })))).toEqual([
        400,
        'validation_failed',
        'fromUserCode',
      ]);
    }
  });

  it('should refuse a condition that cannot be read with 422', async () => {
    expect(refusal(await as(a).post('/delegations', to(b, { condition: 'amount >' })))).toEqual([
      422,
      'condition_invalid',
      'condition',
    ]);
  });

  it('should refuse another team as unknown, and API keys', async () => {
    expect((await as(a).post('/delegations', to(b, { accCode: 't2' }))).status).toBe(404);
    const { key } = await created(app.as(root), '/api-keys', { name: `key ${run}`, accCodes: ['t1'] });
    expect((await app.key(String(key)).post('/delegations', to(b))).status).toBe(403);
    expect((await app.as(null).get('/delegations')).status).toBe(401);
  });

  it('should answer an Idempotency-Key with the same delegation', async () => {
    const headers = { 'idempotency-key': `delegation-${run}` };
    const body = to(b);
    const first = await as(a).post('/delegations', body, headers);
    const second = await as(a).post('/delegations', body, headers);
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect(await idsOf(as(a), '')).toEqual([first.body.id]);
  });
});

describe('two delegations of one person', () => {
  it('should not cover the same type at the same time, and the refusal names the other', async () => {
    const first = await givenStandIn(as(a), b, { businessTypes: ['x', 'y'] });
    const second = await as(a).post('/delegations', to(c, { businessTypes: ['y'] }));
    expect([second.status, second.body.code]).toEqual([409, 'already_exists']);
    expect(second.body.detail).toContain(first);
    expect((await as(a).post('/delegations', to(c))).status).toBe(409);
  });

  it('should do for other types, other times, and in other teams', async () => {
    await givenStandIn(as(a), b, { businessTypes: ['x', 'y'] });
    await givenStandIn(as(a), c, { businessTypes: ['z'] });
    await givenStandIn(as(a), c, { startsAt: inHours(25), endsAt: inHours(26) });
    await givenPeople(app, [`${b}-there`], 't2');
    await givenStandIn(as(a, 't2'), `${b}-there`);
    expect(await idsOf(as(a), '')).toHaveLength(3);
  });

  it('should follow each other without a gap', async () => {
    const middle = inHours(24);
    await givenStandIn(as(a), b, { endsAt: middle });
    await givenStandIn(as(a), c, { startsAt: middle, endsAt: inHours(48) });
  });

  it('should do once the other is revoked', async () => {
    const first = await givenStandIn(as(a), b);
    await as(a).delete(`/delegations/${first}`);
    await givenStandIn(as(a), c);
  });
});

describe('a circle of delegations', () => {
  it('should be refused, and the refusal names the way', async () => {
    await givenStandIn(as(a), b);
    await givenStandIn(as(b), c);
    const answer = await as(c).post('/delegations', to(a));
    expect([answer.status, answer.body.code]).toEqual([409, 'delegation_circle']);
    expect(answer.body.detail).toContain(`${c} → ${a} → ${b} → ${c}`);
  });

  it('should not be seen where times or types are different', async () => {
    await givenStandIn(as(a), b, { businessTypes: ['x'] });
    await givenStandIn(as(b), a, { businessTypes: ['y'] });
    await givenStandIn(as(b), a, { startsAt: inHours(24), endsAt: inHours(25) });
  });

  it('should be refused by a change as well', async () => {
    await givenStandIn(as(a), b, { businessTypes: ['x'] });
    const second = await givenStandIn(as(b), a, { businessTypes: ['y'] });
    const answer = await as(b).patch(`/delegations/${second}`, { businessTypes: ['x', 'y'] });
    expect([answer.status, answer.body.code]).toEqual([409, 'delegation_circle']);
    expect((await as(b).get(`/delegations/${second}`)).body.businessTypes).toEqual(['y']);
  });

  // Each round in a team of its own, in which nobody has delegated before: there is no row yet to lock.
  it('should be refused to one of two who delegate to each other at once, twenty times', async () => {
    for (let round = 0; round < 20; round++) {
      const team = `race-${run}-${round}`;
      const [one, other] = [`${a}-${round}`, `${b}-${round}`];
      await givenPeople(app, [one, other], team);
      const answers = await Promise.all([
        as(one, team).post('/delegations', to(other)),
        as(other, team).post('/delegations', to(one)),
      ]);
      expect(answers.map(({ status }) => status).toSorted(), `round ${round}`).toEqual([201, 409]);
      expect(answers.find(({ status }) => status === 409)?.body.code).toBe('delegation_circle');
    }
  });
});

describe('another team', () => {
  it('should not find a delegation, nor see it in a list', async () => {
    const id = await givenStandIn(as(a), b);
    for (const client of [app.as(rival), as(a, 't2')]) {
      expect((await client.get(`/delegations/${id}`)).status).toBe(404);
      expect((await client.patch(`/delegations/${id}`, { remark: 'ours' })).status).toBe(404);
      expect((await client.delete(`/delegations/${id}`)).status).toBe(404);
      expect(await idsOf(client, '')).not.toContain(id);
      expect((await client.get('/delegations?accCode=t1')).status).toBe(404);
    }
    expect((await admin.get(`/delegations/${id}`)).body).toMatchObject({ remark: null, revokedAt: null });
  });
});
