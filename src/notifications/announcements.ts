import type { OrderEvent, StepDecision } from '../engine/events.js';
import { evolveAll } from '../engine/evolve.js';
import { openStep, type OrderState, type StepState } from '../engine/order-state.js';
import { type Subject, userSubject } from '../engine/vocabulary.js';
import type { Transition } from '../operation-log/operation-log.service.js';
import type { OrderRecord } from '../orders/orders.service.js';
import type { DecisionFacts, Notice, NoticeData, NoticeType, StepFacts } from './notice.js';

/** A piece of news, with whom it concerns. */
export interface Announcement {
  /** Place of its event within the transition. */
  readonly seq: number;
  readonly notice: Notice;
  /** Who is, or was, asked on the step that the news is about; empty when it is about none. */
  readonly asked: readonly Subject[];
  /** Somebody who sits among them and may not decide all the same: the applicant, where nobody decides their own order. */
  readonly notAsked: string | null;
}

type OrderHead = OrderRecord['head'];

/** The order around one of its transitions. */
interface Passage {
  readonly before: OrderState | null;
  readonly after: OrderState;
  readonly events: readonly OrderEvent[];
}

/** What an event says beyond the order itself, and the step that it is about. */
interface News {
  readonly type: NoticeType;
  readonly step?: StepState | null;
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
  const passage: Passage = { before, after, events: told.events };
  return told.events.flatMap((event, seq) => {
    const news = newsOf(event, passage);
    if (!news) return [];
    const { type, step = null, facts = {} } = news;
    const notice: Notice = {
      type,
      timestamp: told.time.toISOString(),
      data: { ...orderFacts(head, after), ...(step ? stepFacts(step) : {}), ...facts },
    };
    return [{ seq, notice, asked: step ? askedOn(step) : [], notAsked: barred(after) }];
  });
}

/** @returns null for an event that nobody subscribes to. */
function newsOf(event: OrderEvent, passage: Passage): News | null {
  switch (event.type) {
    case 'order.opened':
    case 'order.completed':
      return { type: event.type };
    case 'step.in_review':
      return { type: event.type, step: stepOf(passage, event.applyStep) };
    case 'step.voted':
    case 'step.approved':
    case 'step.rejected':
      return { type: 'step.decided', step: stepOf(passage, event.applyStep), facts: decisionFacts(event) };
    case 'order.rejected': {
      const decided = passage.events.find((other) => other.type === 'step.rejected');
      return {
        type: event.type,
        step: decided ? stepOf(passage, decided.applyStep) : null,
        facts: {
          ...(decided ? decisionFacts(decided) : {}),
          reason: event.reason,
          error: event.error ?? null,
        },
      };
    }
    case 'order.withdrawn':
      return {
        type: event.type,
        step: passage.before && openStep(passage.before),
        facts: { remark: event.remark },
      };
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

const stepOf = ({ after }: Passage, applyStep: number): StepState | null =>
  after.steps.find((step) => step.applyStep === applyStep) ?? null;

const orderFacts = (head: OrderHead, state: OrderState) => ({
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

const decisionFacts = (
  event: StepDecision & { readonly type: 'step.voted' | 'step.approved' | 'step.rejected' },
): DecisionFacts => ({
  decision: event.type === 'step.rejected' ? 'rejected' : 'approved',
  audit_status:
    event.type === 'step.voted' ? 'in_review' : event.type === 'step.approved' ? 'approved' : 'rejected',
  decided_by: event.userCode,
  audit_msg: event.auditMsg,
});

/** An `all` step asks the people it found when it opened, any other step whoever sits on it. */
const askedOn = (step: StepState): readonly Subject[] =>
  step.people.length > 0 ? step.people.map(userSubject) : step.subjects;

const barred = (state: OrderState): string | null => (state.autoApprove === 'never' ? state.applicant : null);
