import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { TokenRole } from '../../auth/principal.js';
import { type Answer, DemoError, type Person, type Target } from './target.js';
import { bold, green, pad, print, red } from './terminal.js';

/** What the demo reads of the API's answers. */
export interface Order {
  readonly id: string;
  readonly applyStatus: string;
  readonly templateName: string;
  readonly accCode: string | null;
  /** Why it was rejected without a reviewer. */
  readonly error: string | null;
  readonly steps: readonly Step[];
}
interface Step {
  readonly applyStep: number;
  readonly nodeName: string;
  readonly auditStatus: string;
  readonly auditObject: readonly string[];
  readonly auditUserCode: string | null;
  readonly auditMsg: string | null;
  readonly reason: string | null;
}
interface Ping {
  readonly url: string;
  readonly ok: boolean;
  readonly error: string | null;
}
interface LogRow {
  readonly operationTime: string;
  readonly operationUserCode: string;
  readonly operation: string;
  readonly operationDetails: string;
}

interface Explained {
  readonly because: readonly { readonly text: string }[];
}

/** A business type with a template of its own, and the secret of its callbacks. */
interface Flow {
  readonly code: string;
  readonly secret: string;
}
/** A service account. */
interface ApiKey {
  readonly id: string;
  readonly key: string;
}

/** How long the demo waits for what the service does by itself (milliseconds). */
const patience = 20_000;

/** One run: people and codes of its own, calls that tell what they do, and a note of what went otherwise. */
export class DemoRun {
  /** Ends every code, so that runs on the same service do not meet. */
  readonly suffix = `-${randomBytes(3).toString('hex')}`;
  readonly people = {
    ann: this.member('ann'),
    bob: this.member('bob'),
    carol: this.member('carol'),
    boss: this.member('boss', 'team_admin'),
    root: { code: `root${this.suffix}`, team: null, role: 'system_admin' } satisfies Person,
  };
  /** A business type that no team has bound: its orders take the system default flow. */
  readonly unboundType = `data_export${this.suffix}`;
  private readonly failures: string[] = [];
  private flows = 0;

  constructor(private readonly target: Target) {}

  /** Where the service answers. */
  get url(): string {
    return this.target.url;
  }

  async prepare(): Promise<void> {
    const type = { code: this.unboundType, name: '数据集导出' };
    await this.call(this.people.root, 'POST', '/business-types', type);
  }

  /** Takes away what other teams of a running service would see. */
  async tidyUp(): Promise<void> {
    await this.call(this.people.root, 'DELETE', `/business-types/${this.unboundType}`);
  }

  title(text: string): void {
    print(`\n${bold(text)}\n`);
  }

  /** A template of one node for each person, with a business type bound to it. */
  async flow(templateName: string, nodes: readonly (readonly [string, Person])[]): Promise<Flow> {
    const { boss } = this.people;
    const stages: { nodeId: string }[] = [];
    for (const [templateNodeName, reviewer] of nodes) {
      const node = { templateNodeName, auditObjectType: 'user', auditObject: [reviewer.code] };
      const { id } = await this.call<{ id: string }>(boss, 'POST', '/nodes', node);
      stages.push({ nodeId: id });
    }
    const template = { templateName, stages };
    const { id: templateId } = await this.call<{ id: string }>(boss, 'POST', '/templates', template);
    const code = `flow_${++this.flows}${this.suffix}`;
    const type = await this.call<Flow>(boss, 'POST', '/business-types', { code, name: templateName });
    await this.call(boss, 'PUT', `/bindings/${code}`, { templateId });
    const path = nodes.map(([name, reviewer]) => `${name} (${reviewer.code})`).join(' → ');
    this.tell(boss, `binds ${code} to 「${templateName}」: ${path}`);
    return type;
  }

  /** A service account of the team, for orders of one business type. */
  async apiKey(name: string, businessType: string): Promise<ApiKey> {
    const { boss } = this.people;
    const key = { name, accCodes: [boss.team], businessTypes: [businessType] };
    const made = await this.call<ApiKey>(boss, 'POST', '/api-keys', key);
    this.tell(boss, `gives ${name} an API key for ${businessType}`);
    return made;
  }

  async revoke({ id }: ApiKey): Promise<void> {
    await this.call(this.people.boss, 'DELETE', `/api-keys/${id}`);
  }

