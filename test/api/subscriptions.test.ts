import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Sealer } from '../../src/config/sealer.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { noticeTypes } from '../../src/notifications/notice.js';
import { type BusinessModule, startBusinessModule, verify } from '../support/business-module.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { type MailServer, startMailServer } from '../support/smtp.js';
import { ann, boss, created, rival, root } from '../support/world.js';

let app: TestApp;
let receiver: BusinessModule;
let mailServer: MailServer;
let admin: Client;
let other: Client;
let system: Client;
beforeAll(async () => {
  [receiver, mailServer] = [await startBusinessModule(), await startMailServer()];
  app = await startApp({
    env: {
      CALLBACK_ALLOWED_HOSTS: '127.0.0.1',
      CALLBACK_TIMEOUT: '5s',
      SMTP_URL: mailServer.url,
      MAIL_FROM: 'Countersign 审批 <approvals@countersign.example>',
    },
  });
  [admin, other, system] = [app.as(boss), app.as(rival), app.as(root)];
});
afterAll(async () => {
  await app.close();
  await receiver.close();
  await mailServer.close();
});

const hook = 'http://127.0.0.1:9/hook';
const webhook = (more: object = {}) => ({
  name: 'Hook',
  channel: 'webhook',
  events: ['order.opened'],
  url: hook,
  ...more,
});
const email = (more: object = {}) => ({
  name: 'Mail',
  channel: 'email',
  events: ['step.in_review'],
  to: ['reviewers'],
  ...more,
});
const idOf = async (client: Client, body: object): Promise<string> =>
  String((await created(client, '/subscriptions', body)).id);
const columnsOf = async (id: string) => {
  const [row] = await app.database.rows<{ scope: string; sealed: string | null; previous: string | null }>(
    `SELECT scope, sealed_secret AS sealed, sealed_previous_secret AS previous
       FROM dms_s_apply_subscription WHERE id = ?`,
    [id],
  );
  return row;
};
const namesOf = async (client: Client, query = ''): Promise<string[]> =>
  (await client.get(`/subscriptions?limit=100${query}`)).body.items.map(
    (item: { name: string }) => item.name,
  );

