import { createHash } from 'node:crypto';
import { isEnded, openStep, type Seat, type StepState } from '../../engine/order-state.js';
import { whyBarred } from '../../engine/separation.js';
import { userOfSubject } from '../../engine/vocabulary.js';
import type { OrderRecord } from '../../orders/orders.service.js';
import { type OrderMoments, placeKey } from './order-moments.js';

/** Somebody's task on an order, as the approval centre shows it. */
export interface MirroredTask {
  readonly id: string;
  /** 0: the applicant's, on an order that was returned. */
  readonly applyStep: number;
  readonly userCode: string;
  readonly nodeId: string;
  readonly nodeName: string;
  readonly status: 'PENDING' | 'APPROVED' | 'REJECTED' | 'TRANSFERRED' | 'DONE';
  readonly begun: Date;
  /** Null while it waits. */
  readonly ended: Date | null;
  /** Whether they may decide there; somebody else looks at it, and decides here. */
  readonly buttons: boolean;
}

/** Who concerns the open step beyond the people who sit on it by name. */
export interface Deciders {
  /** Whoever may decide it at this moment. */
  readonly may: ReadonlySet<string>;
  /** Those of them who sit there through a group or a role only. */
  readonly throughGroups: readonly string[];
}

/** Under what an order's returned work is shown to its applicant. */
const returnedName = '退回修改 / Returned';

const hashed = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24);

/** The same however often a task is shown, and another one for every person and step (Feishu wants ids to differ within an order). */
export const taskIdOf = (applyStep: number, userCode: string): string => `t${applyStep}-${hashed(userCode)}`;

/** The step that a task's id names; null for no id of ours. */
export function stepOfTask(taskId: string): number | null {
  const [, step] = /^t(\d{1,3})-[0-9a-f]{24}$/.exec(taskId) ?? [];
  return step === undefined ? null : Number(step);
}

/** A copy's id, which must differ from those of tasks. */
export const copyIdOf = (userCode: string): string => `c-${hashed(userCode)}`;

/** The tasks of an order, those that wait before those that are over. Whose turn has not come has none yet. */
export function tasksOf(record: OrderRecord, moments: OrderMoments, deciders: Deciders): MirroredTask[] {
  const { state } = record;
  const tasks = state.steps
    .filter(({ auditStatus }) => shownStatuses.has(auditStatus))
    .flatMap((step) => tasksOn(record, step, moments, deciders));
  if (state.returned && !isEnded(state)) tasks.push(resubmission(record, moments));
  const order = (task: MirroredTask): number => (task.status === 'PENDING' ? 0 : 1);
  return tasks.toSorted((one, other) => order(one) - order(other) || other.applyStep - one.applyStep);
}

const shownStatuses: ReadonlySet<string> = new Set(['in_review', 'approved', 'rejected', 'cancelled']);

function tasksOn(
  record: OrderRecord,
  step: StepState,
  moments: OrderMoments,
  { may, throughGroups }: Deciders,
): MirroredTask[] {
  const { state } = record;
  const { applyStep, nodeId, nodeName } = step;
  const begun = moments.opened.get(applyStep) ?? record.head.createTime;
  const open = step === openStep(state) && !state.returned;
  const task = (
    userCode: string,
    status: MirroredTask['status'],
    ended: Date | null,
    buttons: boolean,
  ): MirroredTask => ({
    id: taskIdOf(applyStep, userCode),
    applyStep,
    userCode,
    nodeId: `${applyStep}.${nodeId}`,
    nodeName,
    status,
    begun,
    ended,
    buttons,
  });
  const closed = moments.closed.get(applyStep) ?? moments.returned ?? record.head.updateTime;
  const seated = step.seats.flatMap((seat) => {
    const userCode = userOfSubject(seat.subject);
    if (userCode === null) return [];
    const status = statusOf(record, step, seat, open, userCode);
    if (status === null) return [];
    if (status === 'PENDING') return [task(userCode, status, null, may.has(userCode))];
    const decided = record.decidedAt.get(`${applyStep} ${seat.subject}`);
    const given = moments.handedOver.get(placeKey(applyStep, userCode));
    return [task(userCode, status, (status === 'TRANSFERRED' ? given : decided) ?? closed, false)];
  });
  if (!open) return seated;
  const known = new Set(seated.map(({ userCode }) => userCode));
  const members = throughGroups.filter((userCode) => may.has(userCode) && !known.has(userCode));
  return [...seated, ...members.map((userCode) => task(userCode, 'PENDING', null, true))];
}

/** What a seat is to its person in Feishu; null: nothing. */
function statusOf(
  { state }: OrderRecord,
  step: StepState,
  seat: Seat,
  open: boolean,
  userCode: string,
): MirroredTask['status'] | null {
  if (seat.gone === 'handed_over' || seat.gone === 'delegated') return 'TRANSFERRED';
  // Taken out, left, or of an earlier round: nobody waits for them, and the log tells what they did.
  if (seat.gone !== null) return null;
  if (seat.decision !== null) return seat.decision === 'approved' ? 'APPROVED' : 'REJECTED';
  if (seat.turn === 'closed') return 'DONE';
  if (seat.turn === 'waiting' || !open) return null;
  return whyBarred(state, step, userCode) === null ? 'PENDING' : null;
}

/** An order that was returned waits for its applicant, who does what there is to do here. */
function resubmission({ state, head }: OrderRecord, { returned }: OrderMoments): MirroredTask {
  return {
    id: taskIdOf(0, state.applicant),
    applyStep: 0,
    userCode: state.applicant,
    nodeId: '0.returned',
    nodeName: returnedName,
    status: 'PENDING',
    begun: returned ?? head.updateTime,
    ended: null,
    buttons: false,
  };
}
