import { callbackSettings } from './callback-settings.js';
import { eventually } from './eventually.js';
import { startApp, type TestApp, type TestUser } from './harness.js';
import { type FakeLark, startFakeLark } from './lark/fake-lark.js';
import { seal } from './lark/lark-cipher.js';
import { directoryOf } from './resolver-people.js';
import { ann, bob, boss, carol, created, dave, givenFlow, root, type StageGiven } from './world.js';

export const publicUrl = 'https://countersign.example.com';

/** The service, and a Feishu in which it shows its orders. */
export interface MirrorWorld {
  readonly app: TestApp;
  readonly lark: FakeLark;
  readonly providerId: string;
  /** Every line of the log so far. */
  readonly lines: readonly string[];
  close(): Promise<void>;
}

/** Who of team t1 has an account in Feishu: everybody but dave, under `<code>-there`. */
export const there = ({ sub }: TestUser): string => `${sub}-there`;

export async function startMirrorWorld(env: Readonly<Record<string, string>> = {}): Promise<MirrorWorld> {
  const lines: string[] = [];
  const app = await startApp({
    env: { ...callbackSettings, PUBLIC_URL: publicUrl, ...env },
    onLog: (line) => void lines.push(line),
  });
  const lark = await startFakeLark();
  lark.external.reach = (address) => address.replace(publicUrl, app.url);
  const { id } = await created(app.as(boss), '/providers', {
    code: 'feishu',
    name: 'Feishu',
    kind: 'lark',
    url: lark.url,
    lark: lark.fields,
  });
  const providerId = String(id);
  const directory = directoryOf(app.as(root));
  for (const { sub } of [ann, bob, carol, dave]) await directory.user(sub, { name: `${sub} by name` });
  for (const who of [ann, bob, carol]) await givenIdentity({ app, lark }, who.sub, there(who));
  return {
    app,
    lark,
    providerId,
    lines,
    close: async () => {
      await app.close();
      await lark.close();
    },
  };
}

/** Given that somebody has an account in Feishu, and that it is known here whose it is. */
export async function givenIdentity(
  { app, lark }: Pick<MirrorWorld, 'app' | 'lark'>,
  userCode: string,
  externalId: string,
): Promise<void> {
  lark.people.join(externalId);
  const answer = await app.as(boss).put(`/providers/feishu/identities/${userCode}`, { externalId });
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
}

const types = new Map<string, Promise<string>>();

/** Given a business type whose orders are shown in Feishu; the same one whenever the same is asked for. @returns its code */
export function givenMirrored(
  world: Pick<MirrorWorld, 'app'>,
  stages: readonly StageGiven[],
  flow: Parameters<typeof givenFlow>[2] = {},
  type: object = {},
): Promise<string> {
  const key = JSON.stringify([world.app.url, stages, flow, type]);
  const known = types.get(key) ?? newMirrored(world, stages, flow, type);
  types.set(key, known);
  return known;
}

/** One that no other test sees. */
export async function newMirrored(
  { app }: Pick<MirrorWorld, 'app'>,
  stages: readonly StageGiven[],
  flow: Parameters<typeof givenFlow>[2] = {},
  type: object = {},
): Promise<string> {
  const { businessType } = await givenFlow(app, stages, flow);
  const answer = await app.as(boss).patch(`/business-types/${businessType}`, { mirror: 'feishu', ...type });
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return businessType;
}

/** A task, as the approval centre has it. */
export interface TaskThere {
  readonly task_id: string;
  readonly user_id: string;
  readonly status: string;
  readonly end_time: string;
  readonly action_context?: string;
  readonly action_configs?: readonly { readonly action_type: string }[];
}

/** An order, as the approval centre has it. */
export interface OrderThere {
  readonly approval_code: string;
  readonly status: string;
  readonly title: string;
  readonly user_id?: string;
  readonly user_name?: string;
  readonly start_time: string;
  readonly end_time: string;
  readonly update_time: string;
  readonly form: readonly { readonly name: string; readonly value: string }[];
  readonly task_list: readonly TaskThere[];
  readonly cc_list: readonly { readonly user_id: string }[];
  readonly links: { readonly pc_link: string };
  readonly i18n_resources: readonly {
    readonly locale: string;
    readonly texts: readonly { readonly key: string; readonly value: string }[];
  }[];
}

