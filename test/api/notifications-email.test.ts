import { randomUUID } from 'node:crypto';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { eventually } from '../support/eventually.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { type MailServer, type ReceivedMail, startMailServer } from '../support/smtp.js';
import { ann, bob, boss, created, givenFlow, rival, type Speaks } from '../support/world.js';

const settings = {
  CALLBACK_RETRY_SCHEDULE: '50ms,50ms,50ms',
  CALLBACK_TIMEOUT: '3s',
  SHUTDOWN_TIMEOUT: '1s',
};
const from = { MAIL_FROM: 'Countersign <approvals@countersign.example>' };

let app: TestApp;
let mailServer: MailServer;
let admin: Client;
beforeAll(async () => {
  mailServer = await startMailServer();
  app = await startApp({
    env: { ...settings, ...from, SMTP_URL: mailServer.url, PUBLIC_URL: 'https://approvals.example/c/' },
  });
  admin = app.as(boss);
});
afterAll(async () => {
  await app.close();
  await mailServer.close();
});
beforeEach(() => mailServer.judge(() => null));

let people = 0;

/** Somebody in the directory, of team t1 unless told otherwise. @returns the code and the address */
async function person(more: object = {}, client = admin): Promise<{ code: string; address: string }> {
  const code = `person-${++people}`;
  const address = `${code}@example.com`;
  const put = await client.put(`/directory/users/${code}`, { name: code, email: address, ...more });
  if (put.status !== 200) throw new Error(JSON.stringify(put.body));
  return { code, address };
}

const subscribe = async (businessType: string, more: object): Promise<string> =>
  String(
    (
      await created(admin, '/subscriptions', {
        name: 'Mail',
        channel: 'email',
        events: ['step.in_review'],
        businessTypes: [businessType],
        ...more,
      })
    ).id,
  );

const openedBy = async (who: { sub: string }, businessType: string, more: object = {}): Promise<string> =>
  String((await created(app.as({ acc_code: 't1', ...who }), '/orders', { businessType, ...more })).id);

interface DeliverySeen {
  readonly id: string;
  readonly state: string;
  readonly lastError: string | null;
  readonly attempts: readonly { readonly outcome: string; readonly answer: string | null }[];
}

/** The mails about an order, as deliveries, once they have all come to an end. */
const settled = (orderId: string, count: number, client = admin): Promise<DeliverySeen[]> =>
  eventually(
    async () =>
      (await client.get(`/deliveries?topic=notify.email&orderId=${orderId}`)).body.items as DeliverySeen[],
    (items) => items.length >= count && items.every(({ state }) => ['succeeded', 'failed'].includes(state)),
  );

/** Waits for the one mail to an address. */
const mailTo = async (address: string): Promise<ReceivedMail> => {
  const mails = await eventually(
    () => mailServer.mailsTo(address),
    (found) => found.length > 0,
  );
  return mails[0] as ReceivedMail;
};

