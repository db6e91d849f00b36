import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  agree,
  answerStatus,
  type BusinessModule,
  inTurn,
  type ReceivedCall,
  verify,
} from '../support/business-module.js';
import {
  type CallbackWorld,
  deliveryOf,
  executing,
  givenType,
  opened,
  orderIn,
  orderOf,
  startCallbackWorld,
} from '../support/callbacks.js';
import type { TestApp } from '../support/harness.js';
import { ann, bob, boss } from '../support/world.js';

let world: CallbackWorld;
let app: TestApp;
let module: BusinessModule;
beforeAll(async () => {
  world = await startCallbackWorld();
  ({ app, module } = world);
});
afterAll(() => world.close());

/** Has an order of bob's executed. @returns the calls that this took */
async function executed(code: string, order: object = {}): Promise<[ReceivedCall, ...ReceivedCall[]]> {
  const id = await executing(app, code, order);
  await orderIn(app, id, 'completed');
  const [first, ...more] = module.callsOf('execute', id);
  if (!first) throw new Error('not called');
  return [first, ...more];
}

describe('the body of a callback', () => {
  it('should be what the contract lists, and nothing else', async () => {
    module.behave(agree);
    const { code } = await givenType(app, {
      checkUrl: module.checkUrl,
      executeUrl: module.executeUrl,
      fieldMapping: { amount: 'total_amount' },
    });
    const variables = { amount: 12_800, nested: { list: [1, null, 'x'], flag: false } };
    const order = { businessKey: 'EXP-2026-0042', title: '导出十月订单', remark: 'bitte', variables };
    const id = await opened(app, ann, code, order);
    const { createTime } = (await orderIn(app, id, 'in_review')) as unknown as { createTime: string };
    await app.as(bob).post(`/orders/${id}/approve`, {});
    await orderIn(app, id, 'completed');
    const data = {
      ticket_id: id,
      business_type: code,
      business_key: 'EXP-2026-0042',
      acc_code: 't1',
      user_code: 'ann',
      title: '导出十月订单',
      remark: 'bitte',
      variables,
      fields: { total_amount: 12_800, nested: variables.nested },
    };
    const [[check], [execute]] = [module.callsOf('check', id), module.callsOf('execute', id)];
    expect(check?.body).toEqual({
      type: 'order.check',
      timestamp: createTime,
      data: { ...data, apply_status: 'initiating' },
    });
    expect(execute?.body).toEqual({
      type: 'order.execute',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      data: { ...data, apply_status: 'executing' },
    });
    expect(check?.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'countersign' });
  });

  it('should say null for what an order does not have', async () => {
    module.behave(agree);
    const { code } = await givenType(app, { executeUrl: module.executeUrl });
    for (const order of [{}, { businessKey: null, title: null, remark: null }]) {
      const [{ body }] = await executed(code, order);
      expect(body.data).toMatchObject({ business_key: null, title: null, remark: null });
      expect(body.data).toMatchObject({ variables: {}, fields: {} });
    }
  });

  it('should carry text of every kind unchanged', async () => {
    module.behave(agree);
    const { code, secret } = await givenType(app, { executeUrl: module.executeUrl });
    const variables = {
      '金额 (元)': '￥１２,８００。',
      'família 👨‍👩‍👧‍👦': '\u{1F1E9}\u{1F1EA} e\u0301 ≠ é \u202Eright to left\u202C',
      quotes: `"double" 'single' \\ \\u0041 </script> \u2028\u2029 \t\r\n \u0001 \u007F \uFEFF\uFFFF`,
      toString: 'a name that objects have anyway',
      '': 'no name',
      numbers: [0.1, 1e21, -0.5, Number.MAX_SAFE_INTEGER],
    };
    const [call] = await executed(code, { title: '𠮷野家 🍚', variables });
    expect(call.body.data.variables).toEqual(variables);
    expect(call.body.data.title).toBe('𠮷野家 🍚');
    verify(call, secret);
  });

  it('should carry variables of 60,000 bytes', async () => {
    module.behave(agree);
    const { code, secret } = await givenType(app, { executeUrl: module.executeUrl });
    const variables = { long: '审'.repeat((60_000 - '{"long":""}'.length) / 3) };
    expect(Buffer.byteLength(JSON.stringify(variables))).toBeGreaterThan(59_997);
    const [call] = await executed(code, { variables });
    expect(call.body.data.variables).toEqual(variables);
    verify(call, secret);
  });
});