describe('POST /subscriptions', () => {
  it('should make a webhook of the team and show its secret this once', async () => {
    const body = webhook({ events: ['order.opened', 'delivery.parked'], businessTypes: ['a', '采购'] });
    const answer = await admin.post('/subscriptions', body);
    expect(answer.status).toBe(201);
    const { secret, ...view } = answer.body as Record<string, unknown>;
    expect(view).toEqual({
      ...body,
      provider: null,
      id: expect.any(String),
      accCode: 't1',
      to: null,
      language: null,
      active: true,
      createTime: expect.any(String),
      updateTime: expect.any(String),
    });
    expect(Buffer.from(String(secret).replace('whsec_', ''), 'base64')).toHaveLength(32);
    expect((await admin.get(`/subscriptions/${String(view.id)}`)).body).toEqual(view);
    expect(JSON.stringify((await admin.get('/subscriptions')).body)).not.toContain('whsec_');
  });

  it('should take every event that there is, as the documentation of the API lists them', async () => {
    const document = (await (await fetch(`${app.url}/docs-json`)).json()) as {
      components: {
        schemas: { CreateSubscription: { properties: { events: { items: { enum: string[] } } } } };
      };
    };
    const events = document.components.schemas.CreateSubscription.properties.events.items.enum;
    expect(events).toEqual([...noticeTypes]);
    expect(await created(admin, '/subscriptions', webhook({ events }))).toMatchObject({ events });
  });

  it('should store the secret sealed, for this subscription only', async () => {
    const made = await created(admin, '/subscriptions', webhook());
    const sealed = (await columnsOf(String(made.id)))?.sealed ?? '';
    const sealer = app.get(Sealer);
    expect(sealer.open(sealed, `subscription/t1/${String(made.id)}`)).toBe(made.secret);
    expect(() => sealer.open(sealed, 'subscription/t1/another')).toThrow(/authenticate/);
  });

  it('should make an e-mail subscription without a secret, in Chinese unless told otherwise', async () => {
    const body = email({ to: ['reviewers', 'applicant', 'copied', 'audit@example.com'] });
    expect(await created(admin, '/subscriptions', body)).toMatchObject({
      ...body,
      url: null,
      language: 'zh',
      secret: null,
      businessTypes: null,
    });
    expect(await created(admin, '/subscriptions', email({ language: 'en', active: false }))).toMatchObject({
      language: 'en',
      active: false,
    });
  });

  it("should make the platform's for a system administrator, or that of the team named", async () => {
    expect(await created(system, '/subscriptions', webhook())).toMatchObject({ accCode: null });
    expect(await created(system, '/subscriptions', webhook({ accCode: 't2' }))).toMatchObject({
      accCode: 't2',
    });
  });

  it('should answer an Idempotency-Key with the same subscription, and store the answer sealed', async () => {
    const headers = { 'idempotency-key': 'subscription-1' };
    const first = await admin.post('/subscriptions', webhook(), headers);
    const second = await admin.post('/subscriptions', webhook(), headers);
    expect([second.status, second.body]).toEqual([201, first.body]);
    const [row] = await app.database.rows<{ answer: string }>(
      "SELECT answer FROM dms_s_apply_idempotency WHERE idempotency_key = 'subscription-1'",
    );
    expect(row?.answer).not.toContain('whsec_');
  });

  it.each([
    ['no name', webhook({ name: undefined }), 'name'],
    ['a name of 129 characters', webhook({ name: 'n'.repeat(129) }), 'name'],
    ['an unknown channel', webhook({ channel: 'sms' }), 'channel'],
    ['no events', webhook({ events: [] }), 'events'],
    ['events that are a text', webhook({ events: 'order.opened' }), 'events'],
    ['an unknown event', webhook({ events: ['order.opened', 'order.deleted'] }), 'events'],
    ['the same event twice', webhook({ events: ['order.opened', 'order.opened'] }), 'events'],
    ['an event with a comma', webhook({ events: ['order.opened,order.completed'] }), 'events'],
    ['no business types', webhook({ businessTypes: [] }), 'businessTypes'],
    ['a business type with a comma', webhook({ businessTypes: ['a,b'] }), 'businessTypes'],
    ['a webhook without an address', webhook({ url: undefined }), 'url'],
    ['an address that is null', webhook({ url: null }), 'url'],
    ['an address of another scheme', webhook({ url: 'ftp://127.0.0.1/' }), 'url'],
    ['an address with a password', webhook({ url: 'http://u:p@127.0.0.1/' }), 'url'],
    ['an address inside the house', webhook({ url: 'http://10.0.0.1/hook' }), 'url'],
    ['the address of cloud metadata', webhook({ url: 'http://169.254.169.254/latest' }), 'url'],
    ['a webhook with recipients', webhook({ to: ['reviewers'] }), 'to'],
    ['a webhook with a language', webhook({ language: 'en' }), 'language'],
    ['e-mail without recipients', email({ to: undefined }), 'to'],
    ['e-mail to nobody', email({ to: [] }), 'to'],
    ['e-mail to somebody unknown', email({ to: ['everybody'] }), 'to'],
    ['e-mail to two in one', email({ to: ['a@example.com, b@example.com'] }), 'to'],
    ['e-mail to the same twice', email({ to: ['applicant', 'applicant'] }), 'to'],
    ['e-mail with a header', email({ to: ['a@example.com\r\nBcc: b@example.com'] }), 'to'],
    ['e-mail to 51', email({ to: Array.from({ length: 51 }, (_, i) => `a${i}@example.com`) }), 'to'],
    ['e-mail with an address', email({ url: hook }), 'url'],
    ['e-mail in an unknown language', email({ language: 'fr' }), 'language'],
    ['a secret of its own', webhook({ secret: 'whsec_x' }), 'secret'],
    ['an unknown field', webhook({ colour: 'red' }), 'colour'],
  ])('should refuse %s', async (_what, body, field) => {
    const before = (await namesOf(admin)).length;
    const answer = await admin.post('/subscriptions', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toEqual([field]);
    expect(await namesOf(admin)).toHaveLength(before);
  });

  it('should take everything at its limit', async () => {
    const addresses = Array.from({ length: 50 }, (_, i) => `${'a'.repeat(60)}${i}@${'b'.repeat(60)}.example`);
    expect(
      await created(admin, '/subscriptions', email({ name: '名'.repeat(128), to: addresses })),
    ).toMatchObject({ to: addresses });
    const businessTypes = Array.from({ length: 100 }, (_, i) =>
      `业${String(i).padStart(3, '0')}`.padEnd(125, '务'),
    );
    const body = webhook({ url: `http://127.0.0.1/${'p'.repeat(2031)}`, businessTypes });
    const { id } = await created(admin, '/subscriptions', body);
    expect((await admin.get(`/subscriptions/${String(id)}`)).body).toMatchObject(body);
  });

  it('should refuse e-mail, naming SMTP_URL, when there is no mail server', async () => {
    const bare = await startApp();
    try {
      const answer = await bare.as(boss).post('/subscriptions', email());
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'channel' }] } });
      expect(answer.body.detail).toContain('SMTP_URL');
    } finally {
      await bare.close();
    }
  });

  it('should be for administrators of the team', async () => {
    expect((await app.as(ann).post('/subscriptions', webhook())).body.code).toBe('forbidden');
    expect((await app.as(ann).get('/subscriptions')).body.code).toBe('forbidden');
    expect((await app.as(null).get('/subscriptions')).body.code).toBe('unauthenticated');
    expect((await admin.post('/subscriptions', webhook({ accCode: 't2' }))).status).toBe(404);
    expect((await admin.get('/subscriptions?accCode=t2')).status).toBe(404);
  });
});

