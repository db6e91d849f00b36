import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { agree, answerStatus, type BusinessModule, startBusinessModule } from '../support/business-module.js';
import { callbackSettings } from '../support/callback-settings.js';
import { eventually } from '../support/eventually.js';
import { startApp, type TestApp } from '../support/harness.js';
import { type OutsideParty, type PartyApproval, startOutsideParty } from '../support/outside-party.js';
import { signal } from '../support/signal.js';
import { ann, bob, boss, created, givenFlow, rival, root } from '../support/world.js';

let app: TestApp;
let party: OutsideParty;
let module: BusinessModule;
const given = { id: '', secret: '' };
/** What the other side waits for before it answers that it is asked for an approval. */
let held: Promise<void> | undefined;
beforeAll(async () => {
  // The poll comes often, so that the tests about it are short; every other result is told before it.
  app = await startApp({ env: { ...callbackSettings, PROVIDER_POLL_INTERVAL: '300ms' } });
  party = await startOutsideParty((type) => (type === 'approval.create' ? held : undefined));
  module = await startBusinessModule(agree);
  Object.assign(given, await created(app.as(boss), '/providers', { code: 'oa', name: 'OA', url: party.url }));
});
afterAll(async () => {
  await app.close();
  await party.close();
  await module.close();
});

let made = 0;
async function givenType(fields: object = {}): Promise<string> {
  const code = `course-${++made}`;
  await created(app.as(boss), '/business-types', { code, name: code, provider: 'oa', ...fields });
  return code;
}
const opened = async (businessType: string): Promise<string> =>
  String((await created(app.as(ann), '/orders', { businessType, variables: { amount: 7 } })).id);
const approvalOf = (orderId: string, than?: string): Promise<PartyApproval> =>
  eventually(
    () => party.of(orderId),
    (approval) => approval !== undefined && approval.key !== than,
  ).then((approval) => approval!);
const orderOf = async (orderId: string) => (await app.as(ann).get(`/orders/${orderId}`)).body;
const reached = (orderId: string, status: string) =>
  eventually(
    () => orderOf(orderId),
    (order) => order.applyStatus === status,
  );
const callback = (id = given.id) => `${app.url}/api/v1/webhook/callback/${id}`;

