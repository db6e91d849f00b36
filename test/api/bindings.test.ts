import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { ann, boss, created, rival, root } from '../support/world.js';

let app: TestApp;
let admin: Client;
let other: Client;
let system: Client;
/** Templates: two of team t1, one of t2, one of the platform. */
let first: string;
let second: string;
let foreign: string;
let shared: string;
/** A prefix of the codes of one test. */
let test = '';
let tests = 0;

const systemTemplateId = '00000000-0000-7000-8000-000000000002';
const systemNodeId = '00000000-0000-7000-8000-000000000001';
const nowhere = '01900000-0000-7000-8000-000000000000';

const givenTemplate = async (as: Client, templateName: string): Promise<string> =>
  String((await created(as, '/templates', { templateName, stages: [{ nodeId: systemNodeId }] })).id);
/** Given business types of the running test. @returns their codes, sorted as given */
const givenTypes = async (as: Client, ...names: string[]): Promise<string[]> => {
  const codes = names.map((name) => `${test}-${name}`);
  for (const code of codes) await created(as, '/business-types', { code, name: `Type ${code}` });
  return codes;
};
const bind = (as: Client, code: string, templateId: string) => as.put(`/bindings/${code}`, { templateId });
const columnOf = async (id: string): Promise<string | null> => {
  const rows = await app.database.rows<{ codes: string | null }>(
    'SELECT business_type AS codes FROM dms_s_apply_template WHERE id = ?',
    [id],
  );
  return rows[0]?.codes ?? null;
};
/** The codes that belong to the running test. */
const mine = (codes: readonly (string | { code: string })[]): string[] =>
  codes
    .map((code) => (typeof code === 'string' ? code : code.code))
    .filter((code) => code.startsWith(`${test}-`));
/** The columns and the rows tell the same, for every template there is. */
async function expectAgreement(): Promise<void> {
  const templates = await app.database.rows<{ id: string; codes: string | null }>(
    'SELECT id, business_type AS codes FROM dms_s_apply_template',
  );
  const bindings = await app.database.rows<{ id: string; code: string }>(
    'SELECT DISTINCT template_id AS id, business_type AS code FROM dms_s_apply_template_binding ORDER BY business_type',
  );
  for (const { id, codes } of templates) {
    const bound = bindings.filter((binding) => binding.id === id).map((binding) => binding.code);
    expect(codes).toBe(bound.length === 0 ? null : bound.join(','));
  }
}

beforeAll(async () => {
  app = await startApp();
  [admin, other, system] = [app.as(boss), app.as(rival), app.as(root)];
});
beforeEach(async () => {
  test = `b${++tests}`;
  first = await givenTemplate(admin, 'first');
  second = await givenTemplate(admin, 'second');
  foreign = await givenTemplate(other, 'foreign');
  shared = await givenTemplate(system, 'shared');
});
afterAll(() => app.close());

