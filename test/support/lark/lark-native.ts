import { randomUUID } from 'node:crypto';
import { failures } from './lark-failure.js';
import type { FilledWidget, LarkWidget } from './lark-forms.js';

/** A node of a flow, and who has a task there, by user ids; nobody: it passes by itself. */
export interface LarkNode {
  readonly id: string;
  readonly name: string;
  readonly customId?: string;
  readonly type: 'AND' | 'OR' | 'SEQUENTIAL';
  readonly approvers: readonly string[];
}

/** An approval definition (审批定义). */
export interface LarkDefinition {
  readonly code: string;
  readonly name: string;
  status: 'ACTIVE' | 'INACTIVE' | 'DELETED';
  readonly widgets: readonly LarkWidget[];
  readonly nodes: readonly LarkNode[];
  /** 审批人去重: whose tasks pass by themselves. */
  readonly dedupe: 'none' | 'consecutive' | 'all';
}

export type LarkTaskStatus = 'PENDING' | 'APPROVED' | 'REJECTED' | 'TRANSFERRED' | 'ROLLBACK' | 'DONE';

export interface LarkTask {
  /** Longer than a JavaScript number is exact. */
  readonly id: string;
  /** Null where it passed by itself. */
  readonly userId: string | null;
  readonly node: LarkNode;
  readonly type: LarkNode['type'] | 'AUTO_PASS';
  status: LarkTaskStatus;
  readonly startTime: number;
  endTime: number;
}

export interface LarkTimelineEntry {
  readonly type: string;
  readonly time: number;
  readonly userId: string | null;
  readonly taskId?: string;
  readonly comment?: string;
}

export interface LarkInstance {
  readonly code: string;
  readonly uuid: string;
  readonly definition: LarkDefinition;
  readonly userId: string;
  readonly filled: readonly FilledWidget[];
  readonly serial: string;
  status: 'PENDING' | 'APPROVED' | 'REJECTED' | 'CANCELED' | 'DELETED';
  reverted: boolean;
  readonly tasks: LarkTask[];
  readonly timeline: LarkTimelineEntry[];
  readonly comments: {
    readonly id: string;
    readonly userId: string;
    readonly text: string;
    readonly time: number;
  }[];
  readonly startTime: number;
  endTime: number;
}

/** Something that events tell of. */
export type LarkChange =
  | {
      readonly kind: 'task';
      readonly instance: LarkInstance;
      readonly task: LarkTask;
      readonly status: string;
      readonly rollbackTo?: LarkNode;
    }
  | { readonly kind: 'instance'; readonly instance: LarkInstance; readonly status: string };

let numbers = 0n;
/** Numbers as Feishu counts tasks and messages: 19 digits. */
export const longNumber = (): string => String(7_012_345_678_901_234_567n + (numbers += 9n));

/** What was submitted, and how it goes through its nodes. */
export class NativeApprovals {
  readonly definitions = new Map<string, LarkDefinition>();
  readonly instances: LarkInstance[] = [];

  constructor(private readonly happened: (change: LarkChange) => void) {}

  /** By its code, or by the uuid under which it was asked for. @throws LarkFailure 1390003 */
  instance(id: string): LarkInstance {
    const found = this.instances.find(
      ({ code, uuid }) => code === id || uuid.toLowerCase() === id.toLowerCase(),
    );
    if (!found) throw failures.instance();
    return found;
  }

  /** @throws LarkFailure 1390002 */
  definition(code: unknown): LarkDefinition {
    const found = this.definitions.get(String(code));
    if (!found) throw failures.approval();
    return found;
  }

  /** @throws LarkFailure 60012 for a uuid that was used, 1390015 and 1390016 for definitions that are closed */
  submit(
    code: string,
    userId: string,
    filled: readonly FilledWidget[],
    uuid: string = randomUUID(),
  ): LarkInstance {
    const definition = this.definition(code);
    if (definition.status === 'INACTIVE') throw failures.inactive();
    if (definition.status === 'DELETED') throw failures.deleted();
    if (this.instances.some((one) => one.uuid.toLowerCase() === uuid.toLowerCase())) throw failures.uuid();
    const instance: LarkInstance = {
      code: randomUUID().toUpperCase(),
      uuid,
      definition,
      userId,
      filled,
      serial: String(202_600_000_000 + this.instances.length + 1),
      status: 'PENDING',
      reverted: false,
      tasks: [],
      timeline: [{ type: 'START', time: Date.now(), userId }],
      comments: [],
      startTime: Date.now(),
      endTime: 0,
    };
    this.instances.push(instance);
    this.happened({ kind: 'instance', instance, status: 'PENDING' });
    this.enter(instance, 0);
    return instance;
  }

  /** @throws LarkFailure 1390010 for a task that waits no longer, or never was; 1390009 for who is not asked */
  waiting(instance: LarkInstance, taskId: unknown, userId: string): LarkTask {
    const task = instance.tasks.find(({ id }) => id === taskId);
    if (!task || task.status !== 'PENDING') throw failures.task();
    if (task.userId !== userId) throw failures.permission();
    return task;
  }

