import { Webhook } from 'standardwebhooks';
import {
  agree,
  type Behaviour,
  type BusinessModule,
  type ReceivedCall,
  startBusinessModule,
} from '../business-module.js';
import { callbackSettings } from '../callback-settings.js';
import { eventually } from '../eventually.js';
import { startApp, type TestApp } from '../harness.js';
import { boss, created, root } from '../world.js';
import { type FakeLark, startFakeLark } from './fake-lark.js';
import type { DefinitionGiven } from './lark-given.js';
import type { LarkDefinition, LarkInstance, LarkTask } from './lark-native.js';

/** The service, Feishu, a business module, and a provider `feishu` of team t1 between them (requirement 001). */
export interface LarkWorld {
  readonly app: TestApp;
  readonly lark: FakeLark;
  readonly module: BusinessModule;
  readonly providerId: string;
  /** Every line of the log so far. */
  readonly lines: readonly string[];
  close(): Promise<void>;
}

export async function startLarkWorld(env: Readonly<Record<string, string>> = {}): Promise<LarkWorld> {
  const lines: string[] = [];
  const app = await startApp({
    env: { ...callbackSettings, PROVIDER_POLL_INTERVAL: '1h', ...env },
    onLog: (line) => void lines.push(line),
  });
  const [lark, module] = [await startFakeLark(), await startBusinessModule(agree)];
  const provider = await created(app.as(boss), '/providers', {
    code: 'feishu',
    name: '飞书',
    kind: 'lark',
    url: lark.url,
    lark: lark.fields,
  });
  lark.events.deliverTo(`${app.url}/api/v1/lark/callback`);
  return {
    app,
    lark,
    module,
    providerId: String(provider.id),
    lines,
    close: async () => {
      await app.close();
      await lark.close();
      await module.close();
    },
  };
}

export type CallType = 'sync' | 'async';

export interface ApprovalGiven {
  readonly definition: LarkDefinition;
  /** Of its business type, which its form has made. */
  readonly secret: string;
}

/** The relation of the everyday widgets: by name, by id, and by custom id. */
export const everydayRelation = {
  isOpen: true,
  data: [
    { code: '申请原因', apiKey: 'reason' },
    { code: 'amount', apiKey: 'amount' },
    { code: 'widget16510509704570003', apiKey: 'environment' },
  ],
};

/** Given an approval definition there, and its form here: checked and executed by the business module. */
export async function givenApproval(
  { app, lark, module }: LarkWorld,
  {
    callType = 'sync',
    form = {},
    definition: given = {},
  }: { readonly callType?: CallType; readonly form?: object; readonly definition?: DefinitionGiven } = {},
): Promise<ApprovalGiven> {
  const definition = lark.define(given);
  const { secret } = await created(app.as(boss), '/providers/feishu/forms', {
    formCode: definition.code,
    name: definition.name,
    check: { isOpen: true, url: module.checkUrl, callType },
    execute: { isOpen: true, url: module.executeUrl, callType },
    relation: everydayRelation,
    ...form,
  });
  return { definition, secret: String(secret) };
}

/** Somebody fills the form in. */
export function apply(
  { lark }: LarkWorld,
  { definition }: ApprovalGiven,
  values: Readonly<Record<string, unknown>> = { 申请原因: '排查问题' },
  userId: string = 'ann-there',
): LarkInstance {
  return lark.act.submit(definition.code, userId, values);
}

/** What lark-ticket calls a task. */
export const ticketName = (instance: LarkInstance, task: Pick<LarkTask, 'id'> | undefined): string =>
  [instance.definition.code, instance.code, task?.id].join('|');

/** The calls about an approval, of all its tasks. */
export const callsAbout = (
  { module }: LarkWorld,
  kind: 'check' | 'execute',
  instance: LarkInstance,
): ReceivedCall[] =>
  module.calls.filter(
    (call) => call.path === `/${kind}` && call.ticket.startsWith(ticketName(instance, { id: '' })),
  );

/** What was said last on a node. */
export const saidOn = (instance: LarkInstance, nodeName: string): string | undefined => {
  const task = instance.tasks.findLast(({ node }) => node.name === nodeName);
  return instance.timeline.findLast(({ taskId }) => taskId === task?.id)?.comment;
};

/** The approval as soon as it is over there. */
export const ended = (instance: LarkInstance): Promise<LarkInstance['status']> =>
  eventually(
    () => instance.status,
    (status) => status !== 'PENDING',
  );

/** The waiting task of a node, as soon as there is one. */
export const waitingOn = async (
  { lark }: LarkWorld,
  instance: LarkInstance,
  nodeName: string,
): Promise<LarkTask> => {
  const [task] = await eventually(
    () => lark.waiting(instance.code, nodeName),
    (tasks) => tasks.length > 0,
  );
  if (!task) throw new Error('there is none');
  return task;
};

/** The orders of an approval; there is to be one. */
export const orderIdsOf = async ({ app }: LarkWorld, instance: LarkInstance): Promise<string[]> =>
  (
    await app.database.rows<{ id: string }>(
      'SELECT apply_order_id AS id FROM dms_s_apply_outside_approval WHERE external_id = ?',
      [instance.code],
    )
  ).map(({ id }) => id);

/** The order of an approval, as soon as it has this status. */
export async function orderOf(
  world: LarkWorld,
  instance: LarkInstance,
  applyStatus: string,
  // What an order holds is what the tests are about.
  // oxlint-disable-next-line typescript/no-explicit-any
): Promise<any> {
  const [orderId] = await eventually(
    () => orderIdsOf(world, instance),
    (ids) => ids.length > 0,
  );
  return eventually(
    async () => (await world.app.as(root).get(`/orders/${orderId}`)).body,
    (order: { applyStatus: string }) => order.applyStatus === applyStatus,
  );
}

/** Posts a late answer, signed as the contract wants it unless told otherwise. */
export function answerLate(
  { app }: LarkWorld,
  kind: 'check' | 'execute',
  answer: object,
  { secret, headers }: { readonly secret?: string; readonly headers?: Readonly<Record<string, string>> },
): Promise<{ readonly status: number; readonly body: unknown }> {
  const body = JSON.stringify(answer);
  return app.as(null).post(`/lark/${kind}/callback`, body, {
    'content-type': 'application/json',
    ...(secret === undefined ? {} : signed(body, secret)),
    ...headers,
  });
}

let messages = 0;
function signed(body: string, secret: string): Record<string, string> {
  const id = `msg_${(messages += 1)}`;
  const now = new Date();
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, now, body),
  };
}

/** A business module that says what it thinks: at once, or later where it is asked so. */
export const saying =
  (
    world: LarkWorld,
    { secret }: ApprovalGiven,
    callType: CallType,
    think: (call: ReceivedCall) => object,
  ): Behaviour =>
  (call) => {
    const answer = { ticket_id: call.ticket, ...think(call) };
    if (callType === 'sync') return { status: 200, body: answer };
    const kind = call.path === '/check' ? 'check' : 'execute';
    setImmediate(() => void answerLate(world, kind, answer, { secret }));
    return { status: 200, body: 'taken on' };
  };
