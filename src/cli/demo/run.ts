import { randomBytes } from 'node:crypto';
import type { TokenRole } from '../../auth/principal.js';
import { DemoError, type Person, type Target } from './target.js';
import { bold, green, pad, print, red } from './terminal.js';

/** What the demo reads of the API's answers. */
export interface Order {
  readonly id: string;
  readonly applyStatus: string;
  readonly templateName: string;
  readonly accCode: string | null;
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
interface LogRow {
  readonly operationTime: string;
  readonly operationUserCode: string;
  readonly operation: string;
  readonly operationDetails: string;
}

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

  /** A template of one node for each person, with a business type bound to it. @returns the type's code */
  async flow(templateName: string, nodes: readonly (readonly [string, Person])[]): Promise<string> {
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
    await this.call(boss, 'POST', '/business-types', { code, name: templateName });
    await this.call(boss, 'PUT', `/bindings/${code}`, { templateId });
    const path = nodes.map(([name, reviewer]) => `${name} (${reviewer.code})`).join(' → ');
    this.tell(boss, `binds ${code} to 「${templateName}」: ${path}`);
    return code;
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
      this.line(`      ${time}  ${who} ${pad(row.operation, 20)} ${row.operationDetails}`);
    }
  }

  /** @returns whether every expectation held. */
  conclude(): boolean {
    if (this.failures.length === 0) {
      print(`\n${green('All four cases end as requirement 003 says.')}`);
      return true;
    }
    print(`\n${red(`Not as requirement 003 says (${this.failures.length}):`)}`);
    for (const failure of this.failures) print(`  ${failure}`);
    return false;
  }

  private async call<T>(as: Person, method: string, path: string, body?: object): Promise<T> {
    const answer = await this.target.call(as, method, path, body);
    if (answer.status < 300) return answer.body as T;
    throw new DemoError(`${method} ${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }

  private check(what: string, holds: boolean, otherwise: string): void {
    this.line(holds ? `    ${green('✓')} ${what}` : `    ${red('✗')} ${what}, ${otherwise}`);
    if (!holds) this.failures.push(this.plain(`${what}, ${otherwise}`));
  }

  private tell(who: Person, does: string): void {
    this.line(`  ${pad(this.plain(who.code), 6)} ${does}`);
  }

  private line(text: string): void {
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
