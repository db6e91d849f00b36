import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { IdempotencyStore } from '../../src/http/idempotency.store.js';
import { OpeningRepository } from '../../src/orders/opening.repository.js';
import { Clock } from '../../src/runtime/clock.js';
import { freshDatabase } from '../support/fresh-database.js';
import { type Answer, client, startApp, type TestApp, testSecret } from '../support/harness.js';
import { signal } from '../support/signal.js';
import { ann, bob, boss, carol, created, eve, givenFlow, root, rival } from '../support/world.js';

let app: TestApp;
let businessType: string;
beforeAll(async () => {
  app = await startApp();
  ({ businessType } = await givenFlow(app, [{ users: ['bob'] }, { users: ['bob'] }]));
});
afterAll(() => app.close());
afterEach(() => void vi.restoreAllMocks());

let made = 0;
/** A key that no other test has; also a business key, by which its orders are counted. */
const newKey = () => `key-${++made}`;
const withKey = (key: string) => ({ 'idempotency-key': key });

/** Ann with a token that lasts for two days: some tests hold the clock a day from now. */
const patientAnn = () =>
  client(app.url, async () => {
    const token = new SignJWT({ acc_code: ann.acc_code })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(ann.sub);
    const secret = new TextEncoder().encode(testSecret);
    return { authorization: `Bearer ${await token.setExpirationTime('2d').sign(secret)}` };
  });

const open = (key: string, businessKey = key, more: object = {}): Promise<Answer> =>
  patientAnn().post('/orders', { businessType, businessKey, ...more }, withKey(key));

const ordersOf = (businessKey: string) =>
  app.database.rows<{ id: string }>('SELECT id FROM dms_s_apply_order WHERE business_key = ?', [businessKey]);

const recordsOf = (key: string) =>
  app.database.rows<{ principal: string; status: number | null; answer: string | null; sealed: number }>(
    'SELECT principal, status, answer, sealed FROM dms_s_apply_idempotency WHERE idempotency_key = ?',
    [key],
  );

const replayed = (answer: Answer) => answer.headers.get('idempotent-replayed');

/** Holds the clock at some seconds from now. */
const inSeconds = (seconds: number) => {
  const then = new Date(Date.now() + seconds * 1_000);
  vi.spyOn(app.get(Clock), 'now').mockImplementation(() => then);
};

describe('a POST that is repeated with its Idempotency-Key', () => {
  it('gets the first answer, says so in a header, and stores nothing twice', async () => {
    const key = newKey();
    const first = await open(key);
    expect([first.status, replayed(first)]).toEqual([201, null]);
    for (let repetition = 0; repetition < 3; repetition++) {
      const again = await open(key);
      expect([again.status, replayed(again), again.body]).toEqual([201, 'true', first.body]);
    }
    expect(await ordersOf(key)).toEqual([{ id: first.body.id }]);
  });

  it('gets the first answer even when the object has changed since', async () => {
    const key = newKey();
    const first = await open(key);
    await app.as(bob).post(`/orders/${first.body.id}/approve`, {});
    expect((await open(key)).body).toEqual(first.body);
  });

  it('counts once for a decision too, with its own status', async () => {
    const key = newKey();
    const { id } = (await open(newKey())).body;
    const approve = () => app.as(bob).post(`/orders/${id}/approve`, { auditMsg: 'yes' }, withKey(key));
    const first = await approve();
    const again = await approve();
    expect([first.status, first.body.version, replayed(first)]).toEqual([200, 2, null]);
    expect([again.status, again.body, replayed(again)]).toEqual([200, first.body, 'true']);
    expect((await app.as(ann).get(`/orders/${id}`)).body.version).toBe(2);
  });

  it('and gets it from another process on the same database', async () => {
    const fresh = await freshDatabase();
    const env = { SECRETS_KEY: Buffer.alloc(32, 7).toString('base64') };
    try {
      const node = { templateNodeName: 'node', auditObjectType: 'user', auditObject: ['bob'] };
      const key = { name: 'erp', accCodes: ['t1'] };
      const ask = async (service: TestApp) => [
        await service.as(boss).post('/nodes', node, withKey('k1')),
        await service.as(boss).post('/api-keys', key, withKey('k2')),
      ];
      const before = await startApp({ databaseUrl: fresh.url, env });
      const first = await ask(before);
      await before.close();
      const after = await startApp({ databaseUrl: fresh.url, env });
      const again = await ask(after);
      await after.close();
      expect(again.map(replayed)).toEqual(['true', 'true']);
      expect(again.map(({ status, body }) => [status, body])).toEqual(first.map(({ body }) => [201, body]));
    } finally {
      await fresh.drop();
    }
  });
});

