import { defaultErrors } from '../../engine/callbacks.js';
import type { OrderEvent } from '../../engine/events.js';
import { isEnded, openStep, type OrderState } from '../../engine/order-state.js';
import type { Observation, OutsideTask } from '../provider.port.js';
import type { OwnTask } from './outside-approvals.repository.js';

/** What we say on a task that is ours. */
export interface TaskAnswer {
  readonly task: OwnTask;
  readonly decision: 'approve' | 'reject';
  readonly comment: string;
}

/** Said where the business module says nothing (requirement 001 and its original). */
const words = {
  check: { approve: '检查成功。', reject: '检查失败。' },
  execute: { approve: '执行成功。', reject: '执行失败。' },
} as const;

/** The order's events in their sequence, as its log tells them. */
type Told = readonly OrderEvent[];

/** The tasks that can be answered now: the check once it is passed or failed, the execution once the order has ended. */
export function answersDue(state: OrderState, tasks: readonly OwnTask[], told: Told): TaskAnswer[] {
  return tasks
    .filter(({ answer }) => answer === null)
    .flatMap((task): TaskAnswer[] => {
      const decision = decisionOn(state, task.kind);
      if (decision === null) return [];
      const said = decision === 'approve' ? lastWords(told, task.kind) : whyNot(state, told);
      return [{ task, decision, comment: said || words[task.kind][decision] }];
    });
}

function decisionOn(state: OrderState, kind: OwnTask['kind']): TaskAnswer['decision'] | null {
  const { applyStatus } = state;
  if (applyStatus === 'completed') return 'approve';
  if (isEnded(state)) return 'reject';
  if (kind === 'execute' || applyStatus === 'initiating' || state.returned) return null;
  return 'approve';
}

/** What the business module said when it said yes. */
function lastWords(told: Told, kind: OwnTask['kind']): string | null {
  const said = told.findLast((event) => event.type === `callback.${kind}.succeeded`);
  return said && 'msg' in said ? said.msg : null;
}

/** What the order says where the business module has said nothing. */
const ownErrors: ReadonlySet<string | null> = new Set(Object.values(defaultErrors));

/** Why an order ended that was not completed. */
function whyNot(state: OrderState, told: Told): string | null {
  if (state.applyStatus === 'rejected') return ownErrors.has(state.error) ? null : state.error;
  const withdrawn = told.findLast((event) => event.type === 'order.withdrawn');
  return withdrawn?.type === 'order.withdrawn' ? (withdrawn.remark ?? '申请已撤销。') : null;
}

/** The tasks as they are known after an observation: those that wait for us and were not known yet come behind. */
export function tasksAfter(known: readonly OwnTask[], seen: readonly OutsideTask[]): OwnTask[] {
  const ids = new Set(known.map(({ id }) => id));
  const fresh = seen.flatMap(({ id, ours, status }): OwnTask[] =>
    ours !== null && status === 'pending' && !ids.has(id) ? [{ id, kind: ours, answer: null }] : [],
  );
  return [...known, ...fresh];
}

/** Of several tasks that wait for us, an event is about its own; the others have events too, and the poll behind them. */
export function ofTask(observation: Observation, taskId: string | null): Observation {
  const waits = observation.tasks.some(
    ({ id, ours, status }) => id === taskId && ours && status === 'pending',
  );
  if (!waits) return observation;
  const tasks = observation.tasks.map((task) =>
    task.id === taskId || task.status !== 'pending' ? task : { ...task, ours: null },
  );
  return { ...observation, tasks };
}

/** Whether a provider is to decide an order at this moment. */
export const awaitsProvider = (state: OrderState): boolean =>
  state.applyStatus === 'in_review' && !state.returned && openStep(state)?.auditObjectType === 'provider';
