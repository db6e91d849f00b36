import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { OrdersService } from '../../src/orders/orders.service.js';
import { Clock } from '../../src/runtime/clock.js';
import { logOf, operationsOf, orderIn, orderOf } from '../support/callbacks.js';
import {
  givenHeld,
  givenProvider,
  type HeldGiven,
  type ProviderGiven,
  type ProviderWorld,
  requestIn,
  startProviderWorld,
  type HoldingGiven,
} from '../support/provider-world.js';
import type { Answering } from '../support/third-party.js';
import { ann, bob, boss, carol, path, rival, root } from '../support/world.js';

let world: ProviderWorld;
beforeAll(async () => {
  world = await startProviderWorld();
});
afterAll(() => world.close());
afterEach(() => vi.restoreAllMocks());

const given = async (holding: HoldingGiven = {}): Promise<HeldGiven & ProviderGiven> => {
  const provider = await givenProvider(world);
  return { ...provider, ...(await givenHeld(world, provider.code, holding)) };
};
/** What the third party gets for an answer about what is held. */
const answered = (held: HeldGiven & ProviderGiven, body: unknown, how?: Answering) =>
  world.party.answer(world.app, held.requestId, held.secret, body, how);
const pass = { status: 'pass' };
const deny = { status: 'deny' };
const twoSteps = [{ users: ['bob'] }, { users: ['carol'] }];
const decisionsOf = async (orderId: string) =>
  (await logOf(world.app, orderId)).filter(({ operation }) =>
    ['step.approved', 'step.rejected'].includes(operation),
  );

describe('an answer of a provider', () => {
  it('given a pass, then the order is approved in its name, and the request runs once', async () => {
    const held = await given();
    const words = { status: 'pass', auditMsg: '同意', userCode: 'wang' };
    const answer = await answered(held, words);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      approve_request_id: held.requestId,
      status: 'pass',
      apply_status: 'completed',
    });
    const order = (await world.app.as(root).get(`/orders/${held.orderId}`)).body;
    expect(order.steps[0]).toMatchObject({
      auditStatus: 'approved',
      auditUserCode: `provider:${held.code}`,
      auditMsg: 'wang: 同意',
    });
    const [decision, ...more] = await decisionsOf(held.orderId);
    expect(decision).toMatchObject({ operationUserCode: `provider:${held.code}` });
    expect(more).toEqual([]);
    await requestIn(world, held.requestId, 'executed');
    expect(world.upstream.seenAt(held.path)).toHaveLength(1);
  });

  it('given a denial, then the order is rejected, and nothing runs', async () => {
    const held = await given({ stages: twoSteps });
    const answer = await answered(held, { status: 'deny', auditMsg: '不同意' });
    expect(answer).toMatchObject({ status: 200, body: { status: 'deny', apply_status: 'rejected' } });
    await requestIn(world, held.requestId, 'denied');
    expect(await decisionsOf(held.orderId)).toMatchObject([{ operation: 'step.rejected' }]);
    expect(world.upstream.seenAt(held.path)).toEqual([]);
  });

  it.each([
    ['/api/v1/change_approve_request_status/<id>/'],
    ['/api/v1/change_approve_request_status/<id>'],
    ['/change_approve_request_status/<id>/'],
    ['/change_approve_request_status/<id>'],
    ['/change_approve_request_status/<id>/?from=oa'],
  ])('given the address %s, then it is taken', async (address) => {
    const held = await given();
    const answer = await answered(held, pass, { path: address.replace('<id>', held.requestId) });
    expect(answer).toMatchObject({ status: 200, body: { apply_status: 'completed' } });
  });

  it.each([
    ['/change_approve_request_status/<id>/more'],
    ['/change_approve_request_status/'],
    ['/change_approve_request_status//<id>/'],
    ['/x/change_approve_request_status/<id>/'],
  ])('given the address %s, then there is nothing', async (address) => {
    const held = await given();
    expect(await answered(held, pass, { path: address.replace('<id>', held.requestId) })).toMatchObject({
      status: 404,
    });
    expect(await orderOf(world.app, held.orderId)).toMatchObject({ applyStatus: 'in_review' });
  });

  it('given several steps, of whatever modes, then a pass approves all that are left', async () => {
    const held = await given({
      stages: [
        { users: ['bob'] },
        { users: ['bob', 'carol', 'dave'], mode: 'all' },
        { users: ['dave'], condition: '1 = 2' },
        { users: ['carol', 'dave'], mode: 'sequential' },
      ],
    });
    await world.app.as(bob).post(`/orders/${held.orderId}/approve`);
    expect(await answered(held, pass)).toMatchObject({ status: 200, body: { apply_status: 'completed' } });
    const order = (await world.app.as(root).get(`/orders/${held.orderId}`)).body;
    expect(path(order)).toEqual(['approved', 'approved', 'skipped', 'approved']);
    expect((await decisionsOf(held.orderId)).map((row) => row.operationUserCode)).toEqual([
      'bob',
      `provider:${held.code}`,
      `provider:${held.code}`,
    ]);
  });

  it('given a crash after the first of two steps, then the repeat goes on where it broke off', async () => {
    const held = await given({ stages: twoSteps });
    const orders = world.app.get(OrdersService);
    const approve = orders.approve.bind(orders);
    const spy = vi.spyOn(orders, 'approve').mockImplementationOnce(approve);
    spy.mockRejectedValueOnce(new Error('the process ends here'));
    expect((await answered(held, pass)).status).toBe(500);
    expect(path((await world.app.as(root).get(`/orders/${held.orderId}`)).body)).toEqual([
      'approved',
      'in_review',
    ]);
    expect(await answered(held, pass)).toMatchObject({ status: 200, body: { apply_status: 'completed' } });
    expect(await decisionsOf(held.orderId)).toHaveLength(2);
  });

  it('given bytes that JSON would write otherwise, then the signature over the bytes counts', async () => {
    const held = await given();
    const text = '{ "auditMsg":"\\u540c\\u610f \\u002f", "status" : "pass" }\n';
    expect((await answered(held, text)).status).toBe(200);
  });
});

