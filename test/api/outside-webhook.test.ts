import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agree, type BusinessModule, startBusinessModule } from '../support/business-module.js';
import { callbackSettings } from '../support/callback-settings.js';
import { eventually } from '../support/eventually.js';
import { startApp, type TestApp } from '../support/harness.js';
import { type OutsideParty, startOutsideParty } from '../support/outside-party.js';
import { ann, boss, created, root } from '../support/world.js';

let app: TestApp;
let party: OutsideParty;
let module: BusinessModule;
let secret: string;
let providerId: string;
beforeAll(async () => {
  app = await startApp({ env: { ...callbackSettings, PROVIDER_POLL_INTERVAL: '1h' } });
  party = await startOutsideParty();
  module = await startBusinessModule(agree);
  const provider = await created(app.as(boss), '/providers', { code: 'oa', name: 'OA', url: party.url });
  ({ secret, id: providerId } = provider as { secret: string; id: string });
});
afterAll(async () => {
  await app.close();
  await party.close();
  await module.close();
});

let made = 0;
async function givenOrder(fields: object = {}): Promise<{ orderId: string; key: string }> {
  const code = `outside-${++made}`;
  await created(app.as(boss), '/business-types', {
    code,
    name: code,
    provider: 'oa',
    executeUrl: module.executeUrl,
    checkUrl: module.checkUrl,
    ...fields,
  });
  const { id } = await created(app.as(ann), '/orders', { businessType: code, variables: { amount: 7 } });
  const orderId = String(id);
  const { key } = await eventually(
    () => party.of(orderId),
    (approval) => approval !== undefined,
  ).then((approval) => approval!);
  return { orderId, key };
}

const orderOf = async (orderId: string) => (await app.as(ann).get(`/orders/${orderId}`)).body;
const reached = (orderId: string, status: string) =>
  eventually(
    () => orderOf(orderId),
    (order) => order.applyStatus === status,
  );
const callback = () => `${app.url}/api/v1/webhook/callback/${providerId}`;

describe('an order whose business type leaves the decision to a third party', () => {
  it('given an approval there, then it is checked, asked for once, approved and executed', async () => {
    const { orderId, key } = await givenOrder();
    expect(party.of(orderId)?.asked).toMatchObject({
      ticket_id: orderId,
      user_code: 'ann',
      variables: { amount: 7 },
    });
    expect((await orderOf(orderId)).steps).toMatchObject([
      { nodeName: 'oa', auditObjectType: 'provider', auditObject: ['oa'], auditStatus: 'in_review' },
    ]);
    party.decide(key, 'approved', 'wang', 'fine with me');
    expect((await party.tell(callback(), secret, key)).status).toBe(200);
    const order = await reached(orderId, 'completed');
    expect(order.steps[0]).toMatchObject({ auditUserCode: 'provider:oa', auditMsg: 'wang: fine with me' });
    expect(module.callsOf('check', orderId)).toHaveLength(1);
    expect(module.callsOf('execute', orderId)).toHaveLength(1);
  });

  it('given a rejection there, then it is rejected and never executed', async () => {
    const { orderId, key } = await givenOrder();
    party.decide(key, 'rejected', 'wang', 'no');
    await party.tell(callback(), secret, key);
    await reached(orderId, 'rejected');
    expect(module.callsOf('execute', orderId)).toHaveLength(0);
  });

  it('given its applicant withdraws it, then it is ended there', async () => {
    const { orderId } = await givenOrder();
    await app.as(ann).post(`/orders/${orderId}/withdraw`, {});
    await eventually(
      () => party.of(orderId)?.status,
      (status) => status === 'cancelled',
    );
  });

  it('given a system administrator decides it here, then it is ended there, and executed', async () => {
    const { orderId } = await givenOrder();
    await app.as(root).post(`/orders/${orderId}/approve`, {});
    await reached(orderId, 'completed');
    await eventually(
      () => party.of(orderId)?.status,
      (status) => status === 'cancelled',
    );
  });
});
