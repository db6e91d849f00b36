import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { answerStatus, inTurn, verify } from '../support/business-module.js';
import {
  everythingTold,
  givenHeld,
  givenProvider,
  type ProviderWorld,
  startProviderWorld,
  tellingsThat,
} from '../support/provider-world.js';
import { ann, bob, boss, rival, root } from '../support/world.js';

let world: ProviderWorld;
beforeAll(async () => {
  world = await startProviderWorld({ PUBLIC_URL: 'https://approvals.example.com/' });
});
afterAll(() => world.close());
afterEach(() => world.party.receiver.behave(answerStatus(200)));

const create = 'CREATE_APPROVE_REQUEST';
const cancel = 'CANCEL_APPROVE_REQUEST';
const typesOf = (requestId: string): string[] => world.party.toldOf(requestId).map((call) => call.body.type);

describe('the event of a held request', () => {
  it('given an action with a provider, then the provider is told once, signed, and of nothing secret', async () => {
    const { code, secret } = await givenProvider(world);
    const held = await givenHeld(world, code, {
      body: { amount: 7, password: 'hunter2hunter2' },
    });
    const { requestId, orderId, actionId, path } = held;
    const [call] = await world.party.told(requestId, create);
    expect(verify(call!, secret)).toEqual({
      type: create,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      data: {
        approve_request_id: requestId,
        ticket_id: orderId,
        action: {
          id: actionId,
          name: expect.any(String) as string,
          path: path.replace('42', '{id}'),
          method: 'POST',
        },
        method: 'POST',
        path,
        query: 'by=ann',
        body: expect.objectContaining({ amount: 7 }) as object,
        request_hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        user_code: 'ann',
        acc_code: 't1',
        business_type: expect.stringMatching(/^flow-/) as string,
        callback_url: `https://approvals.example.com/api/v1/change_approve_request_status/${requestId}/`,
      },
    });
    for (const text of ['hunter2hunter2', held.token, secret.slice(6)]) {
      expect(call!.raw).not.toContain(text);
      expect(JSON.stringify(call!.headers)).not.toContain(text);
    }
    // The same request again is the same one.
    expect(await held.again()).toBe(requestId);
    await everythingTold(world);
    expect(typesOf(requestId)).toEqual([create]);
  });

  it('given a provider that fails, then it is told again under the same id until it answers 2xx', async () => {
    const { code, secret } = await givenProvider(world);
    const flaky = inTurn(answerStatus(500), answerStatus(302, { location: '/' }), answerStatus(202));
    world.party.receiver.behave(flaky);
    const { requestId, orderId } = await givenHeld(world, code);
    const [telling] = await tellingsThat(world, orderId, ([one]) => one?.state === 'succeeded');
    expect(telling?.attempts.map(({ status }) => status)).toEqual([500, 302, 202]);
    const calls = world.party.toldOf(requestId);
    expect(calls).toHaveLength(3);
    expect(new Set(calls.map((call) => call.id))).toEqual(new Set([telling?.id]));
    for (const call of calls) expect(verify(call, secret)).toMatchObject({ type: create });
  });

  it('given 410, then it is parked at once, and the people of the order decide all the same', async () => {
    const { code } = await givenProvider(world);
    world.party.receiver.behave(answerStatus(410));
    const { orderId } = await givenHeld(world, code);
    const [telling] = await tellingsThat(world, orderId, ([one]) => one?.state === 'failed');
    expect(telling).toMatchObject({ lastError: 'answered 410', attempts: [{ status: 410 }] });
    const decided = await world.app.as(bob).post(`/orders/${orderId}/approve`);
    expect(decided).toMatchObject({ status: 200, body: { applyStatus: 'completed' } });
  });

  it('given a provider that is gone, then the delivery says so, and goes out once there is one again', async () => {
    const { code } = await givenProvider(world);
    const { app } = world;
    world.party.receiver.behave(answerStatus(500));
    const { requestId, orderId } = await givenHeld(world, code);
    await app.get(UnitOfWork).run((tx) => tx.run('DELETE FROM dms_s_apply_provider WHERE code = ?', [code]));
    const [telling] = await tellingsThat(world, orderId, ([one]) => one?.state === 'failed');
    expect(telling?.lastError).toContain(`provider ${code} is gone`);
    world.party.receiver.behave(answerStatus(200));
    const { secret } = await givenProvider(world, { code });
    const redelivered = await app.as(boss).post(`/deliveries/${telling?.id}/redeliver`);
    expect(redelivered.status).toBe(200);
    await tellingsThat(world, orderId, ([one]) => one?.state === 'succeeded');
    expect(verify(world.party.toldOf(requestId).at(-1)!, secret)).toMatchObject({ type: create });
  });

  it('given another address while it fails, then the next attempt goes there', async () => {
    const { code } = await givenProvider(world);
    world.party.receiver.behave(({ path }) => ({ status: path === '/moved' ? 200 : 503 }));
    const { requestId, orderId } = await givenHeld(world, code);
    await world.party.told(requestId, create);
    const url = `${world.party.receiver.url}/moved`;
    expect((await world.app.as(boss).patch(`/providers/${code}`, { url })).status).toBe(200);
    await tellingsThat(world, orderId, ([one]) => one?.state === 'succeeded');
    expect(world.party.toldOf(requestId).at(-1)?.path).toBe('/moved');
  });

  it('given `internal`, then nobody is told', async () => {
    const { orderId } = await givenHeld(world, 'internal');
    await everythingTold(world);
    expect(await tellingsThat(world, orderId, () => true)).toEqual([]);
  });

  it('given a provider of the team that shadows the platform’s, then the owner of the action says whom it means', async () => {
    const platforms = await givenProvider(world, {}, root);
    const own = await givenProvider(world, { code: platforms.code });
    const ofTeam = await givenHeld(world, own.code);
    const ofPlatform = await givenHeld(world, own.code, {
      admin: root,
      action: { businessType: await platformType() },
    });
    const [toOwn] = await world.party.told(ofTeam.requestId, create);
    expect(verify(toOwn!, own.secret)).toMatchObject({ type: create });
    expect(() => verify(toOwn!, platforms.secret)).toThrow(/signature/i);
    const [toPlatform] = await world.party.told(ofPlatform.requestId, create);
    expect(verify(toPlatform!, platforms.secret)).toMatchObject({ type: create });
    expect(() => verify(toPlatform!, own.secret)).toThrow(/signature/i);
  });

  it('given another team, then it does not see what is told', async () => {
    const { code } = await givenProvider(world);
    const { orderId } = await givenHeld(world, code);
    const [telling] = await tellingsThat(world, orderId, ([one]) => one?.state === 'succeeded');
    expect((await world.app.as(rival).get(`/deliveries/${telling?.id}`)).status).toBe(404);
    expect((await world.app.as(boss).get(`/deliveries/${telling?.id}`)).status).toBe(200);
  });
});

