import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { OutboxService } from '../../src/outbox/outbox.service.js';
import {
  answerStatus,
  type BusinessModule,
  type ReceivedCall,
  startBusinessModule,
} from '../support/business-module.js';
import { eventually } from '../support/eventually.js';
import { startApp, type TestApp, type TestUser } from '../support/harness.js';
import { type MailServer, startMailServer } from '../support/smtp.js';
import { ann, boss, created, givenFlow, rival, root } from '../support/world.js';

let app: TestApp;
let receiver: BusinessModule;
let party: BusinessModule;
let mailServer: MailServer;
beforeAll(async () => {
  [receiver, party, mailServer] = [
    await startBusinessModule(answerStatus(200)),
    await startBusinessModule(answerStatus(503)),
    await startMailServer(),
  ];
  app = await startApp({
    env: {
      CALLBACK_ALLOWED_HOSTS: '127.0.0.1',
      CALLBACK_RETRY_SCHEDULE: '50ms',
      CALLBACK_TIMEOUT: '5s',
      SHUTDOWN_TIMEOUT: '1s',
      SMTP_URL: mailServer.url,
      MAIL_FROM: 'approvals@countersign.example',
    },
  });
  const provider = { code: 'oa', name: 'OA', url: `${party.url}/oa` };
  await created(app.as(boss), '/providers', provider);
});
afterAll(async () => {
  await app.close();
  await receiver.close();
  await party.close();
  await mailServer.close();
});

let made = 0;

/** Subscribes somebody to parked deliveries, at an address of its own. @returns its path */
async function listening(user: TestUser, more: object = {}, path = `/listener-${++made}`): Promise<string> {
  await created(app.as(user), '/subscriptions', {
    name: path,
    channel: 'webhook',
    events: ['delivery.parked'],
    url: `${receiver.url}${path}`,
    ...more,
  });
  return path;
}

const heardAt = (path: string): ReceivedCall[] => receiver.calls.filter((call) => call.path === path);

/** What is heard at an address, once it is so much. */
const heard = (path: string, count = 1): Promise<ReceivedCall[]> =>
  eventually(
    () => heardAt(path),
    (calls) => calls.length >= count,
  );

/** An order whose provider does not take it. @returns its id, and its business type */
async function refusedOutside(): Promise<{ readonly orderId: string; readonly businessType: string }> {
  const businessType = `outside-${++made}`;
  await created(app.as(boss), '/business-types', { code: businessType, name: 'x', provider: 'oa' });
  const order = await created(app.as(ann), '/orders', { businessType, title: 'A desk' });
  return { orderId: String(order.id), businessType };
}

/** A delivery that is parked at once, since its provider does not exist. */
const parkedEvent = (accCode: string | null): Promise<void> =>
  app.get(UnitOfWork).run((tx) =>
    app.get(OutboxService).enqueue(tx, [
      {
        topic: 'provider.event',
        orderId: '',
        accCode,
        cause: `cause-${++made}`,
        target: `p:${made}`,
        payload: { providerId: 'gone', event: {} },
        time: new Date(),
      },
    ]),
  );

/** Until nothing waits any more. */
const allQuiet = (): Promise<unknown> =>
  eventually(
    () => app.database.rows("SELECT topic FROM dms_s_apply_delivery WHERE state IN ('pending', 'sending')"),
    (rows) => rows.length === 0,
  );

