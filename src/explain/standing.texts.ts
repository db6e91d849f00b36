import { openStep, type OrderState, type Seat, type StepState } from '../engine/order-state.js';
import { approversOf } from '../engine/repeat.js';
import { seatOf, standsIn } from '../engine/seats.js';
import { type AuditStatus, userOfSubject } from '../engine/vocabulary.js';
import { type Both, both } from '../http/language.js';
import { approvalsOf, haveApproved } from './votes.texts.js';
import { codeOf, listed, moment, people, place, subject, together, words } from './wording.js';

/** Where an order stands, where each of its steps does, and whom and what it waits for. */

/** What became of a step, as a stable word. */
export const outcomes = [
  'waiting',
  'under_review',
  'approved',
  'approved_by_policy',
  'approved_as_repeat',
  'approved_by_time',
  'rejected',
  'rejected_by_time',
  'skipped_by_condition',
  'skipped_as_nobody_found',
  'skipped_by_move',
  'cancelled',
] as const;
export type Outcome = (typeof outcomes)[number];

export function outcomeOf({ auditStatus, reason }: StepState): Outcome {
  switch (auditStatus) {
    case 'waiting':
    case 'approved':
    case 'cancelled':
      return auditStatus;
    case 'in_review':
      return 'under_review';
    case 'rejected':
      return reason === 'timed_out' ? 'rejected_by_time' : 'rejected';
    case 'auto_approved':
      if (reason === 'timed_out') return 'approved_by_time';
      return reason === 'repeat_approver' ? 'approved_as_repeat' : 'approved_by_policy';
    case 'skipped':
      if (reason === 'nobody_found') return 'skipped_as_nobody_found';
      return reason === 'moved' ? 'skipped_by_move' : 'skipped_by_condition';
  }
}

/** Whom and what an open step waits for. */
export interface WaitsFor {
  readonly people: readonly {
    readonly userCode: string;
    readonly onBehalfOf: string | null;
    readonly kind: Seat['kind'];
  }[];
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly given: number;
  readonly needed: number;
  /** Null while its time stands still, or where it is not due at any time. */
  readonly dueAt: Date | null;
}

const mostPeople = 200;

/** Null for a step that is not open. */
export function waitsFor(step: StepState): WaitsFor | null {
  if (step.auditStatus !== 'in_review') return null;
  const open = step.seats.filter((seat) => seat.turn === 'open');
  const shared = open.filter((seat) => userOfSubject(seat.subject) === null).map((seat) => seat.subject);
  return {
    people: open
      .flatMap((seat) => {
        const userCode = userOfSubject(seat.subject);
        const onBehalfOf = standsIn(step, seat) ? seat.onBehalfOf : null;
        return userCode === null ? [] : [{ userCode, onBehalfOf, kind: seat.kind }];
      })
      .toSorted((one, other) => (one.userCode < other.userCode ? -1 : 1))
      .slice(0, mostPeople),
    groups: shared.filter((one) => one.startsWith('g:')).map(codeOf),
    roles: shared.filter((one) => !one.startsWith('g:')).map(codeOf),
    ...approvalsOf(step),
    dueAt: step.clock?.running ? new Date(step.clock.dueAt) : null,
  };
}

/** What became of a step, in a sentence. */
export function sentenceOn(step: StepState, state: OrderState): Both {
  switch (outcomeOf(step)) {
    case 'waiting':
      return waiting(state);
    case 'under_review':
      return underReview(step);
    case 'approved':
      return by(
        'approved',
        '由 ',
        ' 通过',
        approversOf(step).length > 0 ? approversOf(step) : deciderOf(step),
        step,
      );
    case 'approved_by_policy':
      return step.reason === 'before_applicant_node'
        ? both(
            `passed by itself: ${state.applicant}, who applies, is a reviewer of a later step`,
            `自动通过：申请人 ${state.applicant} 是后面某一步骤的审批人`,
          )
        : both(
            `passed by itself: ${state.applicant}, who applies, is one of its reviewers`,
            `自动通过：申请人 ${state.applicant} 是此步骤的审批人`,
          );
    case 'approved_as_repeat': {
      const { en, zh } = haveApproved(approversOf(step));
      return both(`passed by itself: ${en}`, `自动通过：${zh}`);
    }
    case 'approved_by_time':
      return both('passed by itself: it was not decided in time', '到期未审批，自动通过');
    case 'rejected':
      return by('rejected', '由 ', ' 驳回', deciderOf(step), step);
    case 'rejected_by_time':
      return both('rejected by itself: it was not decided in time', '到期未审批，自动驳回');
    case 'skipped_by_condition':
      return both('skipped: its condition does not hold', '已跳过：条件不成立');
    case 'skipped_as_nobody_found':
      return both('skipped: nobody was found who could review it', '已跳过：没有找到可以审批的人');
    case 'skipped_by_move':
      return both(
        'skipped: another version of the template has taken its place',
        '已跳过：模板的另一版本取代了此步骤',
      );
    case 'cancelled':
      return both('cancelled: the order ended before its turn was over', '已取消：申请单先行结束');
  }
}

const deciderOf = ({ auditUserCode }: StepState): string[] => (auditUserCode === null ? [] : [auditUserCode]);

