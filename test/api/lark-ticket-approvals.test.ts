import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokenOf } from '../support/harness.js';
import { apply, callsAbout, ended, type LarkWorld, startLarkWorld } from '../support/lark/lark-world.js';
import { ann, boss, created, rival, root } from '../support/world.js';

let world: LarkWorld;
beforeAll(async () => {
  world = await startLarkWorld();
});
afterAll(() => world.close());

const admin = () => world.app.as(boss);
/** As lark-ticket keeps it. */
const configuration = (fields: object = {}) => {
  const { code, name } = world.lark.define({});
  return {
    approval_code: code,
    name,
    check: { is_open: true, url: world.module.checkUrl, call_type: 'sync' },
    execute: { is_open: false, url: '', call_type: 'async' },
    field: { is_open: true, data: [{ code: 'env', url: `${world.module.url}/env` }] },
    relation: { is_open: true, data: [{ code: '申请原因', api_key: 'reason' }] },
    ...fields,
  };
};
const success = { retcode: 0, msg: 'success', error: '' };

describe('lark-ticket’s own configuration', () => {
  it('given it as it is, then it works, and its envelope answers', async () => {
    const body = configuration();
    const made = await admin().post('/lark/approvals', body);
    expect(made).toMatchObject({
      status: 200,
      body: {
        ...success,
        resp: {
          approval_code: body.approval_code,
          check: body.check,
          execute: { is_open: false, url: null, call_type: 'async' },
          field: {
            is_open: true,
            data: [{ code: 'env', uri: expect.any(String), token: expect.any(String) }],
          },
          relation: body.relation,
          provider: 'feishu',
          acc_code: 't1',
          secret: expect.stringMatching(/^whsec_/),
        },
      },
    });
    const definition = world.lark.native.definition(body.approval_code);
    const instance = apply(world, { definition, secret: '' });
    world.module.behave(({ ticket }) => ({
      status: 200,
      body: { ticket_id: ticket, result: false, error: 'no' },
    }));
    expect(await ended(instance)).toBe('REJECTED');
    expect(callsAbout(world, 'check', instance)[0]?.body.reason.value).toBe('排查问题');
  });

  it('given the same again under one Idempotency-Key, then the same answer, envelope and all, without the secret', async () => {
    const body = configuration();
    const send = async () => {
      const response = await fetch(`${world.app.url}/api/v1/lark/approvals`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': `again-${body.approval_code}`,
          authorization: `Bearer ${await tokenOf(boss)}`,
        },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: (await response.json()) as { resp: { secret: unknown } } };
    };
    const [first, second] = [await send(), await send()];
    expect(first).toMatchObject({ status: 200, body: { ...success, resp: { secret: expect.any(String) } } });
    expect(second.status).toBe(200);
    expect(Object.keys(second.body)).toEqual(Object.keys(first.body));
    expect(second.body).toMatchObject({ ...success, resp: { approval_code: body.approval_code } });
  });

  it('given reads, changes and a deletion, then they are those of the form', async () => {
    const body = configuration();
    const path = `/lark/approvals/${body.approval_code}`;
    await admin().post('/lark/approvals', body);
    expect((await admin().get(path)).body).toMatchObject({
      ...success,
      resp: { name: body.name, secret: null },
    });
    const changed = await admin().put(path, {
      ...body,
      relation: { is_open: false, data: body.relation.data },
    });
    expect(changed.body.resp).toMatchObject({ relation: { is_open: false, data: body.relation.data } });
    expect((await admin().get(`/providers/feishu/forms/${body.approval_code}`)).body.relation.isOpen).toBe(
      false,
    );
    const listed = (await admin().get('/lark/approvals?limit=1')).body.resp;
    expect(listed.items).toMatchObject([{ approval_code: body.approval_code }]);
    expect(await admin().put(path, { approval_code: 'another' })).toMatchObject({ status: 400 });
    expect((await admin().delete(path)).body).toEqual({ ...success, resp: {} });
    expect(await admin().get(path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(world.lark.subscribed).not.toContain(body.approval_code);
  });

  it('given nobody’s credential, or a person of the team, then the web API is closed', async () => {
    expect((await world.app.as(null).get('/lark/approvals')).status).toBe(401);
    expect((await world.app.as(null).post('/lark/approvals', configuration())).status).toBe(401);
    expect((await world.app.as(ann).get('/lark/approvals')).status).toBe(403);
  });

  it('given another team, then there is nothing, and no provider for it', async () => {
    const body = configuration();
    await admin().post('/lark/approvals', body);
    const other = world.app.as(rival);
    expect((await other.get('/lark/approvals')).body.resp).toEqual({ items: [], next_cursor: null });
    expect((await other.get(`/lark/approvals/${body.approval_code}`)).status).toBe(404);
    expect((await other.delete(`/lark/approvals/${body.approval_code}`)).status).toBe(404);
    expect((await other.post('/lark/approvals', configuration({ acc_code: 't1' }))).status).toBe(404);
    expect((await world.app.as(root).get('/lark/approvals?acc_code=t1')).body.resp.items).not.toEqual([]);
  });

  it('given several providers of Feishu, then one has to be named', async () => {
    await created(admin(), '/providers', {
      code: 'feishu-2',
      name: '飞书 2',
      kind: 'lark',
      url: world.lark.url,
      lark: world.lark.fields,
    });
    const body = configuration();
    expect(await admin().post('/lark/approvals', body)).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'provider', message: 'is required: there are feishu, feishu-2' }] },
    });
    const made = await admin().post('/lark/approvals', { ...body, provider: 'feishu-2' });
    expect(made.body.resp.provider).toBe('feishu-2');
  });

  it('given one app with which two teams are set up, then each hears of its own approvals, and loses none by the other', async () => {
    const theirs = world.app.as(rival);
    await created(theirs, '/providers', {
      code: 'feishu',
      name: '飞书',
      kind: 'lark',
      url: world.lark.url,
      lark: world.lark.fields,
    });
    const [own, shared] = [configuration(), configuration()];
    expect((await theirs.post('/lark/approvals', own)).status).toBe(200);
    expect((await theirs.post('/lark/approvals', shared)).status).toBe(200);
    expect((await admin().post('/lark/approvals', { ...shared, provider: 'feishu' })).status).toBe(200);
    world.module.behave(({ ticket }) => ({
      status: 200,
      body: { ticket_id: ticket, result: false, error: 'no' },
    }));
    const submitted = apply(world, {
      definition: world.lark.native.definition(own.approval_code),
      secret: '',
    });
    expect(await ended(submitted)).toBe('REJECTED');
    expect((await theirs.delete(`/lark/approvals/${shared.approval_code}`)).status).toBe(200);
    const left = apply(world, { definition: world.lark.native.definition(shared.approval_code), secret: '' });
    expect(await ended(left)).toBe('REJECTED');
    expect(callsAbout(world, 'check', left)).toHaveLength(1);
  });
});
