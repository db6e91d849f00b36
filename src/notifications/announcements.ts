import type { OrderEvent, StepDecision } from '../engine/events.js';
import { evolve, evolveAll } from '../engine/evolve.js';
import { openStep, type OrderState, type StepState } from '../engine/order-state.js';
import { type Subject, userOfSubject } from '../engine/vocabulary.js';
import type { Transition } from '../operation-log/operation-log.service.js';
import type { OrderRecord } from '../orders/orders.service.js';
import { askedOn, concernedBy, newlyAsked } from './asked.js';
import type { DecisionFacts, Notice, NoticeData, NoticeType, OrderFacts, StepFacts } from './notice.js';

/** A piece of news, with whom it concerns. */
export interface Announcement {
  /** Place of its event within the transition; behind all of them, of what follows from several. */
  readonly seq: number;
  readonly notice: Notice;
  /** Who is, or was, asked on the step that the news is about; empty when it is about none. */
  readonly asked: readonly Subject[];
  /** Who gets the copy that the news is about; of other news, everybody who has got one. */
  readonly copied: readonly string[];
  /** Somebody who sits among them and may not decide all the same: the applicant, where nobody decides their own order. */
  readonly notAsked: string | null;
}

type OrderHead = OrderRecord['head'];

/** An event, and the order just before it. */
interface Moment {
  readonly event: OrderEvent;
  readonly just: OrderState | null;
}

/** The order around one of its transitions. */
interface Passage {
  readonly before: OrderState | null;
  readonly after: OrderState;
  readonly moments: readonly Moment[];
  /** Who caused it. */
  readonly actor: string;
}

/** What an event says beyond the order itself, and the step that it is about. */
interface News {
  readonly type: NoticeType;
  readonly step?: StepState | null;
  readonly asked?: readonly Subject[];
  readonly copied?: readonly string[];
  readonly facts?: Partial<NoticeData>;
}

/**
 * What a transition of an order is to subscribers. The order is rebuilt from its log as it was then, whatever has become
 * of it since.
 * @param history the order's transitions from the first to the one that is told of
 */
export function announcementsOf(history: readonly Transition[], head: OrderHead): Announcement[] {
  const told = history.at(-1);
  if (!told) return [];
  const earlier = history.slice(0, -1).flatMap((transition) => transition.events);
  const before = earlier.length > 0 ? evolveAll(null, earlier) : null;
  const after = evolveAll(before, told.events);
  const passage: Passage = { before, after, moments: momentsOf(before, told.events), actor: told.userCode };
  const copied = copiedIn([...earlier, ...told.events]);
  const news = [...passage.moments.map((moment) => newsOf(moment, passage)), assignment(passage)];
  return news.flatMap((one, seq) => {
    if (!one) return [];
    const { type, step = null, facts = {} } = one;
    const notice: Notice = {
      type,
      timestamp: told.time.toISOString(),
      data: { ...orderFacts(head, after), ...(step ? stepFacts(step) : {}), ...facts },
    };
    return [{ seq, notice, asked: one.asked ?? [], copied: one.copied ?? copied, notAsked: barred(after) }];
  });
}

function momentsOf(before: OrderState | null, events: readonly OrderEvent[]): Moment[] {
  let just = before;
  return events.map((event) => {
    const moment = { event, just };
    just = evolve(just, event);
    return moment;
  });
}

/** @returns null for an event that nobody subscribes to. */
function newsOf(moment: Moment, passage: Passage): News | null {
  const { event } = moment;
  switch (event.type) {
    case 'order.opened':
    case 'order.completed':
      return { type: event.type };
    case 'step.in_review': {
      const step = stepOf(passage.after, event.applyStep);
      return { type: event.type, step, asked: step ? askedOn(step) : [] };
    }
    case 'step.voted':
    case 'step.voted_against':
    case 'step.approved':
    case 'step.rejected':
      return { type: 'step.decided', ...decided(event, moment, passage) };
    case 'step.reminded':
      return {
        type: event.type,
        ...underReview(passage),
        facts: { ...dueFacts(moment, event.applyStep), overdue: event.overdue },
      };
    case 'step.escalated':
      return {
        type: event.type,
        ...underReview(passage),
        facts: {
          ...dueFacts(moment, event.applyStep),
          level: event.level,
          user_codes: event.userCodes,
        },
      };
    case 'step.timed_out': {
      const was = stepOf(moment.just, event.applyStep);
      return {
        type: event.type,
        step: stepOf(passage.after, event.applyStep),
        asked: was ? concernedBy(was) : [],
        facts: { ...dueFacts(moment, event.applyStep), verdict: event.verdict },
      };
    }
    case 'order.returned': {
      const step = stepOf(moment.just, event.fromStep);
      return {
        type: event.type,
        step,
        asked: step ? concernedBy(step) : [],
        facts: {
          acted_by: event.userCode,
          audit_msg: event.auditMsg,
          to_step: event.toStep,
          to_node_name: stepOf(passage.after, event.toStep)?.nodeName ?? null,
          resume: event.resume,
        },
      };
    }
    case 'order.resubmitted':
      return { type: event.type, facts: { remark: event.remark } };
    case 'order.reopened':
    case 'order.urged':
      return {
        type: event.type,
        ...underReview(passage),
        facts: { acted_by: event.userCode, audit_msg: event.auditMsg },
      };
    case 'order.copied':
      return {
        type: event.type,
        ...underReview(passage),
        copied: event.userCodes,
        facts: { acted_by: event.userCode, user_codes: event.userCodes },
      };
    case 'order.commented':
      return {
        type: event.type,
        ...underReview(passage),
        facts: { acted_by: event.userCode, text: event.text, attachments: event.attachments },
      };
    case 'order.rejected': {
      const rejection = passage.moments.find((other) => other.event.type === 'step.rejected');
      const cause =
        rejection?.event.type === 'step.rejected' ? decided(rejection.event, rejection, passage) : null;
      return {
        type: event.type,
        ...cause,
        facts: { ...cause?.facts, reason: event.reason, error: event.error ?? null },
      };
    }
    case 'order.withdrawn': {
      const step = passage.before && openStep(passage.before);
      return {
        type: event.type,
        step,
        asked: step ? concernedBy(step) : [],
        facts: { remark: event.remark },
      };
    }
    case 'callback.check.parked':
    case 'callback.execute.parked':
      return {
        type: 'delivery.parked',
        facts: {
          callback: event.type === 'callback.check.parked' ? 'check' : 'execute',
          delivery_id: event.deliveryId,
          error: event.error,
        },
      };
    default:
      return null;
  }
}

