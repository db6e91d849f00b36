import { eventually } from '../eventually.js';
import { ann, boss, created, root } from '../world.js';
import type { DefinitionGiven } from './lark-given.js';
import type { LarkDefinition, LarkInstance } from './lark-native.js';
import { type LarkWorld, startLarkWorld } from './lark-world.js';

/** A world in which orders are opened here and asked for in Feishu. */
export interface AskedWorld extends LarkWorld {
  /** The request address (请求网址) that names the provider. */
  readonly callbackUrl: string;
}

/** Ann and bob are known there as `ann-there` and `lee`. */
export async function startAskedWorld(): Promise<AskedWorld> {
  const world = await startLarkWorld();
  const { app, lark, providerId } = world;
  const callbackUrl = `${app.url}/api/v1/lark/callback/${providerId}`;
  lark.events.deliverTo(callbackUrl);
  await givenIdentity(world, 'ann', lark.people.join('ann-there'));
  await givenIdentity(world, 'bob', lark.people.join('lee'));
  return {
    ...world,
    callbackUrl,
    close: async () => {
      await lark.events.settled();
      await world.close();
    },
  };
}

/** Given that somebody is known there by an id. */
export async function givenIdentity({ app }: LarkWorld, userCode: string, externalId: string): Promise<void> {
  const { status, body } = await app.as(boss).put(`/providers/feishu/identities/${userCode}`, { externalId });
  if (status !== 200) throw new Error(`identity: ${status} ${JSON.stringify(body)}`);
}

let made = 0;

/** Given a business type that Feishu decides, and its definition there, which is followed from now on. */
export async function givenAskedType(
  { app, lark, module }: LarkWorld,
  definition: DefinitionGiven = { nodes: [{ name: '审批', approvers: ['lee'] }] },
): Promise<{ readonly businessType: string; readonly definition: LarkDefinition }> {
  const businessType = `feishu-${++made}`;
  const defined = lark.define(definition);
  const admin = app.as(boss);
  await created(admin, '/business-types', {
    code: businessType,
    name: businessType,
    provider: 'feishu',
    checkUrl: module.checkUrl,
    executeUrl: module.executeUrl,
  });
  await created(admin, '/providers/feishu/forms', {
    formCode: defined.code,
    name: defined.name,
    businessType,
    relation: {
      isOpen: true,
      data: [
        { code: '申请原因', apiKey: 'reason' },
        { code: 'amount', apiKey: 'amount' },
      ],
    },
  });
  return { businessType, definition: defined };
}

/** Ann's order of a type. @returns its id */
export const opened = async ({ app }: LarkWorld, businessType: string): Promise<string> =>
  String(
    (
      await created(app.as(ann), '/orders', {
        businessType,
        title: '新人权限',
        variables: { reason: 'wants in', amount: 7 },
      })
    ).id,
  );

/** The instance that Feishu was asked for, as soon as the service knows it. */
export async function askedInstance({ app, lark }: LarkWorld, orderId: string): Promise<LarkInstance> {
  const items = await eventually(
    async () => (await app.as(root).get(`/orders/${orderId}/outside`)).body.items,
    (all: readonly { externalId: string | null }[]) => typeof all.at(-1)?.externalId === 'string',
  );
  return lark.instance(String(items.at(-1)?.externalId));
}

export const askedOrder = async ({ app }: LarkWorld, orderId: string) =>
  (await app.as(root).get(`/orders/${orderId}`)).body;

/** The order, as soon as it stands so. */
export const reached = (world: LarkWorld, orderId: string, status: string) =>
  eventually(
    () => askedOrder(world, orderId),
    (order) => order.applyStatus === status,
  );
