import type { CallbackEvent, OrderEvent } from '../engine/events.js';

/** One event in a sentence, for `operation_details`: what happened, where, and with which words. */
export function describe(event: OrderEvent): string {
  switch (event.type) {
    case 'order.opened':
      return `opened by ${event.applicant} with ${event.steps.length} step(s): ${event.steps.map((step) => step.nodeName).join(' → ')}`;
    case 'check.requested':
      return 'the business module is asked whether the order may start';
    case 'step.skipped':
      return `step ${event.applyStep} is skipped: its condition does not hold`;
    case 'step.auto_approved':
      return event.reason === 'applicant_node'
        ? `step ${event.applyStep} is approved automatically: the applicant sits on it`
        : `step ${event.applyStep} is approved automatically: the applicant sits on a later step`;
    case 'step.in_review':
      return event.people.length > 0
        ? `step ${event.applyStep} is under review by all of: ${event.people.join(', ')}`
        : `step ${event.applyStep} is under review`;
    case 'step.voted':
      return `step ${event.applyStep}: ${event.userCode} approves${quality(event)}; others are still asked${words(event.auditMsg)}`;
    case 'step.approved':
      return `step ${event.applyStep} is approved by ${event.userCode}${quality(event)}${words(event.auditMsg)}`;
    case 'step.rejected':
      return `step ${event.applyStep} is rejected by ${event.userCode}${quality(event)}${words(event.auditMsg)}`;
    case 'step.cancelled':
      return `step ${event.applyStep} is cancelled: the order ended first`;
    case 'callback.check.succeeded':
      return `the business module lets the order start${words(event.msg)}`;
    case 'callback.check.failed':
      return `the business module refuses the order: ${event.error}`;
    case 'callback.check.skipped':
      return `the business module could not be asked, and its orders go on then: ${event.error}`;
    case 'callback.execute.succeeded':
      return `the business module has executed the order${words(event.msg)}`;
    case 'callback.execute.failed':
      return `the execution by the business module failed: ${event.error}`;
    case 'callback.check.parked':
    case 'callback.execute.parked':
      return `the ${kind(event)} (delivery ${event.deliveryId}) is parked until an administrator acts: ${event.error}`;
    case 'callback.check.redelivered':
    case 'callback.execute.redelivered':
      return `an administrator has the ${kind(event)} (delivery ${event.deliveryId}) sent again`;
    case 'callback.check.abandoned':
    case 'callback.execute.abandoned':
      return `an administrator gives the ${kind(event)} (delivery ${event.deliveryId}) up, and the order goes to ${event.applyStatus}: ${event.reason}`;
    case 'order.rejected':
      return `the order is rejected${words(event.error ?? null)}`;
    case 'order.withdrawn':
      return `the order is withdrawn by its applicant${words(event.remark)}`;
    case 'order.executing':
      return 'all steps have passed; the business module is asked to execute';
    case 'order.completed':
      return 'the order is completed';
    default:
      return undescribed(event);
  }
}

const kind = (event: CallbackEvent): string =>
  event.type.startsWith('callback.check') ? 'check' : 'execution';

const quality = (event: { readonly capacity: string }): string =>
  event.capacity === 'system_admin' ? ' as system administrator' : '';

const words = (message: string | null): string => (message ? `: ${message}` : '');

function undescribed(event: never): never {
  throw new RangeError(`no words for ${JSON.stringify(event)}`);
}