describe('an e-mail subscription', () => {
  it('should write to the people whom a step asks, each by a mail of their own', async () => {
    const [named, member, inactive, nameless] = [
      await person(),
      await person(),
      await person({ active: false }),
      await person({ email: null }),
    ];
    const foreign = await person({}, app.as(rival));
    const group = `desk-${people}`;
    await admin.put(`/directory/groups/${group}`, {
      name: 'Desk',
      members: [member.code, inactive.code, nameless.code, 'unlisted'],
    });
    const { businessType } = await givenFlow(app, [
      { users: [named.code, inactive.code, foreign.code, nameless.code] },
      { groups: [group] },
    ]);
    await subscribe(businessType, { to: ['reviewers'] });
    const id = await openedBy(ann, businessType, { title: '十月订单' });

    const mail = await mailTo(named.address);
    expect(mail.from).toBe('approvals@countersign.example');
    expect(mail.to).toEqual([named.address]);
    expect(mail.headers).toMatchObject({
      from: 'Countersign <approvals@countersign.example>',
      to: named.address,
      subject: '申请单待审批：十月订单',
      'auto-submitted': 'auto-generated',
    });
    const link = `https://approvals.example/c/console/orders/${id}`;
    expect(mail.text).toContain(`查看申请单：${link}`);
    expect(mail.html).toContain(`<a href="${link}">`);
    const [delivery, ...others] = await settled(id, 1);
    expect(others).toEqual([]);
    expect(mail.headers['message-id']).toBe(`<${delivery?.id}@countersign.example>`);

    await app.as({ sub: named.code, acc_code: 't1' }).post(`/orders/${id}/approve`, {});
    expect((await mailTo(member.address)).to).toEqual([member.address]);
    await settled(id, 2);
    for (const { address } of [inactive, foreign]) expect(mailServer.mailsTo(address)).toEqual([]);
  });

  it('should write to everybody whom an `all` step asks, and to nobody in whose own order they decide', async () => {
    const [one, two, applicant] = [await person(), await person(), await person()];
    const all = await givenFlow(app, [{ users: [one.code, two.code], mode: 'all' }]);
    await subscribe(all.businessType, { to: ['reviewers'], language: 'en' });
    await openedBy(ann, all.businessType, { businessKey: 'K-7' });
    for (const { address } of [one, two]) {
      const mail = await mailTo(address);
      expect(mail.to).toEqual([address]);
      expect(mail.headers.subject).toBe('Order waiting for review: K-7');
      expect(mail.text).toContain(`Asked: ${one.code}, ${two.code}`);
      expect(mail.raw).not.toContain(address === one.address ? two.address : one.address);
    }
    const never = await givenFlow(app, [{ users: [applicant.code, one.code] }], { autoApprove: 'never' });
    await subscribe(never.businessType, { to: ['reviewers'] });
    const id = await openedBy({ sub: applicant.code }, never.businessType);
    await settled(id, 1);
    expect(mailServer.mailsTo(applicant.address)).toEqual([]);
    expect(mailServer.mailsTo(one.address)).toHaveLength(2);
  });

  it('should write to the applicant and to addresses, once to each mailbox', async () => {
    const [applicant, reviewer] = [await person(), await person()];
    const { businessType } = await givenFlow(app, [{ users: [reviewer.code] }]);
    const to = ['applicant', 'reviewers', reviewer.address.toUpperCase(), 'audit@example.com'];
    await subscribe(businessType, { to, events: ['order.rejected'], language: 'en' });
    const id = await openedBy({ sub: applicant.code }, businessType, { title: 'A desk' });
    await app
      .as({ sub: reviewer.code, acc_code: 't1' })
      .post(`/orders/${id}/reject`, { auditMsg: 'too dear' });

    expect(await settled(id, 3)).toHaveLength(3);
    const mail = await mailTo(applicant.address);
    expect(mail.headers.subject).toBe('Order rejected: A desk');
    for (const line of [
      `Applicant: ${applicant.code}`,
      `Decided by: ${reviewer.code}`,
      'In their words: too dear',
    ])
      expect(mail.text.split(/\r?\n/)).toContain(line);
    await mailTo('audit@example.com');
    const toReviewer = mailServer.mails.filter(
      (one) => one.to[0]?.toLowerCase() === reviewer.address && one.headers.subject?.includes('A desk'),
    );
    expect(toReviewer).toHaveLength(1);
  });

  it('should let nobody write headers, recipients or HTML of theirs', async () => {
    const reviewer = await person();
    const { businessType } = await givenFlow(app, [{ users: [reviewer.code] }]);
    await subscribe(businessType, { to: ['reviewers'], language: 'en' });
    const title = 'Desk\r\nBcc: eve@evil.example\r\n\r\n<img src=x onerror="alert(1)">';
    await openedBy(ann, businessType, { title });
    const mail = await mailTo(reviewer.address);
    expect(mail.headers.subject).toBe(
      'Order waiting for review: Desk Bcc: eve@evil.example <img src=x onerror="alert(1)">',
    );
    expect(mail.headers).not.toHaveProperty('bcc');
    expect(mailServer.mailsTo('eve@evil.example')).toEqual([]);
    expect(mail.html).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;');
    expect(mail.html).not.toContain('<img');
  });

  it('should tell in the answer that there was nobody to write to', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['unlisted'] }]);
    const subscription = await subscribe(businessType, { to: ['reviewers', 'applicant'] });
    const id = await openedBy(ann, businessType);
    const answer = await eventually(
      () =>
        app.database.rows<{ answer: string }>(
          `SELECT a.answer FROM dms_s_apply_delivery_attempt a JOIN dms_s_apply_delivery d ON d.id = a.delivery_id
            WHERE d.apply_order_id = ? AND d.topic = 'order.events'`,
          [id],
        ),
      (rows) => rows.length === 1,
    );
    expect(answer[0]?.answer).toBe(
      `notifications: 0\nnobody to write to: step.in_review, subscription ${subscription}`,
    );
  });
});

