import type { OrderEvent, StepDecision } from '../engine/events.js';
import type { StepState } from '../engine/order-state.js';
import type { Capacity } from '../engine/vocabulary.js';
import { type Both, both } from '../http/language.js';
import { type Reason, reason } from './reason.js';
import { nothing, people, together, words } from './wording.js';

type Vote = Extract<
  OrderEvent,
  { type: 'step.voted' | 'step.voted_against' | 'step.approved' | 'step.rejected' }
>;

/** How many approvals a step has, and how many it needs. */
export const approvalsOf = (step: StepState): { readonly given: number; readonly needed: number } => ({
  given: step.seats.filter((seat) => seat.decision === 'approved' && seat.kind !== 'consulted').length,
  needed: step.requiredApprovals,
});

/** A decision: whose, in which quality, and what it leaves to do. */
export function voted(event: Vote, step: StepState): Reason {
  const { given, needed } = approvalsOf(step);
  const { userCode, capacity, onBehalfOf = null } = event;
  const data = { userCode, capacity, onBehalfOf, given, needed };
  const does = event.type === 'step.voted' || event.type === 'step.approved' ? approves : rejects;
  return reason(
    event.type.slice('step.'.length),
    together(does(event), words(event.auditMsg), both('; ', '；'), rest(event, given, needed)),
    data,
  );
}

const approves = (event: StepDecision): Both =>
  both(`${event.userCode} approves${quality(event).en}`, `${event.userCode}${spaced(quality(event).zh)}通过`);
const rejects = (event: StepDecision): Both =>
  both(`${event.userCode} rejects${quality(event).en}`, `${event.userCode}${spaced(quality(event).zh)}驳回`);

/** A code is set off from what follows it in Chinese; what is said in between may have its space already. */
const spaced = (between: string): string => (between.startsWith(' ') ? between : ` ${between}`);

function rest({ type }: Vote, given: number, needed: number): Both {
  switch (type) {
    case 'step.voted':
      return both(`${given} of ${needed} approvals so far`, `已有 ${given} 票，共需 ${needed} 票`);
    case 'step.voted_against':
      return both(
        `the others can still approve it (${given} of ${needed} approvals so far)`,
        `其余的人仍可使其通过（已有 ${given} 票，共需 ${needed} 票）`,
      );
    case 'step.approved':
      return both('the step has all that it needs', '该步骤所需的审批已齐全');
    case 'step.rejected':
      return both('that decides the step', '该步骤因此驳回');
  }
}

/** In which quality somebody decides, where it is not simply as reviewer. */
export function quality({
  capacity,
  onBehalfOf,
}: {
  readonly capacity: Capacity;
  readonly onBehalfOf?: string;
}): Both {
  const own = qualities[capacity];
  return onBehalfOf === undefined ? own : together(own, both(` for ${onBehalfOf}`, ` 代 ${onBehalfOf} `));
}

const qualities = {
  assignee: nothing,
  signer: both(' as added signature', '作为加签人'),
  consultant: both(' as asked for an opinion', '作为被征询人'),
  repeat: both(', having approved before,', '因此前已通过'),
  leader: both(' as leader, since it is overdue', '因已超时作为上级主管'),
  system_admin: both(' as system administrator', '作为系统管理员'),
} as const satisfies Record<Capacity, Both>;

/** Whose approvals make a step pass that nobody was asked about. */
export const haveApproved = (userCodes: readonly string[]): Both => {
  const who = people(userCodes);
  return userCodes.length === 1
    ? both(`${who.en} has approved before`, `${who.zh} 此前已通过`)
    : both(`${who.en} have approved before`, `${who.zh} 此前已通过`);
};
