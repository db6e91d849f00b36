import { eventually } from './eventually.js';
import { type Answer, type TestApp, type TestUser, tokenOf } from './harness.js';

/** What a held request is answered with. */
export interface HeldAnswer {
  readonly code: string;
  readonly requestId: string;
  readonly orderId: string;
  readonly status: string;
  readonly statusUrl: string;
  readonly detail: string;
}

/** Sends a request through a gate's reverse proxy as somebody. @param init `headers` as a plain object */
export async function through(
  app: Pick<TestApp, 'url'>,
  gate: string,
  user: TestUser,
  path: string,
  init: { method?: string; body?: string | Buffer; headers?: Record<string, string> } = {},
): Promise<Response> {
  const { body, ...rest } = init;
  return fetch(`${app.url}/gate/${gate}/proxy${path}`, {
    ...rest,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
    redirect: 'manual',
    headers: { authorization: `Bearer ${await tokenOf(user)}`, ...init.headers },
  });
}

/** The answer of a request that is held. @throws Error when it is not */
export async function heldBy(answer: Response): Promise<HeldAnswer> {
  const text = await answer.text();
  if (!text.includes('requestId')) throw new Error(`not held: ${answer.status} ${text}`);
  return JSON.parse(text) as HeldAnswer;
}

/** The approve request as somebody sees it, once it is in one of these states. */
export async function inState(
  app: TestApp,
  user: TestUser,
  requestId: string,
  ...states: readonly string[]
): Promise<Answer['body']> {
  const { body } = await eventually(
    () => app.as(user).get(`/approve-requests/${requestId}`),
    (answer) => states.includes(answer.body.status as string),
  );
  return body;
}