describe('PUT /bindings/{businessType}', () => {
  it("should bind a type of the team to the team's template", async () => {
    const [code] = await givenTypes(admin, 'a');
    const answer = await bind(admin, code!, first);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      accCode: 't1',
      businessType: code,
      templateId: first,
      templateName: 'first',
      createTime: expect.any(String),
      updateTime: expect.any(String),
    });
    expect((await admin.get(`/templates/${first}`)).body.businessTypes).toEqual([code]);
    expect(await columnOf(first)).toBe(code);
  });

  it('should replace an earlier binding, in both columns', async () => {
    const [a, b] = await givenTypes(admin, 'a', 'b');
    await bind(admin, b!, first);
    const before = await bind(admin, a!, first);
    expect(await columnOf(first)).toBe(`${a},${b}`);
    const after = await bind(admin, a!, second);
    expect(after.body).toMatchObject({ templateId: second, createTime: before.body.createTime });
    expect([await columnOf(first), await columnOf(second)]).toEqual([b, a]);
    const bound = await admin.get('/bindings?limit=100');
    expect(bound.body.items.filter((item: { businessType: string }) => item.businessType === a)).toEqual([
      after.body,
    ]);
    // and binding the same again changes nothing
    expect(await bind(admin, a!, second)).toMatchObject({ status: 200, body: { templateId: second } });
    expect([await columnOf(first), await columnOf(second)]).toEqual([b, a]);
  });

  it("should bind the platform's types and templates for each team on its own", async () => {
    const [a, b] = await givenTypes(system, 'a', 'b');
    await bind(admin, a!, shared);
    await bind(other, a!, shared);
    await bind(other, b!, shared);
    // the column tells the distinct codes of all teams, a team sees its own
    expect(await columnOf(shared)).toBe(`${a},${b}`);
    expect((await admin.get(`/templates/${shared}`)).body.businessTypes).toEqual([a]);
    expect((await other.get(`/templates/${shared}`)).body.businessTypes).toEqual([a, b]);
    expect((await system.get(`/templates/${shared}`)).body.businessTypes).toEqual([a, b]);
    // one team's unbinding leaves the other's
    expect((await admin.delete(`/bindings/${a}`)).status).toBe(204);
    expect(await columnOf(shared)).toBe(`${a},${b}`);
    await other.delete(`/bindings/${a}`);
    expect(await columnOf(shared)).toBe(b);
  });

  it('should bind to the system default template', async () => {
    const [code] = await givenTypes(admin, 'a');
    expect((await bind(admin, code!, systemTemplateId)).status).toBe(200);
    await expectAgreement();
    expect((await admin.delete(`/bindings/${code}`)).status).toBe(204);
  });

  it('should take the team of a system administrator from the body or the query', async () => {
    const [a, b] = await givenTypes(admin, 'a', 'b');
    const inBody = await system.put(`/bindings/${a}`, { templateId: first, accCode: 't1' });
    expect(inBody).toMatchObject({ status: 200, body: { accCode: 't1', businessType: a } });
    const inQuery = await system.put(`/bindings/${b}?accCode=t1`, { templateId: first });
    expect(inQuery).toMatchObject({ status: 200, body: { accCode: 't1' } });
    const missing = await system.put(`/bindings/${a}`, { templateId: first });
    expect(missing).toMatchObject({ status: 400, body: { errors: [{ field: 'accCode' }] } });
    const two = await system.put(`/bindings/${a}?accCode=t2`, { templateId: first, accCode: 't1' });
    expect(two).toMatchObject({ status: 400, body: { errors: [{ field: 'accCode' }] } });
  });

  it('should know only what exists for the team', async () => {
    const [own] = await givenTypes(admin, 'own');
    const [theirs] = await givenTypes(other, 'theirs');
    const missing = [
      await bind(admin, `${test}-nothing`, first),
      await bind(admin, theirs!, first),
      await bind(admin, `${own}%20`, first),
      await bind(admin, own!, nowhere),
      await bind(admin, own!, foreign),
      await admin.put(`/bindings/${own}`, { templateId: first, accCode: 't2' }),
      await admin.put(`/bindings/${own}?accCode=t2`, { templateId: first }),
      // also a system administrator binds within one team
      await system.put(`/bindings/${own}?accCode=t1`, { templateId: foreign }),
      await system.put(`/bindings/${own}?accCode=t2`, { templateId: foreign }),
    ];
    for (const answer of missing) expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
    await expectAgreement();
  });

  it('should not bind to a template that has gone', async () => {
    const [code] = await givenTypes(admin, 'a');
    await admin.delete(`/templates/${first}`);
    expect(await bind(admin, code!, first)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it.each([
    ['no template', {}, 'templateId'],
    ['a null template', { templateId: null }, 'templateId'],
    ['a template that is a list', { templateId: [nowhere] }, 'templateId'],
    ['an id of 65 characters', { templateId: 'i'.repeat(65) }, 'templateId'],
    ['an unknown field', { templateId: nowhere, businessType: 'x' }, 'businessType'],
  ])('should refuse %s', async (_what, body, field) => {
    const answer = await admin.put('/bindings/x', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'validation_failed', errors: [{ field }] } });
  });

  it('should be for administrators', async () => {
    expect(await app.as(ann).put('/bindings/x', { templateId: first })).toMatchObject({ status: 403 });
    expect(await app.as(ann).get('/bindings')).toMatchObject({ status: 403 });
    expect(await app.as(ann).get(`/templates/${first}/business-types`)).toMatchObject({ status: 403 });
  });
});

