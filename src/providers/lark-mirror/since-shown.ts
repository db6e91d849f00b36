import type { OrderEvent } from '../../engine/events.js';
import type { Transition } from '../../operation-log/operation-log.service.js';

/** What a person saw when they pressed a button. */
interface Seen {
  readonly version: number;
  readonly applyStep: number;
  readonly userCode: string;
}

/**
 * What has become of a person's task since it was shown to them. `same`: nothing that concerns it; whether they may decide
 * is another question. `done`: they have decided just so, and Feishu says it once more. `otherwise`: they have decided
 * otherwise. `changed`: the order is not the one that they saw.
 */
export function sinceShown(
  history: readonly Transition[],
  { version, applyStep, userCode }: Seen,
  action: 'approve' | 'reject',
): 'same' | 'done' | 'otherwise' | 'changed' {
  let own: 'approve' | 'reject' | null = null;
  let changed = false;
  for (const { number, events } of history) {
    if (number <= version) continue;
    for (const event of events) {
      const said = decisionIn(event, applyStep, userCode);
      if (said !== null) own = said;
      else if (isAnother(event, applyStep)) changed = true;
    }
  }
  if (changed) return 'changed';
  if (own === null) return 'same';
  return own === action ? 'done' : 'otherwise';
}

/** What somebody said of a step by an event; null for nothing. */
function decisionIn(event: OrderEvent, applyStep: number, userCode: string): 'approve' | 'reject' | null {
  switch (event.type) {
    case 'step.voted':
    case 'step.approved':
      return event.applyStep === applyStep && event.userCode === userCode ? 'approve' : null;
    case 'step.voted_against':
    case 'step.rejected':
      return event.applyStep === applyStep && event.userCode === userCode ? 'reject' : null;
    case 'step.opinion_given':
      if (event.applyStep !== applyStep || event.userCode !== userCode) return null;
      return event.opinion === 'approved' ? 'approve' : 'reject';
    default:
      return null;
  }
}

/** Whether the order is another one after an event, or the step begins anew: what was seen says nothing about it. */
function isAnother(event: OrderEvent, applyStep: number): boolean {
  switch (event.type) {
    case 'order.returned':
    case 'order.resubmitted':
    case 'order.reopened':
    case 'order.moved':
    case 'step.decision_taken_back':
      return true;
    case 'step.in_review':
      return event.applyStep === applyStep;
    default:
      return false;
  }
}