describe('a mail that is not taken', () => {
  const given = async (...addresses: string[]): Promise<string> => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
    await subscribe(businessType, { to: addresses, events: ['order.opened'] });
    return businessType;
  };

  it('should be parked when the server refuses the mailbox for good; the others get theirs', async () => {
    mailServer.judge((address) => (address === 'gone@example.com' ? [550, 'no such mailbox'] : null));
    const id = await openedBy(ann, await given('gone@example.com', 'here@example.com'));
    const deliveries = await settled(id, 2);
    const parked = deliveries.filter(({ state }) => state === 'failed');
    expect(parked).toMatchObject([{ lastError: 'the mail server answers 550 no such mailbox' }]);
    expect(parked[0]?.attempts).toHaveLength(1);
    expect(mailServer.mailsTo('here@example.com')).toHaveLength(1);
  });

  it('should be sent again under its Message-ID when the server is busy; what was taken is not', async () => {
    let busy = 2;
    mailServer.judge((address) => (address === 'busy@example.com' && busy-- > 0 ? [450, 'try later'] : null));
    const id = await openedBy(ann, await given('busy@example.com', 'quick@example.com'));
    const deliveries = await settled(id, 2);
    expect(deliveries.map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
    const retried = deliveries.find(({ attempts }) => attempts.length === 3);
    const [mail] = mailServer.mailsTo('busy@example.com');
    expect(mail?.headers['message-id']).toBe(`<${retried?.id}@countersign.example>`);
    expect(mailServer.attempts.filter((address) => address === 'quick@example.com')).toHaveLength(1);
  });

  it('should not go to somebody who has left in the meantime', async () => {
    const reviewer = await person();
    const { businessType } = await givenFlow(app, [{ users: [reviewer.code] }]);
    await subscribe(businessType, { to: ['reviewers'] });
    mailServer.judge(() => [450, 'try later']);
    const id = await openedBy(ann, businessType);
    expect((await settled(id, 1))[0]?.state).toBe('failed');
    await admin.put(`/directory/users/${reviewer.code}`, {
      name: 'x',
      email: reviewer.address,
      active: false,
    });
    mailServer.judge(() => null);
    const [parked] = await settled(id, 1);
    await admin.post(`/deliveries/${parked?.id}/redeliver`);
    const [ended] = await eventually(
      () => settled(id, 1),
      ([one]) => one?.state === 'succeeded',
    );
    expect(ended?.attempts.at(-1)?.answer).toContain('nobody to write to');
    expect(mailServer.mailsTo(reviewer.address)).toEqual([]);
  });
});