  /** Enters a module's addresses and tries them. @returns null when they are reached, or why not, as a sentence. */
  async whyNotReached(businessType: string, module: string): Promise<string | null> {
    const { boss } = this.people;
    const urls = { checkUrl: `${module}/approvals/check`, executeUrl: `${module}/approvals/execute` };
    const path = `/business-types/${businessType}`;
    const { status, body } = await this.target.call(boss, 'PATCH', path, urls);
    const { detail = '' } = body as { detail?: string };
    if (status === 400 && detail.includes('CALLBACK_ALLOWED_HOSTS')) {
      return `the service may not call a module on this machine: start it with CALLBACK_ALLOWED_HOSTS=127.0.0.1 (${detail}).`;
    }
    if (status !== 200) throw new DemoError(`PATCH ${path} was answered ${status}: ${JSON.stringify(body)}`);
    const pinged = await this.call<{ items: Ping[] }>(boss, 'POST', `${path}/ping`);
    const deaf = pinged.items.find((ping) => !ping.ok);
    if (deaf) return `the service does not reach the module at ${deaf.url}: ${deaf.error}.`;
    this.tell(boss, `enters the addresses of the module, ${urls.checkUrl} and …/execute, and pings them`);
    return null;
  }

  /** The order once it no longer waits for its business module, or as it is when that takes too long. */
  async settled(id: string): Promise<Order> {
    const waits = ['initiating', 'executing'];
    for (const end = Date.now() + patience; ; await pause(100)) {
      const order = await this.call<Order>(this.people.root, 'GET', `/orders/${id}`);
      if (!waits.includes(order.applyStatus) || Date.now() > end) return order;
    }
  }

  /** Says why a part of the demo is not played. That is no failure: it needs what is not there. */
  leaveOut(why: string): void {
    this.line(`  left out: ${why}`);
  }

  async open(as: Person, businessType: string, title: string): Promise<Order> {
    const order = await this.call<Order>(as, 'POST', '/orders', { businessType, title });
    this.tell(as, `applies for 「${title}」 (${businessType})`);
    return order;
  }

  async approve(as: Person, order: Order, auditMsg: string): Promise<Order> {
    const answer = await this.call<Order>(as, 'POST', `/orders/${order.id}/approve`, { auditMsg });
    this.tell(as, `approves: ${auditMsg}`);
    return answer;
  }

  /** The same for an order of which only the id is known. */
  async decide(as: Person, orderId: string, auditMsg: string): Promise<void> {
    await this.call(as, 'POST', `/orders/${orderId}/approve`, { auditMsg });
    this.tell(as, `approves: ${auditMsg}`);
  }

  /** A call that may be answered in any way. */
  ask(as: Person, method: string, path: string, body?: object): Promise<Answer> {
    return this.target.call(as, method, path, body);
  }

  /** Anything else that people do to an order. @param does in words */
  async act(as: Person, order: Order, command: string, body: object, does: string): Promise<Order> {
    const answer = await this.call<Order>(as, 'POST', `/orders/${order.id}/${command}`, body);
    this.tell(as, does);
    return answer;
  }

  /** Has the directory list a person: work is given to people whom it knows. */
  async list(person: Person): Promise<void> {
    const { root } = this.people;
    const about = { name: this.plain(person.code), accCode: person.team };
    await this.call(root, 'PUT', `/directory/users/${person.code}`, about);
  }

  /** Somebody stands in for a week, in orders of one business type. */
  async delegate(from: Person, to: Person, businessType: string): Promise<void> {
    const endsAt = new Date(Date.now() + 7 * 86_400_000).toISOString();
    const delegation = { toUserCode: to.code, endsAt, businessTypes: [businessType], remark: '休假' };
    await this.call(from, 'POST', '/delegations', delegation);
    this.tell(from, `is away for a week: ${this.plain(to.code)} stands in for him in ${businessType}`);
  }

  /** Why the order went as it did, for its applicant. */
  async explain({ id }: Order, language: 'zh' | 'en'): Promise<void> {
    const { ann } = this.people;
    const path = `/orders/${id}/explain?lang=${language}`;
    const explained = await this.call<{ summary: string; steps: readonly Explained[] }>(ann, 'GET', path);
    this.line(`    explained  ${explained.summary}`);
    for (const { because } of explained.steps) for (const { text } of because) this.line(`      ${text}`);
  }