describe('an answer again', () => {
  it.each([[pass], [deny]])('given %j twice, then the second is answered as the first', async (body) => {
    const held = await given({ stages: twoSteps });
    const messageId = randomUUID();
    const first = await answered(held, body, { messageId });
    const operations = await operationsOf(world.app, held.orderId);
    for (const how of [{ messageId }, {}]) {
      const again = await answered(held, body, how);
      expect(again).toMatchObject({ status: 200, body: first.body as object });
    }
    expect(await operationsOf(world.app, held.orderId)).toEqual(operations);
  });

  it.each([
    [pass, deny],
    [deny, pass],
  ])('given %j and then %j, then 409, and the first stands', async (one, other) => {
    const held = await given();
    const first = await answered(held, one);
    expect(await answered(held, other)).toMatchObject({ status: 409, body: { code: 'already_decided' } });
    expect(await answered(held, one)).toMatchObject({ status: 200, body: first.body as object });
  });

  it('given somebody here has decided, then the same verdict is fine, and the other one 409', async () => {
    const held = await given();
    await world.app.as(bob).post(`/orders/${held.orderId}/reject`);
    expect(await answered(held, pass)).toMatchObject({ status: 409, body: { code: 'already_decided' } });
    expect(await answered(held, deny)).toMatchObject({ status: 200, body: { apply_status: 'rejected' } });
  });

  it('given the applicant has withdrawn, then 409 order_closed', async () => {
    const held = await given();
    await world.app.as(ann).post(`/orders/${held.orderId}/withdraw`);
    for (const body of [pass, deny]) {
      expect(await answered(held, body)).toMatchObject({ status: 409, body: { code: 'order_closed' } });
    }
  });

  it.each(['cancelled', 'expired'])(
    'given a request that is %s while its order is still open, then 409 order_closed',
    async (state) => {
      const held = await given();
      await world.app
        .get(UnitOfWork)
        .run((tx) =>
          tx.run('UPDATE dms_s_apply_approve_request SET state = ? WHERE id = ?', [state, held.requestId]),
        );
      expect(await answered(held, pass)).toMatchObject({ status: 409, body: { code: 'order_closed' } });
      expect(await orderOf(world.app, held.orderId)).toMatchObject({ applyStatus: 'in_review' });
    },
  );

  it('given the business module has not checked the order yet, then 409 not_in_review until it has', async () => {
    let ready = false;
    world.party.receiver.behave(({ ticket }) =>
      ready ? { status: 200, body: { ticket_id: ticket, result: true } } : { status: 500 },
    );
    const held = await given({ flow: { checkUrl: `${world.party.receiver.url}/check` } });
    expect(await answered(held, pass)).toMatchObject({ status: 409, body: { code: 'not_in_review' } });
    ready = true;
    await orderIn(world.app, held.orderId, 'in_review');
    expect(await answered(held, pass)).toMatchObject({ status: 200 });
  });

  it('given a policy that nobody decides two steps, then 409 says so, and somebody else decides the second', async () => {
    const held = await given({ stages: twoSteps, flow: { distinctApprovers: true } });
    for (let time = 0; time < 2; time++) {
      const refused = await answered(held, pass);
      expect(refused).toMatchObject({ status: 409, body: { code: 'not_awaited' } });
      expect(refused.body.detail).toContain('nobody decides two steps');
    }
    expect(await decisionsOf(held.orderId)).toHaveLength(1);
    expect((await world.app.as(carol).post(`/orders/${held.orderId}/approve`)).status).toBe(200);
    expect(await answered(held, pass)).toMatchObject({ status: 200, body: { apply_status: 'completed' } });
  });
});