describe('the mail server', () => {
  /** A service of its own with one e-mail subscription, whatever its settings; and an order that it should hear of. */
  async function news(env: Record<string, string>, check: (own: Speaks, id: string) => Promise<void>) {
    const log: string[] = [];
    const own = await startApp({ env: { ...settings, ...env }, onLog: (line) => log.push(line) });
    try {
      const { businessType } = await givenFlow(own, [{ users: ['bob'] }]);
      await own.get(UnitOfWork).run((tx) =>
        tx.run(
          `INSERT INTO dms_s_apply_subscription
             (id, scope, name, channel, events, recipients, create_time, update_time)
           VALUES (?, 't1', 'Mail', 'email', 'order.opened', 'audit@example.com', ?, ?)`,
          [randomUUID(), '2026-01-01 00:00:00', '2026-01-01 00:00:00'],
        ),
      );
      const { id } = await created(own.as(ann), '/orders', { businessType });
      await check(own, String(id));
    } finally {
      await own.close();
    }
    return log.join('\n');
  }

  it('should be missed when SMTP_URL is not set (any more)', async () => {
    await news({}, async (own, id) => {
      const [parked] = await settled(id, 1, own.as(boss));
      expect(parked).toMatchObject({ state: 'failed', lastError: expect.stringContaining('SMTP_URL') });
      expect(parked?.attempts).toHaveLength(1);
    });
  });

  it('should be given the login of SMTP_URL', async () => {
    const locked = await startMailServer({ user: 'us@er', password: 'p:w/%' });
    await news({ ...from, SMTP_URL: locked.url }, async (own, id) => {
      expect(await settled(id, 1, own.as(boss))).toMatchObject([{ state: 'succeeded' }]);
    });
    expect(locked.mailsTo('audit@example.com')).toHaveLength(1);
    await locked.close();
  });

  it('should be tried again when it refuses the login, and no password be told anywhere', async () => {
    const locked = await startMailServer({ user: 'user', password: 'right' });
    const log = await news(
      { ...from, SMTP_URL: locked.url.replace('right', 'wr0ng-pw') },
      async (own, id) => {
        const [parked] = await settled(id, 1, own.as(boss));
        expect(parked).toMatchObject({ lastError: 'the mail server refuses the login (535)' });
        expect(parked?.attempts).toHaveLength(4);
        expect(JSON.stringify(parked)).not.toContain('wr0ng-pw');
      },
    );
    expect(log).toContain('parked');
    expect(log).not.toContain('wr0ng-pw');
    expect(locked.mails).toEqual([]);
    await locked.close();
  });

  it('should not be waited for longer than CALLBACK_TIMEOUT', async () => {
    // Says something all the time, and never comes to an end.
    const endless = createServer((socket) => {
      const talk = setInterval(() => socket.write('250-go on\r\n'), 20);
      socket.on('error', () => undefined).on('close', () => clearInterval(talk));
      socket.write('220 hello\r\n');
    });
    await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve));
    const { port } = endless.address() as AddressInfo;
    const env = {
      ...from,
      SMTP_URL: `smtp://127.0.0.1:${port}`,
      CALLBACK_TIMEOUT: '200ms',
      CALLBACK_RETRY_SCHEDULE: '50ms',
    };
    await news(env, async (own, id) => {
      expect(await settled(id, 1, own.as(boss))).toMatchObject([
        { state: 'failed', lastError: 'the mail server took too long' },
      ]);
    });
    await new Promise((resolve) => endless.close(resolve));
  });

  it('should not hold anything up when it does not answer', async () => {
    const env = { ...from, SMTP_URL: 'smtp://127.0.0.1:9' };
    await news(env, async (own, id) => {
      const [parked] = await settled(id, 1, own.as(boss));
      expect(parked).toMatchObject({ lastError: 'the mail server cannot be used (ECONNREFUSED)' });
      const approved = await own.as(bob).post(`/orders/${id}/approve`, {});
      expect(approved.body.applyStatus).toBe('completed');
    });
  });
});
