import { randomUUID } from 'node:crypto';
import { failures } from './dingtalk-failure.js';

/** One node of a template: each of its people gets a task. */
export interface NodeGiven {
  readonly activityId: string;
  readonly name: string;
  readonly people: readonly string[];
  /** AND when left out. */
  readonly mode?: 'AND' | 'OR';
}

export interface ComponentGiven {
  readonly name: string;
  /** `TextField` when left out; a `NumberField` writes its numbers in its own way. */
  readonly type?: string;
  readonly required?: boolean;
}

/** A template of approvals (审批模板). */
export interface Template {
  readonly code: string;
  readonly name: string;
  readonly nodes: readonly NodeGiven[];
  readonly components: readonly ComponentGiven[];
  /** 允许提交人撤销审批中的审批单 */
  readonly withdrawable: boolean;
}

export interface Task {
  readonly taskId: number;
  readonly node: NodeGiven;
  readonly userId: string;
  status: 'RUNNING' | 'COMPLETED' | 'CANCELED' | 'TERMINATED';
  result: 'AGREE' | 'REFUSE' | 'REDIRECTED' | null;
  readonly createTime: number;
  finishTime: number | null;
}

interface OperationRecord {
  readonly userId: string;
  readonly date: string;
  readonly type: string;
  readonly result: string;
  readonly remark?: string;
  readonly activityId?: string;
  readonly showName?: string;
}

export interface Instance {
  readonly id: string;
  readonly template: Template;
  readonly originator: string;
  readonly values: ReadonlyMap<string, string>;
  readonly createTime: number;
  readonly tasks: Task[];
  readonly records: OperationRecord[];
  status: 'RUNNING' | 'TERMINATED' | 'COMPLETED';
  result: 'agree' | 'refuse' | null;
  finishTime: number | null;
}

/** What is told to subscribers, before it is encrypted. */
export type EventFields = Readonly<Record<string, unknown>> & { readonly EventType: string };

const toMinute = (time: number | null): string | undefined =>
  time === null ? undefined : `${new Date(time).toISOString().slice(0, 16)}Z`;

/** The approvals of an organization: templates, instances, and what people do with them. */
export class DingTalkApprovals {
  readonly templates = new Map<string, Template>();
  readonly instances = new Map<string, Instance>();
  /** Milliseconds after its beginning during which an instance cannot be withdrawn: 15 s in fact. */
  withdrawalPause = 0;
  private nextTask = 67_583_405_630;

  /** @param tell is called whenever something happens */
  constructor(
    private readonly people: ReadonlySet<string>,
    private readonly tell: (event: EventFields) => void,
  ) {}

  define(given: Partial<Omit<Template, 'code'>> = {}): Template {
    const template: Template = {
      code: `PROC-${randomUUID().toUpperCase()}`,
      name: '请假',
      nodes: [{ activityId: 'node-1', name: '主管', people: ['lee'] }],
      components: [{ name: '事由' }, { name: '金额', type: 'NumberField' }, { name: '单号' }],
      withdrawable: true,
      ...given,
    };
    this.templates.set(template.code, template);
    return template;
  }

  /** Somebody fills in the form. @throws DingTalkFailure */
  start(code: string, originator: string, values: Readonly<Record<string, string>>): Instance {
    const template = this.templates.get(code);
    if (!template) throw failures.template();
    if (!this.people.has(originator)) throw failures.parameter('originatorUserId');
    const now = Date.now();
    const instance: Instance = {
      id: randomUUID(),
      template,
      originator,
      values: this.filledIn(template, values),
      createTime: now,
      tasks: [],
      records: [],
      status: 'RUNNING',
      result: null,
      finishTime: null,
    };
    this.instances.set(instance.id, instance);
    this.record(instance, originator, 'START_PROCESS_INSTANCE', 'NONE');
    this.tellInstance(instance, 'start');
    this.enter(instance, 0);
    return instance;
  }

  of(id: string): Instance {
    const instance = this.instances.get(id);
    if (!instance) throw failures.instance();
    return instance;
  }

  /** The tasks that wait for somebody. */
  waiting(id: string): Task[] {
    return this.of(id).tasks.filter(({ status }) => status === 'RUNNING');
  }