describe('a provider that was made one of several signers', () => {
  it('given it has given its own vote, then 409 says that somebody else is waited for', async () => {
    const held = await given();
    const signers = { userCodes: [`provider:${held.code}`], position: 'before' };
    const listed = await world.app
      .as(root)
      .put(`/directory/users/provider:${held.code}`, { name: 'OA', accCode: 't1' });
    expect(listed.status).toBe(200);
    const added = await world.app.as(bob).post(`/orders/${held.orderId}/add-sign`, signers);
    expect(added.status).toBe(200);
    for (let time = 0; time < 2; time++) {
      expect(await answered(held, pass)).toMatchObject({ status: 409, body: { code: 'not_awaited' } });
    }
    expect((await world.app.as(bob).post(`/orders/${held.orderId}/approve`)).status).toBe(200);
    expect(await answered(held, pass)).toMatchObject({ status: 200, body: { apply_status: 'completed' } });
  });
});

describe('an answer that is not the provider’s', () => {
  const stranger = `whsec_${randomBytes(32).toString('base64')}`;

  it.each<[string, Answering]>([
    ['no signature', { secrets: [] }],
    ['the signature of a stranger', { secrets: [stranger] }],
    ['a signature over another body', { signed: '{"status":"deny"}' }],
    ['a stale message', { ahead: -310 }],
    ['a message of the future', { ahead: 310 }],
    ['no id', { headers: { 'webhook-id': '' } }],
    ['another id than was signed', { headers: { 'webhook-id': 'other' } }],
    ['another time than was signed', { headers: { 'webhook-timestamp': '1' } }],
    ['a token instead', { secrets: [], headers: { authorization: 'Bearer x' } }],
  ])('given %s, then 401, and nothing is decided', async (_what, how) => {
    const held = await given();
    expect(await answered(held, pass, how)).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
    });
    expect(await orderOf(world.app, held.orderId)).toMatchObject({ applyStatus: 'in_review' });
    expect(await answered(held, pass)).toMatchObject({ status: 200 });
  });

  it('given an id that does not exist, one of another provider, or one that people decide, then all the same 401', async () => {
    const held = await given();
    const internal = await givenHeld(world, 'internal');
    const elsewhere = await given();
    const unsigned = await answered(held, pass, { secrets: [] });
    const told = ({ instance: _path, requestId: _id, ...rest }: Record<string, unknown>): unknown => rest;
    for (const requestId of [randomUUID(), 'x', internal.requestId, elsewhere.requestId]) {
      const answer = await world.party.answer(world.app, requestId, held.secret, pass);
      expect(answer.status).toBe(401);
      expect(told(answer.body)).toEqual(told(unsigned.body));
    }
    for (const { orderId } of [internal, elsewhere]) {
      expect(await orderOf(world.app, orderId)).toMatchObject({ applyStatus: 'in_review' });
    }
  });

  it('given another team’s provider of the same code, then its signature does not count', async () => {
    const held = await given();
    const theirs = await givenProvider(world, { code: held.code }, rival);
    const platforms = await givenProvider(world, { code: held.code }, root);
    expect((await answered({ ...held, secret: theirs.secret }, pass)).status).toBe(401);
    expect((await answered({ ...held, secret: platforms.secret }, pass)).status).toBe(401);
    expect((await answered(held, pass)).status).toBe(200);
  });

  it('given an action of the platform, then a team’s own provider of the same code does not decide what it holds', async () => {
    const platforms = await givenProvider(world, {}, root);
    const code = `common-${platforms.code}`;
    await world.app.as(root).post('/business-types', { code, name: code });
    const { body } = await world.app.as(boss).get('/templates?limit=1');
    await world.app.as(boss).put(`/bindings/${code}`, { templateId: body.items[0].id });
    const held = await givenHeld(world, platforms.code, { admin: root, action: { businessType: code } });
    const own = await givenProvider(world, { code: platforms.code });
    expect((await answered({ ...held, ...own }, pass)).status).toBe(401);
    expect(await orderOf(world.app, held.orderId)).toMatchObject({ applyStatus: 'in_review' });
    expect((await answered({ ...held, ...platforms }, pass)).status).toBe(200);
  });

  it('given a provider that was deleted, then 401', async () => {
    const held = await given();
    await world.app.as(boss).delete(`/approve-actions/${held.actionId}`);
    expect((await world.app.as(boss).delete(`/providers/${held.code}`)).status).toBe(204);
    expect((await answered(held, pass)).status).toBe(401);
  });

  it('given a rotated secret, then both count during the overlap, and the new one alone behind it', async () => {
    const [first, second, third] = [await given(), await given(), await given()];
    const rotate = async ({ code }: ProviderGiven, overlap: string): Promise<string> =>
      String((await world.app.as(boss).post(`/providers/${code}/rotate-secret`, { overlap })).body.secret);
    const fresh = await rotate(first, '1h');
    expect((await answered(first, pass)).status).toBe(200);
    expect((await answered({ ...first, secret: fresh }, pass)).status).toBe(200);
    const both = { secrets: [stranger, await rotate(second, '0s')] };
    expect((await answered(second, pass)).status).toBe(401);
    expect((await answered(second, pass, both)).status).toBe(200);
    const later = await rotate(third, '1m');
    vi.spyOn(world.app.get(Clock), 'now').mockImplementation(() => new Date(Date.now() + 120_000));
    expect((await answered(third, pass)).status).toBe(401);
    expect((await answered({ ...third, secret: later }, pass)).status).toBe(200);
  });
});

