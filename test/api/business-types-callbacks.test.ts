import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CallbackTargetsService } from '../../src/business-types/callback-targets.service.js';
import { Sealer } from '../../src/config/sealer.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { Clock } from '../../src/runtime/clock.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { boss, created, root } from '../support/world.js';

let app: TestApp;
let admin: Client;
let system: Client;
beforeAll(async () => {
  app = await startApp();
  [admin, system] = [app.as(boss), app.as(root)];
});
afterAll(() => app.close());
afterEach(() => vi.restoreAllMocks());

const newType = (code: string, more: object = {}) => ({ code, name: `Type ${code}`, ...more });
const minutes = (count: number): number => count * 60_000;
const refusedFields = (answer: { body: { errors: { field: string }[] } }): string[] =>
  answer.body.errors.map((error) => error.field);
const elapse = (ms: number): void => {
  vi.spyOn(app.get(Clock), 'now').mockImplementation(() => new Date(Date.now() + ms));
};

interface StoredSecrets {
  readonly sealed: string;
  readonly previous: string | null;
}
const storedOf = async (code: string): Promise<StoredSecrets> => {
  const [row] = await app.database.rows<StoredSecrets>(
    `SELECT sealed_secret AS sealed, sealed_previous_secret AS previous
       FROM dms_s_apply_business_type WHERE scope = 't1' AND code = ?`,
    [code],
  );
  return row ?? { sealed: '', previous: null };
};
const secretsOf = async (code: string): Promise<readonly string[]> =>
  (await app.get(CallbackTargetsService).find({ id: null, team: 't1', code }))?.secrets ?? [];

describe('the address of a callback', () => {
  it.each([
    'http://127.0.0.1:8080/check',
    'http://127.0.0.1./check',
    'http://localhost/check',
    'http://2130706433/check',
    'http://0x7f.1/check',
    'http://0177.0.0.1/check',
    'http://１２７.0.0.1/check',
    'http://0.0.0.0/check',
    'http://[::1]/check',
    'http://[::]/check',
    'http://[::ffff:127.0.0.1]/check',
    'http://10.0.0.1:8080/check',
    'http://172.16.0.1/check',
    'https://192.168.1.1/check',
    'http://100.64.0.1/check',
    'http://169.254.169.254/latest/meta-data/',
    'http://[::ffff:a9fe:a9fe]/latest/meta-data/',
    'http://[fd00:ec2::254]/latest/meta-data/',
    'http://[fe80::1]/check',
  ])('should not be %s', async (url) => {
    const made = await admin.post('/business-types', newType('private', { checkUrl: url }));
    expect(made).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
    expect(refusedFields(made)).toEqual(['checkUrl']);
    await admin.post('/business-types', newType('to-change'));
    const changed = await admin.patch('/business-types/to-change', { executeUrl: url });
    expect(changed).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
    expect(refusedFields(changed)).toEqual(['executeUrl']);
    // and nothing is stored
    expect(await admin.get('/business-types/private')).toMatchObject({ status: 404 });
    expect(await admin.get('/business-types/to-change')).toMatchObject({
      body: { checkUrl: null, executeUrl: null },
    });
  });

  it('should be refused for both fields at once', async () => {
    const urls = { checkUrl: 'http://10.0.0.1/', executeUrl: 'http://192.168.0.1/' };
    expect(refusedFields(await admin.post('/business-types', newType('both', urls)))).toEqual([
      'checkUrl',
      'executeUrl',
    ]);
  });

  it('should be private only where CALLBACK_ALLOWED_HOSTS says so', async () => {
    const lenient = await startApp({ env: { CALLBACK_ALLOWED_HOSTS: '127.0.0.1,10.0.0.0/8' } });
    try {
      const as = lenient.as(boss);
      const urls = { checkUrl: 'http://127.0.0.1:8080/check', executeUrl: 'http://10.20.30.40/execute' };
      expect(await created(as, '/business-types', newType('allowed', urls))).toMatchObject(urls);
      const [within, outside] = [{ checkUrl: 'http://10.0.0.9/' }, { checkUrl: 'http://192.168.1.1/' }];
      expect(await as.patch('/business-types/allowed', within)).toMatchObject({ status: 200, body: within });
      expect(await as.patch('/business-types/allowed', outside)).toMatchObject({ status: 400 });
    } finally {
      await lenient.close();
    }
  });

  it('should be a name that does not resolve yet, or a public address', async () => {
    const urls = { checkUrl: 'https://not-yet.invalid/check', executeUrl: 'http://93.184.215.14/execute' };
    expect(await created(admin, '/business-types', newType('public', urls))).toMatchObject(urls);
  });
});

