import { agree, type BusinessModule, startBusinessModule } from '../business-module.js';
import { callbackSettings } from '../callback-settings.js';
import { eventually } from '../eventually.js';
import { startApp, type TestApp } from '../harness.js';
import { ann, boss, created, root } from '../world.js';
import type { Instance, Template } from './dingtalk-approvals.js';
import { type FakeDingTalk, startFakeDingTalk } from './fake-dingtalk.js';

/** The service with a provider `ding`, the DingTalk behind it, and a business module. */
export interface DingTalkWorld {
  readonly app: TestApp;
  readonly dingtalk: FakeDingTalk;
  readonly module: BusinessModule;
  readonly providerId: string;
  /** Where DingTalk delivers its events. */
  readonly callbackUrl: string;
  close(): Promise<void>;
}

/** Names of the account on our nodes, and of these nodes. */
const ours = { assistantUserId: 'assistant', checkActivityIds: ['check'], executeActivityIds: ['execute'] };

export async function startDingTalkWorld(env: Readonly<Record<string, string>> = {}): Promise<DingTalkWorld> {
  const app = await startApp({ env: { ...callbackSettings, PROVIDER_POLL_INTERVAL: '1h', ...env } });
  const dingtalk = await startFakeDingTalk();
  const module = await startBusinessModule(agree);
  const { id } = await created(app.as(boss), '/providers', {
    code: 'ding',
    kind: 'dingtalk',
    name: '钉钉',
    url: dingtalk.url,
    dingtalk: { ...dingtalk.fields, ...ours },
  });
  const providerId = String(id);
  const callbackUrl = `${app.url}/api/v1/dingtalk/callback/${providerId}`;
  await dingtalk.events.deliverTo(callbackUrl);
  const world = { app, dingtalk, module, providerId, callbackUrl };
  await givenIdentity(world, 'ann', 'ann-there');
  await givenIdentity(world, 'bob', 'lee');
  return {
    ...world,
    close: async () => {
      await dingtalk.events.settled();
      await app.close();
      await dingtalk.close();
      await module.close();
    },
  };
}

/** Given that somebody is known there by an id. */
export async function givenIdentity(
  { app }: Pick<DingTalkWorld, 'app'>,
  userCode: string,
  externalId: string,
): Promise<void> {
  const { status, body } = await app.as(boss).put(`/providers/ding/identities/${userCode}`, { externalId });
  if (status !== 200) throw new Error(`identity: ${status} ${JSON.stringify(body)}`);
}

let made = 0;

export interface TypeGiven {
  readonly template?: Parameters<FakeDingTalk['approvals']['define']>[0];
  /** Whether a widget carries our key; it does unless told otherwise. */
  readonly keyed?: boolean;
}

/** Given a business type that the provider decides, and how it looks there. */
export async function givenType(
  { app, dingtalk, module }: DingTalkWorld,
  { template = {}, keyed = true }: TypeGiven = {},
): Promise<{ readonly businessType: string; readonly template: Template }> {
  const businessType = `ding-${++made}`;
  const defined = dingtalk.approvals.define(template);
  await created(app.as(boss), '/business-types', {
    code: businessType,
    name: businessType,
    provider: 'ding',
    checkUrl: module.checkUrl,
    executeUrl: module.executeUrl,
  });
  await created(app.as(boss), '/providers/ding/forms', {
    formCode: defined.code,
    name: defined.name,
    businessType,
    relation: {
      isOpen: true,
      data: [
        { code: '事由', apiKey: 'reason' },
        { code: '金额', apiKey: 'amount' },
        ...(keyed ? [{ code: '单号', apiKey: 'ticket_id' }] : []),
      ],
    },
  });
  return { businessType, template: defined };
}

/** Ann's order of a type. @returns its id */
export const opened = async ({ app }: DingTalkWorld, businessType: string): Promise<string> =>
  String(
    (
      await created(app.as(ann), '/orders', {
        businessType,
        title: 'A rest',
        variables: { reason: 'a rest', amount: 7 },
      })
    ).id,
  );

/** What DingTalk holds of a template, oldest first. */
export const instancesOf = ({ dingtalk }: DingTalkWorld, template: Template): Instance[] =>
  [...dingtalk.approvals.instances.values()].filter((one) => one.template === template);

/** The instance that was asked for, as soon as the service knows it. */
export async function instanceOf(world: DingTalkWorld, orderId: string): Promise<Instance> {
  const outside = await eventually(
    async () => (await world.app.as(ann).get(`/orders/${orderId}/outside`)).body.items,
    (items: readonly { externalId: string | null }[]) => typeof items.at(-1)?.externalId === 'string',
  );
  return world.dingtalk.approvals.of(String(outside.at(-1)?.externalId));
}

export const orderOf = async ({ app }: DingTalkWorld, orderId: string) =>
  (await app.as(root).get(`/orders/${orderId}`)).body;

/** The order, as soon as it stands so. */
export const reached = (world: DingTalkWorld, orderId: string, status: string) =>
  eventually(
    () => orderOf(world, orderId),
    (order) => order.applyStatus === status,
  );

/** The operations of an order's log. */
export const operationsOf = async ({ app }: DingTalkWorld, orderId: string): Promise<string[]> =>
  (await app.as(ann).get(`/orders/${orderId}/logs`)).body.items.map(
    ({ operation }: { operation: string }) => operation,
  );

/** Waits until every event has come and has been looked into. */
export async function quiet({ app, dingtalk }: DingTalkWorld): Promise<void> {
  await dingtalk.events.settled();
  await eventually(
    () =>
      app.database.rows(
        "SELECT id FROM dms_s_apply_delivery WHERE topic = 'provider.event' AND state IN ('pending', 'sending')",
      ),
    (rows) => rows.length === 0,
  );
}
