import { agree, type BusinessModule, startBusinessModule } from '../business-module.js';
import { callbackSettings } from '../callback-settings.js';
import { eventually } from '../eventually.js';
import { startApp, type TestApp, type TestUser } from '../harness.js';
import { storedDeliveries } from '../stored-deliveries.js';
import { ann, boss, created } from '../world.js';
import { type FakeWeCom, startWeCom } from './fake-wecom.js';
import type { WeComApproval } from './wecom-approvals.js';
import { purchase, relation } from './wecom-given.js';

/** A service whose purchases are decided in WeCom, and the business module that executes them. */
export interface WeComWorld {
  readonly app: TestApp;
  readonly wecom: FakeWeCom;
  readonly module: BusinessModule;
  readonly providerId: string;
  readonly businessType: string;
  close(): Promise<void>;
}

export interface WeComWorldOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly onLog?: (line: string) => void;
}

export async function startWeComWorld({ env = {}, onLog }: WeComWorldOptions = {}): Promise<WeComWorld> {
  const app = await startApp({
    env: { ...callbackSettings, PROVIDER_POLL_INTERVAL: '1h', ...env },
    ...(onLog ? { onLog } : {}),
  });
  const [wecom, module] = [await startWeCom(), await startBusinessModule(agree)];
  wecom.template(purchase);
  wecom.member('ann.there', 'li', 'zhao', 'wang');
  const providerId = await givenWeComProvider(app, wecom, 'wecom');
  wecom.callbacks.url = `${app.url}/api/v1/wecom/callback/${providerId}`;
  const businessType = 'purchase';
  await created(app.as(boss), '/business-types', {
    code: businessType,
    name: '采购',
    provider: 'wecom',
    executeUrl: module.executeUrl,
  });
  await created(app.as(boss), '/providers/wecom/forms', {
    formCode: purchase.id,
    name: purchase.name,
    businessType,
    relation: { isOpen: true, data: relation.map(({ widget: code, apiKey }) => ({ code, apiKey })) },
  });
  await givenIdentity(app, 'ann', 'ann.there');
  await givenIdentity(app, 'bob', 'wang');
  return {
    app,
    wecom,
    module,
    providerId,
    businessType,
    close: async () => {
      await app.close();
      await wecom.close();
      await module.close();
    },
  };
}

/** @returns its id */
export async function givenWeComProvider(
  app: TestApp,
  wecom: FakeWeCom,
  code: string,
  admin: TestUser = boss,
): Promise<string> {
  const { id } = await created(app.as(admin), '/providers', {
    code,
    name: '企业微信',
    kind: 'wecom',
    url: wecom.url,
    wecom: wecom.settings,
  });
  return String(id);
}

/** Who somebody is in WeCom. */
export async function givenIdentity(app: TestApp, userCode: string, externalId: string): Promise<void> {
  const answer = await app.as(boss).put(`/providers/wecom/identities/${userCode}`, { externalId });
  if (answer.status !== 200) throw new Error(`identity: ${JSON.stringify(answer.body)}`);
}

let orders = 0;

/** An order, ordered through the API, with what WeCom would be told of it. */
export async function ordered(
  { app, businessType }: WeComWorld,
  fields: object = {},
  by: TestUser = ann,
): Promise<string> {
  const { id } = await created(app.as(by), '/orders', {
    businessType,
    title: `laptops ${++orders}`,
    variables: { purpose: `laptops ${orders}`, amount: 700, category: '办公' },
    ...fields,
  });
  return String(id);
}

/** The application of an order, as soon as it is there. */
export async function applicationOf({ wecom }: WeComWorld, orderId: string): Promise<WeComApproval> {
  const found = await eventually(
    () =>
      [...wecom.approvals.all.values()].filter(({ contents }) => JSON.stringify(contents).includes(orderId)),
    (all) => all.length > 0,
  );
  if (found.length > 1) throw new Error(`order ${orderId} has ${found.length} applications`);
  return found[0]!;
}

export const orderOf = async ({ app }: WeComWorld, orderId: string) =>
  (await app.as(ann).get(`/orders/${orderId}`)).body;

/** The order, when it has reached a status. */
export const reached = (world: WeComWorld, orderId: string, status: string) =>
  eventually(
    () => orderOf(world, orderId),
    (order) => order.applyStatus === status,
  );

/** Waits until the service knows the number of an order's application. @returns it */
export async function known(world: WeComWorld, orderId: string): Promise<string> {
  const answer = await eventually(
    async () => (await world.app.as(ann).get(`/orders/${orderId}/outside`)).body,
    (body) => body.items?.at(-1)?.externalId != null,
  );
  return String(answer.items.at(-1).externalId);
}

/** When WeCom has told everything, and all of it was looked into. */
export async function quiet({ app, wecom }: WeComWorld): Promise<void> {
  await wecom.callbacks.settled();
  await eventually(
    () => storedDeliveries(app.database),
    (all) =>
      !all.some(
        ({ topic, state }) => topic === 'provider.event' && (state === 'pending' || state === 'sending'),
      ),
  );
}
