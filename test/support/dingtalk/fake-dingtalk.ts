/**
 * DingTalk as far as this service speaks with it, on loopback, built from integrations.md §2 and the vendor's
 * documentation of workflow v1.0. It needs `CALLBACK_ALLOWED_HOSTS=127.0.0.1` in the service that calls it.
 *
 *     const dingtalk = await startFakeDingTalk();
 *     dingtalk.url, dingtalk.fields               the `url` and the `dingtalk` fields of a provider
 *     await dingtalk.events.deliverTo(address)    事件订阅: check_url, then every event
 *     const { code } = dingtalk.approvals.define({ nodes: […], components: […] })
 *     dingtalk.approvals.agree(id, 'lee', 'ok')   people act; refuse, redirect, terminate, delete; waiting(id)
 *     dingtalk.calls                              every call that came, with how it was answered
 *     dingtalk.plan(/POST .*\/terminate$/, { kind: 'limit' })    how the next such call fails
 *     dingtalk.expireTokens()                     tokens end before their time
 *     dingtalk.messages                           what the robot wrote
 *     dingtalk.events                             hold, release, drop, copies, again, sent
 */
import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DingTalkApprovals } from './dingtalk-approvals.js';
import { type DingTalkApp, DingTalkEvents } from './dingtalk-events.js';
import { DingTalkFailure, failures } from './dingtalk-failure.js';

/** How a call fails. */
export type DingTalkFault =
  | { readonly kind: 'limit' }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly headers?: Record<string, string>;
    }
  | { readonly kind: 'code'; readonly code: string; readonly status?: number }
  /** No answer, ever. */
  | { readonly kind: 'hang' }
  /** It is done, and then the connection is closed: nobody knows what came of it. */
  | { readonly kind: 'lost' };

// What a body holds is what the tests are about.
// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;

export interface DingTalkCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Json;
  /** How it was answered; 0: not at all. */
  status: number;
}

export interface FakeDingTalk {
  readonly url: string;
  readonly app: DingTalkApp;
  /** The fields of a provider that speaks with it. */
  readonly fields: Readonly<Record<string, string>>;
  readonly approvals: DingTalkApprovals;
  readonly events: DingTalkEvents;
  readonly calls: readonly DingTalkCall[];
  readonly messages: readonly Json[];
  /** Who works there; nobody else can apply, approve or be written to. */
  readonly people: Set<string>;
  callsTo(call: RegExp): DingTalkCall[];
  plan(call: RegExp, fault: DingTalkFault, times?: number): void;
  expireTokens(): void;
  close(): Promise<void>;
}

