import type { CallbackEvent, OrderEvent } from '../engine/events.js';

/** One event in a sentence, for `operation_details`: what happened, where, and with which words. */
export function describe(event: OrderEvent): string {
  switch (event.type) {
    case 'order.opened':
      return `opened by ${event.applicant} with ${event.steps.length} step(s): ${event.steps.map((step) => step.nodeName).join(' → ')}`;
    case 'check.requested':
      return 'the business module is asked whether the order may start';
    case 'step.skipped':
      return `step ${event.applyStep} is skipped: ${skips[event.reason] ?? 'its condition does not hold'}`;
    case 'step.auto_approved':
      return `step ${event.applyStep} is approved automatically: ${automatic(event)}`;
    case 'step.in_review':
      return `step ${event.applyStep} is under review${asked(event)}${event.clock ? `; due on ${moment(event.clock.dueAt)}` : ''}`;
    case 'step.voted':
      return `step ${event.applyStep}: ${event.userCode} approves${quality(event)}; others are still asked${words(event.auditMsg)}`;
    case 'step.voted_against':
      return `step ${event.applyStep}: ${event.userCode} rejects${quality(event)}; the others can still approve it${words(event.auditMsg)}`;
    case 'step.vote_repeated':
      return `step ${event.applyStep}: ${event.userCode} has approved before, and that counts here too`;
    case 'step.passed':
      return `step ${event.applyStep} has all the approvals that it needs`;
    case 'step.stood_in':
      return `step ${event.applyStep}: ${event.standIns.map((one) => `${one.by} stands in for ${one.for}`).join(', ')}`;
    case 'step.reminded':
      return `step ${event.applyStep}: its reviewers are reminded; it is ${event.overdue ? 'overdue' : 'due soon'}`;
    case 'step.escalated':
      return event.userCodes.length > 0
        ? `step ${event.applyStep} is overdue: ${event.userCodes.join(', ')} may decide it too (level ${event.level})`
        : `step ${event.applyStep} is overdue, and no leader of level ${event.level} was found`;
    case 'step.timed_out':
      return `step ${event.applyStep} was not decided in time and is ${event.verdict} by that`;
    case 'step.clock_stopped':
      return `step ${event.applyStep} waits for information; its time stands still`;
    case 'step.clock_started':
      return `step ${event.applyStep} is due on ${moment(event.clock.dueAt)}`;
    case 'step.clock_set':
      return `step ${event.applyStep} is now due on ${moment(event.clock.dueAt)}: its calendar has changed`;
    case 'order.moved':
      return `${event.userCode} moves the order from version ${event.fromVersion ?? 'unknown'} of its template to version ${event.toVersion}${event.present ? `; step ${event.present.applyStep} is opened anew` : ''}`;
    case 'step.people_left':
      return `step ${event.applyStep}: ${event.userCodes.join(', ')} may no longer review and is not asked any more`;
    case 'step.transferred':
      return event.from === null
        ? `step ${event.applyStep}: ${event.by} has ${event.to} review it too${words(event.auditMsg)}`
        : `step ${event.applyStep} is handed over by ${event.from} to ${event.to}${event.by === event.from ? '' : `; ${event.by} has arranged it`}${words(event.auditMsg)}`;
    case 'step.opinion_asked':
      return `step ${event.applyStep}: ${event.from} asks ${event.to} for an opinion${words(event.auditMsg)}`;
    case 'step.opinion_given':
      return `step ${event.applyStep}: ${event.userCode} is ${event.opinion === 'approved' ? 'for' : 'against'} it; the decision is back with whoever asked${words(event.auditMsg)}`;
    case 'step.signers_added':
      return `step ${event.applyStep}: ${event.by} adds ${event.userCodes.join(', ')}, to sign ${places[event.position]} its reviewers${words(event.auditMsg)}`;
    case 'step.signers_removed':
      return `step ${event.applyStep}: ${event.by} takes ${event.userCodes.join(', ')} out again`;
    case 'step.decision_taken_back':
      return `step ${event.applyStep}: ${event.userCode} takes the decision back`;
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
    case 'order.returned':
      return (
        `${event.userCode} returns the order from step ${event.fromStep} to ${event.toStep === 0 ? 'its applicant' : `step ${event.toStep}`}` +
        `${quality(event)}; then it goes ${event.resume === 'again' ? 'through every step from there' : 'straight back'}${words(event.auditMsg)}`
      );
    case 'order.resubmitted':
      return `the order is resubmitted by its applicant${event.variables ? ' with other variables' : ''}${words(event.remark)}`;
    case 'order.reopened':
      return `${event.userCode}, who rejected step ${event.applyStep}, reopens it${words(event.auditMsg)}`;
    case 'order.urged':
      return `${event.userCode} urges the reviewers${words(event.auditMsg)}`;
    case 'order.copied':
      return `${event.userCode} sends copies to ${event.userCodes.join(', ')}`;
    case 'order.commented':
      return `${event.userCode} says: ${event.text}${event.attachments.length > 0 ? ` (${event.attachments.map(({ name }) => name).join(', ')})` : ''}`;
    case 'order.detached':
      return 'the order no longer counts for its business object: a test environment was cleaned up';
    case 'order.withdrawn':
      return `the order is withdrawn${words(event.remark)}`;
    case 'order.executing':
      return 'all steps have passed; the business module is asked to execute';
    case 'order.completed':
      return 'the order is completed';
    default:
      return undescribed(event);
  }
}

/** Why a step passed without anybody being asked. */
function automatic(event: Extract<OrderEvent, { type: 'step.auto_approved' }>): string {
  if (event.reason === 'repeat_approver') return `${(event.people ?? []).join(', ')} has approved before`;
  return `the applicant sits on ${event.reason === 'applicant_node' ? 'it' : 'a later step'}`;
}

/** Whom an open step asks, where it asks people, and why others than its stage names. */
function asked({ people, subjects = [], reason }: Extract<OrderEvent, { type: 'step.in_review' }>): string {
  const names = [...people, ...subjects.map((subject) => subject.slice(2))];
  const who = names.length > 0 ? ` by: ${names.join(', ')}` : '';
  if (reason === undefined) return who;
  return `${who} (${reasons[reason] ?? reason})`;
}

const skips: Readonly<Record<string, string>> = {
  nobody_found: 'nobody was found who could review it',
  moved: 'the version of the template to which the order was moved has something else in its place',
};

const reasons: Readonly<Record<string, string>> = {
  asks_admin: 'nobody else was found',
  asks_fallback: 'nobody else was found',
  nobody_found: 'nobody was found; an administrator can decide it or seat somebody',
  unasked: 'who may review it is asked when somebody decides',
};

const places = { before: 'before', with: 'beside', after: 'after' } as const;

const kind = (event: CallbackEvent): string =>
  event.type.startsWith('callback.check') ? 'check' : 'execution';

const quality = (event: { readonly capacity: string; readonly onBehalfOf?: string }): string => {
  if (event.capacity === 'system_admin') return ' as system administrator';
  if (event.capacity === 'leader') return ' as leader, since it is overdue';
  return event.onBehalfOf === undefined ? '' : ` for ${event.onBehalfOf}`;
};

/** A moment in words, to the second. */
const moment = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

const words = (message: string | null): string => (message ? `: ${message}` : '');

function undescribed(event: never): never {
  throw new RangeError(`no words for ${JSON.stringify(event)}`);
}