describe('POST /business-types/{code}/rotate-secret', () => {
  const rotate = (code: string, body?: unknown) =>
    admin.post(`/business-types/${code}/rotate-secret`, body) as Promise<{
      status: number;
      body: { secret: string; previousSecretValidUntil: string | null };
    }>;
  const madeSecret = async (code: string): Promise<string> =>
    String((await created(admin, '/business-types', newType(code))).secret);

  it('should keep the old secret beside the new one for 24 hours, sealed', async () => {
    const old = await madeSecret('overlap');
    expect(await secretsOf('overlap')).toEqual([old]);
    const before = Date.now();
    const { status, body } = await rotate('overlap');
    expect(status).toBe(200);
    // then both count, the new one first
    expect(await secretsOf('overlap')).toEqual([body.secret, old]);
    const lasts = Date.parse(String(body.previousSecretValidUntil)) - before;
    expect(lasts).toBeGreaterThanOrEqual(minutes(24 * 60));
    expect(lasts).toBeLessThan(minutes(24 * 60) + 10_000);
    // and the table holds neither in clear, nor for another type
    const stored = await storedOf('overlap');
    for (const secret of [old, body.secret]) {
      expect(JSON.stringify(stored)).not.toContain(secret);
      expect(JSON.stringify(stored)).not.toContain(secret.slice(6));
    }
    const sealer = app.get(Sealer);
    expect(sealer.open(String(stored.previous), 'business-type/t1/overlap')).toBe(old);
    expect(() => sealer.open(String(stored.previous), 'business-type/t2/overlap')).toThrow(/authenticate/);
    // and no view shows them
    expect(JSON.stringify((await admin.get('/business-types/overlap')).body)).not.toMatch(/secret|whsec_/i);
  });

  it('should end the old secret when its time is over', async () => {
    const old = await madeSecret('ends');
    const { body } = await rotate('ends', { overlap: '30m' });
    elapse(minutes(29));
    expect(await secretsOf('ends')).toEqual([body.secret, old]);
    elapse(minutes(31));
    expect(await secretsOf('ends')).toEqual([body.secret]);
  });

  it('should end it at once without an overlap', async () => {
    await madeSecret('at-once');
    await rotate('at-once');
    const { body } = await rotate('at-once', { overlap: '0s' });
    expect(body.previousSecretValidUntil).toBeNull();
    expect(await secretsOf('at-once')).toEqual([body.secret]);
    expect((await storedOf('at-once')).previous).toBeNull();
  });

  it('should keep the newest two of several', async () => {
    await madeSecret('several');
    const first = await rotate('several');
    const second = await rotate('several', { overlap: '30d' });
    expect(await secretsOf('several')).toEqual([second.body.secret, first.body.secret]);
  });

  it('should lose none of two that come at once', async () => {
    for (let round = 0; round < 10; round++) {
      const code = `at-a-time-${round}`;
      await madeSecret(code);
      const answers = await Promise.all([rotate(code), rotate(code)]);
      const answered = answers.map(({ body }) => body.secret);
      expect((await secretsOf(code)).toSorted()).toEqual(answered.toSorted());
    }
  });

  it('should do without a body, and take an empty one', async () => {
    const old = await madeSecret('no-body');
    const { body } = await rotate('no-body', {});
    expect(await secretsOf('no-body')).toEqual([body.secret, old]);
    // without body and content type
    expect(await rotate('no-body')).toMatchObject({ status: 200 });
  });

  it.each([['31d'], ['-1s'], ['1500ms'], [''], ['forever'], [5], [null], [['1h']]])(
    'should refuse an overlap of %j',
    async (overlap) => {
      const code = `refused-${JSON.stringify(overlap)}`.replaceAll(/[^\w-]/g, '');
      const secret = await madeSecret(code);
      const answer = await admin.post(`/business-types/${code}/rotate-secret`, { overlap });
      expect(answer).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
      expect(refusedFields(answer)).toEqual(['overlap']);
      expect(await secretsOf(code)).toEqual([secret]);
    },
  );

  it('should answer an Idempotency-Key with the same secret and rotate once', async () => {
    const old = await madeSecret('keyed');
    const headers = { 'idempotency-key': 'rotate-overlap' };
    const [path, body] = ['/business-types/keyed/rotate-secret', { overlap: '1h' }];
    const first = await admin.post(path, body, headers);
    const second = await admin.post(path, body, headers);
    expect(second).toMatchObject({ status: 200, body: first.body });
    expect(await secretsOf('keyed')).toEqual([first.body.secret, old]);
    expect(await admin.post(path, { overlap: '2h' }, headers)).toMatchObject({ status: 422 });
  });

  it('should lead out of a secret that does not open any more', async () => {
    await madeSecret('lost-key');
    await app
      .get(UnitOfWork)
      .run((tx) =>
        tx.run(
          "UPDATE dms_s_apply_business_type SET sealed_secret = 'v1.00000000.AAAA' WHERE code = 'lost-key'",
        ),
      );
    await expect(secretsOf('lost-key')).rejects.toThrow(/SECRETS_KEY/);
    const { body } = await rotate('lost-key');
    expect(await secretsOf('lost-key')).toEqual([body.secret]);
  });
});

