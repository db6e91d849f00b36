import type { OrderEvent } from '../../engine/events.js';
import type { Transition } from '../../operation-log/operation-log.service.js';

/** When what happened to an order, as its log tells it. */
export interface OrderMoments {
  /** By step: when it was opened last. */
  readonly opened: ReadonlyMap<number, Date>;
  /** By step: when it was over, the last time. */
  readonly closed: ReadonlyMap<number, Date>;
  /** When somebody gave away their place, by {@link placeKey}. */
  readonly handedOver: ReadonlyMap<string, Date>;
  /** Who got a copy, and when the first. */
  readonly copied: ReadonlyMap<string, Date>;
  /** When it went back to its applicant, the last time. */
  readonly returned: Date | null;
  /** When it ended, the last time. */
  readonly ended: Date | null;
}

/** Names somebody's place on a step. */
export const placeKey = (applyStep: number, userCode: string): string => `${applyStep} ${userCode}`;

/** @param history the order's transitions, oldest first */
export function momentsOf(history: readonly Transition[]): OrderMoments {
  const opened = new Map<number, Date>();
  const closed = new Map<number, Date>();
  const handedOver = new Map<string, Date>();
  const copied = new Map<string, Date>();
  let returned: Date | null = null;
  let ended: Date | null = null;
  const note = (event: OrderEvent, time: Date): void => {
    switch (event.type) {
      case 'step.in_review':
        opened.set(event.applyStep, time);
        break;
      case 'step.approved':
      case 'step.rejected':
      case 'step.cancelled':
      case 'step.passed':
      case 'step.timed_out':
        closed.set(event.applyStep, time);
        break;
      case 'step.transferred':
        if (event.from !== null) handedOver.set(placeKey(event.applyStep, event.from), time);
        break;
      case 'step.stood_in':
        for (const one of event.standIns) handedOver.set(placeKey(event.applyStep, one.for), time);
        break;
      case 'order.copied':
        for (const userCode of event.userCodes) if (!copied.has(userCode)) copied.set(userCode, time);
        break;
      case 'order.returned':
        returned = time;
        break;
      case 'order.completed':
      case 'order.rejected':
      case 'order.withdrawn':
        ended = time;
        break;
      default:
        break;
    }
  };
  for (const { events, time } of history) for (const event of events) note(event, time);
  return { opened, closed, handedOver, copied, returned, ended };
}
