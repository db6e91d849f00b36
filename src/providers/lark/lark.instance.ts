import { ProviderFailure } from '../provider-failure.js';
import type { Observation, OutsideStatus, OutsideTask, OutsideWidget } from '../provider.port.js';
import { objectsOf, readJson } from './lark.json.js';
import { type LarkSettings, textOf } from './lark.settings.js';

type Json = Readonly<Record<string, unknown>>;

/** What GET /instances/:id calls it, and what events call it. */
const statuses: ReadonlyMap<unknown, OutsideStatus> = new Map([
  ['PENDING', 'pending'],
  ['OVERTIME_RECOVER', 'pending'],
  ['APPROVED', 'approved'],
  ['REJECTED', 'rejected'],
  ['CANCELED', 'withdrawn'],
  ['REVERTED', 'withdrawn'],
  ['OVERTIME_CLOSE', 'withdrawn'],
  ['DELETED', 'gone'],
] as const);

const taskStatuses: ReadonlyMap<unknown, OutsideTask['status']> = new Map([
  ['PENDING', 'pending'],
  ['OVERTIME_RECOVER', 'pending'],
  ['APPROVED', 'approved'],
  ['REJECTED', 'rejected'],
  ['TRANSFERRED', 'transferred'],
  // Nobody decided these: somebody else did, or the flow went back.
  ['DONE', 'ended'],
  ['ROLLBACK', 'ended'],
  ['REVERTED', 'ended'],
  ['OVERTIME_CLOSE', 'ended'],
] as const);

/** Which entries of the timeline (审批动态) tell who brought about an end. */
const decisions: Readonly<Record<OutsideStatus, readonly string[]>> = {
  pending: ['PASS', 'AUTO_PASS', 'REMOVE_REPEAT'],
  approved: ['PASS', 'AUTO_PASS', 'REMOVE_REPEAT'],
  rejected: ['REJECT', 'AUTO_REJECT'],
  withdrawn: ['CANCEL'],
  gone: ['DELETE'],
};

/** Whether an instance is still under way. */
export const isUnderWay = (instance: Json): boolean =>
  statuses.get(instance.status) === 'pending' && instance.reverted !== true;

/** Whether somebody may still decide a task. */
export const isTaskOpen = (instance: Json, taskId: string): boolean =>
  objectsOf(instance.task_list).some(
    ({ id, status }) => textOf(id) === taskId && taskStatuses.get(status) === 'pending',
  );

/**
 * An instance (审批实例) in the canonical form.
 * @param instance `data` of GET /instances/:id
 * @throws ProviderFailure for a status that nobody has heard of, and where the ids of people are kept back
 */
export function observationOf(instance: Json, settings: LarkSettings): Observation {
  const externalId = textOf(instance.instance_code);
  const given = textOf(instance.status) ?? '';
  const status = statuses.get(given);
  if (externalId === null || status === undefined) {
    throw new ProviderFailure(`an instance came with the unknown status ${given.slice(0, 64)}`);
  }
  const timeline = objectsOf(instance.timeline);
  const tasks = tasksOf(instance, timeline, settings);
  const decision = decisionOf(status, timeline, tasks);
  const decidedBy = decision ? personIn(decision, settings) : null;
  return {
    externalId,
    key: textOf(instance.uuid),
    formCode: textOf(instance.approval_code),
    title: textOf(instance.approval_name),
    status,
    applicant: personIn(instance, settings),
    decidedBy,
    comment: decision ? (textOf(decision.comment) ?? saidBy(decidedBy, instance, settings)) : null,
    tasks,
    widgets: widgetsIn(instance.form),
  };
}

/** The last word before things came to stand as they do. Our own yes on our nodes is nobody's decision. */
function decisionOf(
  status: OutsideStatus,
  timeline: readonly Json[],
  tasks: readonly OutsideTask[],
): Json | undefined {
  const ours = new Set(tasks.filter((task) => task.ours !== null).map(({ id }) => id));
  const entries = timeline.filter(({ type }) => decisions[status].includes(textOf(type) ?? ''));
  const isOurs = (entry: Json): boolean => ours.has(textOf(entry.task_id) ?? '');
  return status === 'rejected' ? entries.at(-1) : entries.findLast((entry) => !isOurs(entry));
}

function tasksOf(instance: Json, timeline: readonly Json[], settings: LarkSettings): OutsideTask[] {
  const { assistantUserId, checkNodeName, executeNodeName } = settings;
  const byBeginning = objectsOf(instance.task_list).toSorted(
    (one, other) => timeOf(one.start_time) - timeOf(other.start_time),
  );
  return byBeginning.flatMap((task) => {
    const id = textOf(task.id);
    if (id === null) return [];
    const isOn = (name: string): boolean => task.node_name === name || task.custom_node_id === name;
    const isAssistant = assistantUserId !== null && [task.user_id, task.open_id].includes(assistantUserId);
    const end = timeOf(task.end_time);
    return [
      {
        id,
        nodeName: textOf(task.node_name),
        externalId: personIn(task, settings),
        status: taskStatuses.get(task.status) ?? 'ended',
        comment: textOf(timeline.findLast((entry) => entry.task_id === id)?.comment),
        endedAt: end > 0 ? new Date(end) : null,
        ours: !isAssistant ? null : isOn(checkNodeName) ? 'check' : isOn(executeNodeName) ? 'execute' : null,
      } as const,
    ];
  });
}

/** @throws ProviderFailure where somebody has an open id, and their user id is kept back */
function personIn(owner: Json, { userIdType }: LarkSettings): string | null {
  const id = textOf(owner[userIdType]);
  if (id === null && userIdType === 'user_id' && textOf(owner.open_id) !== null) {
    throw new ProviderFailure(
      'Feishu tells no user ids: grant the app contact:user.employee_id:readonly, or set userIdType to open_id',
      { permanent: true },
    );
  }
  return id;
}

/** What somebody wrote last beside the flow (评论). */
const saidBy = (person: string | null, { comment_list: comments }: Json, settings: LarkSettings) =>
  person === null
    ? null
    : textOf(objectsOf(comments).findLast((one) => personIn(one, settings) === person)?.comment);

/** `form` is a text that holds JSON. */
const widgetsIn = (form: unknown): OutsideWidget[] =>
  objectsOf(readJson(textOf(form) ?? '[]')).flatMap((whole) => {
    const id = textOf(whole.id);
    return id === null
      ? []
      : [
          {
            id,
            name: textOf(whole.name) ?? id,
            type: textOf(whole.type) ?? '',
            value: whole.value ?? null,
            whole,
          },
        ];
  });

/** Milliseconds since 1970, as a text or a number; 0 for none. */
const timeOf = (value: unknown): number => {
  const time = Number(value);
  return Number.isSafeInteger(time) && time > 0 ? time : 0;
};
