import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { type MailServer, type ReceivedMail, startMailServer } from '../support/smtp.js';
import { boss, created, givenFlow, type StageGiven } from '../support/world.js';

let app: TestApp;
let mailServer: MailServer;
let admin: Client;
beforeAll(async () => {
  mailServer = await startMailServer();
  app = await startApp({
    env: {
      CALLBACK_TIMEOUT: '3s',
      MAIL_FROM: 'approvals@countersign.example',
      SHUTDOWN_TIMEOUT: '1s',
      SMTP_URL: mailServer.url,
    },
  });
  admin = app.as(boss);
});
afterAll(async () => {
  await app.close();
  await mailServer.close();
});

/** Somebody of team t1 with a mailbox. */
interface Somebody {
  readonly code: string;
  /** The subjects of the mails to them, as they came. */
  subjects(): string[];
  /** Waits for a mail to them, and expects that it is the only one of its subject. */
  gets(subject: string): Promise<ReceivedMail>;
}

let people = 0;

async function somebody(about: object = {}): Promise<Somebody> {
  const code = `actor-${++people}`;
  const address = `${code}@example.com`;
  const put = await admin.put(`/directory/users/${code}`, { name: code, email: address, ...about });
  if (put.status !== 200) throw new Error(JSON.stringify(put.body));
  const mailsOf = (subject: string) =>
    mailServer.mailsTo(address).filter((mail) => mail.headers.subject === subject);
  return {
    code,
    subjects: () => mailServer.mailsTo(address).map((mail) => String(mail.headers.subject)),
    gets: async (subject) => {
      const mails = await eventually(
        () => mailsOf(subject),
        (found) => found.length > 0,
      );
      expect(mails).toHaveLength(1);
      return mails[0] as ReceivedMail;
    },
  };
}

/** A flow whose news go by e-mail to some recipients, and how to open its orders. */
async function given(
  stages: readonly StageGiven[],
  subscriptions: readonly { readonly events: string[]; readonly to: string[] }[],
  applicant: Somebody,
) {
  const { businessType } = await givenFlow(app, stages);
  for (const subscription of subscriptions) {
    await created(admin, '/subscriptions', {
      name: 'Mail',
      channel: 'email',
      language: 'en',
      businessTypes: [businessType],
      ...subscription,
    });
  }
  return {
    businessType,
    opened: async (title: string): Promise<string> =>
      String((await created(as(applicant), '/orders', { businessType, title })).id),
  };
}

const as = ({ code }: Somebody): Client => app.as({ sub: code, acc_code: 't1' });

async function act(who: Somebody, id: string, command: string, body: object = {}): Promise<void> {
  const { status, body: answer } = await as(who).post(`/orders/${id}/${command}`, body);
  expect(status, `${command} of ${who.code}: ${JSON.stringify(answer)}`).toBe(200);
}

/** Waits until everything that an order has to say is said. */
const silence = (id: string): Promise<unknown> =>
  eventually(
    async () => (await admin.get(`/deliveries?orderId=${id}&limit=100`)).body.items as { state: string }[],
    (items) => items.length > 0 && items.every(({ state }) => state === 'succeeded'),
  );

const reviewing = { events: ['step.in_review', 'step.assigned', 'order.urged'], to: ['reviewers'] };
const waiting = 'Order waiting for review: ';
const another = 'Order waiting for another reviewer: ';

