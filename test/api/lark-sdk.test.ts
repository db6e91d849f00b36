import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLark, sealLark } from '../../src/providers/lark/lark.crypto.js';
import { type FakeLark, startFakeLark } from '../support/lark/fake-lark.js';
import { seal } from '../support/lark/lark-cipher.js';
import { larkPost } from '../support/lark/lark-events.js';
import { type SdkClient, sdkClient, sdkDecrypt } from '../support/lark/lark-sdk.js';

/** The fake is only worth something if what was written for the real thing works with it. It needs no database. */
describe.runIf(process.env.TEST_DIALECT === 'sqlite')("the vendor's SDK and the fake of Feishu", () => {
  let lark: FakeLark;
  let client: SdkClient;

  beforeAll(async () => {
    lark = await startFakeLark();
    client = sdkClient(lark.app, lark.url);
  });
  afterAll(() => lark.close());

  /** @returns `code` of an answer, however the SDK tells it */
  const codeOf = async (call: Promise<{ readonly code: number }>): Promise<number> => {
    const answer = await call.catch((error: { response: { data: { code: number } } }) => error.response.data);
    return answer.code;
  };

  const reason = (text: string): string =>
    JSON.stringify([{ id: 'widget16510509704570001', type: 'textarea', value: text }]);

  it('given an approval that is created, checked, decided and executed, then every step is told', async () => {
    const { code } = lark.define({});
    lark.people.join('ann-there');
    const definition = await client.approval.v4.approval.get({ path: { approval_code: code } });
    expect(JSON.parse(definition.data.form)[0]).toMatchObject({ name: '申请原因', type: 'textarea' });
    expect(definition.data.node_list.map(({ name }: { name: string }) => name)).toEqual([
      'check_node',
      '审批',
      'execute_node',
    ]);

    const data = { approval_code: code, user_id: 'ann-there', form: reason('wants in'), uuid: 'Order-1' };
    const { data: created } = await client.approval.v4.instance.create({ data });
    const path = { instance_id: created.instance_code };
    const seen = await client.approval.v4.instance.get({ path });
    expect(seen.data).toMatchObject({ status: 'PENDING', uuid: 'Order-1', user_id: 'ann-there' });
    expect(seen.data.task_list).toMatchObject([
      { node_name: 'check_node', status: 'PENDING', end_time: '0' },
    ]);

    const decide = async (userId: string) => {
      const [task] = lark.waiting(created.instance_code);
      const body = { approval_code: code, instance_code: created.instance_code, task_id: task?.id };
      const params = { user_id_type: 'user_id' };
      return client.approval.v4.task.approve({ params, data: { ...body, user_id: userId, comment: 'ok' } });
    };
    expect(await codeOf(decide('lee'))).toBe(1390009);
    expect(await codeOf(decide('assistant'))).toBe(0);
    expect(await codeOf(decide('lee'))).toBe(0);
    expect(await codeOf(decide('assistant'))).toBe(0);
    const { data: after } = await client.approval.v4.instance.get({ path: { instance_id: 'ORDER-1' } });
    expect(after).toMatchObject({ status: 'APPROVED', instance_code: created.instance_code });
    expect(after.timeline.map(({ type }: { type: string }) => type)).toEqual([
      'START',
      'PASS',
      'PASS',
      'PASS',
    ]);
  });

  it('given the same uuid twice, a task decided twice, and codes nobody knows, then the documented errors', async () => {
    const { code } = lark.define({ nodes: [{ name: '审批', approvers: ['lee'] }] });
    const data = { approval_code: code, user_id: 'ann-there', form: reason('once'), uuid: 'order-2' };
    const { data: created } = await client.approval.v4.instance.create({ data });
    expect(await codeOf(client.approval.v4.instance.create({ data }))).toBe(60012);
    const [task] = lark.waiting(created.instance_code);
    const rejecting = {
      params: { user_id_type: 'user_id' },
      data: { approval_code: code, instance_code: created.instance_code, task_id: task?.id, user_id: 'lee' },
    };
    expect(await codeOf(client.approval.v4.task.reject(rejecting))).toBe(0);
    expect(await codeOf(client.approval.v4.task.reject(rejecting))).toBe(1390010);
    expect(await codeOf(client.approval.v4.instance.get({ path: { instance_id: 'nothing' } }))).toBe(1390003);
    const unknown = { ...data, uuid: 'order-3', approval_code: 'nothing' };
    expect(await codeOf(client.approval.v4.instance.create({ data: unknown }))).toBe(1390002);
    const nobody = { ...data, uuid: 'order-4', user_id: 'nobody' };
    expect(await codeOf(client.approval.v4.instance.create({ data: nobody }))).toBe(1390004);
    const empty = { ...data, uuid: 'order-5', form: '[]' };
    expect(await codeOf(client.approval.v4.instance.create({ data: empty }))).toBe(1390001);
    const params = { approval_code: code, start_time: '1', end_time: '9999999999999', page_size: 10 };
    const { data: list } = await client.approval.v4.instance.list({ params });
    expect(list).toEqual({
      instance_code_list: [created.instance_code],
      has_more: false,
      page_token: '',
    });
  });

  it('given a subscription, then once is enough, and the SDK reads the events that the fake sends', async () => {
    const { code } = lark.define({});
    const path = { approval_code: code };
    lark.act.submit(code, 'ann-there', { 申请原因: 'before anybody listens' });
    expect(await codeOf(client.approval.v4.approval.subscribe({ path }))).toBe(0);
    expect(await codeOf(client.approval.v4.approval.subscribe({ path }))).toBe(1390007);
    lark.act.submit(code, 'ann-there', { 申请原因: 'now they do' });
    expect(lark.events.sent.map(({ type, status }) => `${type} ${status}`)).toEqual([
      'approval_instance PENDING',
      'approval_task PENDING',
    ]);
    const [event] = lark.events.sent;
    const { body } = larkPost(lark.app, event?.payload ?? {});
    const { encrypt } = JSON.parse(body) as { readonly encrypt: string };
    expect(JSON.parse(sdkDecrypt(encrypt, lark.app.encryptKey))).toEqual(event?.payload);
    expect(await codeOf(client.approval.v4.approval.unsubscribe({ path }))).toBe(0);
  });

  it('given any text and key, then the SDK opens what we seal, and we open what the fake seals', () => {
    const vector = 'P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=';
    expect(sdkDecrypt(vector, 'test key')).toBe(openLark(vector, 'test key'));
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ minLength: 1 }), (text, key) => {
        expect(sdkDecrypt(sealLark(text, key), key)).toBe(text);
        expect(openLark(seal(text, key), key)).toBe(text);
      }),
    );
  });

  it('given an approval that lives elsewhere, then it is shown, and replaced by the next sync', async () => {
    const external = {
      support_pc: true,
      action_callback_url: 'http://127.0.0.1:9/actions',
      action_callback_token: 'token',
    };
    const texts = [{ key: '@i18n@name', value: '采购' }];
    const i18n = [{ locale: 'zh-CN', is_default: true, texts }];
    const defining = {
      approval_name: '@i18n@name',
      approval_code: 'purchase',
      external,
      i18n_resources: i18n,
    };
    const made = await client.approval.v4.externalApproval.create({ data: defining });
    const again = await client.approval.v4.externalApproval.create({ data: defining });
    expect(again.data.approval_code).toBe(made.data.approval_code);
    expect(made.data.approval_code).not.toBe('purchase');
    const task = {
      task_id: 'task-1',
      user_id: 'lee',
      links: { pc_link: 'https://example.com/orders/1' },
      status: 'PENDING',
      create_time: '1700000000000',
      end_time: '0',
    };
    const sync = (more: object) =>
      client.approval.v4.externalInstance.create({
        data: {
          approval_code: made.data.approval_code,
          instance_id: 'order-1',
          status: 'PENDING',
          links: { pc_link: 'https://example.com/orders/1' },
          title: '@i18n@name',
          user_id: 'ann-there',
          start_time: '1700000000000',
          end_time: '0',
          update_time: '1700000000000',
          i18n_resources: i18n,
          task_list: [task],
          ...more,
        },
      });
    expect(await codeOf(sync({}))).toBe(0);
    expect(lark.external.todo('lee')).toEqual(['order-1/task-1']);
    expect(await lark.external.press('order-1', 'task-1', 'APPROVE')).toBeNull();
    expect(await codeOf(sync({ update_mode: 'UPDATE', task_list: [{ ...task, status: 'DONE' }] }))).toBe(0);
    expect(lark.external.todo('lee')).toEqual(['order-1/task-1']);
    expect(await codeOf(sync({ task_list: [{ ...task, status: 'DONE' }] }))).toBe(0);
    expect(lark.external.todo('lee')).toEqual([]);
    lark.external.cooldown = 60_000;
    expect(await codeOf(sync({}))).toBe(1390014);
    lark.external.cooldown = 0;
    expect(await codeOf(sync({ links: {} }))).toBe(1390001);
  });

  it('given a message to a person, then it arrives once, and its content is a text that holds JSON', async () => {
    const data = { receive_id: 'lee', msg_type: 'text', content: '{"text":"hello"}', uuid: 'message-1' };
    const params = { receive_id_type: 'user_id' };
    expect(await codeOf(client.im.v1.message.create({ params, data }))).toBe(0);
    expect(await codeOf(client.im.v1.message.create({ params, data }))).toBe(0);
    expect(lark.messages.of('lee')).toMatchObject([{ type: 'text', content: { text: 'hello' } }]);
    expect(await codeOf(client.im.v1.message.create({ params, data: { ...data, content: 'hello' } }))).toBe(
      230001,
    );
  });

  it('given tokens that ended, no scope, or a wrong secret, then the gateway says so', async () => {
    const { code } = lark.define({});
    const get = (one: SdkClient) => codeOf(one.approval.v4.approval.get({ path: { approval_code: code } }));
    expect(await get(client)).toBe(0);
    lark.access.scopes.delete('approval:approval');
    lark.access.scopes.delete('approval:approval:readonly');
    lark.access.scopes.delete('approval:definition');
    expect(await get(client)).toBe(99991672);
    for (const scope of ['approval:approval', 'approval:approval:readonly', 'approval:definition']) {
      lark.access.scopes.add(scope);
    }
    const issued = lark.access.issued;
    lark.access.expire();
    // The SDK fetches a new one by itself, or tells: either way the old one counts no more.
    const after = await get(client);
    expect(after === 99991663 || lark.access.issued === issued + 1).toBe(true);
    const wrong = sdkClient({ ...lark.app, appSecret: 'wrong' }, lark.url);
    await expect(wrong.approval.v4.approval.get({ path: { approval_code: code } })).rejects.toThrow('10014');
  });
});
