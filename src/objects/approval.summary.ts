import { type Subject, userOfSubject } from '../engine/vocabulary.js';
import { type ObjectStanding, shownApprovers } from '../orders/object-orders.service.js';
import type { ObjectApproval } from './objects.dto.js';

/** What a page of objects shows of one flow of one of them. */
type Summary = Omit<ObjectApproval, 'objectId' | 'businessType'>;

const none: Summary = {
  approveFlag: 'none',
  approveStage: null,
  approvers: [],
  approveDscr: null,
  orderId: null,
};

const flags = {
  initiating: 'pending',
  in_review: 'pending',
  executing: 'pending',
  completed: 'approved',
  rejected: 'rejected',
  withdrawn: 'none',
} as const satisfies Record<ObjectStanding['applyStatus'], ObjectApproval['approveFlag']>;

/** @param members of the groups and roles that are asked */
export function summaryOf(
  order: ObjectStanding | undefined,
  members: ReadonlyMap<Subject, readonly string[]>,
): Summary {
  if (!order || flags[order.applyStatus] === 'none') return none;
  const approvers = peopleOf(order, members);
  return {
    approveFlag: flags[order.applyStatus],
    approveStage: stageOf(order),
    approvers,
    approveDscr: words(order, approvers),
    orderId: order.id,
  };
}

function peopleOf(
  { asked, barred }: ObjectStanding,
  members: ReadonlyMap<Subject, readonly string[]>,
): string[] {
  const people = asked.flatMap((subject) => userOfSubject(subject) ?? members.get(subject) ?? []);
  return [...new Set(people)]
    .filter((userCode) => userCode !== barred)
    .toSorted()
    .slice(0, shownApprovers);
}

/** The step under review; else the one of the last decision, or the last that passed by itself. */
function stageOf({ steps, last }: ObjectStanding): string | null {
  const open = steps.find((step) => step.auditStatus === 'in_review');
  const decided = steps.find((step) => step.applyStep === stepOf(last));
  const passed = steps.findLast((step) => step.auditStatus === 'auto_approved');
  return (open ?? decided ?? passed)?.nodeName ?? null;
}

function stepOf(last: ObjectStanding['last']): number | null {
  if (!last) return null;
  if (last.type === 'order.returned') return last.fromStep;
  return 'applyStep' in last ? last.applyStep : null;
}

/** The last decision for a person to read; before the first one, whom the order waits for. */
function words(order: ObjectStanding, approvers: readonly string[]): string {
  const { last, steps, error, applicant } = order;
  if (error !== null && order.applyStatus === 'rejected') return `rejected: ${error}`;
  const stage = steps.find((step) => step.applyStep === stepOf(last))?.nodeName ?? '';
  switch (last?.type) {
    case 'step.approved':
    case 'step.voted':
      return `${last.userCode} approved "${stage}"${text(last.auditMsg)}`;
    case 'step.rejected':
    case 'step.voted_against':
      return `${last.userCode} rejected "${stage}"${text(last.auditMsg)}`;
    case 'order.returned': {
      const back = steps.find((step) => step.applyStep === last.toStep)?.nodeName;
      return `${last.userCode} returned "${stage}" to ${back === undefined ? applicant : `"${back}"`}${text(last.auditMsg)}`;
    }
    default:
      return waiting(order, approvers);
  }
}

function waiting({ applyStatus, steps }: ObjectStanding, approvers: readonly string[]): string {
  const open = steps.find((step) => step.auditStatus === 'in_review');
  if (open) return `waiting${who(approvers)} at "${open.nodeName}"`;
  return applyStatus === 'initiating'
    ? 'waiting for the check of the business module'
    : 'approved automatically';
}

/** How many people a sentence names. */
const named = 3;

function who(approvers: readonly string[]): string {
  if (approvers.length === 0) return '';
  const others = approvers.length > named ? ' and others' : '';
  return ` for ${approvers.slice(0, named).join(', ')}${others}`;
}

const text = (auditMsg: string | null): string => (auditMsg ? `: ${auditMsg}` : '');