describe('a message that counts for another request', () => {
  /** Two requests that the same provider decides. */
  const twoGiven = async () => {
    const first = await given();
    return [first, { ...first, ...(await givenHeld(world, first.code)) }] as const;
  };

  it('given it was taken for one, then it is 401 for the other as what is not signed, and still 200 for the first', async () => {
    const [first, second] = await twoGiven();
    const how = { messageId: randomUUID() };
    expect(await answered(first, pass, how)).toMatchObject({ status: 200 });
    const told = ({ instance: _path, requestId: _id, ...rest }: Record<string, unknown>): unknown => rest;
    const again = await answered(second, pass, how);
    expect(again.status).toBe(401);
    expect(told(again.body)).toEqual(told((await answered(second, pass, { secrets: [] })).body));
    expect(await orderOf(world.app, second.orderId)).toMatchObject({ applyStatus: 'in_review' });
    expect(world.lines.join('\n')).toContain(`counts for another request: ${first.requestId}`);
    expect(await answered(first, pass, how)).toMatchObject({ status: 200 });
    expect(await answered(first, deny, how)).toMatchObject({
      status: 409,
      body: { code: 'already_decided' },
    });
    expect(await answered(second, pass)).toMatchObject({ status: 200 });
  });

  it('given the first one refused it with 409, then it counts for that one all the same', async () => {
    const [first, second] = await twoGiven();
    const how = { messageId: randomUUID() };
    await world.app.as(ann).post(`/orders/${first.orderId}/withdraw`);
    expect((await answered(first, pass, how)).status).toBe(409);
    expect((await answered(second, pass, how)).status).toBe(401);
    expect(await orderOf(world.app, second.orderId)).toMatchObject({ applyStatus: 'in_review' });
  });

  it('given both at once, several times each, then it counts for one of them', async () => {
    for (let time = 0; time < 3; time++) {
      const both = await twoGiven();
      const how = { messageId: randomUUID() };
      const answers = await Promise.all([...both, ...both].map((held) => answered(held, pass, how)));
      const statuses = answers.map(({ status }) => status);
      expect(statuses.toSorted()).toEqual([200, 200, 401, 401]);
      expect(statuses.slice(0, 2)).toEqual(statuses.slice(2));
      const orders = await Promise.all(both.map(({ orderId }) => orderOf(world.app, orderId)));
      expect(orders.map(({ applyStatus }) => applyStatus).toSorted()).toEqual(['completed', 'in_review']);
    }
  });

  it('given a forgery under an id, or an answer that names the other request, then the id is not taken by it', async () => {
    const [first, second] = await twoGiven();
    const how = { messageId: randomUUID() };
    const named = { ...pass, approve_request_id: first.requestId };
    expect((await answered(second, pass, { ...how, signed: '{}' })).status).toBe(401);
    expect(await answered(second, named, how)).toMatchObject({
      status: 400,
      body: { code: 'validation_failed', errors: [{ field: 'approve_request_id' }] },
    });
    expect(await orderOf(world.app, second.orderId)).toMatchObject({ applyStatus: 'in_review' });
    expect(await answered(first, named, how)).toMatchObject({ status: 200 });
  });

  it('given two providers that use the same id, then each message counts', async () => {
    const how = { messageId: randomUUID() };
    for (const held of [await given(), await given()]) {
      expect(await answered(held, pass, how)).toMatchObject({ status: 200 });
    }
  });

  it('given an id of 191 characters, then it counts; of 192, then 401', async () => {
    const held = await given();
    const idOf = (length: number): string => randomUUID().padEnd(length, 'x');
    expect((await answered(held, pass, { messageId: idOf(192) })).status).toBe(401);
    expect(await orderOf(world.app, held.orderId)).toMatchObject({ applyStatus: 'in_review' });
    expect((await answered(held, pass, { messageId: idOf(191) })).status).toBe(200);
  });

  it('given messages of an hour ago, then they are forgotten with the next one, and younger ones are not', async () => {
    const [first, second, third] = [await given(), await given(), await given()];
    const [old, young] = [{ messageId: randomUUID() }, { messageId: randomUUID() }];
    await answered(first, pass, old);
    const kept = async () => {
      const rows = await world.app.database.rows<{ id: string }>(
        'SELECT message_id AS id FROM dms_s_apply_provider_message WHERE message_id IN (?, ?)',
        [old.messageId, young.messageId],
      );
      return rows.map(({ id }) => id);
    };
    const now = vi.spyOn(world.app.get(Clock), 'now');
    now.mockImplementation(() => new Date(Date.now() + 600_000));
    await answered(second, pass, { ...young, ahead: 600 });
    expect((await kept()).toSorted()).toEqual([old.messageId, young.messageId].toSorted());
    now.mockImplementation(() => new Date(Date.now() + 3_660_000));
    await answered(third, pass, { ahead: 3660 });
    expect(await kept()).toEqual([young.messageId]);
  });
});

