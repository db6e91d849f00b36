import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BusinessTypesService } from '../../src/business-types/business-types.service.js';
import { Sealer } from '../../src/config/sealer.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { ann, boss, created, rival, root } from '../support/world.js';

let app: TestApp;
let admin: Client;
let other: Client;
let system: Client;
beforeAll(async () => {
  app = await startApp({ env: { CALLBACK_ALLOWED_HOSTS: '10.0.0.0/8' } });
  [admin, other, system] = [app.as(boss), app.as(rival), app.as(root)];
});
afterAll(() => app.close());

const systemTemplateId = '00000000-0000-7000-8000-000000000002';
const newType = (code: string, more: object = {}) => ({ code, name: `Type ${code}`, ...more });
const sealedSecretOf = async (scope: string, code: string): Promise<string> => {
  const rows = await app.database.rows<{ sealed: string }>(
    'SELECT sealed_secret AS sealed FROM dms_s_apply_business_type WHERE scope = ? AND code = ?',
    [scope, code],
  );
  return rows[0]?.sealed ?? '';
};
const codesOf = (answer: { body: { items: { code: string }[] } }): string[] =>
  answer.body.items.map((item) => item.code);

describe('POST /business-types', () => {
  it('should make a type of the team and show its secret this once', async () => {
    // given every field
    const body = newType('full', {
      objectType: 'data_set',
      enabled: false,
      checkUrl: 'https://dms.example.com/check',
      executeUrl: 'http://10.0.0.1:8080/execute?x=1',
      callbackMode: 'async',
      format: 'lark-ticket',
      failMode: 'open',
      callbackDeadline: '90m',
      fieldMapping: { amount: 'total_amount', 金额: 'sum' },
    });
    // when a team administrator makes it
    const answer = await admin.post('/business-types', body);
    // then it is the team's, with a secret of 32 bytes
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ ...body, accCode: 't1' });
    expect(
      Object.keys(answer.body as object)
        .toSorted()
        .join(' '),
    ).toBe(
      'accCode callbackDeadline callbackMode checkUrl code createTime enabled executeMode executeUrl ' +
        'failMode fieldMapping format id mirror name objectType provider secret updateTime',
    );
    const secret = String(answer.body.secret);
    expect(secret).toMatch(/^whsec_/);
    expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32);
    // and nothing shows the secret again
    const read = await admin.get('/business-types/full');
    const { secret: _secret, ...view } = answer.body as Record<string, unknown>;
    expect(read.body).toEqual(view);
    expect(JSON.stringify((await admin.get('/business-types')).body)).not.toContain('secret');
  });

  it('should store the secret sealed, for this type only', async () => {
    const { secret } = await created(admin, '/business-types', newType('sealed'));
    const stored = await sealedSecretOf('t1', 'sealed');
    expect(stored).not.toContain(String(secret));
    expect(app.get(Sealer).open(stored, 'business-type/t1/sealed')).toBe(secret);
    expect(() => app.get(Sealer).open(stored, 'business-type/t2/sealed')).toThrow(/authenticate/);
  });

  it('should fill in defaults', async () => {
    expect(await created(admin, '/business-types', newType('plain'))).toMatchObject({
      objectType: null,
      enabled: true,
      checkUrl: null,
      executeUrl: null,
      callbackMode: 'sync',
      format: 'standard',
      failMode: 'closed',
      callbackDeadline: '24h',
      fieldMapping: null,
    });
  });

  it("should make the platform's type for a system administrator, or that of the team named", async () => {
    expect(await created(system, '/business-types', newType('by-root'))).toMatchObject({ accCode: null });
    expect(await created(system, '/business-types', newType('by-root', { accCode: 't2' }))).toMatchObject({
      accCode: 't2',
    });
  });

  it('should refuse a second type of the same code in one team, and only there', async () => {
    await created(admin, '/business-types', newType('twice'));
    const again = await admin.post('/business-types', newType('twice'));
    expect(again).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    expect(again.body.detail).toContain('twice');
    expect((await other.post('/business-types', newType('twice'))).status).toBe(201);
    expect((await system.post('/business-types', newType('twice'))).status).toBe(201);
    expect((await system.post('/business-types', newType('twice'))).status).toBe(409);
    // codes are compared exactly
    expect((await admin.post('/business-types', newType('Twice'))).status).toBe(201);
  });

  it('should let one of two who make the same type at once win', async () => {
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => admin.post('/business-types', newType('race'))),
    );
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([201, 409, 409, 409]);
  });

  it('should answer an Idempotency-Key with the same secret', async () => {
    const headers = { 'idempotency-key': 'type-1' };
    const first = await admin.post('/business-types', newType('once'), headers);
    const second = await admin.post('/business-types', newType('once'), headers);
    expect(first.status).toBe(201);
    expect(second.body).toEqual(first.body);
    const rows = await app.database.rows<{ answer: string }>(
      "SELECT answer FROM dms_s_apply_idempotency WHERE idempotency_key = 'type-1'",
    );
    expect(rows[0]?.answer).not.toContain('whsec_');
  });

  it.each([
    ['no code', { name: 'x' }, 'code'],
    ['an empty code', newType(''), 'code'],
    ['a code with a comma', newType('a,b'), 'code'],
    ['a code that is a number', { code: 7, name: 'x' }, 'code'],
    ['a code of 126 characters', newType('c'.repeat(126), { name: 'x' }), 'code'],
    ['no name', { code: 'x' }, 'name'],
    ['an empty name', newType('x', { name: '' }), 'name'],
    ['a name of 129 characters', newType('x', { name: 'n'.repeat(129) }), 'name'],
    ['an object type of 65 characters', newType('x', { objectType: 'o'.repeat(65) }), 'objectType'],
    ['a switch that is a number', newType('x', { enabled: 0 }), 'enabled'],
    ['a switch that is a text', newType('x', { enabled: 'false' }), 'enabled'],
    ['a null switch', newType('x', { enabled: null }), 'enabled'],
    ['an unknown mode', newType('x', { callbackMode: 'later' }), 'callbackMode'],
    ['a null mode', newType('x', { callbackMode: null }), 'callbackMode'],
    ['an unknown format', newType('x', { format: 'xml' }), 'format'],
    ['an unknown fail mode', newType('x', { failMode: 'ajar' }), 'failMode'],
    ['a deadline without a unit', newType('x', { callbackDeadline: '60' }), 'callbackDeadline'],
    ['a deadline that is a number', newType('x', { callbackDeadline: 60 }), 'callbackDeadline'],
    ['a deadline in words', newType('x', { callbackDeadline: '1 day' }), 'callbackDeadline'],
    ['a deadline of half a second', newType('x', { callbackDeadline: '500ms' }), 'callbackDeadline'],
    ['a deadline of broken seconds', newType('x', { callbackDeadline: '1500ms' }), 'callbackDeadline'],
    ['a deadline of no time', newType('x', { callbackDeadline: '0s' }), 'callbackDeadline'],
    ['a deadline before now', newType('x', { callbackDeadline: '-5s' }), 'callbackDeadline'],
    ['a deadline of 91 days', newType('x', { callbackDeadline: '91d' }), 'callbackDeadline'],
    ['a null deadline', newType('x', { callbackDeadline: null }), 'callbackDeadline'],
    ['a URL that is none', newType('x', { checkUrl: 'dms.example.com/check' }), 'checkUrl'],
    ['a URL of another scheme', newType('x', { executeUrl: 'ftp://dms.example.com/' }), 'executeUrl'],
    ['a URL with a password', newType('x', { checkUrl: 'http://u:p@dms.example.com/' }), 'checkUrl'],
    ['a URL that is too long', newType('x', { checkUrl: `http://h/${'p'.repeat(2040)}` }), 'checkUrl'],
    ['a URL that is a list', newType('x', { checkUrl: ['http://h/'] }), 'checkUrl'],
    ['a mapping that is a list', newType('x', { fieldMapping: ['a'] }), 'fieldMapping'],
    ['a mapping that is a text', newType('x', { fieldMapping: 'a' }), 'fieldMapping'],
    ['a mapping to a number', newType('x', { fieldMapping: { a: 1 } }), 'fieldMapping'],
    ['a mapping to an object', newType('x', { fieldMapping: { a: { b: 'c' } } }), 'fieldMapping'],
    ['a mapping from an empty name', newType('x', { fieldMapping: { '': 'a' } }), 'fieldMapping'],
    ['a mapping to an empty name', newType('x', { fieldMapping: { a: '' } }), 'fieldMapping'],
    [
      'a mapping from a long name',
      newType('x', { fieldMapping: { ['k'.repeat(129)]: 'a' } }),
      'fieldMapping',
    ],
    ['a mapping to a long name', newType('x', { fieldMapping: { a: 'v'.repeat(129) } }), 'fieldMapping'],
    ['a mapping of 201 entries', newType('x', { fieldMapping: mapping(201, 'v') }), 'fieldMapping'],
    [
      'a mapping too large to store',
      newType('x', { fieldMapping: mapping(200, '审'.repeat(128)) }),
      'fieldMapping',
    ],
    ['a secret of its own', newType('x', { secret: 'whsec_x' }), 'secret'],
    ['an unknown field', newType('x', { colour: 'red' }), 'colour'],
  ])('should refuse %s', async (_what, body, field) => {
    const answer = await admin.post('/business-types', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toEqual([field]);
  });

  it('should take everything at its limit', async () => {
    const body = newType('c'.repeat(125), {
      name: '名'.repeat(128),
      objectType: '类'.repeat(64),
      checkUrl: `http://h/${'p'.repeat(2039)}`,
      fieldMapping: mapping(200, 'v'.repeat(128)),
    });
    expect(await created(admin, '/business-types', body)).toMatchObject(body);
  });

  it.each([
    ['1s', '1s'],
    ['2000ms', '2s'],
    ['90s', '90s'],
    ['120s', '2m'],
    ['60m', '1h'],
    ['1d', '24h'],
    ['24h', '24h'],
    ['36h', '36h'],
    ['48h', '2d'],
    ['90d', '90d'],
  ])('should take a deadline of %s and show it as %s', async (given, shown) => {
    const body = newType(`deadline-${given}`, { callbackDeadline: given });
    expect(await created(admin, '/business-types', body)).toMatchObject({ callbackDeadline: shown });
    expect(await admin.get(`/business-types/deadline-${given}`)).toMatchObject({
      body: { callbackDeadline: shown },
    });
  });

  it('should keep a mapping from names that JavaScript uses itself', async () => {
    const fieldMapping = { toString: 'a', hasOwnProperty: 'b' };
    const made = await created(admin, '/business-types', newType('js', { fieldMapping }));
    expect(JSON.stringify(made.fieldMapping)).toBe(JSON.stringify(fieldMapping));
    expect(JSON.stringify((await admin.get('/business-types/js')).body.fieldMapping)).toBe(
      JSON.stringify(fieldMapping),
    );
  });

  it('should be for administrators', async () => {
    expect((await app.as(ann).post('/business-types', newType('x'))).body.code).toBe('forbidden');
    expect((await app.as(null).get('/business-types')).body.code).toBe('unauthenticated');
    // another team does not exist
    expect(await admin.post('/business-types', newType('x', { accCode: 't2' }))).toMatchObject({
      status: 404,
    });
    expect(await admin.get('/business-types?accCode=t2')).toMatchObject({ status: 404 });
  });
});