describe('the fields of a callback', () => {
  const variables = { 金额: 5, 部门: '财务部', kept: true, ticket_id: 'my own' };
  it.each([
    [
      'names in Chinese, both ways',
      { 金额: 'amount', kept: '保留' },
      { amount: 5, 部门: '财务部', 保留: true, ticket_id: 'my own' },
    ],
    ['names that no variable has', { nothing: 'something' }, variables],
    [
      'two names that change places',
      { 金额: '部门', 部门: '金额' },
      { ...variables, 金额: '财务部', 部门: 5 },
    ],
    [
      'a name that another variable has, which gives way',
      { 金额: 'kept' },
      { 部门: '财务部', kept: 5, ticket_id: 'my own' },
    ],
    [
      'names that objects have anyway',
      { 金额: 'toString', 部门: 'constructor' },
      { toString: 5, constructor: '财务部', kept: true, ticket_id: 'my own' },
    ],
  ])('should follow a mapping of %s', async (_, fieldMapping, fields) => {
    module.behave(agree);
    const { code } = await givenType(app, { executeUrl: module.executeUrl, fieldMapping });
    const [{ body }] = await executed(code, { variables });
    expect(body.data.fields).toEqual(fields);
    expect(body.data.variables).toEqual(variables);
  });

  it('should be all that the format lark-ticket sends, beside the ticket', async () => {
    module.behave(agree);
    const { code, secret } = await givenType(app, {
      executeUrl: module.executeUrl,
      format: 'lark-ticket',
      fieldMapping: { 金额: 'amount' },
    });
    const [call] = await executed(code, { title: 'not sent', variables });
    // a variable of that name does not hide which order it is
    expect(call.body).toEqual({ amount: 5, 部门: '财务部', kept: true, ticket_id: call.ticket });
    expect(await orderOf(app, call.ticket)).toMatchObject({ applyStatus: 'completed' });
    verify(call, secret);
  });
});

describe('the headers of a callback', () => {
  it('should name the delivery on every attempt, and sign the same body anew', async () => {
    // given a module that fails twice, the second time after more than a second
    const late = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1_050));
      return { status: 500 };
    };
    module.behave(inTurn(answerStatus(500), late, agree));
    const { code, secret } = await givenType(app, { executeUrl: module.executeUrl });
    const calls = await executed(code, { variables: { a: 1 } });
    expect(calls).toHaveLength(3);
    const [first] = calls;
    const delivery = await deliveryOf(app, first.ticket, 'execute');
    for (const call of calls) {
      expect(call.id).toBe(delivery.id);
      expect(call.raw).toBe(first.raw);
      // the reference implementation refuses what is more than five minutes old
      verify(call, secret);
    }
    const [signedAt, , signedLater] = calls.map((call) => Number(call.headers['webhook-timestamp']));
    expect(signedLater).toBeGreaterThan(Number(signedAt));
  });

  it('should hold a signature that belongs to this body, this id and this secret', async () => {
    module.behave(agree);
    const { code, secret } = await givenType(app, { executeUrl: module.executeUrl });
    const stranger = await givenType(app);
    const [call] = await executed(code);
    const refusal = 'No matching signature';
    expect(() => verify(call, stranger.secret)).toThrow(refusal);
    expect(() => verify({ ...call, raw: call.raw.replace('true', 'false ') + ' ' }, secret)).toThrow(refusal);
    const { headers } = call;
    expect(() => verify({ ...call, headers: { ...headers, 'webhook-id': 'other' } }, secret)).toThrow(
      refusal,
    );
  });

  it('should hold two signatures while a secret is replaced', async () => {
    module.behave(agree);
    const { code, secret: old } = await givenType(app, { executeUrl: module.executeUrl });
    const rotated = await app.as(boss).post(`/business-types/${code}/rotate-secret`, { overlap: '1h' });
    const [during] = await executed(code);
    for (const secret of [old, String(rotated.body.secret)]) verify(during, secret);
    const ended = await app.as(boss).post(`/business-types/${code}/rotate-secret`, { overlap: '0s' });
    const [after] = await executed(code);
    verify(after, String(ended.body.secret));
    for (const secret of [old, String(rotated.body.secret)]) expect(() => verify(after, secret)).toThrow();
  });
});
