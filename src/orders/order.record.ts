import type { OrderState, Seat, StepState } from '../engine/order-state.js';
import { userOfSubject } from '../engine/vocabulary.js';

/** What an order carries besides the state that the engine decides with. */
export interface OrderHead {
  readonly id: string;
  readonly applyTemplateId: string;
  readonly templateName: string;
  /** The version of the template whose copy the order walks; null for orders from before there were versions. */
  readonly templateVersion: number | null;
  /** Of its last log row; null for an order without such. */
  readonly logHash: string | null;
  /** Under which topic another room is told of the order's end; null when nobody waits for it. */
  readonly endedTopic: string | null;
  /** The provider in which it is shown besides; null for none. */
  readonly mirrorId: string | null;
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

/** An order as it is stored: head, engine state, and what the rows behind the steps know besides. */
export interface OrderRecord {
  readonly head: OrderHead;
  readonly state: OrderState;
  readonly steps: readonly StepRecord[];
  /** When the decisions that stand were made, by {@link seatKey}. */
  readonly decidedAt: ReadonlyMap<string, Date>;
}

/** Names a seat within its order. */
export const seatKey = (applyStep: number, subject: string): string => `${applyStep} ${subject}`;

/** The numbers of steps that a transition copies anew; empty for all but a move to another version of the template. */
export type Replaced = ReadonlySet<number>;
export const none: Replaced = new Set();

/** The steps whose rows go: those that come anew, and those behind the last one. */
export const goneOf = (before: OrderRecord, after: OrderRecord, replaced: Replaced): number[] =>
  before.state.steps
    .map(({ applyStep }) => applyStep)
    .filter((applyStep) => replaced.has(applyStep) || applyStep > after.state.steps.length);

/** An order as if nobody had sat on the steps that are copied anew, nor on those that are gone. */
export function withoutReplaced(before: OrderRecord, after: OrderState, replaced: Replaced): OrderRecord {
  const steps = after.steps.map((step, index) =>
    replaced.has(step.applyStep) ? { ...step, seats: [] } : (before.state.steps[index] ?? step),
  );
  const stay = new Set(
    steps.flatMap((step) => step.seats.map((seat) => seatKey(step.applyStep, seat.subject))),
  );
  const decidedAt = new Map([...before.decidedAt].filter(([key]) => stay.has(key)));
  return { ...before, state: { ...before.state, steps }, decidedAt };
}

/**
 * The order as it is after a transition, at a moment: what has changed is of that moment.
 * @param newId names steps that there were not before
 */
export function recordAfter(
  earlier: OrderRecord,
  state: OrderState,
  head: OrderHead,
  replaced: Replaced,
  newId: () => string,
): OrderRecord {
  const before = replaced.size > 0 ? withoutReplaced(earlier, state, replaced) : earlier;
  const decidedAt = new Map(before.decidedAt);
  for (const { step, seat, was } of changedSeats(before.state, state)) {
    const key = seatKey(step.applyStep, seat.subject);
    if (seat.decision === null) decidedAt.delete(key);
    else if (was?.decision !== seat.decision || was.capacity !== seat.capacity)
      decidedAt.set(key, head.updateTime);
  }
  return {
    head,
    state,
    decidedAt,
    steps: state.steps.map(({ applyStep }, index): StepRecord => {
      const time = head.updateTime;
      const known = openedAs(earlier, applyStep, replaced);
      if (!known) return { id: newId(), applyStep, createTime: time, updateTime: time };
      return state.steps[index] === before.state.steps[index] ? known : { ...known, updateTime: time };
    }),
  };
}

/** A step that stays itself; the open one does so also when it is copied anew. */
function openedAs({ steps, state }: OrderRecord, applyStep: number, replaced: Replaced): StepRecord | null {
  const known = steps[applyStep - 1];
  if (!known || !replaced.has(applyStep)) return known ?? null;
  return state.steps[applyStep - 1]?.auditStatus === 'in_review' ? known : null;
}

/** A seat that is new, or not as it was. */
export interface ChangedSeat {
  readonly step: StepState;
  readonly seat: Seat;
  readonly was: Seat | undefined;
}

export function changedSeats(before: OrderState, after: OrderState): ChangedSeat[] {
  return after.steps.flatMap((step, index) => {
    const earlier = before.steps[index];
    if (earlier === step || earlier?.seats === step.seats) return [];
    const known = new Map(earlier?.seats.map((seat) => [seat.subject, seat]));
    return step.seats.flatMap((seat) => {
      const was = known.get(seat.subject);
      return was === seat ? [] : [{ step, seat, was }];
    });
  });
}

/** The person behind a seat; null for a group or role. */
export const personOf = (seat: Seat): string | null => userOfSubject(seat.subject);
