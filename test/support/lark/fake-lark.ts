/**
 * Feishu (Lark) as far as this service speaks with it, on loopback, built from integrations.md §1 and the vendor's
 * documentation of approval v4; `test/api/lark-sdk.test.ts` drives it with the vendor's own SDK. It needs
 * `CALLBACK_ALLOWED_HOSTS=127.0.0.1` in the service that calls it.
 *
 *     const lark = await startFakeLark();
 *     lark.url                                    the `url` of a provider of kind lark
 *     lark.fields                                 its `lark` fields: app id, secrets, assistant
 *     lark.events.deliverTo(callbackUrl)          请求网址; events are sent for codes that were subscribed
 *     await lark.events.challenge()               验证网址
 *
 *     const leave = lark.define({ name: '请假', widgets: […] });
 *         A definition; unless told otherwise its flow is check_node (assistant) → 审批 (reviewer `lee`) →
 *         execute_node (assistant), as requirement 001 wants it. `lark.native.definition(code).status = 'INACTIVE'`.
 *     lark.people.join('ann-there')               nobody else can apply or approve (1390004)
 *     lark.act.submit(leave.code, 'ann-there', { 原因: '…' })   somebody fills it in, by widget id, custom id or name
 *     lark.act.approve(code, 'lee', 'fine')       their waiting task; reject, transfer, rollback, comment
 *     lark.act.cancel(code), delete, revert
 *     lark.instance(code)                         how it stands: status, tasks, timeline; also by uuid
 *     lark.waiting(code, nodeName?)               its waiting tasks
 *
 *     lark.calls                                  every call that came, in order, with how it was answered
 *     lark.faults.plan(/POST .*\/instances$/, { kind: 'limit', reset: 2 })   see lark-faults.ts
 *     lark.access.expire()                        tokens end before their time; `life`, `scopes`, `issued`
 *
 *     lark.events.sent                            every event with its attempts; `version = 'v2'`, `int64 = true`
 *     lark.events.hold() … await release(order?)  kept back, and sent in another order
 *     lark.events.drop(n), copies = 2, again(event), retries, settled()
 *     larkPost(lark.app, payload, forging)        a POST of one's own, right or forged (lark-events.ts)
 *
 *     lark.external                               approvals and instances that were synced: `todo(userId)`,
 *                                                 `press(instanceId, taskId, 'APPROVE', {reason})`, `cooldown`
 *     askOptions(url, question, {key})            opens a widget with options from outside (lark-options.ts)
 *     lark.messages.of(userId)                    what the robot wrote
 *     await lark.close()
 */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LarkAccess } from './lark-access.js';
import { LarkActing } from './lark-acting.js';
import { type LarkApp, LarkEvents } from './lark-events.js';
import { ExternalApprovals } from './lark-external.js';
import { LarkFailure } from './lark-failure.js';
import { LarkFaults, showFault } from './lark-faults.js';
import { type DefinitionGiven, definitionOf } from './lark-given.js';
import { LarkMessages } from './lark-messages.js';
import { type LarkDefinition, type LarkInstance, type LarkTask, NativeApprovals } from './lark-native.js';
import { LarkPeople } from './lark-people.js';
import { type LarkWorkspace, routes } from './lark-routes.js';

/** A call that came to the API. */
export interface LarkCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  // What a body holds is what the tests are about.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
  /** How it was answered; 0: not at all. */
  status: number;
  code: number;
}

export interface FakeLark extends LarkWorkspace {
  readonly url: string;
  readonly app: LarkApp;
  /** The fields of a provider that speaks with it. */
  readonly fields: Readonly<Record<string, string>>;
  readonly calls: readonly LarkCall[];
  readonly faults: LarkFaults;
  readonly events: LarkEvents;
  readonly act: LarkActing;
  define(given: DefinitionGiven): LarkDefinition;
  instance(id: string): LarkInstance;
  waiting(id: string, nodeName?: string): LarkTask[];
  /** The calls whose method and path are like this. */
  callsTo(call: RegExp): LarkCall[];
  close(): Promise<void>;
}

