import { z } from 'zod';
import type { Observation, OutsideStatus, OutsideTask, OutsideWidget } from '../provider.port.js';
import { ProviderFailure } from '../provider-failure.js';
import { type DingTalkSettings, textOf } from './dingtalk.settings.js';

const text = z.string().nullish();
const operationRecord = z.looseObject({
  userId: text,
  type: text,
  result: text,
  remark: text,
  activityId: text,
  showName: text,
});
const task = z.looseObject({
  taskId: z.union([z.number(), z.string()]).transform(String),
  userId: text,
  status: text,
  result: text,
  createTime: text,
  finishTime: text,
  activityId: text,
  taskGroupName: text,
});
const component = z.looseObject({ id: text, name: text, value: z.unknown(), componentType: text });

/** An instance of an approval, as far as it matters (GET /v1.0/workflow/processInstances). */
const instance = z.looseObject({
  title: text,
  status: z.string(),
  result: text,
  originatorUserId: text,
  createTime: text,
  operationRecords: z.array(operationRecord).nullish(),
  tasks: z.array(task).nullish(),
  formComponentValues: z.array(component).nullish(),
});
export type DingTalkInstance = z.infer<typeof instance>;
type Task = z.infer<typeof task>;
type OperationRecord = z.infer<typeof operationRecord>;

/** @throws ProviderFailure for what is no instance */
export function instanceOf(result: unknown): DingTalkInstance {
  const parsed = instance.safeParse(result);
  if (parsed.success) return parsed.data;
  throw new ProviderFailure(
    `the instance is not as documented: ${z.prettifyError(parsed.error).slice(0, 300)}`,
  );
}

/** An instance in the canonical form. @throws ProviderFailure for an end that is neither yes nor no */
export function observationOf(
  externalId: string,
  given: DingTalkInstance,
  settings: DingTalkSettings,
): Observation {
  const status = statusOf(given);
  const last = lastWord(given.operationRecords ?? [], status);
  return {
    externalId,
    // A widget may hold it, but what people type into a form proves nothing.
    key: null,
    formCode: null,
    title: given.title ?? null,
    status,
    applicant: textOf(given.originatorUserId),
    decidedBy: textOf(last?.userId),
    comment: textOf(last?.remark),
    tasks: tasksOf(given, settings),
    widgets: (given.formComponentValues ?? []).map(widgetOf),
  };
}

/** Whether an instance may still be decided. */
export const isRunning = ({ status }: DingTalkInstance): boolean => status === 'RUNNING' || status === 'NEW';

/** Whether a task has not been decided. */
export const isTaskOpen = ({ tasks }: DingTalkInstance, taskId: string): boolean =>
  tasks?.some((one) => one.taskId === taskId && taskStatusOf(one) === 'pending') ?? false;

/** Times come to the minute or the second, in UTC. @returns null for what is none */
export function timeOf(value: string | null | undefined): Date | null {
  const time = new Date(value ?? '');
  return Number.isNaN(time.getTime()) ? null : time;
}

function statusOf(given: DingTalkInstance): OutsideStatus {
  if (isRunning(given)) return 'pending';
  switch (given.status) {
    case 'TERMINATED':
    case 'CANCELED':
    case 'CANCELLED':
      return 'withdrawn';
    case 'COMPLETED':
      if (given.result === 'agree') return 'approved';
      if (given.result === 'refuse') return 'rejected';
  }
  throw new ProviderFailure(
    `the instance has the status ${given.status} and the result ${given.result ?? 'null'}, which say nothing`,
  );
}

/** The record of the act that led to the status; of an instance that goes on, of the latest decision. */
function lastWord(records: readonly OperationRecord[], status: OutsideStatus): OperationRecord | undefined {
  return records.findLast(({ type, result }) => {
    switch (status) {
      case 'approved':
        return isDecision(type) && result === 'AGREE';
      case 'rejected':
        return isDecision(type) && result === 'REFUSE';
      case 'withdrawn':
        return type === 'TERMINATE_PROCESS_INSTANCE';
      default:
        return false;
    }
  });
}

/** By the person themselves, by whoever stands in, or by whoever was handed the task. */
const isDecision = (type: string | null | undefined): boolean => type?.startsWith('EXECUTE_TASK_') ?? false;

function tasksOf({ tasks, operationRecords }: DingTalkInstance, settings: DingTalkSettings): OutsideTask[] {
  const records = operationRecords ?? [];
  return (tasks ?? [])
    .toSorted(
      (one, other) => (timeOf(one.createTime)?.getTime() ?? 0) - (timeOf(other.createTime)?.getTime() ?? 0),
    )
    .map((one) => {
      const ofNode = records.filter(({ activityId }) => activityId && activityId === one.activityId);
      const said = ofNode.findLast(({ userId, result }) => userId === one.userId && result === one.result);
      return {
        id: one.taskId,
        nodeName: textOf(ofNode.find(({ showName }) => showName)?.showName) ?? textOf(one.taskGroupName),
        externalId: textOf(one.userId),
        status: taskStatusOf(one),
        comment: textOf(said?.remark),
        endedAt: taskStatusOf(one) === 'pending' ? null : timeOf(one.finishTime),
        ours: oursOf(one, settings),
      };
    });
}

function taskStatusOf({ status, result }: Task): OutsideTask['status'] {
  if (status === 'NEW' || status === 'RUNNING' || status === 'PAUSED') return 'pending';
  if (status !== 'COMPLETED') return 'ended';
  if (result === 'AGREE') return 'approved';
  if (result === 'REFUSE') return 'rejected';
  return result === 'REDIRECTED' ? 'transferred' : 'ended';
}

/** A task that has not been reached yet, or that rests, is nobody's to answer. */
function oursOf({ userId, activityId, status }: Task, settings: DingTalkSettings): OutsideTask['ours'] {
  if (!userId || userId !== settings.assistantUserId || !activityId) return null;
  if (status === 'NEW' || status === 'PAUSED') return null;
  if (settings.checkActivityIds.includes(activityId)) return 'check';
  return settings.executeActivityIds.includes(activityId) ? 'execute' : null;
}

const widgetOf = (given: z.infer<typeof component>): OutsideWidget => ({
  id: given.id ?? '',
  name: given.name ?? '',
  type: given.componentType ?? '',
  value: given.value ?? null,
  whole: given,
});