function by(en: string, before: string, after: string, who: readonly string[], step: StepState): Both {
  const { auditMsg } = step;
  const said = words(auditMsg);
  const names = who.length > 10 ? people(who) : listed(who.map((userCode) => decider(step, userCode)));
  const chinese = `${before}${names.zh}${after}`.replace('） ', '）');
  return who.length === 0
    ? together(both(en, after.trim() === '驳回' ? '已驳回' : '已通过'), said)
    : together(both(`${en} by ${names.en}`, chinese), said);
}

/** Somebody who has decided, with whom they stood in for. */
function decider(step: StepState, userCode: string): Both {
  const seat = seatOf(step, userCode);
  return seat && standsIn(step, seat)
    ? both(`${userCode} (for ${seat.onBehalfOf})`, `${userCode}（代 ${seat.onBehalfOf}）`)
    : both(userCode, userCode);
}

function waiting(state: OrderState): Both {
  if (state.returned) return both('waits: the order is with its applicant', '等待中：申请单已退回给申请人');
  if (state.applyStatus === 'initiating') {
    return both('waits until the business module lets the order start', '等待业务模块同意发起');
  }
  return both('waits for its turn', '尚未轮到此步骤');
}

function underReview(step: StepState): Both {
  const { given, needed } = approvalsOf(step);
  const count =
    needed > 1 || given > 0
      ? both(`; ${given} of ${needed} approvals so far`, `；已有 ${given} 票，共需 ${needed} 票`)
      : both('', '');
  const who = whoIsAsked(step);
  return together(
    both(`under review: waits for ${who.en}`, `审核中：等待${spaced(who.zh)}`),
    count,
    until(step),
  );
}

/** Whose turn it is, each with the quality in which. */
function whoIsAsked(step: StepState): Both {
  const open = step.seats
    .filter((seat) => seat.turn === 'open')
    .toSorted((one, other) => (one.subject < other.subject ? -1 : 1));
  if (open.length === 0) {
    return step.auditObjectType === 'resolver'
      ? both('whoever the business system names', '业务系统指定的人')
      : both('an administrator: nobody else can decide it now', '管理员：目前没有其他人可以审批');
  }
  const shown = open.slice(0, 10).map((seat) => {
    const who = subject(seat.subject);
    if (standsIn(step, seat))
      return both(`${who.en} (for ${seat.onBehalfOf})`, `${who.zh}（代 ${seat.onBehalfOf}）`);
    switch (seat.kind) {
      case 'consulted':
        return both(`the opinion of ${who.en}`, `${who.zh} 的意见`);
      case 'added':
        return both(`${who.en} (added signature)`, `${who.zh}（加签）`);
      case 'escalated':
        return both(`${who.en} (leader, since it is overdue)`, `${who.zh}（超时后的上级主管）`);
      default:
        return who;
    }
  });
  const more = open.length - shown.length;
  return together(listed(shown), more > 0 ? both(` and ${more} more`, `等 ${open.length} 人`) : both('', ''));
}

/** Chinese text keeps a space from codes. */
const spaced = (text: string): string => (/^[!-~]/.test(text) ? ` ${text}` : text);

function until({ clock }: StepState): Both {
  if (!clock) return both('', '');
  return clock.running
    ? both(`; due on ${moment(clock.dueAt)}`, `；截止时间 ${moment(clock.dueAt)}`)
    : both('; its time stands still', '；暂停计时');
}

/** Where an order stands, and what it waits for. @param parked whether a callback waits for an administrator */
export function summaryOf(state: OrderState, parked: boolean): Both {
  const { applyStatus, applicant, returned, steps, error } = state;
  switch (applyStatus) {
    case 'initiating':
      if (returned) {
        const from = place(returned.fromStep);
        return both(
          `returned by ${returned.by} from ${from.en}: it waits for ${applicant} to resubmit or withdraw it`,
          `${returned.by} 从${from.zh}退回：等待 ${applicant} 重新提交或撤回`,
        );
      }
      return parked
        ? both(
            'the check could not be delivered: it waits for an administrator',
            '检查回调未能送达：等待管理员处理',
          )
        : both('it waits for the business module to let it start', '等待业务模块同意发起');
    case 'in_review': {
      const step = openStep(state);
      if (!step) return both('under review, although no step is open', '审核中，但没有打开的步骤');
      const { en, zh } = sentenceOn(step, state);
      const at = place(step.applyStep, step.nodeName);
      return both(`${at.en} of ${steps.length} is ${en}`, `共 ${steps.length} 步，目前在${at.zh}：${zh}`);
    }
    case 'withdrawn':
      return both(`withdrawn by ${applicant}`, `${applicant} 已撤回`);
    case 'rejected':
      return rejected(state, error);
    case 'executing':
      return parked
        ? both(
            'all steps have passed, and the execution could not be delivered: it waits for an administrator',
            '所有步骤均已通过，执行回调未能送达：等待管理员处理',
          )
        : both(
            'all steps have passed: it waits for the business module to execute it',
            '所有步骤均已通过：等待业务模块执行',
          );
    case 'completed':
      return both('completed: all that was asked has been done', '已完成');
  }
}

function rejected(state: OrderState, error: string | null): Both {
  const step = state.steps.find((one) => one.auditStatus === ('rejected' satisfies AuditStatus));
  if (!step) return together(both('rejected', '已驳回'), words(error));
  const at = place(step.applyStep, step.nodeName);
  const { en, zh } = sentenceOn(step, state);
  return both(`rejected: ${at.en} is ${en}`, `已驳回：${at.zh}${zh}`);
}