/** @param given of the app, where it matters to a test */
export async function startFakeLark(given: Partial<LarkApp> = {}): Promise<FakeLark> {
  const app: LarkApp = {
    appId: 'cli_a1b2c3d4e5f6',
    appSecret: 'app-secret-of-the-fake',
    encryptKey: 'encrypt-key-of-the-fake',
    verificationToken: 'verification-token-of-the-fake',
    assistantUserId: 'assistant',
    ...given,
  };
  const people = new LarkPeople();
  people.join(app.assistantUserId);
  const events = new LarkEvents(app, people);
  const subscribed = new Set<string>();
  const native = new NativeApprovals((change) => {
    if (subscribed.has(change.instance.definition.code)) events.tell(change);
  });
  const work: LarkWorkspace = {
    access: new LarkAccess(app),
    people,
    native,
    external: new ExternalApprovals(people),
    messages: new LarkMessages(people),
    subscribed,
  };
  const calls: LarkCall[] = [];
  const faults = new LarkFaults();
  const server = createServer((request, response) => {
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    void answer(work, faults, calls, request, response);
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { appId, appSecret, encryptKey, verificationToken, assistantUserId } = app;
  return {
    ...work,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    app,
    fields: { appId, appSecret, encryptKey, verificationToken, assistantUserId },
    calls,
    faults,
    events,
    act: new LarkActing(work),
    define: (definition) => {
      const made = definitionOf(definition, app.assistantUserId);
      for (const node of made.nodes) for (const userId of node.approvers) people.join(userId);
      native.definitions.set(made.code, made);
      return made;
    },
    instance: (id) => native.instance(id),
    waiting: (id, nodeName) =>
      native
        .instance(id)
        .tasks.filter(
          ({ status, node }) => status === 'PENDING' && (nodeName === undefined || node.name === nodeName),
        ),
    callsTo: (call) => calls.filter(({ method, path }) => call.test(`${method} ${path}`)),
    close: async () => {
      events.close();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  work: LarkWorkspace,
  faults: LarkFaults,
  calls: LarkCall[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://lark');
  const text = Buffer.concat(chunks).toString('utf8');
  const call: LarkCall = {
    method: request.method ?? '',
    path: pathname,
    query: searchParams,
    headers: request.headers,
    body: text === '' ? {} : (JSON.parse(text) as unknown),
    status: 0,
    code: -1,
  };
  calls.push(call);
  const fault = faults.take(`${call.method} ${call.path}`);
  if (fault?.kind === 'late') await fault.until;
  if (fault && !showFault(fault, response)) return;
  const { status, json } = dispatch(work, call);
  if (fault?.kind === 'close_after') {
    response.destroy();
    return;
  }
  call.status = status;
  call.code = (json as { readonly code: number }).code;
  response
    .writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'x-tt-logid': 'log' })
    .end(JSON.stringify(json));
}

function dispatch(work: LarkWorkspace, call: LarkCall): { readonly status: number; readonly json: object } {
  const line = `${call.method} ${call.path}`;
  const route = routes.find((one) => one.call.test(line));
  if (!route) return { status: 404, json: { code: 404, msg: `404 page not found: ${line}` } };
  const parts = (route.call.exec(line) ?? []).slice(1).map(decodeURIComponent);
  try {
    if (route.scopes !== null) work.access.check(call.headers.authorization, route.scopes);
    const data = route.answer(work, { parts, query: call.query, body: call.body });
    const beside = route.flat ? data : { data };
    return { status: 200, json: { code: 0, msg: route.flat ? 'ok' : 'success', ...beside } };
  } catch (error) {
    if (!(error instanceof LarkFailure)) throw error;
    const { status, code, msg, details } = error;
    return { status, json: { code, msg, ...(details ? { error: details } : {}) } };
  }
}