describe('GET /business-types', () => {
  it("should show the team's own and the platform's types, each code once", async () => {
    // given a platform type that one team shadows, and a type of another team
    await created(system, '/business-types', newType('list-both', { name: 'platform' }));
    await created(admin, '/business-types', newType('list-both', { name: 'own' }));
    await created(system, '/business-types', newType('list-platform'));
    await created(other, '/business-types', newType('list-other'));
    // then each team sees its view of them, newest first
    const seen = await admin.get('/business-types?limit=100');
    expect(codesOf(seen).filter((code) => code.startsWith('list-'))).toEqual(['list-platform', 'list-both']);
    expect(seen.body.items.find((item: { code: string }) => item.code === 'list-both')).toMatchObject({
      name: 'own',
      accCode: 't1',
    });
    const seenByOther = codesOf(await other.get('/business-types?limit=100'));
    expect(seenByOther.filter((code) => code.startsWith('list-'))).toEqual([
      'list-other',
      'list-platform',
      'list-both',
    ]);
    // and a system administrator sees all rows, or a team's view
    const all = codesOf(await system.get('/business-types?limit=100'));
    expect(all.filter((code) => code === 'list-both')).toHaveLength(2);
    expect(await system.get('/business-types?limit=100&accCode=t1')).toMatchObject({ body: seen.body });
  });

  it('should answer in pages', async () => {
    const all = codesOf(await admin.get('/business-types?limit=100'));
    const paged: string[] = [];
    let cursor = '';
    do {
      const page = await admin.get(`/business-types?limit=3${cursor && `&cursor=${cursor}`}`);
      expect(page.body.items.length).toBeLessThanOrEqual(3);
      paged.push(...codesOf(page));
      cursor = page.body.nextCursor;
    } while (cursor);
    expect(paged).toEqual(all);
  });

  it('should refuse a cursor and a limit that are none', async () => {
    expect(await admin.get('/business-types?cursor=nonsense')).toMatchObject({ status: 400 });
    expect(await admin.get('/business-types?limit=101')).toMatchObject({ status: 400 });
    expect(await admin.get('/business-types?colour=red')).toMatchObject({ status: 400 });
  });
});