describe('GET /subscriptions', () => {
  it("should show a team its own, and system administrators everybody's", async () => {
    await created(admin, '/subscriptions', webhook({ name: 'list-t1' }));
    await created(other, '/subscriptions', webhook({ name: 'list-t2' }));
    await created(system, '/subscriptions', webhook({ name: 'list-platform' }));
    const listed = async (client: Client, query = '') =>
      (await namesOf(client, query)).filter((name) => name.startsWith('list-'));
    expect(await listed(admin)).toEqual(['list-t1']);
    expect(await listed(other)).toEqual(['list-t2']);
    expect(await listed(system)).toEqual(['list-platform', 'list-t2', 'list-t1']);
    expect(await listed(system, '&accCode=t1')).toEqual(['list-t1']);
  });

  it('should answer in pages', async () => {
    const all = await namesOf(admin);
    const paged: string[] = [];
    let cursor = '';
    do {
      const { body } = await admin.get(`/subscriptions?limit=4${cursor && `&cursor=${cursor}`}`);
      paged.push(...body.items.map((item: { name: string }) => item.name));
      cursor = body.nextCursor;
    } while (cursor);
    expect(paged).toEqual(all);
    expect(await admin.get('/subscriptions?cursor=nonsense')).toMatchObject({ status: 400 });
  });
});