  async verify({ id }: Order): Promise<void> {
    const path = `/orders/${id}/logs/verify`;
    const { ok, rows } = await this.call<{ ok: boolean; rows: number }>(this.people.ann, 'GET', path);
    this.check(`its log of ${rows} rows is whole, and agrees with the tables`, ok, 'and is not');
  }

  /** Expects that somebody may not decide. */
  async refuse(as: Person, order: Order, why: string): Promise<void> {
    const { status, body } = await this.target.call(as, 'POST', `/orders/${order.id}/approve`, {});
    this.tell(as, `tries to approve and is answered ${status}`);
    this.check(why, status === 403, `answered ${status} ${JSON.stringify(body)}, not 403`);
  }

  expect(what: string, order: Order, applyStatus: string, path: readonly string[]): void {
    const found = tellPath(
      order.applyStatus,
      order.steps.map((step) => step.auditStatus),
    );
    const wanted = tellPath(applyStatus, path);
    this.check(`${what}  [${found}]`, found === wanted, `not [${wanted}]`);
  }

  /** The order as a reader of the API sees it: step by step, and its log. */
  async show({ id }: Order): Promise<void> {
    const { root } = this.people;
    const order = await this.call<Order>(root, 'GET', `/orders/${id}`);
    const log = await this.call<{ items: LogRow[] }>(root, 'GET', `/orders/${id}/logs?limit=100`);
    const team = order.accCode === null ? 'no team' : `team ${order.accCode}`;
    this.line(`\n    order ${id}, ${team}, template 「${order.templateName}」: ${order.applyStatus}`);
    for (const step of order.steps) {
      const words = [pad(String(step.applyStep), 2), pad(step.nodeName, 16), pad(step.auditStatus, 14)];
      this.line(`      ${words.join(' ')} ${howDecided(step)}`);
    }
    this.line('    log');
    for (const row of log.items) {
      const who = pad(this.plain(row.operationUserCode), 6);
      const time = row.operationTime.slice(11, 19);
      this.line(`      ${time}  ${who} ${pad(row.operation, 26)} ${row.operationDetails}`);
    }
  }

  /** @returns whether every expectation held. */
  conclude(source: string): boolean {
    if (this.failures.length === 0) {
      print(`\n${green(`Every order ends as ${source} says.`)}`);
      return true;
    }
    print(`\n${red(`Not as ${source} says (${this.failures.length}):`)}`);
    for (const failure of this.failures) print(`  ${failure}`);
    return false;
  }

  /** @throws DemoError unless it is answered with success */
  async call<T>(as: Person, method: string, path: string, body?: object): Promise<T> {
    const answer = await this.target.call(as, method, path, body);
    if (answer.status < 300) return answer.body as T;
    throw new DemoError(`${method} ${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }

  check(what: string, holds: boolean, otherwise: string): void {
    this.line(holds ? `    ${green('✓')} ${what}` : `    ${red('✗')} ${what}, ${otherwise}`);
    if (!holds) this.failures.push(this.plain(`${what}, ${otherwise}`));
  }

  tell(who: Person, does: string): void {
    this.line(`  ${pad(this.plain(who.code), 6)} ${does}`);
  }

  line(text: string): void {
    print(this.plain(text));
  }

  private plain(text: string): string {
    return text.replaceAll(this.suffix, '');
  }

  private member(name: string, role?: TokenRole): Person {
    const person = { code: `${name}${this.suffix}`, team: `demo${this.suffix}` };
    return role ? { ...person, role } : person;
  }
}

const tellPath = (applyStatus: string, path: readonly string[]): string =>
  `order ${applyStatus}; steps ${path.join(' → ')}`;

/** Who decided a step and with which words; why nobody had to; or whom it waits for. */
function howDecided(step: Step): string {
  const words = step.auditMsg ? `: ${step.auditMsg}` : '';
  if (step.auditUserCode) return `by ${step.auditUserCode}${words}`;
  if (step.auditStatus !== 'auto_approved') return `for ${step.auditObject.join(', ')}`;
  return step.reason === 'applicant_node' ? 'the applicant sits on it' : 'the applicant sits on a later node';
}