describe('an answer that cannot be read', () => {
  it.each<[string, number, unknown]>([
    ['no status', 400, {}],
    ['another status', 400, { status: 'passed' }],
    ['a list', 400, [pass]],
    ['no JSON', 400, '{"status":'],
    ['nothing', 400, ''],
    ['a field more', 400, { ...pass, ticket_id: 'x' }],
    ['words that are too long', 400, { ...pass, auditMsg: 'x'.repeat(3901) }],
    ['half a character', 400, '{"status":"pass","auditMsg":"\\ud800"}'],
    ['too much', 413, { ...pass, auditMsg: 'x'.repeat(2 ** 20) }],
  ])('given %s, signed as it should be, then %i', async (_what, status, body) => {
    const held = await given();
    expect((await answered(held, body)).status).toBe(status);
    expect(await orderOf(world.app, held.orderId)).toMatchObject({ applyStatus: 'in_review' });
  });

  it.each([
    ['text/plain', 400],
    ['application/xml', 415],
  ])('given the media type %s, then %i', async (type, status) => {
    const held = await given();
    const answer = await answered(held, pass, { headers: { 'content-type': type } });
    expect(answer.status).toBe(status);
    expect(await orderOf(world.app, held.orderId)).toMatchObject({ applyStatus: 'in_review' });
  });
});