describe('/subscriptions/{id}', () => {
  it("should not know another team's, nor show a team the platform's", async () => {
    const hidden = [
      await idOf(other, webhook()),
      await idOf(system, webhook()),
      await idOf(system, webhook({ accCode: 't2' })),
      '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30',
    ];
    for (const id of hidden) {
      for (const answer of [
        await admin.get(`/subscriptions/${id}`),
        await admin.patch(`/subscriptions/${id}`, { name: 'mine' }),
        await admin.delete(`/subscriptions/${id}`),
        await admin.post(`/subscriptions/${id}/rotate-secret`),
        await admin.post(`/subscriptions/${id}/test`),
      ]) {
        expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
      }
    }
    for (const id of hidden.slice(0, 3)) {
      expect((await system.get(`/subscriptions/${id}`)).body.name).toBe('Hook');
    }
  });

  it('should change what is given and leave the rest', async () => {
    const made = await created(admin, '/subscriptions', webhook({ businessTypes: ['a'] }));
    const { secret: _secret, updateTime: _time, ...before } = made;
    const path = `/subscriptions/${String(made.id)}`;
    const change = { name: 'New', events: ['order.completed', 'order.rejected'], active: false };
    expect(await admin.patch(path, change)).toMatchObject({ status: 200, body: { ...before, ...change } });
    const more = { url: 'http://127.0.0.1:9/elsewhere', businessTypes: null, active: true };
    expect((await admin.patch(path, more)).body).toMatchObject({ ...before, ...change, ...more });
    expect((await admin.get(path)).body).toMatchObject({ ...before, ...change, ...more });

    const mail = await idOf(admin, email());
    const changed = await system.patch(`/subscriptions/${mail}`, { to: ['applicant'], language: 'en' });
    expect(changed.body).toMatchObject({ to: ['applicant'], language: 'en', name: 'Mail' });
  });

  it.each([
    ['a null name', webhook(), { name: null }],
    ['a null address', webhook(), { url: null }],
    ['null events', webhook(), { events: null }],
    ['a null switch', webhook(), { active: null }],
    ['an unknown event', webhook(), { events: ['order.lost'] }],
    ['an address inside the house', webhook(), { url: 'http://192.168.0.1/' }],
    ['another channel', webhook(), { channel: 'email' }],
    ['another team', webhook(), { accCode: 't2' }],
    ['recipients of a webhook', webhook(), { to: ['applicant'] }],
    ['the language of a webhook', webhook(), { language: 'en' }],
    ['the address of an e-mail', email(), { url: hook }],
    ['the recipients to nobody', email(), { to: [] }],
  ])('should refuse to change %s', async (_what, body, change) => {
    const id = await idOf(admin, body);
    const before = (await admin.get(`/subscriptions/${id}`)).body;
    expect(await admin.patch(`/subscriptions/${id}`, change)).toMatchObject({
      status: 400,
      body: { code: 'validation_failed' },
    });
    expect((await admin.get(`/subscriptions/${id}`)).body).toEqual(before);
  });

  it('should be gone when it is deleted', async () => {
    const id = await idOf(admin, webhook());
    expect(await admin.delete(`/subscriptions/${id}`)).toMatchObject({ status: 204, body: '' });
    expect((await admin.get(`/subscriptions/${id}`)).status).toBe(404);
    expect((await admin.delete(`/subscriptions/${id}`)).status).toBe(404);
  });
});

describe('POST /subscriptions/{id}/rotate-secret', () => {
  const pinged = async (id: string) => {
    expect((await admin.post(`/subscriptions/${id}/test`)).body.ok).toBe(true);
    const call = receiver.calls.at(-1);
    if (!call) throw new Error('nothing arrived');
    return call;
  };

  it('should sign with both secrets during the overlap, and with the new one alone behind it', async () => {
    const made = await created(admin, '/subscriptions', webhook({ url: receiver.checkUrl }));
    const id = String(made.id);
    const rotated = await admin.post(`/subscriptions/${id}/rotate-secret`, { overlap: '1h' });
    expect(rotated.status).toBe(200);
    expect(rotated.body.secret).not.toBe(made.secret);
    expect(Date.parse(rotated.body.previousSecretValidUntil) - Date.now()).toBeGreaterThan(3_000_000);
    const both = await pinged(id);
    verify(both, rotated.body.secret);
    verify(both, String(made.secret));

    const ended = await admin.post(`/subscriptions/${id}/rotate-secret`, { overlap: '0s' });
    expect(ended.body.previousSecretValidUntil).toBeNull();
    const one = await pinged(id);
    verify(one, ended.body.secret);
    expect(() => verify(one, rotated.body.secret)).toThrow();
    expect((await columnsOf(id))?.previous).toBeNull();
  });

  it('should end the old secret when its time has come', async () => {
    const made = await created(admin, '/subscriptions', webhook({ url: receiver.checkUrl }));
    const id = String(made.id);
    // Without a body, the overlap is a day.
    const rotated = await admin.post(`/subscriptions/${id}/rotate-secret`);
    expect(Date.parse(rotated.body.previousSecretValidUntil) - Date.now()).toBeGreaterThan(80_000_000);
    await app
      .get(UnitOfWork)
      .run((tx) =>
        tx.run(
          `UPDATE dms_s_apply_subscription SET previous_secret_until = '2020-01-01 00:00:00' WHERE id = ?`,
          [id],
        ),
      );
    const call = await pinged(id);
    verify(call, rotated.body.secret);
    expect(() => verify(call, String(made.secret))).toThrow();
  });

  it('should refuse an overlap that is none, and e-mail, which is not signed', async () => {
    const id = await idOf(admin, webhook());
    for (const overlap of ['', '31d', '-1s', 'soon', 7]) {
      const answer = await admin.post(`/subscriptions/${id}/rotate-secret`, { overlap });
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'overlap' }] } });
    }
    const mail = await idOf(admin, email());
    expect((await admin.post(`/subscriptions/${mail}/rotate-secret`)).status).toBe(400);
  });

  it('should keep the newest two of several that are made at once', async () => {
    const id = await idOf(admin, webhook({ url: receiver.checkUrl }));
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => admin.post(`/subscriptions/${id}/rotate-secret`)),
    );
    const call = await pinged(id);
    const secrets = answers.map((answer) => String(answer.body.secret));
    const fitting = secrets.filter((secret) => {
      try {
        return Boolean(verify(call, secret));
      } catch {
        return false;
      }
    });
    expect(fitting).toHaveLength(2);
  });
});