  approve(instance: LarkInstance, task: LarkTask, comment: string = '', how: string = 'PASS'): void {
    this.end(instance, task, 'APPROVED');
    instance.timeline.push({ type: how, time: Date.now(), userId: task.userId, taskId: task.id, comment });
    const node = task.node;
    const index = instance.definition.nodes.indexOf(node);
    const here = instance.tasks.filter((one) => one.node === node && one.status === 'PENDING');
    if (node.type === 'SEQUENTIAL') {
      const approved = instance.tasks.filter((one) => one.node === node && one.status === 'APPROVED');
      const next = node.approvers[approved.length];
      if (next !== undefined) return this.ask(instance, node, [next]);
    }
    if (node.type !== 'OR' && here.length > 0) return;
    for (const one of here) this.end(instance, one, 'DONE');
    this.enter(instance, index + 1);
  }

  reject(instance: LarkInstance, task: LarkTask, comment: string = ''): void {
    this.end(instance, task, 'REJECTED');
    instance.timeline.push({
      type: 'REJECT',
      time: Date.now(),
      userId: task.userId,
      taskId: task.id,
      comment,
    });
    this.finish(instance, 'REJECTED');
  }

  transfer(instance: LarkInstance, task: LarkTask, to: string, comment: string = ''): void {
    this.end(instance, task, 'TRANSFERRED');
    instance.timeline.push({
      type: 'TRANSFER',
      time: Date.now(),
      userId: task.userId,
      taskId: task.id,
      comment,
    });
    this.ask(instance, task.node, [to]);
  }

  rollback(instance: LarkInstance, task: LarkTask, to: LarkNode): void {
    task.status = 'ROLLBACK';
    task.endTime = Date.now();
    instance.timeline.push({
      type: 'ROLLBACK_SELECTED',
      time: Date.now(),
      userId: task.userId,
      taskId: task.id,
    });
    this.happened({ kind: 'task', instance, task, status: 'ROLLBACK', rollbackTo: to });
    for (const one of instance.tasks) if (one.status === 'PENDING') this.end(instance, one, 'DONE');
    this.ask(instance, to, to.approvers);
  }

  /** @throws LarkFailure 1390001 unless it is under way */
  cancel(instance: LarkInstance): void {
    if (instance.status !== 'PENDING') throw failures.param('the instance is not pending');
    instance.timeline.push({ type: 'CANCEL', time: Date.now(), userId: instance.userId });
    this.finish(instance, 'CANCELED');
  }

  delete(instance: LarkInstance): void {
    instance.timeline.push({ type: 'DELETE', time: Date.now(), userId: null });
    this.finish(instance, 'DELETED');
  }

  /** 撤销 of what was approved: the event says REVERTED, the API says CANCELED. */
  revert(instance: LarkInstance): void {
    instance.reverted = true;
    instance.status = 'CANCELED';
    this.happened({ kind: 'instance', instance, status: 'REVERTED' });
  }

  private enter(instance: LarkInstance, index: number): void {
    const node = instance.definition.nodes[index];
    if (!node) return this.finish(instance, 'APPROVED');
    if (node.approvers.length > 0) {
      return this.ask(
        instance,
        node,
        node.type === 'SEQUENTIAL' ? node.approvers.slice(0, 1) : node.approvers,
      );
    }
    const task = this.task(instance, node, null);
    this.approve(instance, task, '', 'AUTO_PASS');
  }

  private ask(instance: LarkInstance, node: LarkNode, userIds: readonly string[]): void {
    const tasks = userIds.map((userId) => this.task(instance, node, userId));
    for (const task of tasks) this.happened({ kind: 'task', instance, task, status: 'PENDING' });
    for (const task of tasks) {
      if (task.status === 'PENDING' && this.repeated(instance, task)) {
        this.approve(instance, task, '', 'REMOVE_REPEAT');
      }
    }
  }

  /** Whether the definition lets this person's task pass, because of what they approved before. */
  private repeated({ definition, tasks }: LarkInstance, { node, userId }: LarkTask): boolean {
    if (definition.dedupe === 'none') return false;
    const before = definition.nodes.indexOf(node) - 1;
    return tasks.some(
      (one) =>
        one.userId === userId &&
        one.status === 'APPROVED' &&
        (definition.dedupe === 'all' || definition.nodes.indexOf(one.node) === before),
    );
  }

  private task(instance: LarkInstance, node: LarkNode, userId: string | null): LarkTask {
    const task: LarkTask = {
      id: longNumber(),
      userId,
      node,
      type: userId === null ? 'AUTO_PASS' : node.type,
      status: 'PENDING',
      startTime: Date.now(),
      endTime: 0,
    };
    instance.tasks.push(task);
    return task;
  }

  private end(instance: LarkInstance, task: LarkTask, status: LarkTaskStatus): void {
    task.status = status;
    task.endTime = Date.now();
    this.happened({ kind: 'task', instance, task, status });
  }

  private finish(instance: LarkInstance, status: LarkInstance['status']): void {
    for (const task of instance.tasks) if (task.status === 'PENDING') this.end(instance, task, 'DONE');
    instance.status = status;
    instance.endTime = Date.now();
    this.happened({ kind: 'instance', instance, status });
  }
}