describe('a key', () => {
  it.each([
    ['another body', (key: string) => open(key, 'other')],
    ['one more field', (key: string) => open(key, key, { title: 'more' })],
    [
      'another call',
      (key: string) => app.as(ann).post('/orders/preview', { businessType, businessKey: key }, withKey(key)),
    ],
    [
      'another query',
      (key: string) => app.as(ann).post('/orders?x=1', { businessType, businessKey: key }, withKey(key)),
    ],
  ])('that was used belongs to its request: with %s it is refused', async (_, reuse) => {
    const key = newKey();
    const first = await open(key);
    const other = await reuse(key);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    expect((await open(key)).body).toEqual(first.body);
    expect(await ordersOf('other')).toEqual([]);
  });

  it('belongs to its caller: the same key of somebody else is another one', async () => {
    const key = newKey();
    const body = { businessType, businessKey: key };
    const { key: secret } = await created(app.as(boss), '/api-keys', { name: 'erp', accCodes: ['t1'] });
    const { businessType: elsewhere } = await givenFlow(
      { as: (user) => app.as(user === boss ? rival : user) },
      [{ users: ['eve'] }],
    );
    const answers = [
      await app.as(ann).post('/orders', body, withKey(key)),
      await app.as(carol).post('/orders', body, withKey(key)),
      await app.key(String(secret)).post('/orders', { ...body, userCode: 'ann' }, withKey(key)),
      await app
        .as({ ...eve, sub: 'ann' })
        .post('/orders', { businessType: elsewhere, businessKey: key }, withKey(key)),
    ];
    expect(answers.map((answer) => [answer.status, replayed(answer)])).toEqual(
      answers.map(() => [201, null]),
    );
    expect(await ordersOf(key)).toHaveLength(answers.length);
    expect(new Set((await recordsOf(key)).map((record) => record.principal)).size).toBe(answers.length);
  });

  it.each([
    ['nothing', ''],
    ['a space', 'two words'],
    ['more than 255 characters', 'x'.repeat(256)],
    ['more than ASCII', 'schlüssel'],
    ['two of them', 'one, two'],
  ])('of %s is refused', async (_, key) => {
    const businessKey = newKey();
    const answer = await open(key, businessKey);
    expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
    expect(answer.body.errors[0].field).toBe('Idempotency-Key');
    expect(await ordersOf(businessKey)).toEqual([]);
  });

  it('may have 255 visible characters of any kind', async () => {
    const key = `'"%_\\;--/*{}$`.padEnd(255, '~');
    const first = await open(key, newKey());
    expect(first.status).toBe(201);
  });

  it('that differs in case is another one', async () => {
    const key = newKey();
    await open(key);
    expect(replayed(await open(key.toUpperCase(), key))).toBeNull();
    expect(await ordersOf(key)).toHaveLength(2);
  });

  it('on other methods means nothing', async () => {
    const node = await created(app.as(boss), '/nodes', {
      templateNodeName: 'one',
      auditObjectType: 'user',
      auditObject: ['bob'],
    });
    const key = newKey();
    for (const templateNodeName of ['two', 'three']) {
      const answer = await app
        .as(boss)
        .patch(`/nodes/${String(node.id)}`, { templateNodeName }, withKey(key));
      expect([answer.status, answer.body.templateNodeName]).toEqual([200, templateNodeName]);
    }
    expect(await recordsOf(key)).toEqual([]);
  });

  it('of somebody who is not known is not even looked at', async () => {
    const key = newKey();
    expect((await app.as(null).post('/orders', { businessType }, withKey(key))).status).toBe(401);
    expect(await recordsOf(key)).toEqual([]);
  });
});

