import { readForm } from './lark-forms.js';
import { type LarkInstance, type LarkNode, type LarkTask, longNumber } from './lark-native.js';
import type { LarkWorkspace } from './lark-routes.js';

/** What people do in Feishu, by the codes of instances and their user ids. */
export class LarkActing {
  constructor(private readonly work: LarkWorkspace) {}

  /**
   * Somebody fills in a form.
   * @param values by a widget's id, custom id or name, as the API takes them
   */
  submit(code: string, userId: string, values: Readonly<Record<string, unknown>> = {}): LarkInstance {
    const { native, people } = this.work;
    const { widgets } = native.definition(code);
    const filled = Object.entries(values).map(([name, value]) => {
      const widget = widgets.find((one) => [one.id, one.custom_id, one.name].includes(name));
      if (!widget) throw new Error(`no widget ${name}`);
      return { id: widget.id, type: widget.type, value };
    });
    return native.submit(code, people.join(userId), readForm(JSON.stringify(filled), widgets));
  }

  approve(code: string, userId: string, comment: string = ''): void {
    const [instance, task] = this.taskOf(code, userId);
    this.work.native.approve(instance, task, comment);
  }

  reject(code: string, userId: string, comment: string = ''): void {
    const [instance, task] = this.taskOf(code, userId);
    this.work.native.reject(instance, task, comment);
  }

  transfer(code: string, userId: string, to: string, comment: string = ''): void {
    const [instance, task] = this.taskOf(code, userId);
    this.work.native.transfer(instance, task, this.work.people.join(to), comment);
  }

  /** Back to an earlier node, by its name. */
  rollback(code: string, userId: string, to: string): void {
    const [instance, task] = this.taskOf(code, userId);
    this.work.native.rollback(instance, task, nodeOf(instance, to));
  }

  comment(code: string, userId: string, text: string): void {
    const { native } = this.work;
    native.instance(code).comments.push({ id: longNumber(), userId, text, time: Date.now() });
  }

  /** The applicant withdraws it. */
  cancel(code: string): void {
    this.work.native.cancel(this.work.native.instance(code));
  }

  /** An administrator deletes it. */
  delete(code: string): void {
    this.work.native.delete(this.work.native.instance(code));
  }

  /** What was approved is taken back. */
  revert(code: string): void {
    this.work.native.revert(this.work.native.instance(code));
  }

  private taskOf(code: string, userId: string): [LarkInstance, LarkTask] {
    const instance = this.work.native.instance(code);
    const task = instance.tasks.find((one) => one.userId === userId && one.status === 'PENDING');
    if (!task) throw new Error(`${userId} has no waiting task`);
    return [instance, task];
  }
}

function nodeOf({ definition }: LarkInstance, name: string): LarkNode {
  const node = definition.nodes.find((one) => one.name === name);
  if (!node) throw new Error(`no node ${name}`);
  return node;
}