describe('GET, PATCH and DELETE /business-types/{code}', () => {
  it("should mean the team's own type, else the platform's", async () => {
    await created(system, '/business-types', newType('mean', { name: 'platform' }));
    expect(await admin.get('/business-types/mean')).toMatchObject({
      body: { name: 'platform', accCode: null },
    });
    await created(admin, '/business-types', newType('mean', { name: 'own' }));
    expect(await admin.get('/business-types/mean')).toMatchObject({ body: { name: 'own', accCode: 't1' } });
    expect(await admin.get('/business-types/mean?accCode=t1')).toMatchObject({ body: { name: 'own' } });
    expect(await other.get('/business-types/mean')).toMatchObject({ body: { name: 'platform' } });
    // a system administrator means the platform's, or exactly that of the team named
    expect(await system.get('/business-types/mean')).toMatchObject({ body: { name: 'platform' } });
    expect(await system.get('/business-types/mean?accCode=t1')).toMatchObject({ body: { name: 'own' } });
    expect(await system.get('/business-types/mean?accCode=t2')).toMatchObject({ status: 404 });
    expect(await system.patch('/business-types/mean?accCode=t2', { name: 'x' })).toMatchObject({
      status: 404,
    });
  });

  it('should find codes that need to be encoded', async () => {
    for (const code of ['数据 导出', 'a/b', '50%', 'd'.repeat(100)]) {
      await created(admin, '/business-types', newType(code, { name: 'x' }));
      expect(await admin.get(`/business-types/${encodeURIComponent(code)}`)).toMatchObject({
        body: { code },
      });
    }
    // and no other code: not one with a blank behind it, nor with other capitals
    expect(await admin.get('/business-types/a%2Fb%20')).toMatchObject({ status: 404 });
    expect(await admin.get('/business-types/A%2FB')).toMatchObject({ status: 404 });
  });

  it('should find the longest code', async () => {
    const code = '长'.repeat(125);
    await created(admin, '/business-types', newType(code, { name: 'x' }));
    expect(await admin.get(`/business-types/${encodeURIComponent(code)}`)).toMatchObject({ body: { code } });
  });

  it("should not know another team's type", async () => {
    await created(other, '/business-types', newType('foreign'));
    for (const answer of [
      await admin.get('/business-types/foreign'),
      await admin.get('/business-types/foreign?accCode=t2'),
      await admin.patch('/business-types/foreign', { name: 'mine' }),
      await admin.delete('/business-types/foreign'),
      await admin.post('/business-types/foreign/rotate-secret'),
    ]) {
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
    expect(await other.get('/business-types/foreign')).toMatchObject({ body: { name: 'Type foreign' } });
  });

  it('should switch a type off and on, and leave the rest', async () => {
    // given a type, which is on
    const { secret: _secret, ...made } = await created(admin, '/business-types', newType('switch'));
    expect(made.enabled).toBe(true);
    // when it is switched off, then everything else stays, whatever else changes
    const off = await admin.patch('/business-types/switch', { enabled: false });
    expect(off).toMatchObject({
      status: 200,
      body: { ...made, enabled: false, updateTime: expect.any(String) },
    });
    expect(await admin.patch('/business-types/switch', { name: 'new' })).toMatchObject({
      body: { name: 'new', enabled: false },
    });
    const listed = (await admin.get('/business-types?limit=100')).body.items as { code: string }[];
    expect(listed.find(({ code }) => code === 'switch')).toMatchObject({ enabled: false });
    expect(await admin.patch('/business-types/switch', { enabled: null })).toMatchObject({ status: 400 });
    // and on again
    expect(await admin.patch('/business-types/switch', { enabled: true })).toMatchObject({
      body: { name: 'new', enabled: true },
    });
    expect((await admin.get('/business-types/switch')).body.enabled).toBe(true);
  });

  it("should let each team switch its own type, and none the platform's or another's", async () => {
    await created(system, '/business-types', newType('switch-both'));
    expect(await admin.patch('/business-types/switch-both', { enabled: false })).toMatchObject({
      status: 403,
    });
    await created(admin, '/business-types', newType('switch-both'));
    expect(await admin.patch('/business-types/switch-both', { enabled: false })).toMatchObject({
      status: 200,
    });
    expect((await other.get('/business-types/switch-both')).body.enabled).toBe(true);
    await created(other, '/business-types', newType('switch-theirs'));
    expect(await admin.patch('/business-types/switch-theirs', { enabled: false })).toMatchObject({
      status: 404,
    });
    expect((await other.get('/business-types/switch-theirs')).body.enabled).toBe(true);
  });

  it('should change what is given and leave the rest', async () => {
    const made = await created(
      admin,
      '/business-types',
      newType('patch', { objectType: 'o', checkUrl: 'http://h/c', fieldMapping: { a: 'b' } }),
    );
    const { secret: _secret, updateTime: _updateTime, ...before } = made;
    const first = await admin.patch('/business-types/patch', { name: 'new', callbackMode: 'async' });
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({ ...before, name: 'new', callbackMode: 'async' });
    const sending = { format: 'lark-ticket', failMode: 'open', callbackDeadline: '7d' };
    const second = await admin.patch('/business-types/patch', sending);
    expect(second).toMatchObject({
      status: 200,
      body: { ...first.body, ...sending, updateTime: expect.any(String) },
    });
    // null takes away
    const cleared = { objectType: null, checkUrl: null, fieldMapping: null };
    expect(await admin.patch('/business-types/patch', cleared)).toMatchObject({ body: cleared });
    const read = await admin.get('/business-types/patch');
    expect(read.body).toMatchObject({ name: 'new', callbackMode: 'async', ...sending, ...cleared });
  });

  it.each([
    ['a null name', { name: null }],
    ['a null mode', { callbackMode: null }],
    ['a null format', { format: null }],
    ['a null fail mode', { failMode: null }],
    ['a null deadline', { callbackDeadline: null }],
    ['a deadline that is too long', { callbackDeadline: '2161h' }],
    ['a new code', { code: 'y' }],
    ['a new team', { accCode: 't2' }],
    ['a wrong URL', { checkUrl: 'nowhere' }],
    ['a wrong mapping', { fieldMapping: { a: null } }],
    ['an unknown field', { colour: 'red' }],
  ])('should refuse to change %s', async (_what, change) => {
    await admin.post('/business-types', newType('refuse'));
    expect(await admin.patch('/business-types/refuse', change)).toMatchObject({
      status: 400,
      body: { code: 'validation_failed' },
    });
  });

  it("should keep the platform's types from teams", async () => {
    await created(system, '/business-types', newType('guarded'));
    for (const answer of [
      await admin.patch('/business-types/guarded', { name: 'mine' }),
      await admin.delete('/business-types/guarded'),
      await admin.post('/business-types/guarded/rotate-secret'),
    ]) {
      expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    }
    expect(await system.patch('/business-types/guarded', { name: 'ours' })).toMatchObject({ status: 200 });
    expect(await system.delete('/business-types/guarded')).toMatchObject({ status: 204, body: '' });
    expect(await system.get('/business-types/guarded')).toMatchObject({ status: 404 });
  });

  it("should let a system administrator change a team's type", async () => {
    await created(admin, '/business-types', newType('helped'));
    expect(await system.patch('/business-types/helped', { name: 'x' })).toMatchObject({ status: 404 });
    expect(await system.patch('/business-types/helped?accCode=t1', { name: 'x' })).toMatchObject({
      status: 200,
      body: { name: 'x', accCode: 't1' },
    });
    expect(await system.delete('/business-types/helped?accCode=t1')).toMatchObject({ status: 204 });
    expect(await admin.get('/business-types/helped')).toMatchObject({ status: 404 });
  });
});

describe('DELETE /business-types/{code} while it is bound', () => {
  const bind = (as: Client, code: string) => as.put(`/bindings/${code}`, { templateId: systemTemplateId });

  it('should refuse to take the only type away from a binding', async () => {
    await created(admin, '/business-types', newType('bound'));
    expect((await bind(admin, 'bound')).status).toBe(200);
    expect(await admin.delete('/business-types/bound')).toMatchObject({
      status: 409,
      body: { code: 'in_use' },
    });
    await admin.delete('/bindings/bound');
    expect(await admin.delete('/business-types/bound')).toMatchObject({ status: 204 });
  });

  it("should let a team delete its own type when the platform's takes its place", async () => {
    await created(admin, '/business-types', newType('own-and-platform'));
    await created(system, '/business-types', newType('own-and-platform'));
    await bind(admin, 'own-and-platform');
    expect(await admin.delete('/business-types/own-and-platform')).toMatchObject({ status: 204 });
    // now the binding needs the platform's
    expect(await system.delete('/business-types/own-and-platform')).toMatchObject({
      status: 409,
      body: { code: 'in_use' },
    });
  });

  it("should let the platform's type go when every team that bound it has its own", async () => {
    await created(system, '/business-types', newType('shadowed'));
    await created(admin, '/business-types', newType('shadowed'));
    await bind(admin, 'shadowed');
    await bind(other, 'shadowed');
    expect(await system.delete('/business-types/shadowed')).toMatchObject({ status: 409 });
    await created(other, '/business-types', newType('shadowed'));
    expect(await system.delete('/business-types/shadowed')).toMatchObject({ status: 204 });
  });

  it('should never leave a binding without a type, whoever is first', async () => {
    for (let round = 0; round < 10; round++) {
      const code = `unbound-race-${round}`;
      await created(admin, '/business-types', newType(code));
      const [deleted, bound] = await Promise.all([
        admin.delete(`/business-types/${code}`),
        bind(admin, code),
      ]);
      expect([
        [204, 404],
        [409, 200],
      ]).toContainEqual([deleted.status, bound.status]);
    }
  });

  it("should never leave a binding without a type when the team's and the platform's go at once", async () => {
    for (let round = 0; round < 10; round++) {
      const code = `both-go-${round}`;
      await created(admin, '/business-types', newType(code));
      await created(system, '/business-types', newType(code));
      await bind(admin, code);
      const answers = await Promise.all([
        admin.delete(`/business-types/${code}`),
        system.delete(`/business-types/${code}`),
      ]);
      expect(answers.map((answer) => answer.status).toSorted()).toEqual([204, 409]);
    }
  });
});

describe('POST /business-types/{code}/rotate-secret', () => {
  it('should replace the secret and show the new one this once', async () => {
    const { secret } = await created(admin, '/business-types', newType('rotate'));
    const rotated = await admin.post('/business-types/rotate/rotate-secret');
    expect(rotated.status).toBe(200);
    expect(Object.keys(rotated.body as object)).toEqual(['secret', 'previousSecretValidUntil']);
    expect(rotated.body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(rotated.body.secret).not.toBe(secret);
    const stored = await sealedSecretOf('t1', 'rotate');
    expect(app.get(Sealer).open(stored, 'business-type/t1/rotate')).toBe(rotated.body.secret);
  });

  it("should rotate the platform's for a system administrator, and repeat the answer for a key", async () => {
    await created(system, '/business-types', newType('rotate-platform'));
    const headers = { 'idempotency-key': 'rotate-1' };
    const first = await system.post('/business-types/rotate-platform/rotate-secret', undefined, headers);
    const second = await system.post('/business-types/rotate-platform/rotate-secret', undefined, headers);
    expect(second).toMatchObject({ status: 200, body: first.body });
    expect(
      app.get(Sealer).open(await sealedSecretOf('', 'rotate-platform'), 'business-type//rotate-platform'),
    ).toBe(first.body.secret);
  });
});

describe(BusinessTypesService.name, () => {
  it("should resolve a code to the team's own type, else the platform's, else nothing", async () => {
    await created(system, '/business-types', newType('resolve', { name: 'platform' }));
    await created(admin, '/business-types', newType('resolve', { name: 'own' }));
    const types = app.get(BusinessTypesService);
    expect((await types.resolve('t1', 'resolve'))?.name).toBe('own');
    expect((await types.resolve('t2', 'resolve'))?.name).toBe('platform');
    expect((await types.resolve(null, 'resolve'))?.name).toBe('platform');
    expect(await types.resolve('t1', 'resolve-nothing')).toBeNull();
    expect((await types.listFor('t1')).filter(({ code }) => code === 'resolve')).toHaveLength(1);
  });
});

function mapping(entries: number, value: string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: entries }, (_, index) => [`key${index}`, value]));
}