  agree(id: string, userId: string, remark?: string): void {
    this.decide(this.of(id), this.taskOf(id, userId), 'AGREE', remark);
  }

  refuse(id: string, userId: string, remark?: string): void {
    this.decide(this.of(id), this.taskOf(id, userId), 'REFUSE', remark);
  }

  /** As the API decides. @throws DingTalkFailure */
  execute(id: string, taskId: unknown, userId: string, result: unknown, remark?: string): void {
    if (typeof taskId !== 'number') throw failures.taskId();
    if (result !== 'agree' && result !== 'refuse') throw failures.result();
    if (!this.people.has(userId)) throw failures.user();
    const instance = this.instances.get(id);
    if (!instance) throw failures.instanceToEnd();
    if (instance.status !== 'RUNNING') throw failures.status('审批单状态异常');
    const task = instance.tasks.find((one) => one.taskId === taskId);
    if (task?.status !== 'RUNNING' || task.userId !== userId) throw failures.notExecutable();
    this.decide(instance, task, result === 'agree' ? 'AGREE' : 'REFUSE', remark);
  }

  redirect(id: string, userId: string, toUserId: string): void {
    if (!this.people.has(toUserId)) throw failures.user();
    const instance = this.of(id);
    const task = this.taskOf(id, userId);
    this.finish(task, 'COMPLETED', 'REDIRECTED');
    this.record(instance, userId, 'REDIRECT_TASK', 'NONE', undefined, task.node);
    this.tellTask(instance, task, 'finish', 'redirect');
    this.give(instance, task.node, toUserId);
  }

  /** @param remark of whoever withdraws. @throws DingTalkFailure as the API does */
  terminate(id: string, remark?: string): void {
    const instance = this.instances.get(id);
    if (!instance) throw failures.instanceToEnd();
    if (instance.status !== 'RUNNING') throw failures.status('审批单已结束');
    if (!instance.template.withdrawable) throw failures.noWithdrawal();
    if (Date.now() - instance.createTime < this.withdrawalPause) {
      throw failures.status('提交审批单后15秒内不能进行撤回');
    }
    this.cancelTasks(instance, 'TERMINATED');
    this.record(instance, instance.originator, 'TERMINATE_PROCESS_INSTANCE', 'NONE', remark);
    this.end(instance, 'TERMINATED', null);
  }

  delete(id: string): void {
    const instance = this.of(id);
    this.instances.delete(id);
    this.tellInstance(instance, 'delete');
  }

  /** As GET shows it. */
  shown(id: string): object {
    const { template, originator, values, tasks, records, ...instance } = this.of(id);
    return {
      title: this.titleOf(this.of(id)),
      businessId: `2026${instance.createTime}`,
      originatorUserId: originator,
      originatorDeptId: '-1',
      status: instance.status,
      ...(instance.result === null ? {} : { result: instance.result }),
      createTime: toMinute(instance.createTime),
      finishTime: toMinute(instance.finishTime),
      operationRecords: records,
      tasks: tasks.map(({ taskId, userId, status, result, node, createTime, finishTime }) => ({
        taskId,
        userId,
        status,
        ...(result === null ? {} : { result }),
        createTime: toMinute(createTime),
        finishTime: toMinute(finishTime),
        activityId: node.activityId,
        taskGroupName: node.name,
        processInstanceId: id,
      })),
      bizAction: 'NONE',
      formComponentValues: template.components.flatMap(({ name, type = 'TextField' }) => {
        const value = values.get(name);
        return value === undefined ? [] : [{ id: `${type}-${name}`, name, value, componentType: type }];
      }),
    };
  }

  private filledIn(template: Template, values: Readonly<Record<string, string>>): Map<string, string> {
    const filled = new Map<string, string>();
    for (const [name, value] of Object.entries(values)) {
      const component = template.components.find((one) => one.name === name);
      if (!component || typeof value !== 'string') throw failures.form(name);
      const isNumber = component.type === 'NumberField';
      if (isNumber && Number.isNaN(Number(value))) throw failures.form(name);
      filled.set(name, isNumber ? Number(value).toFixed(1) : value);
    }
    const missing = template.components.find(({ name, required }) => required && !filled.has(name));
    if (missing) throw failures.form(missing.name);
    return filled;
  }