describe('several who decide at once', () => {
  it('given the same answer several times at once, then all are answered 200, and each step is decided once', async () => {
    for (let time = 0; time < 3; time++) {
      const held = await given({ stages: twoSteps });
      const answers = await Promise.all([1, 2, 3, 4].map(() => answered(held, pass)));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      expect(await decisionsOf(held.orderId)).toHaveLength(2);
      await requestIn(world, held.requestId, 'executed');
      expect(world.upstream.seenAt(held.path)).toHaveLength(1);
    }
  });

  it('given a reviewer and the third party at once, then one of them decides, and the other is told', async () => {
    for (let time = 0; time < 6; time++) {
      const held = await given();
      const verdict = time % 2 === 0 ? 'approve' : 'reject';
      const [here, there] = await Promise.all([
        world.app.as(bob).post(`/orders/${held.orderId}/${verdict}`),
        answered(held, pass),
      ]);
      const [decision, ...more] = await decisionsOf(held.orderId);
      expect(more).toEqual([]);
      const { applyStatus } = await orderOf(world.app, held.orderId);
      expect(applyStatus).toBe(decision?.operation === 'step.approved' ? 'completed' : 'rejected');
      expect(here.status).toBe(decision?.operationUserCode === 'bob' ? 200 : 409);
      expect(there.status).toBe(applyStatus === 'completed' ? 200 : 409);
    }
  });

  it('given a pass and a denial at once, then one stands, and the other is 409', async () => {
    for (let time = 0; time < 3; time++) {
      const held = await given();
      const answers = await Promise.all([answered(held, pass), answered(held, deny)]);
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
      expect(await decisionsOf(held.orderId)).toHaveLength(1);
    }
  });
});

it('given all of this, then neither the log nor an order holds a secret, and refusals tell why in the log alone', async () => {
  const held = await given();
  const refused = await answered(held, pass, { ahead: -310 });
  await answered(held, pass);
  const log = world.lines.join('\n');
  expect(log).toContain('of another time: 310 s ago');
  expect(JSON.stringify(refused.body)).not.toContain('310');
  const order = await world.app.as(root).get(`/orders/${held.orderId}/logs`);
  for (const text of [log, JSON.stringify(order.body), JSON.stringify(refused.body)]) {
    expect(text).not.toContain(held.secret.slice(6));
  }
});