export async function startFakeDingTalk(): Promise<FakeDingTalk> {
  const app: DingTalkApp = {
    appKey: `ding${randomUUID().slice(0, 8)}`,
    appSecret: randomUUID(),
    corpId: `dingcorp${randomUUID().slice(0, 8)}`,
    token: randomUUID().slice(0, 12),
    aesKey: Buffer.from(randomUUID().replaceAll('-', '')).toString('base64').slice(0, 43),
    robotCode: 'dingrobot',
  };
  const people = new Set(['ann-there', 'bob-there', 'lee', 'wang', 'assistant']);
  const events = new DingTalkEvents(app);
  const approvals = new DingTalkApprovals(people, (event) => events.tell(event));
  const calls: DingTalkCall[] = [];
  const messages: Json[] = [];
  const tokens = new Map<string, number>();
  const planned: { readonly call: RegExp; readonly fault: DingTalkFault; times: number }[] = [];

  const handlers: Readonly<Record<string, (call: DingTalkCall) => object>> = {
    'POST /v1.0/oauth2/accessToken': ({ body }) => {
      if (body.appKey !== app.appKey || body.appSecret !== app.appSecret) throw failures.client();
      const living = [...tokens].find(([, until]) => until > Date.now());
      const token = living?.[0] ?? randomUUID().replaceAll('-', '');
      tokens.set(token, Date.now() + 7_200_000);
      return { accessToken: token, expireIn: 7200 };
    },
    'POST /v1.0/workflow/processInstances': ({ body }) => {
      if (body.deptId === undefined && !body.approvers) throw failures.parameter('deptId');
      if (!Array.isArray(body.formComponentValues)) throw failures.parameter('formComponentValues');
      const values = Object.fromEntries(
        body.formComponentValues.map(({ name, value }: { name: string; value: string }) => [name, value]),
      );
      return { instanceId: approvals.start(body.processCode, body.originatorUserId, values).id };
    },
    'GET /v1.0/workflow/processInstances': ({ query }) => ({
      result: approvals.shown(query.get('processInstanceId') ?? ''),
      success: 'true',
    }),
    'POST /v1.0/workflow/processInstances/execute': ({ body }) => {
      approvals.execute(body.processInstanceId, body.taskId, body.actionerUserId, body.result, body.remark);
      return { result: true, success: true };
    },
    'POST /v1.0/workflow/processInstances/terminate': ({ body }) => {
      if (typeof body.isSystem !== 'boolean') throw failures.isSystem();
      approvals.terminate(body.processInstanceId, body.remark);
      return { result: true, success: true };
    },
    'POST /v1.0/workflow/tasks/redirect': ({ body }) => {
      const owner = [...approvals.instances.values()].find(({ tasks }) =>
        tasks.some(({ taskId }) => taskId === body.taskId),
      );
      if (!owner) throw failures.notExecutable();
      approvals.redirect(owner.id, body.operateUserId, body.toUserId);
      return { result: true, success: true };
    },
    'POST /v1.0/workflow/processes/instanceIds/query': ({ body }) => {
      if (typeof body.nextToken !== 'number' || !(body.maxResults <= 20))
        throw failures.parameter('maxResults');
      const found = [...approvals.instances.values()].filter(
        ({ template, createTime, originator, status }) =>
          template.code === body.processCode &&
          createTime >= body.startTime &&
          (!body.userIds || body.userIds.includes(originator)) &&
          (!body.statuses || body.statuses.includes(status)),
      );
      const next = body.nextToken + body.maxResults;
      const list = found.slice(body.nextToken, next).map(({ id }) => id);
      return { result: { list, ...(next < found.length ? { nextToken: String(next) } : {}) }, success: true };
    },
    'POST /v1.0/robot/oToMessages/batchSend': ({ body }) => {
      if (body.robotCode !== app.robotCode) throw failures.message('robotCode.notExsit');
      if (typeof body.msgParam !== 'string') throw failures.message('msgParam.invalid');
      const known = (id: string): boolean => people.has(id);
      messages.push({ ...body, msgParam: JSON.parse(body.msgParam) });
      return {
        processQueryKey: randomUUID(),
        invalidStaffIdList: body.userIds.filter((id: string) => !known(id)),
        flowControlledStaffIdList: [],
      };
    },
  };

  const answer = (call: DingTalkCall, token: string | undefined, response: ServerResponse): void => {
    const name = `${call.method} ${call.path}`;
    const reply = (status: number, body: object): void => {
      call.status = status;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const fault = planned.find((one) => one.times > 0 && one.call.test(name));
    if (fault) fault.times -= 1;
    if (fault?.fault.kind === 'hang') return;
    if (fault?.fault.kind === 'answer') {
      const { status, body, headers } = fault.fault;
      call.status = status;
      response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body);
      return;
    }
    try {
      if (fault?.fault.kind === 'limit') throw failures.limit();
      if (fault?.fault.kind === 'code') {
        throw new DingTalkFailure(fault.fault.code, 'as planned', fault.fault.status);
      }
      const handle = handlers[name];
      if (!handle) throw new DingTalkFailure('InvalidAction.NotFound', `no ${name}`, 404);
      const isFree = name.endsWith('/accessToken');
      if (!isFree && !((tokens.get(token ?? '') ?? 0) > Date.now())) throw failures.token();
      const body = handle(call);
      if (fault?.fault.kind === 'lost') response.destroy();
      else reply(200, body);
    } catch (error) {
      if (!(error instanceof DingTalkFailure)) throw error;
      reply(error.status, {
        code: error.code,
        message: error.message,
        requestid: randomUUID().toUpperCase(),
      });
    }
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    response.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake');
      const raw = Buffer.concat(chunks).toString();
      const call: DingTalkCall = {
        method: request.method ?? '',
        path: pathname,
        query: searchParams,
        body: raw === '' ? null : JSON.parse(raw),
        status: 0,
      };
      calls.push(call);
      answer(call, request.headers['x-acs-dingtalk-access-token']?.toString(), response);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { appKey, appSecret, corpId, token, aesKey, robotCode } = app;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    app,
    fields: { appKey, appSecret, corpId, token, aesKey, robotCode },
    approvals,
    events,
    calls,
    messages,
    people,
    callsTo: (call) => calls.filter(({ method, path }) => call.test(`${method} ${path}`)),
    plan: (call, fault, times = 1) => void planned.push({ call, fault, times }),
    expireTokens: () => tokens.clear(),
    close: async () => {
      await events.settled();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