  private enter(instance: Instance, index: number): void {
    const node = instance.template.nodes[index];
    if (!node) {
      this.end(instance, 'COMPLETED', 'agree');
      return;
    }
    for (const userId of node.people) this.give(instance, node, userId);
  }

  private give(instance: Instance, node: NodeGiven, userId: string): void {
    const task: Task = {
      taskId: this.nextTask++,
      node,
      userId,
      status: 'RUNNING',
      result: null,
      createTime: Date.now(),
      finishTime: null,
    };
    instance.tasks.push(task);
    this.tellTask(instance, task, 'start');
  }

  private taskOf(id: string, userId: string): Task {
    const task = this.waiting(id).find((one) => one.userId === userId);
    if (!task) throw new Error(`${userId} has nothing to decide on ${id}`);
    return task;
  }

  private decide(instance: Instance, task: Task, result: 'AGREE' | 'REFUSE', remark?: string): void {
    this.finish(task, 'COMPLETED', result);
    this.record(instance, task.userId, 'EXECUTE_TASK_NORMAL', result, remark, task.node);
    this.tellTask(instance, task, 'finish', result.toLowerCase(), remark);
    if (result === 'REFUSE') {
      this.cancelTasks(instance, 'CANCELED');
      this.end(instance, 'COMPLETED', 'refuse');
      return;
    }
    if (task.node.mode === 'OR') this.cancelTasks(instance, 'CANCELED');
    if (instance.tasks.some(({ status }) => status === 'RUNNING')) return;
    this.enter(instance, instance.template.nodes.indexOf(task.node) + 1);
  }

  private finish(task: Task, status: Task['status'], result: Task['result']): void {
    task.status = status;
    task.result = result;
    task.finishTime = Date.now();
  }

  private cancelTasks(instance: Instance, status: 'CANCELED' | 'TERMINATED'): void {
    for (const task of instance.tasks.filter((one) => one.status === 'RUNNING')) {
      this.finish(task, status, null);
      this.tellTask(instance, task, 'cancel');
    }
  }

  private end(instance: Instance, status: Instance['status'], result: Instance['result']): void {
    instance.status = status;
    instance.result = result;
    instance.finishTime = Date.now();
    this.tellInstance(instance, status === 'COMPLETED' ? 'finish' : 'terminate');
  }

  private record(
    { records }: Instance,
    userId: string,
    type: string,
    result: string,
    remark?: string,
    node?: NodeGiven,
  ): void {
    records.push({
      userId,
      date: toMinute(Date.now()) ?? '',
      type,
      result,
      ...(remark === undefined ? {} : { remark }),
      ...(node === undefined ? {} : { activityId: node.activityId, showName: node.name }),
    });
  }

  private readonly titleOf = ({ originator, template }: Instance): string =>
    `${originator}提交的${template.name}`;

  private tellInstance(instance: Instance, type: string): void {
    this.tell({
      EventType: 'bpms_instance_change',
      ...this.common(instance),
      type,
      staffId: instance.originator,
      url: `https://aflow.dingtalk.com/dingtalk/mobile/homepage.htm?procInstId=${instance.id}`,
      ...(type === 'finish' ? { result: instance.result } : {}),
      ...(instance.finishTime === null ? {} : { finishTime: instance.finishTime }),
    });
  }

  private tellTask(instance: Instance, task: Task, type: string, result?: string, remark?: string): void {
    this.tell({
      EventType: 'bpms_task_change',
      ...this.common(instance),
      type,
      staffId: task.userId,
      taskId: task.taskId,
      ...(result === undefined ? {} : { result }),
      ...(remark === undefined ? {} : { remark }),
      ...(task.finishTime === null ? {} : { finishTime: task.finishTime }),
    });
  }

  private readonly common = (instance: Instance) => ({
    processInstanceId: instance.id,
    processCode: instance.template.code,
    businessId: `2026${instance.createTime}`,
    title: this.titleOf(instance),
    createTime: instance.createTime,
  });
}