describe('a parked delivery', () => {
  it('given an order that its provider does not take, then the team and the platform hear of it, and what to do', async () => {
    const [team, house, others] = [await listening(boss), await listening(root), await listening(rival)];
    const { orderId, businessType } = await refusedOutside();
    for (const path of [team, house]) {
      const [call] = await heard(path);
      expect(call?.body).toEqual({
        type: 'delivery.parked',
        timestamp: expect.any(String) as string,
        data: {
          ticket_id: orderId,
          business_type: businessType,
          business_key: null,
          acc_code: 't1',
          user_code: 'ann',
          apply_status: 'in_review',
          title: 'A desk',
          delivery_id: expect.any(String) as string,
          topic: 'order.outside',
          error: expect.stringContaining('503') as string,
          what_to_do: expect.stringMatching(/redeliver.*decides the order here/) as string,
        },
      });
    }
    const [call] = heardAt(team);
    const shown = await app.as(boss).get(`/deliveries/${call?.body.data.delivery_id}`);
    expect(shown.body).toMatchObject({ topic: 'order.outside', state: 'failed', orderId });
    await allQuiet();
    expect([heardAt(team), heardAt(house), heardAt(others)].map(({ length }) => length)).toEqual([1, 1, 0]);
  });

  it('given it is redelivered and parked once more, then it is told once more', async () => {
    const path = await listening(boss);
    await refusedOutside();
    const [call] = await heard(path);
    await app.as(boss).post(`/deliveries/${call?.body.data.delivery_id}/redeliver`);
    const [, again] = await heard(path, 2);
    expect(again?.body.data.delivery_id).toBe(call?.body.data.delivery_id);
    expect(again?.id).not.toBe(call?.id);
  });

  it('given the applicant is to be written to, then they read why nothing happens', async () => {
    const address = 'ann@example.com';
    await app.as(boss).put('/directory/users/ann', { name: 'Ann', email: address });
    const to = ['applicant'];
    await created(app.as(boss), '/subscriptions', {
      name: 'Applicants',
      channel: 'email',
      events: ['delivery.parked'],
      to,
    });
    await refusedOutside();
    const [mail] = await eventually(
      () => mailServer.mailsTo(address),
      (mails) => mails.length > 0,
    );
    expect(mail?.headers.subject).toBe('投递已停止：A desk');
    expect(mail?.text).toContain('投递类型：order.outside');
    expect(mail?.text).toContain('处理方法：检查审批提供方');
  });

  it('given it belongs to no order, then its team and the platform hear of it, or the platform alone', async () => {
    const [team, house, others] = [await listening(boss), await listening(root), await listening(rival)];
    const narrow = await listening(boss, { businessTypes: ['outside-1'] });
    await parkedEvent('t1');
    const [call] = await heard(team);
    expect(call?.body.data).toEqual({
      ticket_id: null,
      business_type: null,
      business_key: null,
      acc_code: 't1',
      user_code: null,
      apply_status: null,
      title: null,
      delivery_id: expect.any(String) as string,
      topic: 'provider.event',
      error: 'the provider is gone',
      what_to_do: expect.any(String) as string,
    });
    await heard(house);
    await parkedEvent(null);
    await heard(house, 2);
    await allQuiet();
    expect(heardAt(team)).toHaveLength(1);
    expect([...heardAt(others), ...heardAt(narrow)]).toEqual([]);
  });

  it('given news that do not arrive, then they are no news', async () => {
    const dead = '/dead';
    receiver.behave((call) => ({ status: call.path === dead ? 410 : 200 }));
    await listening(boss, {}, dead);
    const alive = await listening(boss);
    await parkedEvent('t1');
    await heard(alive);
    await allQuiet();
    expect(heardAt(dead)).toHaveLength(1);
    expect(heardAt(alive)).toHaveLength(1);
  });

  it('given a callback, then its order tells of it, once, as ever', async () => {
    const path = await listening(boss);
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }], { executeUrl: `${party.url}/gone` });
    const { id } = await created(app.as(ann), '/orders', { businessType });
    await app.as({ sub: 'bob', acc_code: 't1' }).post(`/orders/${id}/approve`, {});
    const [call] = await heard(path);
    expect(call?.body.data).toMatchObject({ ticket_id: id, callback: 'execute' });
    expect(call?.body.data).not.toHaveProperty('topic');
    await allQuiet();
    expect(heardAt(path)).toHaveLength(1);
  });
});