const bodyOf = ({ lark }: MirrorWorld, orderId: string): OrderThere | undefined =>
  lark.external.instances.find(({ id }) => id === orderId)?.body as unknown as OrderThere | undefined;

/** An order in Feishu, as soon as it is as wanted. */
export async function thereThat(
  world: MirrorWorld,
  orderId: string,
  willDo: (order: OrderThere) => boolean,
): Promise<OrderThere> {
  const found = await eventually(
    () => bodyOf(world, orderId),
    (order) => order !== undefined && willDo(order),
  );
  if (!found) throw new Error(`order ${orderId} is not shown`);
  return found;
}

/** Who has which tasks there, as `bob PENDING`; with buttons `bob PENDING!`. */
export const tasksThere = ({ task_list }: OrderThere): string[] =>
  task_list
    .map(
      ({ user_id, status, action_configs }) =>
        `${user_id.replace('-there', '')} ${status}${action_configs ? '!' : ''}`,
    )
    .toSorted();

export const showing =
  (...tasks: readonly string[]) =>
  (order: OrderThere): boolean =>
    JSON.stringify(tasksThere(order)) === JSON.stringify(tasks.toSorted());

/** Waits until nothing is left to be shown. */
export const everythingShown = ({ app }: MirrorWorld): Promise<unknown> =>
  eventually(
    () =>
      app.database.rows(
        "SELECT id FROM dms_s_apply_delivery WHERE topic = 'order.mirror' AND state IN ('pending', 'sending')",
      ),
    (rows) => rows.length === 0,
  );

/** Somebody's waiting task on an order. */
export function taskOf({ task_list }: OrderThere, who: TestUser): TaskThere {
  const task = task_list.find(({ user_id, status }) => user_id === there(who) && status === 'PENDING');
  if (!task) throw new Error(`${who.sub} has no waiting task`);
  return task;
}

/** A text of an order, in a language. */
export const textOf = ({ i18n_resources }: OrderThere, key: string, locale = 'zh-CN'): string | undefined =>
  i18n_resources.find((one) => one.locale === locale)?.texts.find((one) => one.key === key)?.value;

/** What Feishu sends when somebody presses a button, and what of it a test has otherwise. */
export interface Pressing {
  /** Fields in place of the right ones. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Encrypted with this; null: not encrypted. Left out: with the definition's key. */
  readonly key?: string | null;
  /** The address's provider. */
  readonly to?: string;
}

/** The fields of a button as Feishu has them. */
export function buttonOf(
  { lark }: MirrorWorld,
  orderId: string,
  task: TaskThere,
  action = 'APPROVE',
): object {
  const { approvalCode } = lark.external.instance(orderId);
  const { token } = secretsOf(lark, approvalCode);
  return {
    action_type: action,
    action_context: task.action_context ?? '',
    user_id: task.user_id,
    approval_code: approvalCode,
    instance_id: orderId,
    task_id: task.task_id,
    reason: 'as sent',
    attachments: [],
    token,
  };
}

/** The secrets that Feishu was told of a definition. */
export function secretsOf(
  { external }: FakeLark,
  approvalCode: string,
): { readonly token: string; readonly key: string } {
  const told = external.approvals.find(({ code }) => code === approvalCode)?.body.external as
    { readonly action_callback_token: string; readonly action_callback_key: string } | undefined;
  return { token: told?.action_callback_token ?? '', key: told?.action_callback_key ?? '' };
}

/** Sends a button by hand. @returns the status, and the words that the person reads */
export async function pressing(
  world: MirrorWorld,
  button: object,
  { fields = {}, key, to = world.providerId }: Pressing = {},
): Promise<{ readonly status: number; readonly message: string }> {
  const sent = { ...button, ...fields };
  const { approval_code: code } = sent as { readonly approval_code?: string };
  // An int64 without quotation marks, which no JavaScript number can say.
  const text = `${JSON.stringify(sent).slice(0, -1)},"message_id":6981801914270744596}`;
  const sealedWith = key === undefined ? secretsOf(world.lark, code ?? '').key : key;
  const response = await fetch(`${world.app.url}/api/v1/lark/actions/${to}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: sealedWith === null ? text : JSON.stringify({ encrypt: seal(text, sealedWith) }),
  });
  const { message = '' } = (await response.json()) as { readonly message?: string };
  return { status: response.status, message };
}