describe('a request that fails', () => {
  it('frees its key: the next one with it runs', async () => {
    const key = newKey();
    const request = () =>
      app.as(ann).post('/orders', { businessType: 'made-later', businessKey: key }, withKey(key));
    expect((await request()).status).toBe(404);
    expect(await recordsOf(key)).toEqual([]);
    await created(app.as(root), '/business-types', { code: 'made-later', name: 'Made later' });
    const second = await request();
    expect([second.status, replayed(second)]).toEqual([201, null]);
    expect(replayed(await request())).toBe('true');
  });

  it('because of its body frees its key for a better one', async () => {
    const key = newKey();
    expect((await open(key, key, { title: 7 })).status).toBe(400);
    expect((await open(key)).status).toBe(201);
  });

  it('with its answer takes its work with it: both are of one transaction', async () => {
    const key = newKey();
    vi.spyOn(app.get(IdempotencyStore), 'complete').mockRejectedValueOnce(new Error('the disk is full'));
    const failed = await open(key);
    expect([failed.status, failed.body.code]).toEqual([500, 'internal_error']);
    expect(await ordersOf(key)).toEqual([]);
    expect((await open(key)).status).toBe(201);
    expect(await ordersOf(key)).toHaveLength(1);
  });
});

describe('an answer that shows a secret', () => {
  it('is stored sealed, and repeated as it was', async () => {
    const key = newKey();
    const create = () => app.as(boss).post('/api-keys', { name: 'erp', accCodes: ['t1'] }, withKey(key));
    const first = await create();
    expect(first.status).toBe(201);
    const secret = String(first.body.key);
    expect(secret.length).toBeGreaterThan(20);
    // then no column of the record holds the key, or its latter half
    const [record] = await recordsOf(key);
    expect(record).toMatchObject({ status: 201, sealed: 1 });
    const rows = JSON.stringify(await app.database.rows('SELECT * FROM dms_s_apply_idempotency'));
    expect(rows).not.toContain(secret);
    expect(rows).not.toContain(secret.slice(secret.length / 2));
    // and who lost the answer gets it once more
    const again = await create();
    expect([again.status, again.body, replayed(again)]).toEqual([201, first.body, 'true']);
    expect((await app.key(again.body.key as string).get('/orders/none')).status).toBe(404);
  });

  it('of a business type likewise', async () => {
    const key = newKey();
    const create = () => app.as(boss).post('/business-types', { code: key, name: 'sealed' }, withKey(key));
    const first = await create();
    expect(first.body.secret).toMatch(/^whsec_/);
    expect((await recordsOf(key))[0]?.answer).not.toContain(first.body.secret);
    expect((await create()).body).toEqual(first.body);
    const rotate = () =>
      app.as(boss).post(`/business-types/${key}/rotate-secret`, undefined, withKey(`${key}r`));
    const rotated = await rotate();
    expect((await recordsOf(`${key}r`))[0]?.answer).not.toContain(rotated.body.secret);
    expect((await rotate()).body).toEqual(rotated.body);
  });

  it('does not open in the record of another key', async () => {
    const [one, other] = [newKey(), newKey()];
    const create = (key: string) =>
      app.as(boss).post('/api-keys', { name: 'erp', accCodes: ['t1'] }, withKey(key));
    await create(one);
    await create(other);
    const answer = (await recordsOf(one))[0]?.answer ?? '';
    await app.database.writer.query(
      'UPDATE dms_s_apply_idempotency SET answer = ? WHERE idempotency_key = ?',
      [answer, other],
    );
    expect((await create(other)).status).toBe(500);
  });
});

