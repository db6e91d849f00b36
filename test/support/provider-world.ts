import { callbackSettings } from './callback-settings.js';
import { eventually } from './eventually.js';
import { givenAction, givenGate } from './gates.js';
import { startApp, type TestApp, type TestUser, tokenOf } from './harness.js';
import { startThirdParty, type ThirdParty } from './third-party.js';
import { startUpstream, type Upstream } from './upstream.js';
import { ann, boss, created, givenFlow, root, type StageGiven } from './world.js';

/** The service, a third party that it tells of held requests, and a system behind its gate. */
export interface ProviderWorld {
  readonly app: TestApp;
  readonly party: ThirdParty;
  readonly upstream: Upstream;
  /** Every line of the log so far. */
  readonly lines: readonly string[];
  close(): Promise<void>;
}

export async function startProviderWorld(env: Readonly<Record<string, string>> = {}): Promise<ProviderWorld> {
  const lines: string[] = [];
  const app = await startApp({
    env: { ...callbackSettings, ...env },
    onLog: (line) => void lines.push(line),
  });
  const [party, upstream] = [await startThirdParty(), await startUpstream()];
  return {
    app,
    party,
    upstream,
    lines,
    close: async () => {
      await app.close();
      await party.close();
      await upstream.close();
    },
  };
}

export interface ProviderGiven {
  readonly code: string;
  readonly secret: string;
}

let made = 0;

/** Given a provider of team t1, unless it is somebody else's. */
export async function givenProvider(
  { app, party }: ProviderWorld,
  fields: object = {},
  admin: TestUser = boss,
): Promise<ProviderGiven> {
  const body = { code: `party-${++made}`, name: 'Third party', url: party.url, ...fields };
  const { code, secret } = await created(app.as(admin), '/providers', body);
  return { code: String(code), secret: String(secret) };
}

/** What is held, and by what. */
export interface HeldGiven {
  readonly requestId: string;
  readonly orderId: string;
  /** Where the system behind the gate gets it. */
  readonly path: string;
  readonly actionId: string;
  /** The applicant's own credential, which came with the request. */
  readonly token: string;
  /** Sends the same request once more. @returns the id of the request that it is taken for */
  again(): Promise<string>;
}

export interface HoldingGiven {
  readonly stages?: readonly StageGiven[];
  readonly flow?: Parameters<typeof givenFlow>[2];
  readonly action?: Readonly<Record<string, unknown>>;
  /** Who makes the action. */
  readonly admin?: TestUser;
  readonly body?: object;
}

/** Given a request of ann's that an action with this provider holds; bob reviews unless the stages say otherwise. */
export async function givenHeld(
  world: ProviderWorld,
  provider: string,
  { stages = [{ users: ['bob'] }], flow, action, admin = boss, body = { amount: 7 } }: HoldingGiven = {},
): Promise<HeldGiven> {
  const { app, upstream } = world;
  const { businessType } = await givenFlow(app, stages, flow);
  const gate = await givenGate(app.as(boss), { upstream: upstream.url });
  const number = ++made;
  const template = `/held-${number}/{id}/`;
  const { id: actionId } = await givenAction(app.as(admin), {
    path: template,
    businessType,
    provider,
    ...action,
  });
  const path = template.replace('{id}', '42');
  const token = await tokenOf(ann);
  const send = async () => {
    const response = await fetch(`${app.url}/gate/${gate.key}/proxy${path}?by=ann`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const held = (await response.json()) as { readonly requestId: string; readonly orderId: string };
    if (response.status !== 401 || !held.requestId) {
      throw new Error(`${path} is not held: ${response.status} ${JSON.stringify(held)}`);
    }
    return held;
  };
  const { requestId, orderId } = await send();
  return { requestId, orderId, path, actionId, token, again: async () => (await send()).requestId };
}

/** The request as soon as its row is in this state. */
export const requestIn = (world: ProviderWorld, requestId: string, state: string): Promise<unknown> =>
  eventually(
    () =>
      world.app.database.rows<{ state: string }>(
        'SELECT state FROM dms_s_apply_approve_request WHERE id = ?',
        [requestId],
      ),
    ([row]) => row?.state === state,
  );

/** A delivery to a provider, as administrators see it. */
export interface TellingShown {
  readonly id: string;
  readonly state: string;
  readonly lastError: string | null;
  readonly attempts: readonly { readonly outcome: string; readonly status: number | null }[];
}

/** What an order has been told of to providers, oldest first, as soon as it will do. */
export const tellingsThat = (
  { app }: ProviderWorld,
  orderId: string,
  willDo: (tellings: readonly TellingShown[]) => boolean,
): Promise<readonly TellingShown[]> =>
  eventually(
    async () =>
      (
        (await app.as(root).get(`/deliveries?orderId=${orderId}&topic=provider.tell`)).body
          .items as readonly TellingShown[]
      ).toReversed(),
    willDo,
  );

/** Waits until no provider is being told anything, or will be. */
export const everythingTold = ({ app }: ProviderWorld): Promise<unknown> =>
  eventually(
    () =>
      app.database.rows(
        "SELECT id FROM dms_s_apply_delivery WHERE topic = 'provider.tell' AND state IN ('pending', 'sending')",
      ),
    (rows) => rows.length === 0,
  );
