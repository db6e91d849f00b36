import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BusinessModule, startBusinessModule, verify } from '../support/business-module.js';
import { eventually } from '../support/eventually.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { ann, boss, created, givenFlow } from '../support/world.js';

let app: TestApp;
let receiver: BusinessModule;
let admin: Client;
beforeAll(async () => {
  receiver = await startBusinessModule();
  receiver.behave(() => ({ status: 204 }));
  app = await startApp({ env: { CALLBACK_ALLOWED_HOSTS: '127.0.0.1', SHUTDOWN_TIMEOUT: '1s' } });
  admin = app.as(boss);
});
afterAll(async () => {
  await app.close();
  await receiver.close();
});

describe('a webhook subscription', () => {
  it('should hear of what people do, each once, with what they said', async () => {
    for (const code of ['one', 'two']) {
      expect((await admin.put(`/directory/users/${code}`, { name: code })).status).toBe(200);
    }
    const { businessType } = await givenFlow(app, [{ users: ['one'] }]);
    const events = [
      'step.assigned',
      'order.returned',
      'order.resubmitted',
      'order.reopened',
      'order.urged',
      'order.copied',
      'order.commented',
    ];
    const url = `${receiver.url}/actions`;
    const { secret } = await created(admin, '/subscriptions', {
      name: 'Hook',
      channel: 'webhook',
      events,
      url,
      businessTypes: [businessType],
    });
    const id = String((await created(app.as(ann), '/orders', { businessType })).id);
    const act = async (sub: string, command: string, body: object) => {
      const answer = await app.as({ sub, acc_code: 't1' }).post(`/orders/${id}/${command}`, body);
      expect(answer.status, `${command}: ${JSON.stringify(answer.body)}`).toBe(200);
    };
    await act('ann', 'urge', { auditMsg: 'soon?' });
    await act('ann', 'cc', { userCodes: ['two'] });
    const attachments = [{ name: 'plan.pdf', url: 'https://files.example.com/p.pdf' }];
    await act('two', 'comments', { text: 'nice', attachments });
    await act('one', 'return', { toStep: 0, auditMsg: 'which wood?' });
    await act('ann', 'resubmit', { remark: 'oak' });
    await act('one', 'transfer', { toUserCode: 'two', auditMsg: 'yours' });
    await act('two', 'reject', { auditMsg: 'no' });
    await act('two', 'reopen', { auditMsg: 'yes' });
    const heard = await eventually(
      () => receiver.calls.filter((call) => call.path === '/actions'),
      (calls) => calls.length >= 8,
    );
    await eventually(
      async () => (await admin.get(`/deliveries?orderId=${id}`)).body.items as { state: string }[],
      (items) => items.length > 0 && items.every(({ state }) => state === 'succeeded'),
    );
    const told = heard.map((call) => verify(call, String(secret)) as { type: string; data: object });
    const step = { ticket_id: id, apply_step: 1, reviewer_type: 'user' };
    const expected = [
      { ...step, type: 'order.urged', acted_by: 'ann', audit_msg: 'soon?' },
      { ...step, type: 'order.copied', acted_by: 'ann', user_codes: ['two'] },
      { ...step, type: 'order.commented', acted_by: 'two', text: 'nice', attachments },
      {
        ...step,
        type: 'order.returned',
        apply_status: 'initiating',
        acted_by: 'one',
        audit_msg: 'which wood?',
        to_step: 0,
        to_node_name: null,
        resume: 'again',
      },
      { ticket_id: id, type: 'order.resubmitted', remark: 'oak' },
      { ...step, type: 'step.assigned', acted_by: 'one', audit_msg: 'yours', user_codes: ['two'] },
      { ...step, type: 'order.reopened', apply_status: 'in_review', acted_by: 'two', audit_msg: 'yes' },
      { ...step, type: 'step.assigned', acted_by: 'two', audit_msg: 'yes', user_codes: ['two'] },
    ];
    // They come as they are sent, not in the order of what happened.
    expect(told).toHaveLength(expected.length);
    expect(told.map(({ type, data }) => ({ type, ...data }))).toEqual(
      expect.arrayContaining(expected.map((news) => expect.objectContaining(news))),
    );
  });
});
