import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import {
  startLarkWorld,
  everydayRelation,
  type LarkWorld,
  apply,
  waitingOn,
  orderOf,
} from '../support/lark/lark-world.js';
import { ann, boss, created, rival, root } from '../support/world.js';

let world: LarkWorld;
beforeAll(async () => {
  world = await startLarkWorld({ PUBLIC_URL: 'https://countersign.example.com' });
});
afterAll(() => world.close());

const admin = () => world.app.as(boss);
const forms = '/providers/feishu/forms';
const given = (fields: object = {}) => {
  const { code, name } = world.lark.define({});
  return { formCode: code, name, ...fields };
};
const check = () => ({ isOpen: true, url: world.module.checkUrl });

describe('POST /providers/{code}/forms', () => {
  it('given check and execute, then a business type is made, its secret is shown this once, and it is subscribed', async () => {
    const body = given({
      check: { ...check(), callType: 'async' },
      execute: { isOpen: true, url: world.module.executeUrl },
      relation: everydayRelation,
      field: { isOpen: true, data: [{ code: 'env', url: `${world.module.url}/options` }] },
    });
    const made = await created(admin(), forms, body);
    expect(made).toMatchObject({
      provider: 'feishu',
      formCode: body.formCode,
      businessType: body.formCode,
      decides: true,
      accCode: 't1',
      secret: expect.stringMatching(/^whsec_/),
      check: { isOpen: true, url: world.module.checkUrl, callType: 'async' },
      execute: { isOpen: true, url: world.module.executeUrl, callType: 'sync' },
      relation: everydayRelation,
      field: {
        isOpen: true,
        data: [{ code: 'env', encrypted: false, token: expect.stringMatching(/^.{32}$/) }],
      },
    });
    const [field] = (made.field as { data: { uri: string; address: string }[] }).data;
    expect(field?.address).toBe(`https://countersign.example.com/field/${field?.uri}`);
    expect(world.lark.subscribed).toContain(body.formCode);
    const type = (await admin().get(`/business-types/${body.formCode}`)).body;
    expect(type).toMatchObject({
      provider: 'feishu',
      format: 'lark-ticket',
      executeMode: 'sync',
      callbackMode: 'async',
    });
    const shown = (await admin().get(`${forms}/${body.formCode}`)).body;
    expect(JSON.stringify(shown)).not.toMatch(/whsec_|"token":"/);
    expect(shown.field.data[0].uri).toBe(field?.uri);
  });

  it('given a business type that is there, then it is bound; with check it is changed as well', async () => {
    await created(admin(), '/business-types', { code: 'bound', name: 'Bound', provider: 'feishu' });
    const made = await created(admin(), forms, given({ businessType: 'bound' }));
    expect(made).toMatchObject({
      businessType: 'bound',
      decides: true,
      secret: null,
      check: { isOpen: false },
    });
    await created(admin(), '/business-types', { code: 'elsewhere', name: 'Elsewhere' });
    const other = await created(admin(), forms, given({ businessType: 'elsewhere', check: check() }));
    expect(other).toMatchObject({ decides: false, check: { isOpen: true, url: world.module.checkUrl } });
    expect((await admin().get('/business-types/elsewhere')).body).toMatchObject({ format: 'standard' });
  });

  it.each([
    ['no such business type', () => given({ businessType: 'nobodys' }), 404, 'not_found'],
    ['an open check without an address', () => given({ check: { isOpen: true } }), 400, 'validation_failed'],
    [
      'an address of the metadata service',
      () => given({ execute: { isOpen: true, url: 'http://169.254.169.254/' } }),
      400,
      'validation_failed',
    ],
    [
      'options from within',
      () => given({ field: { isOpen: true, data: [{ code: 'a', url: 'http://10.0.0.1/' }] } }),
      400,
      'validation_failed',
    ],
    [
      'a field without an address',
      () => given({ field: { isOpen: true, data: [{ code: 'a' }] } }),
      400,
      'validation_failed',
    ],
    [
      'two fields of one code',
      () =>
        given({
          field: {
            isOpen: true,
            data: ['/1', '/2'].map((path) => ({ code: 'a', url: world.module.url + path })),
          },
        }),
      400,
      'validation_failed',
    ],
    [
      'two widgets for one field',
      () =>
        given({
          relation: {
            isOpen: true,
            data: [
              { code: 'a', apiKey: 'x' },
              { code: 'b', apiKey: 'x' },
            ],
          },
        }),
      400,
      'validation_failed',
    ],
    ['the team of somebody else', () => given({ accCode: 't2' }), 404, 'not_found'],
    [
      'an approval code that Feishu does not know',
      () => ({ formCode: 'unknown', name: 'x' }),
      422,
      'provider_refused',
    ],
  ])('given %s, then it is refused, and nothing is kept or followed', async (_what, body, status, code) => {
    const { formCode, ...fields } = body();
    const answer = await admin().post(forms, { formCode, ...fields });
    expect(answer).toMatchObject({ status, body: { code } });
    expect((await admin().get(`${forms}/${formCode}`)).status).toBe(404);
    expect(world.lark.subscribed).not.toContain(formCode);
    expect((await admin().get(`/business-types/${formCode}`)).status).toBe(404);
  });

  it('given the vendor’s refusal, then its own words are told; given that it is away, 503', async () => {
    const refused = await admin().post(forms, { formCode: 'nobody-knows-it', name: 'x' });
    expect(refused.body.detail).toMatch(/provider feishu: .*1390002.*approval code not found/);
    world.lark.faults.plan(/subscribe$/, { kind: 'answer', status: 502 });
    expect((await admin().post(forms, given())).status).toBe(503);
  });

  it('given the same form, or the same business type, once more, then 409, and it is followed on', async () => {
    const first = given({ businessType: 'only-once', check: check() });
    await created(admin(), forms, first);
    expect(await admin().post(forms, first)).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    const second = given({ businessType: 'only-once' });
    expect(await admin().post(forms, second)).toMatchObject({
      status: 409,
      body: { code: 'already_exists' },
    });
    expect(world.lark.subscribed).toContain(first.formCode);
    expect(world.lark.subscribed).not.toContain(second.formCode);
  });

  it('given two at once, then one is made, and it is followed', async () => {
    const body = given({ check: check() });
    const answers = await Promise.all([admin().post(forms, body), admin().post(forms, body)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409]);
    expect(world.lark.subscribed).toContain(body.formCode);
  });

  it('given an Idempotency-Key, then the secrets come again, and nothing is made twice', async () => {
    const body = given({ check: check() });
    const [one, other] = [
      await admin().post(forms, body, { 'idempotency-key': 'form-1' }),
      await admin().post(forms, body, { 'idempotency-key': 'form-1' }),
    ];
    expect(other).toMatchObject({ status: 201, body: one.body });
  });
});

describe('PATCH and DELETE', () => {
  it('given changes, then the rest stays, and fields of the same code keep their address and secrets', async () => {
    const body = given({
      check: { ...check(), callType: 'async' },
      relation: everydayRelation,
      field: { isOpen: true, data: [{ code: 'env', url: `${world.module.url}/1` }] },
    });
    const made = await created(admin(), forms, body);
    const [before] = (made.field as { data: { uri: string }[] }).data;
    const data = [
      { code: 'env', url: `${world.module.url}/2`, key: 'a key' },
      { code: 'new', url: `${world.module.url}/3` },
    ];
    const changed = (
      await admin().patch(`${forms}/${body.formCode}`, {
        field: { isOpen: false, data },
        execute: { isOpen: true, url: world.module.executeUrl },
      })
    ).body;
    expect(changed).toMatchObject({
      relation: everydayRelation,
      check: { isOpen: true, callType: 'async' },
      execute: { isOpen: true, callType: 'sync' },
      field: {
        isOpen: false,
        data: [
          { code: 'env', uri: before?.uri, token: null, encrypted: true },
          { code: 'new', token: expect.any(String), encrypted: false },
        ],
      },
    });
    const closed = await admin().patch(`${forms}/${body.formCode}`, { check: { isOpen: false } });
    expect(closed.body.check).toMatchObject({ isOpen: false, url: null });
  });

  it('given it is deleted, then it is unsubscribed, and its business type stays', async () => {
    const body = given({ check: check() });
    await created(admin(), forms, body);
    expect((await admin().delete(`/business-types/${body.formCode}`)).body.code).toBe('in_use');
    expect((await admin().delete(`${forms}/${body.formCode}`)).status).toBe(204);
    expect(world.lark.subscribed).not.toContain(body.formCode);
    expect((await admin().get(`/business-types/${body.formCode}`)).status).toBe(200);
    const again = await created(admin(), forms, body);
    expect(again).toMatchObject({ decides: true, secret: null });
  });

  it('given the vendor is away, then it is kept and followed; given it knows the approval no more, then it goes', async () => {
    const body = given({ check: check() });
    await created(admin(), forms, body);
    world.lark.faults.plan(/unsubscribe$/, { kind: 'answer', status: 500 });
    expect((await admin().delete(`${forms}/${body.formCode}`)).status).toBe(503);
    expect((await admin().get(`${forms}/${body.formCode}`)).status).toBe(200);
    world.lark.native.definitions.delete(body.formCode);
    expect((await admin().delete(`${forms}/${body.formCode}`)).status).toBe(204);
  });

  it('given an approval that people there still decide, then 409 in_use', async () => {
    const body = given();
    await created(admin(), forms, body);
    const instance = apply(world, { definition: world.lark.native.definition(body.formCode), secret: '' });
    await waitingOn(world, instance, '审批');
    expect((await admin().delete(`${forms}/${body.formCode}`)).body.code).toBe('in_use');
    world.lark.act.approve(instance.code, 'lee');
    await orderOf(world, instance, 'completed');
    // Its end there is heard of a moment later.
    await eventually(
      async () => (await admin().delete(`${forms}/${body.formCode}`)).status,
      (status) => status === 204,
    );
  });

  it('given a provider that has a form, then it stays, also when no business type names it', async () => {
    const { code } = await created(admin(), '/providers', {
      code: 'feishu-2',
      name: '飞书 2',
      kind: 'lark',
      url: world.lark.url,
      lark: world.lark.fields,
    });
    await created(admin(), '/business-types', { code: 'decided-here', name: 'Decided here' });
    const body = given({ businessType: 'decided-here' });
    await created(admin(), `/providers/${String(code)}/forms`, body);
    expect((await admin().delete('/providers/feishu-2')).body).toMatchObject({
      code: 'in_use',
      detail: expect.stringContaining(body.formCode),
    });
    expect((await admin().delete(`/providers/feishu-2/forms/${body.formCode}`)).status).toBe(204);
    expect((await admin().delete('/providers/feishu-2')).status).toBe(204);
  });
});

describe('whose they are', () => {
  it('given another team, then nothing of them exists', async () => {
    const body = given({ check: check() });
    await created(admin(), forms, body);
    const other = world.app.as(rival);
    const path = `${forms}/${body.formCode}`;
    for (const answer of [
      await other.get(forms),
      await other.get(path),
      await other.patch(path, { name: 'mine' }),
      await other.delete(path),
      await other.post(forms, given()),
    ]) {
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
    expect((await world.app.as(ann).get(forms)).status).toBe(403);
    expect((await world.app.as(root).get(`${path}?accCode=t1`)).status).toBe(200);
    const listed = (await admin().get(`${forms}?limit=2`)).body;
    expect(listed.items).toHaveLength(2);
    expect((await admin().get(`${forms}?limit=2&cursor=${listed.nextCursor}`)).body.items[0].id).not.toBe(
      listed.items[0].id,
    );
  });

  it('given a provider of the platform, then system administrators alone keep its forms, for the team they name', async () => {
    const system = world.app.as(root);
    await created(system, '/providers', {
      code: 'group-feishu',
      name: '集团飞书',
      kind: 'lark',
      url: world.lark.url,
      lark: world.lark.fields,
    });
    const path = '/providers/group-feishu/forms';
    const body = given({ check: check(), accCode: 't2' });
    expect((await admin().post(path, body)).status).toBe(403);
    expect((await admin().get(path)).status).toBe(403);
    const made = await created(system, path, body);
    expect(made).toMatchObject({ accCode: 't2', decides: true });
    expect((await world.app.as(rival).get(`/business-types/${body.formCode}`)).body).toMatchObject({
      accCode: 't2',
      provider: 'group-feishu',
    });
    expect((await admin().get(`/business-types/${body.formCode}`)).status).toBe(404);
    expect((await system.delete('/providers/group-feishu')).body.code).toBe('in_use');
    expect((await system.delete(`${path}/${body.formCode}`)).status).toBe(204);
  });
});
