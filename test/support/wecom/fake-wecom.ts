import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { refusal, WeComApprovals } from './wecom-approvals.js';
import { WeComCallbacks, type WeComKeys } from './wecom-callbacks.js';
import { templateDetail, type WeComTemplate, type WeComTemplates } from './wecom-templates.js';

/**
 * What goes wrong with a call: an errcode, another status with a body that is no JSON, silence, or an answer that gets lost
 * although the call has done its work.
 */
export type WeComFault =
  { readonly errcode: number } | { readonly status: number; readonly body?: string } | 'hang' | 'lost';

/** One call of the API as it came; the token and the secret of the query are not kept. */
interface WeComCall {
  readonly path: string;
  // What a body holds is what the tests are about.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

/** Seconds for which a token is good; asked again before, WeCom gives the same one. */
const tokenLife = 7200;

/** A corporation in WeCom, with an app: its API as documented, with the errors that the documentation names. */
export class FakeWeCom {
  readonly calls: WeComCall[] = [];
  /** What the app has written to people. */
  readonly messages: Readonly<Record<string, unknown>>[] = [];
  readonly approvals: WeComApprovals;
  readonly callbacks: WeComCallbacks;
  /** As many as a page of the list holds at most. */
  pageSize = 100;
  /** Members without a licence (接口许可): what is written to them does not arrive, and that is no error. */
  readonly unlicensed = new Set<string>();
  /** How many tokens were given out. */
  issued = 0;
  url = '';
  readonly secret = randomBytes(16).toString('hex');
  readonly agentId = '1000002';
  private readonly templates: WeComTemplates = new Map();
  private readonly members = new Set<string>();
  private readonly tokens = new Map<string, 'good' | 'expired'>();
  private readonly faults = new Map<string, WeComFault[]>();
  private readonly server = createServer((request, response) => void this.answer(request, response));

  constructor(readonly keys: WeComKeys) {
    this.callbacks = new WeComCallbacks(keys);
    this.approvals = new WeComApprovals(this.templates, this.members, (approval, change) =>
      this.callbacks.tell(approval, change),
    );
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  /** As `POST /providers` takes them. */
  get settings() {
    const { corpId, token, aesKey } = this.keys;
    return { corpId, corpSecret: this.secret, agentId: this.agentId, token, aesKey };
  }

  member(...userids: readonly string[]): void {
    for (const userid of userids) this.members.add(userid);
  }

  template(template: WeComTemplate): WeComTemplate {
    this.templates.set(template.id, template);
    return template;
  }

  /** The next calls of a path, such as `/cgi-bin/oa/applyevent`, go wrong in these ways. */
  fail(path: string, ...faults: readonly WeComFault[]): void {
    this.faults.set(path, [...(this.faults.get(path) ?? []), ...faults]);
  }

  /** Tokens that were given out are good no longer. @param how whether their time is up, or WeCom does not know them */
  endTokens(how: 'expired' | 'unknown' = 'expired'): void {
    for (const token of this.tokens.keys()) {
      if (how === 'unknown') this.tokens.delete(token);
      else this.tokens.set(token, 'expired');
    }
  }

  callsOf(path: string): readonly WeComCall[] {
    return this.calls.filter((call) => call.path === path);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', this.url);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    this.calls.push({ path, body });
    const fault = this.faults.get(path)?.shift();
    if (fault === 'hang') return;
    if (fault !== undefined && fault !== 'lost') {
      if ('errcode' in fault) return json(response, refusal(fault.errcode, 'on demand'));
      response.writeHead(fault.status, { 'content-type': 'text/html' });
      response.end(fault.body ?? '<html><body>Bad Gateway</body></html>');
      return;
    }
    const answer = { errcode: 0, errmsg: 'ok', ...this.perform(request.method ?? '', path, query, body) };
    if (fault === 'lost') request.socket.destroy();
    else json(response, answer);
  }

  private perform(
    method: string,
    path: string,
    query: URLSearchParams,
    body: Record<string, unknown>,
  ): object {
    if (method === 'GET' && path === '/cgi-bin/gettoken') return this.issue(query);
    const token = query.get('access_token');
    if (!token) return refusal(41001, 'access_token missing');
    const state = this.tokens.get(token);
    if (state === undefined) return refusal(40014, 'invalid access_token');
    if (state === 'expired') return refusal(42001, 'access_token expired');
    if (method !== 'POST') return refusal(43002, 'require POST method');
    switch (path) {
      case '/cgi-bin/oa/gettemplatedetail': {
        const template = this.templates.get(String(body.template_id));
        return template ? templateDetail(template) : refusal(301025, 'template_id is invalid');
      }
      case '/cgi-bin/oa/applyevent':
        return this.approvals.apply(body);
      case '/cgi-bin/oa/getapprovaldetail':
        return this.approvals.detail(body.sp_no);
      case '/cgi-bin/oa/getapprovalinfo':
        return this.approvals.list(body, this.pageSize);
      case '/cgi-bin/message/send':
        return this.message(body);
      default:
        return refusal(-1, `no such call: ${path}`);
    }
  }

  private issue(query: URLSearchParams): object {
    if (query.get('corpid') !== this.keys.corpId) return refusal(40013, 'invalid corpid');
    if (query.get('corpsecret') !== this.secret) return refusal(40001, 'invalid credential');
    const known = [...this.tokens].find(([, state]) => state === 'good')?.[0];
    const token = known ?? randomBytes(32).toString('base64url');
    this.tokens.set(token, 'good');
    this.issued += 1;
    return { access_token: token, expires_in: tokenLife };
  }

  private message(body: Record<string, unknown>): object {
    if (String(body.agentid) !== this.agentId) return refusal(40056, 'invalid agentid');
    const receivers = body.touser === '@all' ? [...this.members] : String(body.touser).split('|');
    const wrong = receivers.filter((userid) => !this.members.has(userid));
    if (wrong.length === receivers.length) return refusal(81013, 'user & party & tag all invalid');
    const unlicensed = receivers.filter((userid) => this.unlicensed.has(userid));
    if (unlicensed.length < receivers.length) this.messages.push(body);
    return {
      invaliduser: wrong.join('|'),
      unlicenseduser: unlicensed.join('|'),
      msgid: randomBytes(8).toString('hex'),
    };
  }
}

const json = (response: ServerResponse, body: object): void => {
  response.writeHead(200, { 'content-type': 'application/json; charset=UTF-8' });
  response.end(JSON.stringify(body));
};

let corporations = 0;

/** @param keys what differs from a corporation of its own */
export const startWeCom = (keys: Partial<WeComKeys> = {}): Promise<FakeWeCom> =>
  new FakeWeCom({
    corpId: `ww${String(++corporations).padStart(16, '0')}`,
    token: randomBytes(9).toString('hex'),
    // What the console makes: 32 bytes without the last sign of their base64.
    aesKey: randomBytes(32).toString('base64').slice(0, 43),
    ...keys,
  }).listen();
