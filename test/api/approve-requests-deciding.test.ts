import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SharedClock } from '../../src/database/shared-clock.js';
import { type Answer, type Client, startApp, type TestApp, type TestUser } from '../support/harness.js';
import { givenHeldRow, sealedTexts } from '../support/held-requests.js';
import { ann, bob, boss, carol, created, dave, eve, givenFlow, rival, root } from '../support/world.js';

// Requests are stored past the gate here: what is tested is what people see of one, and what they can do.

let app: TestApp;
let businessType: string;
beforeAll(async () => {
  app = await startApp();
  ({ businessType } = await givenFlow(app, [{ users: ['bob'] }]));
});
afterAll(() => app.close());

interface Held {
  readonly id: string;
  readonly orderId: string;
}

/** Given a request of ann with its order, which waits for bob. */
async function givenHeld(
  fields: Readonly<Record<string, unknown>> = {},
  variables: Readonly<Record<string, unknown>> = {},
  flow: string = businessType,
): Promise<Held> {
  const order = await created(app.as(ann), '/orders', { businessType: flow, variables });
  const orderId = String(order.id);
  return { id: await givenHeldRow(app, { applyOrderId: orderId, ...fields }), orderId };
}

const seen = async (who: TestUser, id: string): Promise<Answer> => app.as(who).get(`/approve-requests/${id}`);

const codeOf = ({ status, body }: Answer): string => `${status} ${body.code}`;

async function givenKey(accCodes: readonly string[]): Promise<Client> {
  const { key } = await created(app.as(root), '/api-keys', { name: 'erp', accCodes });
  return app.key(String(key));
}

describe('GET /approve-requests/{id}', () => {
  const variables = {
    body: { amount: 3, password: '***' },
    headers: { 'content-type': 'application/json', authorization: '***' },
  };

  it('given a request, when whoever may read its order reads it, then with what reviewers see of it', async () => {
    const { id, orderId } = await givenHeld({}, variables);

    for (const who of [ann, bob, boss, root]) {
      const { status, body } = await seen(who, id);
      expect([status, body.id, body.orderId, body.status, body.version], who.sub).toEqual([
        200,
        id,
        orderId,
        'waiting',
        1,
      ]);
      expect(body.request, who.sub).toEqual({ headers: variables.headers, body: variables.body });
    }
    expect((await (await givenKey(['t1'])).get(`/approve-requests/${id}`)).status).toBe(200);
  });

  it('given an order without a body and headers, then there are none', async () => {
    const { id } = await givenHeld();
    expect((await seen(ann, id)).body.request).toEqual({ headers: {}, body: null });
  });

  it('given a colleague whom it does not concern, then 403; another team, then 404', async () => {
    const { id } = await givenHeld();
    expect(codeOf(await seen(carol, id))).toBe('403 forbidden');
    for (const who of [eve, rival]) expect(codeOf(await seen(who, id)), who.sub).toBe('404 not_found');
    expect(codeOf(await (await givenKey(['t2'])).get(`/approve-requests/${id}`))).toBe('404 not_found');
    expect(codeOf(await seen(ann, 'no-such-request'))).toBe('404 not_found');
    expect(codeOf(await app.as(null).get(`/approve-requests/${id}`))).toBe('401 unauthenticated');
  });
});