describe('POST /subscriptions/{id}/test', () => {
  it('should send one signed ping and tell how it was answered', async () => {
    const made = await created(admin, '/subscriptions', webhook({ url: receiver.checkUrl, active: false }));
    const path = `/subscriptions/${String(made.id)}/test`;
    const before = receiver.calls.length;
    expect((await admin.post(path)).body).toEqual({
      ok: true,
      status: 200,
      durationMs: expect.any(Number),
      error: null,
    });
    const [call, ...others] = receiver.calls.slice(before);
    expect(others).toEqual([]);
    expect(verify(call ?? fail(), String(made.secret))).toMatchObject({
      type: 'ping',
      data: { subscription_id: made.id, acc_code: 't1' },
    });
    receiver.behave(() => ({ status: 500, body: 'inner secrets' }));
    const failed = (await admin.post(path)).body;
    expect(failed).toMatchObject({ ok: false, status: 500, error: 'answered 500' });
    expect(JSON.stringify(failed)).not.toContain('inner');
  });

  it('should tell when nobody answers', async () => {
    const id = await idOf(admin, webhook());
    expect((await admin.post(`/subscriptions/${id}/test`)).body).toMatchObject({
      ok: false,
      status: null,
      error: expect.stringContaining('refused'),
    });
  });

  it('should send one mail to the first address named, else to the caller', async () => {
    const named = await idOf(
      admin,
      email({ name: '审批邮件', to: ['reviewers', 'one@example.com', 'two@example.com'] }),
    );
    expect((await admin.post(`/subscriptions/${named}/test`)).body).toMatchObject({
      ok: true,
      status: 250,
      error: null,
    });
    const [mail] = mailServer.mailsTo('one@example.com');
    expect(mail?.headers).toMatchObject({
      from: 'Countersign 审批 <approvals@countersign.example>',
      to: 'one@example.com',
      subject: '测试邮件：审批邮件',
      'auto-submitted': 'auto-generated',
    });
    expect(mail?.text).toContain('审批邮件');
    expect(mailServer.mailsTo('two@example.com')).toEqual([]);

    const unnamed = await idOf(admin, email({ language: 'en' }));
    const lost = (await admin.post(`/subscriptions/${unnamed}/test`)).body;
    expect(lost).toMatchObject({ ok: false, error: expect.stringContaining('boss') });
    await admin.put('/directory/users/boss', { name: 'Boss', email: 'boss@example.com' });
    expect((await admin.post(`/subscriptions/${unnamed}/test`)).body.ok).toBe(true);
    expect(mailServer.mailsTo('boss@example.com')[0]?.headers.subject).toBe('Test mail: Mail');
  });

  it('should tell that the mail server refuses, with its reply code', async () => {
    mailServer.judge((address) => (address.startsWith('nobody') ? [550, 'no such mailbox'] : null));
    const id = await idOf(admin, email({ to: ['nobody@example.com'] }));
    expect((await admin.post(`/subscriptions/${id}/test`)).body).toMatchObject({
      ok: false,
      status: 550,
      error: expect.stringContaining('no such mailbox'),
    });
  });
});

const fail = (): never => {
  throw new Error('nothing arrived');
};
