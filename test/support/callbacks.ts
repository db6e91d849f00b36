import { type BusinessModule, type ReceivedCall, startBusinessModule } from './business-module.js';
import { callbackSettings } from './callback-settings.js';
import { eventually } from './eventually.js';
import { startApp, type TestApp, type TestUser } from './harness.js';
import { bob, boss, created, givenFlow, root, type Speaks } from './world.js';

type Kind = 'check' | 'execute';

/** The service and a business module that it may call. */
export interface CallbackWorld {
  readonly app: TestApp;
  readonly module: BusinessModule;
  close(): Promise<void>;
}

export async function startCallbackWorld(env: Readonly<Record<string, string>> = {}): Promise<CallbackWorld> {
  const app = await startApp({ env: { ...callbackSettings, ...env } });
  const module = await startBusinessModule();
  return {
    app,
    module,
    close: async () => {
      await app.close();
      await module.close();
    },
  };
}

const templates = new WeakMap<Speaks, Promise<string>>();
let made = 0;

/**
 * Given a business type of team t1 with these fields, bound to a template of one step, which bob reviews: an order of
 * ann's waits for him, one of his own passes by itself.
 */
export async function givenType(
  app: Speaks,
  fields: object = {},
): Promise<{ readonly code: string; readonly secret: string }> {
  const known = templates.get(app) ?? givenFlow(app, [{ users: ['bob'] }]).then((flow) => flow.templateId);
  templates.set(app, known);
  return givenTypeOf(app, await known, fields);
}

/** The same for a template that the test has made. */
export async function givenTypeOf(
  app: Speaks,
  templateId: string,
  fields: object = {},
): Promise<{ readonly code: string; readonly secret: string }> {
  const code = `callback-${++made}`;
  const { secret } = await created(app.as(boss), '/business-types', { code, name: code, ...fields });
  const bound = await app.as(boss).put(`/bindings/${code}`, { templateId });
  if (bound.status !== 200) throw new Error(`binding: ${JSON.stringify(bound.body)}`);
  return { code, secret: String(secret) };
}

/** Opens an order. @returns its id */
export const opened = async (
  app: Speaks,
  who: TestUser,
  businessType: string,
  more: object = {},
): Promise<string> => String((await created(app.as(who), '/orders', { businessType, ...more })).id);

/** An order of bob's passes its step by itself: what is left is its execution. @returns its id */
export const executing = (app: Speaks, businessType: string, more: object = {}): Promise<string> =>
  opened(app, bob, businessType, more);

/** An order as the API shows it, as far as callbacks are concerned. */
interface OrderShown {
  readonly applyStatus: string;
  readonly accCode: string | null;
  readonly error: string | null;
  readonly version: number;
  readonly steps: readonly { readonly auditStatus: string; readonly reason: string | null }[];
}

export const orderOf = async (app: Speaks, id: string): Promise<OrderShown> =>
  (await app.as(root).get(`/orders/${id}`)).body as OrderShown;

/** The order as soon as it is in this status. */
export const orderIn = (app: Speaks, id: string, applyStatus: string): Promise<OrderShown> =>
  eventually(
    () => orderOf(app, id),
    (order) => order.applyStatus === applyStatus,
  );

/** A delivery as administrators see it. */
interface DeliveryShown {
  readonly id: string;
  readonly state: string;
  readonly result: boolean | null;
  readonly lastError: string | null;
  readonly nextAttemptAt: string | null;
  readonly attempts: readonly {
    readonly attempt: number;
    readonly startedAt: string;
    readonly durationMs: number | null;
    readonly status: number | null;
    readonly outcome: string;
    readonly error: string | null;
    readonly answer: string | null;
  }[];
}

/** The deliveries of an order's check or execution; there is one as soon as it has been asked for. */
const deliveriesOf = async (app: Speaks, id: string, kind: Kind): Promise<readonly DeliveryShown[]> =>
  (await app.as(root).get(`/deliveries?orderId=${id}&topic=order.${kind}`)).body
    .items as readonly DeliveryShown[];

/** The one delivery of an order's check or execution, as soon as it will do. */
export async function deliveryThat(
  app: Speaks,
  id: string,
  kind: Kind,
  willDo: (delivery: DeliveryShown) => boolean,
): Promise<DeliveryShown> {
  const [delivery, ...more] = await eventually(
    () => deliveriesOf(app, id, kind),
    ([first]) => first !== undefined && willDo(first),
  );
  if (!delivery || more.length > 0) throw new Error(`${more.length} more deliveries than one`);
  return delivery;
}

export const deliveryOf = (app: Speaks, id: string, kind: Kind): Promise<DeliveryShown> =>
  deliveryThat(app, id, kind, () => true);

/**
 * The delivery when so many attempts have been recorded. Its own row is read before its attempts are, so once more
 * behind them: an attempt is never seen beside a state that is older.
 */
export async function attempted(
  app: Speaks,
  id: string,
  kind: Kind,
  count: number = 1,
): Promise<DeliveryShown> {
  await deliveryThat(app, id, kind, ({ attempts }) => attempts.length >= count);
  return deliveryOf(app, id, kind);
}

export const deliveryIn = (app: Speaks, id: string, kind: Kind, state: string): Promise<DeliveryShown> =>
  deliveryThat(app, id, kind, (delivery) => delivery.state === state);

/** The calls about an order, as soon as there is one. */
export const called = (module: BusinessModule, kind: Kind, id: string): Promise<readonly ReceivedCall[]> =>
  eventually(
    () => module.callsOf(kind, id),
    (calls) => calls.length > 0,
  );

/** Waits until nothing is being sent, or will be sent again. */
export const quiet = (app: TestApp): Promise<unknown> =>
  eventually(
    () => app.database.rows(`SELECT id FROM dms_s_apply_delivery WHERE state IN ('pending', 'sending')`),
    (rows) => rows.length === 0,
  );

/** A row of an order's log as the API shows it. */
interface LogRow {
  readonly operation: string;
  readonly operationUserCode: string;
  readonly operationDetails: string;
}

export const logOf = async (app: Speaks, id: string): Promise<readonly LogRow[]> =>
  (await app.as(root).get(`/orders/${id}/logs`)).body.items as readonly LogRow[];

/** The names of what happened to an order, in order. */
export const operationsOf = async (app: Speaks, id: string): Promise<string[]> =>
  (await logOf(app, id)).map((row) => row.operation);

/** The one row of this operation. */
export async function loggedOf(app: Speaks, id: string, operation: string): Promise<LogRow> {
  const [row, ...more] = (await logOf(app, id)).filter((one) => one.operation === operation);
  if (!row || more.length > 0) throw new Error(`${operation} is not logged once`);
  return row;
}