describe('deciding on a request', () => {
  const act = (who: TestUser, id: string, command: string, body: object = {}): Promise<Answer> =>
    app.as(who).post(`/approve-requests/${id}/${command}`, body);
  const orderStatus = async (orderId: string): Promise<unknown> =>
    (await app.as(root).get(`/orders/${orderId}`)).body.applyStatus;

  it('given a request, when its reviewer passes it, then its order is approved and it is told so at once', async () => {
    const { id, orderId } = await givenHeld({ endsAt: (await app.get(SharedClock).now()) + 60_000 });

    const answer = await act(bob, id, 'pass', { auditMsg: '同意', version: 1 });

    expect([answer.status, answer.body.id, answer.body.status]).toEqual([200, id, 'approved']);
    expect(answer.body.endsAt).toBeNull();
    expect(await orderStatus(orderId)).toBe('completed');
    const { steps } = (await app.as(root).get(`/orders/${orderId}`)).body;
    expect([steps[0].auditUserCode, steps[0].auditMsg]).toEqual(['bob', '同意']);
    expect((await seen(ann, id)).body.status).toBe('approved');
  });

  it('given two steps, when the first is passed, then the request goes on waiting', async () => {
    const flow = await givenFlow(app, [{ users: ['bob'] }, { users: ['carol'] }]);
    const { id } = await givenHeld({}, {}, flow.businessType);
    expect((await act(bob, id, 'pass')).body.status).toBe('waiting');
    expect((await act(carol, id, 'pass')).body.status).toBe('approved');
  });

  it('given a request, when its reviewer denies it, then its order is rejected', async () => {
    const { id, orderId } = await givenHeld();
    const answer = await act(bob, id, 'deny', { auditMsg: '不行' });
    expect([answer.status, answer.body.status]).toEqual([200, 'denied']);
    expect(await orderStatus(orderId)).toBe('rejected');
  });

  it('given a request, when its applicant cancels it, then its order is withdrawn', async () => {
    const { id, orderId } = await givenHeld();
    const answer = await act(ann, id, 'cancel', { remark: '不再需要' });
    expect([answer.status, answer.body.status]).toEqual([200, 'cancelled']);
    expect(await orderStatus(orderId)).toBe('withdrawn');
  });

  it('given a stranger, the applicant or a reviewer, when they do what is not theirs, then 403 and nothing happens', async () => {
    const { id, orderId } = await givenHeld();
    const refused = [
      await act(carol, id, 'pass'),
      await act(dave, id, 'deny'),
      await act(ann, id, 'pass'),
      await act(bob, id, 'cancel'),
    ];
    expect(refused.map(codeOf)).toEqual(Array<string>(4).fill('403 forbidden'));
    const key = await givenKey(['t1']);
    for (const command of ['pass', 'deny', 'cancel'])
      expect(codeOf(await key.post(`/approve-requests/${id}/${command}`, {}))).toBe('403 forbidden');
    expect([await orderStatus(orderId), (await seen(ann, id)).body.version]).toEqual(['in_review', 1]);
  });

  it('given another team, when it decides, then 404 and nothing happens', async () => {
    const { id, orderId } = await givenHeld();
    for (const who of [eve, rival])
      for (const command of ['pass', 'deny', 'cancel'])
        expect(codeOf(await act(who, id, command)), `${command} of ${who.sub}`).toBe('404 not_found');
    expect(codeOf(await act(bob, 'no-such-request', 'pass'))).toBe('404 not_found');
    expect(await orderStatus(orderId)).toBe('in_review');
  });

  it.each(['pass', 'deny', 'cancel'])(
    'given a request that was passed, when %s comes next, then 409',
    async (command) => {
      const { id } = await givenHeld();
      await act(bob, id, 'pass');
      const answer = await act(command === 'cancel' ? ann : bob, id, command);
      expect([answer.status, answer.body.code]).toEqual([409, 'order_closed']);
    },
  );

  it('given two reviewers, when both pass at once, then one of them does', async () => {
    const flow = await givenFlow(app, [{ users: ['bob', 'carol'] }]);
    const { id } = await givenHeld({}, {}, flow.businessType);
    const answers = await Promise.all([act(bob, id, 'pass'), act(carol, id, 'pass')]);
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 409]);
  });

  it('given another version than the one that was read, when passed, then 409', async () => {
    const { id } = await givenHeld();
    expect(codeOf(await act(bob, id, 'pass', { version: 7 }))).toBe('409 version_conflict');
  });

  it.each([
    ['pass', { version: 0 }],
    ['deny', { auditMsg: 'x'.repeat(4001) }],
    ['cancel', { reason: 'x' }],
  ])('given %s with a field that is wrong, then 400', async (command, body) => {
    const { id } = await givenHeld();
    expect(codeOf(await act(bob, id, command, body))).toBe('400 validation_failed');
  });

  it('given an Idempotency-Key, when a decision is repeated, then its first answer comes again', async () => {
    const { id } = await givenHeld();
    const pass = () =>
      app
        .as(bob)
        .post(`/approve-requests/${id}/pass`, {}, { 'idempotency-key': `pass ${id}`.replace(' ', '-') });
    const [first, again] = [await pass(), await pass()];
    expect([first.status, first.body.status]).toEqual([200, 'approved']);
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });
});

describe('what is sealed', () => {
  it('given a request with everything stored, when it is read in every way, then no answer shows it', async () => {
    const { id } = await givenHeld();
    const answers = [
      await app.as(root).get('/approve-requests?scope=all&limit=100'),
      await seen(ann, id),
      await app.as(bob).post(`/approve-requests/${id}/pass`, {}),
    ];
    const text = JSON.stringify(answers.map(({ body }) => body));
    expect(text).toContain(id);
    for (const hidden of Object.values(sealedTexts)) {
      expect(text).not.toContain(hidden);
      expect(text).not.toContain(Buffer.from(hidden).toString('base64'));
    }
  });
});