/** That somebody else is asked on a step under review, whatever led to it; a step that opens is told of by itself. */
function assignment({ before, after, moments, actor }: Passage): News | null {
  const step = openStep(after);
  const was = step && stepOf(before, step.applyStep);
  if (!step || !was) return null;
  if (moments.some(({ event }) => event.type === 'step.in_review' && event.applyStep === step.applyStep)) {
    return null;
  }
  const asked = newlyAsked(was, step);
  // An escalation says itself whom it asks.
  if (asked.length === 0 || moments.some(({ event }) => event.type === 'step.escalated')) return null;
  const said = moments.find(({ event }) => 'auditMsg' in event)?.event;
  return {
    type: 'step.assigned',
    step,
    asked,
    facts: {
      acted_by: actor,
      audit_msg: said && 'auditMsg' in said ? said.auditMsg : null,
      user_codes: asked.flatMap((subject) => userOfSubject(subject) ?? []),
    },
  };
}

type Decided = StepDecision & {
  readonly type: 'step.voted' | 'step.voted_against' | 'step.approved' | 'step.rejected';
};

const decided = (event: Decided, { just }: Moment, { after }: Passage): Omit<News, 'type'> => {
  const was = stepOf(just, event.applyStep);
  return {
    step: stepOf(after, event.applyStep),
    asked: was ? concernedBy(was) : [],
    facts: decisionFacts(event),
  };
};

/** The step on which somebody's turn it is, if there is one. */
function underReview({ after }: Passage): Omit<News, 'type'> {
  const step = openStep(after);
  return step ? { step, asked: askedOn(step) } : {};
}

const dueFacts = ({ just }: Moment, applyStep: number): Partial<NoticeData> => {
  const dueAt = stepOf(just, applyStep)?.clock?.dueAt;
  return dueAt === undefined ? {} : { due_at: new Date(dueAt).toISOString() };
};

const stepOf = (state: OrderState | null, applyStep: number): StepState | null =>
  state?.steps.find((step) => step.applyStep === applyStep) ?? null;

/** An order as every piece of news tells it. */
export const orderFacts = (head: OrderHead, state: OrderState): OrderFacts => ({
  ticket_id: head.id,
  business_type: head.businessType,
  business_key: head.businessKey,
  acc_code: head.accCode,
  user_code: state.applicant,
  apply_status: state.applyStatus,
  title: head.title,
});

const stepFacts = (step: StepState): StepFacts => ({
  apply_step: step.applyStep,
  node_name: step.nodeName,
  ...(step.people.length > 0
    ? { reviewer_type: 'user', reviewers: step.people }
    : { reviewer_type: step.auditObjectType, reviewers: step.auditObject }),
});

const decisionStatuses = {
  'step.voted': 'in_review',
  'step.voted_against': 'in_review',
  'step.approved': 'approved',
  'step.rejected': 'rejected',
} as const;

const decisionFacts = (event: Decided): DecisionFacts => ({
  decision: event.type === 'step.voted' || event.type === 'step.approved' ? 'approved' : 'rejected',
  audit_status: decisionStatuses[event.type],
  decided_by: event.userCode,
  audit_msg: event.auditMsg,
});

/** Who has got a copy of an order, by its events. */
export const copiedIn = (events: readonly OrderEvent[]): string[] => [
  ...new Set(events.flatMap((event) => (event.type === 'order.copied' ? event.userCodes : []))),
];

const barred = (state: OrderState): string | null => (state.autoApprove === 'never' ? state.applicant : null);