describe('an e-mail subscription for reviewers', () => {
  it('should write to whom a seat is handed over, and urge them alone', async () => {
    const [applicant, first, second] = [await somebody(), await somebody(), await somebody()];
    const { opened } = await given([{ users: [first.code] }], [reviewing], applicant);
    const id = await opened('desk');
    await first.gets(`${waiting}desk`);
    await act(first, id, 'transfer', { toUserCode: second.code, auditMsg: 'away until Monday' });
    const mail = await second.gets(`${another}desk`);
    const lines = mail.text.split(/\r?\n/);
    for (const line of [
      `Newly asked: ${second.code}`,
      `By: ${first.code}`,
      'In their words: away until Monday',
    ])
      expect(lines).toContain(line);
    await act(applicant, id, 'urge', { auditMsg: 'please' });
    const urged = await second.gets('Reminder of an order waiting for review: desk');
    expect(urged.text).toContain('In their words: please');
    await silence(id);
    expect(first.subjects()).toEqual([`${waiting}desk`]);
    expect(second.subjects()).toHaveLength(2);
    expect(applicant.subjects()).toEqual([]);
  });

  it('should write to the people of a sequence as their turns come, and to signers before them', async () => {
    const [applicant, one, two, signer] = [
      await somebody(),
      await somebody(),
      await somebody(),
      await somebody(),
    ];
    const stages = [{ users: [one.code, two.code], mode: 'sequential' }] as const;
    const { opened } = await given(stages, [reviewing], applicant);
    const id = await opened('chair');
    await one.gets(`${waiting}chair`);
    await silence(id);
    expect(two.subjects()).toEqual([]);
    await act(one, id, 'approve');
    await two.gets(`${another}chair`);
    await act(two, id, 'add-sign', { userCodes: [signer.code], position: 'before' });
    await signer.gets(`${another}chair`);
    await act(signer, id, 'delegate', { toUserCode: applicant.code });
    await applicant.gets(`${another}chair`);
    await silence(id);
    expect([one, two, signer].map((who) => who.subjects().length)).toEqual([1, 1, 1]);
    await act(applicant, id, 'approve', { auditMsg: 'fine with me' });
    await eventually(
      () => signer.subjects(),
      (subjects) => subjects.length === 2,
    );
    await silence(id);
    expect([one, two, applicant].map((who) => who.subjects().length)).toEqual([1, 1, 1]);
  });

  it('should write to whoever has the role that a step asks', async () => {
    const role = 'storekeeper';
    const [applicant, holder, other] = [
      await somebody(),
      await somebody({ roles: [role] }),
      await somebody(),
    ];
    const { opened } = await given([{ roles: [role] }], [reviewing], applicant);
    const id = await opened('lamp');
    await holder.gets(`${waiting}lamp`);
    await silence(id);
    expect(other.subjects()).toEqual([]);
  });

  it('should write to those whose decision is taken back, or whose order is reopened', async () => {
    const [applicant, one, two] = [await somebody(), await somebody(), await somebody()];
    const { opened } = await given([{ users: [one.code] }, { users: [two.code] }], [reviewing], applicant);
    const id = await opened('sofa');
    await act(one, id, 'approve');
    await two.gets(`${waiting}sofa`);
    await act(one, id, 'take-back');
    await one.gets(`${another}sofa`);
    await silence(id);
    expect(two.subjects()).toHaveLength(1);
    await act(one, id, 'reject');
    await act(one, id, 'reopen');
    await eventually(
      () => one.subjects(),
      (subjects) => subjects.length === 3,
    );
  });
});

describe('an e-mail subscription for others', () => {
  it('should write to the applicant whose order is returned', async () => {
    const [applicant, reviewer] = [await somebody(), await somebody()];
    const to = ['applicant'];
    const { opened } = await given(
      [{ users: [reviewer.code] }],
      [{ events: ['order.returned', 'order.commented'], to }, reviewing],
      applicant,
    );
    const id = await opened('shelf');
    await act(reviewer, id, 'return', { toStep: 0, resume: 'back', auditMsg: 'the invoice is missing' });
    const mail = await applicant.gets('Order returned: shelf');
    const lines = mail.text.split(/\r?\n/);
    for (const line of [
      `By: ${reviewer.code}`,
      'In their words: the invoice is missing',
      'Returned to: the applicant',
      'Status of the order: initiating',
    ])
      expect(lines).toContain(line);
    await act(applicant, id, 'resubmit', { remark: 'here it is' });
    await eventually(
      () => reviewer.subjects(),
      (subjects) => subjects.length === 2,
    );
    await act(reviewer, id, 'comments', {
      text: 'thank you',
      attachments: [{ name: 'invoice.pdf', url: 'https://files.example.com/i.pdf' }],
    });
    const comment = await applicant.gets('New comment on an order: shelf');
    expect(comment.text).toContain('Comment: thank you');
    expect(comment.text).toContain('Attachments: invoice.pdf');
    await silence(id);
    expect(applicant.subjects()).toHaveLength(2);
    expect(reviewer.subjects()).toEqual([`${waiting}shelf`, `${waiting}shelf`]);
  });

  it('should write to those who get a copy, of it and of what comes later', async () => {
    const [applicant, reviewer, reader, later] = [
      await somebody(),
      await somebody(),
      await somebody(),
      await somebody(),
    ];
    const { opened } = await given(
      [{ users: [reviewer.code] }],
      [{ events: ['order.copied', 'order.completed'], to: ['copied'] }],
      applicant,
    );
    const id = await opened('stool');
    await act(applicant, id, 'cc', { userCodes: [reader.code] });
    const mail = await reader.gets('Copy of an order: stool');
    expect(mail.text).toContain(`Copied to: ${reader.code}`);
    await act(reader, id, 'cc', { userCodes: [later.code] });
    await later.gets('Copy of an order: stool');
    await act(reviewer, id, 'approve');
    await reader.gets('Order completed: stool');
    await later.gets('Order completed: stool');
    await silence(id);
    expect([reader, later].map((who) => who.subjects().length)).toEqual([2, 2]);
    expect([applicant, reviewer].flatMap((who) => who.subjects())).toEqual([]);
  });
});