describe(CallbackTargetsService.name, () => {
  const find = (ref: { id: string | null; team: string | null; code: string }) =>
    app.get(CallbackTargetsService).find(ref);

  it('should tell all that sending needs', async () => {
    const body = newType('target', {
      checkUrl: 'https://dms.example.com/check',
      callbackMode: 'async',
      executeMode: 'sync',
      format: 'lark-ticket',
      failMode: 'open',
      callbackDeadline: '90m',
      fieldMapping: { amount: 'total' },
    });
    const { id, secret } = await created(admin, '/business-types', body);
    const target = {
      id,
      scope: 't1',
      code: 'target',
      checkUrl: 'https://dms.example.com/check',
      executeUrl: null,
      name: body.name,
      modes: { check: 'async', execute: 'sync' },
      format: 'lark-ticket',
      failMode: 'open',
      deadline: minutes(90),
      fieldMapping: { amount: 'total' },
      secrets: [secret],
    };
    expect(await find({ id: String(id), team: 't1', code: 'target' })).toEqual(target);
    expect(await find({ id: null, team: 't1', code: 'target' })).toEqual(target);
  });

  it('should mean the type that an order was opened under, and by code what the team has', async () => {
    const platform = await created(system, '/business-types', newType('target-both'));
    expect(await find({ id: null, team: 't1', code: 'target-both' })).toMatchObject({ scope: '' });
    const own = await created(admin, '/business-types', newType('target-both'));
    expect(await find({ id: null, team: 't1', code: 'target-both' })).toMatchObject({ id: own.id });
    expect(await find({ id: null, team: 't2', code: 'target-both' })).toMatchObject({ id: platform.id });
    expect(await find({ id: null, team: null, code: 'target-both' })).toMatchObject({ id: platform.id });
    // an order that was opened before the team had its own keeps the platform's
    const before = { id: String(platform.id), team: 't1', code: 'target-both' };
    expect(await find(before)).toMatchObject({ id: platform.id, secrets: [platform.secret] });
  });

  it('should find none that is gone, nor one made anew, nor that of another team', async () => {
    const { id } = await created(admin, '/business-types', newType('target-gone'));
    const ref = { id: String(id), code: 'target-gone' };
    expect(await find({ ...ref, team: 't2' })).toBeNull();
    expect(await find({ ...ref, team: null })).toBeNull();
    await admin.delete('/business-types/target-gone');
    await created(admin, '/business-types', newType('target-gone'));
    expect(await find({ ...ref, team: 't1' })).toBeNull();
    expect(await find({ id: null, team: 't1', code: 'target-never' })).toBeNull();
  });
});
