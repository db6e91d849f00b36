import type { OrderEvent } from '../engine/events.js';
import type { OrderState } from '../engine/order-state.js';
import { type Capacity, userOfSubject, userSubject } from '../engine/vocabulary.js';

/** What an order carries besides the state that the engine decides with. */
export interface OrderHead {
  readonly id: string;
  readonly applyTemplateId: string;
  readonly templateName: string;
  readonly businessType: string;
  /** Of the business type under which it was opened; null for orders that are older than callbacks. */
  readonly businessTypeId: string | null;
  readonly businessKey: string | null;
  readonly title: string | null;
  readonly remark: string | null;
  readonly accCode: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly createTime: Date;
  readonly updateTime: Date;
}

export interface StepRecord {
  readonly id: string;
  readonly applyStep: number;
  readonly createTime: Date;
  readonly updateTime: Date;
}

/** Where an assignee's turn is: `waiting` before the step opens, `open` in the inbox, `closed` after it. */
export type Turn = 'waiting' | 'open' | 'closed';

export interface AssigneeRecord {
  readonly subject: string;
  readonly applyStep: number;
  readonly turn: Turn;
  /** Named by the template's stage; false for a group's member, or an administrator who decided. */
  readonly candidate: boolean;
  readonly decision: 'approved' | 'rejected' | null;
  readonly capacity: Capacity | null;
  readonly auditMsg: string | null;
  readonly decidedAt: Date | null;
  readonly onBehalfOf: string | null;
}

/** An order as it is stored: head, engine state, and the rows behind the steps. */
export interface OrderRecord {
  readonly head: OrderHead;
  readonly state: OrderState;
  readonly steps: readonly StepRecord[];
  readonly assignees: readonly AssigneeRecord[];
}

/** The assignee rows after an event; the inbox is those whose turn is `open`. */
export function assigneesAfter(
  rows: readonly AssigneeRecord[],
  event: OrderEvent,
  state: OrderState,
  now: Date,
): readonly AssigneeRecord[] {
  switch (event.type) {
    case 'order.opened':
      return event.steps.flatMap((step) =>
        [...new Set(step.subjects)].map((subject) => waiting(step.applyStep, subject, true)),
      );
    case 'step.in_review':
      return openTurns(rows, event, state);
    case 'step.voted':
      return withDecision(rows, event, 'approved', now);
    case 'step.approved':
      return closeTurns(withDecision(rows, event, 'approved', now), event.applyStep);
    case 'step.rejected':
      return closeTurns(withDecision(rows, event, 'rejected', now), event.applyStep);
    case 'step.cancelled':
      return closeTurns(rows, event.applyStep);
    default:
      return rows;
  }
}

const waiting = (applyStep: number, subject: string, candidate: boolean): AssigneeRecord => ({
  subject,
  applyStep,
  turn: 'waiting',
  candidate,
  decision: null,
  capacity: null,
  auditMsg: null,
  decidedAt: null,
  onBehalfOf: null,
});

/** An `any` step opens for all its subjects; an `all` step for the people it asks, each with a row of their own. */
function openTurns(
  rows: readonly AssigneeRecord[],
  event: Extract<OrderEvent, { type: 'step.in_review' }>,
  state: OrderState,
): readonly AssigneeRecord[] {
  const { applyStep } = event;
  const isAll = state.steps.find((step) => step.applyStep === applyStep)?.approvalMode === 'all';
  const asked = new Set(event.people.map(userSubject));
  const known = new Set(rows.filter((row) => row.applyStep === applyStep).map((row) => row.subject));
  const added = [...asked].filter((subject) => !known.has(subject));
  return [...rows, ...added.map((subject) => waiting(applyStep, subject, false))].map((row) =>
    row.applyStep === applyStep && (!isAll || asked.has(row.subject)) ? { ...row, turn: 'open' } : row,
  );
}

const closeTurns = (rows: readonly AssigneeRecord[], applyStep: number): readonly AssigneeRecord[] =>
  rows.map((row) => (row.applyStep === applyStep && row.turn === 'open' ? { ...row, turn: 'closed' } : row));

function withDecision(
  rows: readonly AssigneeRecord[],
  event: Extract<OrderEvent, { capacity: Capacity }>,
  decision: 'approved' | 'rejected',
  now: Date,
): readonly AssigneeRecord[] {
  const subject = userSubject(event.userCode);
  const isTheirs = (row: AssigneeRecord) => row.applyStep === event.applyStep && row.subject === subject;
  const mine = rows.find(isTheirs) ?? waiting(event.applyStep, subject, false);
  const decided: AssigneeRecord = {
    ...mine,
    turn: 'closed',
    decision,
    capacity: event.capacity,
    auditMsg: event.auditMsg,
    decidedAt: now,
  };
  return [...rows.filter((row) => !isTheirs(row)), decided];
}

/** The person behind an assignee row; null for a group or role. */
export const personOf = (row: AssigneeRecord): string | null => userOfSubject(row.subject);