describe('the event of a request that ends without a decision', () => {
  it('given the applicant withdraws, then the provider is told', async () => {
    const { code, secret } = await givenProvider(world);
    const { requestId, orderId } = await givenHeld(world, code);
    await world.party.told(requestId, create);
    expect((await world.app.as(ann).post(`/orders/${orderId}/withdraw`)).status).toBe(200);
    const [call] = await world.party.told(requestId, cancel);
    expect(verify(call!, secret)).toMatchObject({
      type: cancel,
      data: { approve_request_id: requestId, ticket_id: orderId, status: 'cancelled' },
    });
  });

  it('given the provider has not been reached yet, then it never hears of the request after it has heard of its end', async () => {
    const { code } = await givenProvider(world);
    world.party.receiver.behave(({ body }) => ({ status: body.type === cancel ? 200 : 500 }));
    const { requestId, orderId } = await givenHeld(world, code);
    await world.party.told(requestId, create);
    await world.app.as(ann).post(`/orders/${orderId}/withdraw`);
    await world.party.told(requestId, cancel);
    world.party.receiver.behave(answerStatus(200));
    await everythingTold(world);
    const types = typesOf(requestId);
    expect(types.indexOf(cancel)).toBe(types.length - 1);
    const tellings = await tellingsThat(world, orderId, (all) => all.length === 2);
    expect(tellings.map(({ state }) => state)).toEqual(['cancelled', 'succeeded']);
  });

  it('given somebody here decides before the provider is reached, then it is told that, and not asked any more', async () => {
    const { code } = await givenProvider(world);
    world.party.receiver.behave(answerStatus(500));
    const { requestId, orderId } = await givenHeld(world, code);
    await world.party.told(requestId, create);
    expect((await world.app.as(bob).post(`/orders/${orderId}/approve`)).status).toBe(200);
    world.party.receiver.behave(answerStatus(204));
    const [call] = await world.party.told(requestId, cancel);
    expect(call?.body.data).toMatchObject({ status: 'approved' });
    await tellingsThat(world, orderId, ([one]) => one?.state === 'cancelled');
  });

  it('given nobody decides in time, then the provider is told that it has expired', async () => {
    const { code } = await givenProvider(world);
    const { requestId } = await givenHeld(world, code, { action: { waitTtl: '1s' } });
    const [call] = await world.party.told(requestId, cancel);
    expect(call?.body.data).toMatchObject({ status: 'expired' });
  });
});

/** A business type that the platform's actions can name, bound in team t1. */
async function platformType(): Promise<string> {
  const code = `platform-${world.lines.length}`;
  const made = await world.app.as(root).post('/business-types', { code, name: code });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  const templates = await world.app.as(boss).get('/templates?limit=1');
  const bound = await world.app.as(boss).put(`/bindings/${code}`, { templateId: templates.body.items[0].id });
  if (bound.status !== 200) throw new Error(JSON.stringify(bound.body));
  return code;
}