describe('what an outside system tells', () => {
  it('given it tells nothing, then the poll finds its decision', async () => {
    const orderId = await opened(await givenType());
    const { key } = await approvalOf(orderId);
    party.decide(key, 'approved', 'wang');
    expect((await reached(orderId, 'completed')).steps[0].auditMsg).toBe('wang');
    const outside = await app.as(ann).get(`/orders/${orderId}/outside`);
    expect(outside.body.items).toMatchObject([
      { provider: 'oa', origin: 'here', state: 'approved', externalId: key, tasks: [] },
    ]);
    expect((await app.as(rival).get(`/orders/${orderId}/outside`)).status).toBe(404);
    expect((await app.as(bob).get(`/orders/${orderId}/outside`)).status).toBe(403);
  });

  it('given it is away for longer than anything is tried, then the poll goes on, and finds what it decided', async () => {
    const orderId = await opened(await givenType());
    const { key } = await approvalOf(orderId);
    party.away(true);
    const looks = () =>
      app.as(boss).get(`/deliveries?orderId=${orderId}&topic=provider.observe&state=abandoned`);
    const seen = new Set<string>();
    await eventually(
      async () => {
        for (const { id } of (await looks()).body.items) seen.add(String(id));
        return seen.size;
      },
      (count) => count > 2,
    );
    expect((await looks()).body.items.length).toBeLessThanOrEqual(1);
    party.decide(key, 'approved');
    party.away(false);
    await reached(orderId, 'completed');
  });

  it('given the same message three times at once, then the order is decided once', async () => {
    const orderId = await opened(await givenType({ executeUrl: module.executeUrl }));
    const { key } = await approvalOf(orderId);
    party.decide(key, 'approved');
    const answers = await Promise.all(
      [1, 2, 3].map(() => party.tell(callback(), given.secret, key, { id: `same-${key}` })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    await reached(orderId, 'completed');
    const { items } = (await app.as(ann).get(`/orders/${orderId}/logs`)).body;
    const operations = items.map(({ operation }: { operation: string }) => operation);
    expect(operations.filter((one: string) => one === 'step.approved')).toHaveLength(1);
    expect(module.callsOf('execute', orderId)).toHaveLength(1);
  });

  it('given a rejection that comes after the approval, then the approval stands', async () => {
    const orderId = await opened(await givenType());
    const { key } = await approvalOf(orderId);
    party.decide(key, 'approved');
    await reached(orderId, 'completed');
    party.decide(key, 'rejected');
    expect((await party.tell(callback(), given.secret, key)).status).toBe(200);
    const next = await opened(await givenType());
    party.decide((await approvalOf(next)).key, 'approved');
    await reached(next, 'completed');
    expect((await orderOf(orderId)).applyStatus).toBe('completed');
  });

  it.each<[string, (key: string) => Promise<Response>]>([
    [
      'another secret',
      (key) => party.tell(callback(), `whsec_${Buffer.alloc(32, 1).toString('base64')}`, key),
    ],
    [
      'a time ten minutes ago',
      (key) => party.tell(callback(), given.secret, key, { sentAt: new Date(Date.now() - 600_000) }),
    ],
    ['the address of nobody', (key) => party.tell(callback('nobody'), given.secret, key)],
  ])('given %s, then 401 says the same, and nothing is decided', async (_what, tell) => {
    const orderId = await opened(await givenType());
    const { key, asked } = await approvalOf(orderId);
    // What is claimed in the message is not how it stands there.
    const known = party.of(orderId)!;
    const answer = await tell(key);
    expect(answer.status).toBe(401);
    expect(((await answer.json()) as { detail: string }).detail).toContain('not signed by a provider');
    expect(known.status).toBe('pending');
    expect(asked.ticket_id).toBe(orderId);
    expect((await orderOf(orderId)).applyStatus).toBe('in_review');
  });

  it('given the key of another team’s order, signed by one’s own provider, then nothing is decided', async () => {
    const orderId = await opened(await givenType());
    const { key } = await approvalOf(orderId);
    const theirs = await created(app.as(rival), '/providers', { code: 'oa', name: 'OA', url: party.url });
    const body = JSON.stringify({ type: 'approval.result', data: { key, status: 'approved' } });
    const answer = await party.tell(callback(String(theirs.id)), String(theirs.secret), key, { body });
    expect(answer.status).toBe(200);
    // A later order of the same queue is through: the message before it was looked into.
    const next = await opened(await givenType());
    party.decide((await approvalOf(next)).key, 'approved');
    await reached(next, 'completed');
    expect((await orderOf(orderId)).applyStatus).toBe('in_review');
  });

  it('given many messages at once, then they are stored together, however many they are', async () => {
    const uow = app.get(UnitOfWork);
    const run = uow.run.bind(uow);
    let stored = 0;
    const spy = vi.spyOn(uow, 'run').mockImplementation((work, options) => {
      if (new Error('where').stack?.includes('storeWaiting')) stored++;
      return run(work, options);
    });
    const count = 60;
    const tell = (n: number) =>
      party.tell(callback(), given.secret, 'k', {
        body: JSON.stringify({ type: 'approval.result', data: { key: `nobody-${n}`, status: 'approved' } }),
      });
    const answers = await Promise.all(Array.from({ length: count }, (_, n) => tell(n)));
    spy.mockRestore();
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(stored).toBeGreaterThan(0);
    expect(stored).toBeLessThan(count);
    const [row] = await app.database.rows<{ count: number | string }>(
      "SELECT COUNT(*) AS count FROM dms_s_apply_provider_event WHERE external_id LIKE 'nobody-%'",
      [],
    );
    expect(Number(row?.count)).toBe(count);
  });

  it('given a message that is none, signed as it should be, then 400 says what is wrong', async () => {
    const answer = await party.tell(callback(), given.secret, 'k', {
      body: '{"type":"approval.result","data":{}}',
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      code: 'validation_failed',
      errors: [{ field: 'data.key', message: expect.stringContaining('wrong') as string }],
    });
  });
});

describe('an order and its approval outside', () => {
  it('given it is returned and resubmitted, then the earlier approval is ended, and a new one asked for', async () => {
    const orderId = await opened(await givenType());
    const first = await approvalOf(orderId);
    const returned = await app.as(root).post(`/orders/${orderId}/return`, { toStep: 0 });
    expect(returned.status).toBe(200);
    await app.as(ann).post(`/orders/${orderId}/resubmit`, { variables: { amount: 8 } });
    const second = await approvalOf(orderId, first.key);
    expect(first.status).toBe('cancelled');
    expect(second.asked.variables).toEqual({ amount: 8 });
    party.decide(second.key, 'approved');
    await reached(orderId, 'completed');
  });

  it('given an administrator rejects and reopens it, then it is asked for again', async () => {
    const orderId = await opened(await givenType());
    const first = await approvalOf(orderId);
    expect((await app.as(root).post(`/orders/${orderId}/reject`, {})).status).toBe(200);
    expect((await app.as(root).post(`/orders/${orderId}/reopen`, {})).status).toBe(200);
    const second = await approvalOf(orderId, first.key);
    party.decide(second.key, 'approved');
    await reached(orderId, 'completed');
  });

  it('given an administrator gives its step to a person too, then either decides, and the other is told', async () => {
    const orderId = await opened(await givenType());
    const { key } = await approvalOf(orderId);
    await app.as(root).put('/directory/users/bob', { name: 'Bob', accCode: 't1' });
    const moved = await app.as(root).post(`/orders/${orderId}/transfer`, { toUserCode: 'bob' });
    expect([moved.status, moved.body.detail]).toEqual([200, undefined]);
    expect((await app.as(bob).post(`/orders/${orderId}/approve`, {})).status).toBe(200);
    await eventually(
      () => party.approvals.get(key)?.status,
      (status) => status === 'cancelled',
    );
    expect((await orderOf(orderId)).applyStatus).toBe('completed');
  });

  it('given it waits, then it says for whom, and nobody of the team may decide it', async () => {
    const orderId = await opened(await givenType());
    await approvalOf(orderId);
    const { body } = await app.as(ann).get(`/orders/${orderId}/explain`);
    expect(JSON.stringify(body)).toContain('the outside approval system oa');
    for (const person of [ann, bob, boss]) {
      expect((await app.as(person).post(`/orders/${orderId}/approve`, {})).status).toBe(403);
    }
  });

  it('given it is withdrawn while the other side takes its time to answer, then it is ended there all the same', async () => {
    const answers = signal();
    held = answers.happened;
    const orderId = await opened(await givenType());
    const approval = await approvalOf(orderId);
    expect((await app.as(ann).post(`/orders/${orderId}/withdraw`, {})).status).toBe(200);
    await eventually(
      () => app.as(ann).get(`/orders/${orderId}/outside`),
      ({ body }) => body.items[0].state === 'cancelled',
    );
    expect(approval.status).toBe('pending');
    held = undefined;
    answers.give();
    await eventually(
      () => approval.status,
      (status) => status === 'cancelled',
    );
  });

  it('given it could not be asked for, then what comes of it is told, and a resubmission asks anew', async () => {
    const code = `gone-${++made}`;
    await created(app.as(boss), '/providers', { code, name: code, url: `${module.url}/gone` });
    module.behave(answerStatus(410));
    const orderId = await opened(await givenType({ provider: code }));
    const deliveries = await eventually(
      () => app.as(boss).get(`/deliveries?orderId=${orderId}&topic=order.outside`),
      ({ body }) => body.items[0]?.state === 'failed',
    );
    module.behave(agree);
    expect(deliveries.body.items[0].lastError).toBe('answered 410');
    expect((await app.as(boss).delete(`/providers/${code}`)).status).toBe(409);
    const stuck = (await app.as(boss).get('/orders?scope=stuck')).body.items as {
      id: string;
      stuck: unknown[];
    }[];
    expect(stuck.find(({ id }) => id === orderId)?.stuck).toMatchObject([
      {
        reason: 'delivery_parked',
        detail: expect.stringContaining('answered 410') as string,
        actions: expect.arrayContaining([
          expect.objectContaining({ path: `/deliveries/${deliveries.body.items[0].id}/redeliver` }),
        ]) as unknown,
      },
    ]);
    await app.as(boss).patch(`/providers/${code}`, { url: party.url });
    await app.as(root).post(`/orders/${orderId}/return`, { toStep: 0 });
    await app.as(ann).post(`/orders/${orderId}/resubmit`, {});
    party.decide((await approvalOf(orderId)).key, 'approved');
    await reached(orderId, 'completed');
  });

  it('given a preview, then it tells of the one step outside', async () => {
    const businessType = await givenType();
    const { body } = await app.as(ann).post('/orders/preview', { businessType });
    expect(body.steps).toMatchObject([{ applyStep: 1, nodeName: 'oa', outcome: 'review' }]);
  });
});

describe('changing the provider of a business type (requirement 001, 迁移问题)', () => {
  it('given orders before and after, then the business module hears the same of both', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }], {
      checkUrl: module.checkUrl,
      executeUrl: module.executeUrl,
    });
    const here = await opened(businessType);
    await reached(here, 'in_review');
    await app.as(boss).patch(`/business-types/${businessType}`, { provider: 'oa' });
    const there = await opened(businessType);
    party.decide((await approvalOf(there)).key, 'approved');
    await reached(there, 'completed');
    // What was opened before goes on where it was.
    expect((await app.as(bob).post(`/orders/${here}/approve`, {})).status).toBe(200);
    await reached(here, 'completed');
    await app.as(boss).patch(`/business-types/${businessType}`, { provider: 'internal' });
    const again = await opened(businessType);
    await eventually(
      () => app.as(bob).post(`/orders/${again}/approve`, {}),
      ({ status }) => status === 200,
    );
    await reached(again, 'completed');
    const said = (orderId: string) =>
      (['check', 'execute'] as const).flatMap((kind) =>
        module.callsOf(kind, orderId).map(({ body }) => ({
          ...body,
          timestamp: '',
          data: { ...body.data, ticket_id: '' },
        })),
      );
    expect(said(here)).toHaveLength(2);
    expect(said(there)).toEqual(said(here));
    expect(said(again)).toEqual(said(here));
  });
});