describe('DELETE /bindings/{businessType}', () => {
  it('should unbind, and know no second time', async () => {
    const [code] = await givenTypes(admin, 'a');
    await bind(admin, code!, first);
    expect(await other.delete(`/bindings/${code}`)).toMatchObject({ status: 404 });
    expect(await admin.delete(`/bindings/${code}`)).toMatchObject({ status: 204, body: '' });
    expect(await columnOf(first)).toBeNull();
    expect(await admin.delete(`/bindings/${code}`)).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
  });

  it('should ask a system administrator for the team', async () => {
    const [code] = await givenTypes(admin, 'a');
    await bind(admin, code!, first);
    expect(await system.delete(`/bindings/${code}`)).toMatchObject({ status: 400 });
    expect(await system.delete(`/bindings/${code}?accCode=t2`)).toMatchObject({ status: 404 });
    expect(await system.delete(`/bindings/${code}?accCode=t1`)).toMatchObject({ status: 204 });
  });
});

describe('GET /bindings', () => {
  it('should list the bindings of the team by business type, in pages', async () => {
    const codes = await givenTypes(admin, 'a', 'b', 'c');
    const [theirs] = await givenTypes(other, 'd');
    for (const code of codes.toReversed()) await bind(admin, code, first);
    await bind(other, theirs!, foreign);
    const read = async (as: Client, query: string): Promise<string[]> => {
      const items: string[] = [];
      for (let cursor = ''; ;) {
        const page = await as.get(`/bindings?limit=2${query}${cursor && `&cursor=${cursor}`}`);
        expect(page.status).toBe(200);
        items.push(
          ...page.body.items.map(
            (item: { accCode: string; businessType: string }) => `${item.accCode}/${item.businessType}`,
          ),
        );
        cursor = page.body.nextCursor;
        if (!cursor) return items.filter((item) => item.includes(`/${test}-`));
      }
    };
    const ofTeam = codes.map((code) => `t1/${code}`);
    expect(await read(admin, '')).toEqual(ofTeam);
    expect(await read(system, '')).toEqual([...ofTeam, `t2/${theirs}`]);
    expect(await read(system, '&accCode=t2')).toEqual([`t2/${theirs}`]);
    expect(await admin.get('/bindings?accCode=t2')).toMatchObject({ status: 404 });
    expect(await admin.get('/bindings?cursor=nonsense')).toMatchObject({ status: 400 });
  });
});

describe('GET /templates/{id}/business-types', () => {
  it('should sort every type of the team into bound, unbound and elsewhere', async () => {
    const [a, b, c] = await givenTypes(admin, 'a', 'b', 'c');
    const [platform] = await givenTypes(system, 'p');
    await givenTypes(other, 'theirs');
    await bind(admin, a!, first);
    await bind(admin, b!, second);
    const answer = await admin.get(`/templates/${first}/business-types`);
    expect(answer.status).toBe(200);
    expect(answer.body.bound).toEqual([{ code: a, name: `Type ${a}` }]);
    expect(mine(answer.body.unbound)).toEqual([c, platform]);
    expect(answer.body.elsewhere).toContainEqual({ code: b, name: `Type ${b}`, templateId: second });
    // what another team did with the platform's type is not told
    await bind(other, platform!, foreign);
    expect((await admin.get(`/templates/${first}/business-types`)).body).toEqual(answer.body);
  });

  it('should need no team for a team’s template, and one for the platform’s', async () => {
    const [code] = await givenTypes(admin, 'a');
    await bind(admin, code!, shared);
    const ofShared = `/templates/${shared}/business-types`;
    expect(mine((await admin.get(ofShared)).body.bound)).toEqual([code]);
    expect(mine((await system.get(`${ofShared}?accCode=t1`)).body.bound)).toEqual([code]);
    expect(mine((await system.get(`${ofShared}?accCode=t2`)).body.bound)).toEqual([]);
    expect(await system.get(ofShared)).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'accCode' }] },
    });
    expect(await system.get(`/templates/${first}/business-types`)).toMatchObject({ status: 200 });
    expect(await system.get(`/templates/${first}/business-types?accCode=t2`)).toMatchObject({ status: 404 });
    expect(await admin.get(`/templates/${foreign}/business-types`)).toMatchObject({ status: 404 });
    expect(await admin.get(`/templates/${nowhere}/business-types`)).toMatchObject({ status: 404 });
  });
});