describe('an answer', () => {
  it('is kept for 24 hours; then the key is free', async () => {
    const key = newKey();
    const first = await open(key);
    inSeconds(24 * 60 * 60 - 30);
    expect((await open(key)).body).toEqual(first.body);
    inSeconds(24 * 60 * 60 + 1);
    const next = await open(key);
    expect([next.status, replayed(next)]).toEqual([201, null]);
    expect(await ordersOf(key)).toHaveLength(2);
    // and the new answer is the one that is kept now
    expect((await open(key)).body).toEqual(next.body);
  });

  it('is kept for 24 hours; then one of those who come at once runs', async () => {
    const key = newKey();
    await open(key);
    inSeconds(24 * 60 * 60 + 1);
    const answers = await Promise.all(Array.from({ length: 10 }, () => open(key)));
    const ran = answers.filter((answer) => answer.status === 201 && !replayed(answer));
    expect(ran).toHaveLength(1);
    for (const answer of answers) expect([201, 409]).toContain(answer.status);
    expect(await ordersOf(key)).toHaveLength(2);
    expect((await open(key)).body).toEqual(ran[0]?.body);
  });

  it('is forgotten after 24 hours, and not before', async () => {
    const key = newKey();
    await open(key);
    inSeconds(24 * 60 * 60 - 30);
    await app.get(IdempotencyStore).forgetOld();
    expect(await recordsOf(key)).toHaveLength(1);
    inSeconds(24 * 60 * 60 + 30);
    await app.get(IdempotencyStore).forgetOld();
    expect(await recordsOf(key)).toEqual([]);
  });
});

describe('while the first request is in flight', () => {
  /** Holds the next openings before their transaction; each is let go with an error or without one. */
  function heldOpenings(count: number) {
    const snapshots = app.get(OpeningRepository);
    const read = snapshots.read.bind(snapshots);
    const held = Array.from({ length: count }, () => ({ arrived: signal(), goOn: signal<Error | null>() }));
    let next = 0;
    vi.spyOn(snapshots, 'read').mockImplementation(async (...given) => {
      const hold = held[next++];
      if (hold) {
        hold.arrived.give();
        const error = await hold.goOn.happened;
        if (error) throw error;
      }
      return read(...given);
    });
    return held as [(typeof held)[0], ...typeof held];
  }

  const expectInFlight = (answer: Answer) => {
    expect([answer.status, answer.body.code]).toEqual([409, 'request_in_flight']);
    expect(answer.headers.get('retry-after')).toBe('1');
  };

  it('the same one is told to try again, and then gets its answer', async () => {
    const key = newKey();
    const [first] = heldOpenings(1);
    const opening = open(key);
    await first.arrived.happened;
    expectInFlight(await open(key));
    const other = await open(key, 'other');
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    first.goOn.give(null);
    const opened = await opening;
    expect(opened.status).toBe(201);
    expect((await open(key)).body).toEqual(opened.body);
    expect(await ordersOf(key)).toHaveLength(1);
  });

  it('for more than 60 seconds, its key may be taken over; the late one changes nothing any more', async () => {
    const key = newKey();
    const [first] = heldOpenings(1);
    const opening = open(key);
    await first.arrived.happened;
    inSeconds(58);
    expectInFlight(await open(key));
    inSeconds(61);
    const taken = await open(key);
    expect([taken.status, replayed(taken)]).toEqual([201, null]);
    first.goOn.give(null);
    expectInFlight(await opening);
    expect(await ordersOf(key)).toEqual([{ id: taken.body.id }]);
    expect((await open(key)).body).toEqual(taken.body);
  });

  it.each([
    ['fails late', new Error('late'), 500],
    ['succeeds late', null, 409],
  ])('and %s, then the key stays with the one that took over', async (_, end, status) => {
    const key = newKey();
    const [first, second] = heldOpenings(2);
    const opening = open(key);
    await first.arrived.happened;
    inSeconds(61);
    const taking = open(key);
    await second?.arrived.happened;
    first.goOn.give(end);
    expect((await opening).status).toBe(status);
    expectInFlight(await open(key));
    second?.goOn.give(null);
    const taken = await taking;
    expect(taken.status).toBe(201);
    expect(await ordersOf(key)).toEqual([{ id: taken.body.id }]);
  });
});