describe('PUT /templates/{id}/business-types', () => {
  const put = (as: Client, id: string, businessTypes: unknown, more: object = {}) =>
    as.put(`/templates/${id}/business-types`, { businessTypes, ...more });

  it('should replace the set', async () => {
    const [a, b, c] = await givenTypes(admin, 'a', 'b', 'c');
    const answer = await put(admin, first, [b, a]);
    expect(answer.status).toBe(200);
    expect(mine(answer.body.bound)).toEqual([a, b]);
    expect(mine(answer.body.unbound)).toEqual([c]);
    expect(await columnOf(first)).toBe(`${a},${b}`);
    const replaced = await put(admin, first, [c, b]);
    expect(mine(replaced.body.bound)).toEqual([b, c]);
    expect(await columnOf(first)).toBe(`${b},${c}`);
    expect((await put(admin, first, [])).body.bound).toEqual([]);
    expect(await columnOf(first)).toBeNull();
  });

  it('should take no type from another template of the team, and change nothing then', async () => {
    const [a, b, c] = await givenTypes(admin, 'a', 'b', 'c');
    await bind(admin, a!, first);
    await bind(admin, b!, second);
    const answer = await put(admin, first, [c, b]);
    expect(answer).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    expect(answer.body.detail).toContain(b);
    expect([await columnOf(first), await columnOf(second)]).toEqual([a, b]);
    expect(mine((await admin.get(`/templates/${first}/business-types`)).body.unbound)).toEqual([c]);
  });

  it('should change nothing when a type does not exist for the team', async () => {
    const [a] = await givenTypes(admin, 'a');
    const [theirs] = await givenTypes(other, 'theirs');
    for (const unknown of [theirs, `${test}-nothing`]) {
      const answer = await put(admin, first, [a, unknown]);
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
      expect(answer.body.detail).toContain(unknown);
    }
    expect(await columnOf(first)).toBeNull();
  });

  it("should touch only the team's bindings to the platform's template", async () => {
    const [a, b] = await givenTypes(system, 'a', 'b');
    await put(admin, shared, [a]);
    await put(other, shared, [a, b]);
    await put(admin, shared, []);
    expect((await other.get(`/templates/${shared}`)).body.businessTypes).toEqual([a, b]);
    // a system administrator names the team
    expect(await put(system, shared, [a])).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'accCode' }] },
    });
    expect((await put(system, shared, [b], { accCode: 't1' })).status).toBe(200);
    expect((await admin.get(`/templates/${shared}`)).body.businessTypes).toEqual([b]);
    await expectAgreement();
  });

  it('should not exist for other teams', async () => {
    expect(await put(admin, foreign, [])).toMatchObject({ status: 404 });
    expect(await put(admin, nowhere, [])).toMatchObject({ status: 404 });
    expect(await put(admin, first, [], { accCode: 't2' })).toMatchObject({ status: 404 });
    expect(await put(system, first, [], { accCode: 't2' })).toMatchObject({ status: 404 });
    expect(await put(system, first, [])).toMatchObject({ status: 200 });
  });

  it.each([
    ['no list', undefined],
    ['null', null],
    ['a text', 'a'],
    ['numbers', [1]],
    ['an empty code', ['']],
    ['a code with a comma', ['a,b']],
    ['a code of 126 characters', ['c'.repeat(126)]],
    ['the same code twice', ['a', 'a']],
    ['501 codes', Array.from({ length: 501 }, (_, index) => `c${index}`)],
  ])('should refuse %s', async (_what, businessTypes) => {
    const answer = await put(admin, first, businessTypes);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'businessTypes' }] } });
  });

  it('should cut the column where a text ends', async () => {
    // given 200 types whose codes need more than 65,535 bytes
    const codes = Array.from(
      { length: 200 },
      (_, index) => `${test}-${String(index).padStart(3, '0')}${'长'.repeat(110)}`,
    );
    await Promise.all(codes.map((code) => created(admin, '/business-types', { code, name: 'long' })));
    expect((await put(admin, first, codes)).status).toBe(200);
    const column = (await columnOf(first)) ?? '';
    expect(Buffer.byteLength(column)).toBeLessThanOrEqual(65_535);
    expect(column.endsWith(',…')).toBe(true);
    expect(column.split(',').slice(0, -1)).toEqual(codes.slice(0, column.split(',').length - 1));
    expect((await admin.get(`/templates/${first}`)).body.businessTypes).toEqual(codes);
    await put(admin, first, []);
  });
});

describe('bindings that change at once', () => {
  it('should end with one binding of a type, and columns that agree', async () => {
    for (let round = 0; round < 5; round++) {
      const [code] = await givenTypes(admin, `race${round}`);
      const answers = await Promise.all([first, second, shared, first].map((id) => bind(admin, code!, id)));
      expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
      await expectAgreement();
    }
  });

  it('should fill and empty a column when every type comes and goes at once', async () => {
    const codes = await givenTypes(admin, 'a', 'b', 'c', 'd', 'e', 'f');
    for (let round = 0; round < 5; round++) {
      const bound = await Promise.all(codes.map((code) => bind(admin, code, first)));
      expect(new Set(bound.map((answer) => answer.status))).toEqual(new Set([200]));
      expect(await columnOf(first)).toBe(codes.join(','));
      const unbound = await Promise.all(codes.map((code) => admin.delete(`/bindings/${code}`)));
      expect(new Set(unbound.map((answer) => answer.status))).toEqual(new Set([204]));
      expect(await columnOf(first)).toBeNull();
    }
  });

  it('should keep the columns in agreement under mixed changes of both teams', async () => {
    const codes = await givenTypes(system, 'a', 'b', 'c', 'd');
    const pick = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;
    const changes = Array.from({ length: 60 }, (_, index) => {
      const as = index % 3 === 0 ? other : admin;
      const templates = as === other ? [foreign, shared] : [first, second, shared];
      const code = pick(codes, index * 7);
      if (index % 5 === 0) return as.delete(`/bindings/${code}`);
      if (index % 5 === 1) {
        const businessTypes = codes.filter((_code, place) => (index >> place) % 2 === 0);
        return as.put(`/templates/${pick(templates, index)}/business-types`, { businessTypes });
      }
      return bind(as, code, pick(templates, index * 3));
    });
    const statuses = new Set((await Promise.all(changes)).map((answer) => answer.status));
    expect([...statuses].filter((status) => ![200, 204, 404, 409].includes(status))).toEqual([]);
    await expectAgreement();
  });

  it('should bind to a template or see it gone, whoever is first', async () => {
    for (let round = 0; round < 10; round++) {
      const [code] = await givenTypes(admin, `gone${round}`);
      const id = await givenTemplate(admin, 'going');
      const [bound, gone] = await Promise.all([bind(admin, code!, id), admin.delete(`/templates/${id}`)]);
      expect([
        [200, 409],
        [404, 204],
      ]).toContainEqual([bound.status, gone.status]);
    }
  });
});
