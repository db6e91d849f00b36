import { reasonOf } from '../approvers/found.texts.js';
import type { OrderEvent } from '../engine/events.js';
import { isFound, isLazy, type OrderState, type StepState } from '../engine/order-state.js';
import { returnedTo } from '../engine/repeat.js';
import { decidedElsewhere } from '../engine/separation.js';
import type { ClockReading } from '../engine/timing.js';
import { userOfSubject } from '../engine/vocabulary.js';
import { type Both, both } from '../http/language.js';
import { type Reason, reason, stepIn } from './reason.js';
import { listed, moment, people, subjects, together } from './wording.js';

/** Why a step asks those whom it asks, how many of them it takes, and until when. */

type Opened = Extract<OrderEvent, { type: 'step.in_review' }>;

/** How many people the data beside a sentence holds. */
const mostPeople = 200;

export function whyAsked(event: Opened, step: StepState, before: OrderState): Reason[] {
  const back =
    event.reason === returnedTo
      ? [reason('returned_to', both('the order was returned to this step', '申请单被退回到此步骤'))]
      : [];
  const was = stepIn(before, step.applyStep);
  // Asked anew while it is open, it says what has become different, and not once more what has not.
  const open = was?.auditStatus === 'in_review' ? was : null;
  return [
    ...back,
    ...(isInstead(event, step, open !== null) ? [] : peopleAsked(event, step, before)),
    ...notAsked(event, step, before),
    ...whenNobody(event),
    ...howMany(step).filter(({ text }) => !open || !howMany(open).some((one) => one.text.en === text.en)),
    ...(event.clock ? [due(event.clock)] : []),
  ];
}

/** Whether the step asks others now than those whom it names: these are no longer there, or never were. */
function isInstead({ reason: word }: Opened, step: StepState, again: boolean): boolean {
  if (!isLazy(step) || word === undefined || word === returnedTo) return false;
  return again || step.subjects.every((one) => userOfSubject(one) !== null);
}

function peopleAsked(event: Opened, step: StepState, { applicant }: OrderState): Reason[] {
  if (isLazy(step)) return [askedAsTheyAre(step)];
  const asked = event.people.slice(0, mostPeople);
  if (asked.length === 0) return [];
  const total = event.people.length;
  if (!isFound(step)) {
    const named = step.subjects.every((one) => userOfSubject(one) !== null);
    return [
      named
        ? reason('named', say('asks', people(event.people), 'named by the node', '由节点指定'), {
            people: asked,
            total,
          })
        : reason(
            'members',
            say(
              'asks',
              people(event.people),
              `of ${subjects(step.subjects).en}, as they were then`,
              `来自${subjects(step.subjects).zh}，以当时为准`,
            ),
            { people: asked, total },
          ),
    ];
  }
  const { why } = event;
  if (!why) {
    const who = say(
      'finds',
      people(event.people),
      'why each of them is not recorded',
      '各人被选中的原因没有记录',
    );
    return [reason('found', who, { people: asked.map((userCode) => ({ userCode })), total })];
  }
  const each = why.slice(0, 10).map((one) => {
    const { en, zh } = reasonOf(one, applicant);
    return both(`${one.userCode} (${en})`, `${one.userCode}（${zh}）`);
  });
  const more = total - each.length;
  const rest = more > 0 ? both(` and ${more} more`, `等 ${total} 人`) : both('', '');
  const who = together(listed(each), rest);
  return [reason('found', both(`its rule finds ${who.en}`, `按规则找到 ${who.zh}`), { people: why, total })];
}

const say = (verb: 'asks' | 'finds', who: Both, en: string, zh: string): Both =>
  verb === 'asks'
    ? both(`it asks ${who.en}: ${en}`, `由 ${who.zh} 审批：${zh}`)
    : both(`its rule finds ${who.en}; ${en}`, `按规则找到 ${who.zh}；${zh}`);

function askedAsTheyAre(step: StepState): Reason {
  const who = subjects(step.subjects);
  const shared = step.subjects.some((one) => userOfSubject(one) === null);
  const text = shared
    ? both(
        `it asks ${who.en}: whoever belongs to them at the moment of a decision decides`,
        `由${who.zh}审批：以作出决定时的成员为准`,
      )
    : both(`it asks ${who.en}: named by the node`, `由 ${who.zh} 审批：由节点指定`);
  return reason(shared ? 'as_they_are' : 'named', text, { subjects: step.subjects.slice(0, mostPeople) });
}

/** People whom the stage names and who are not asked all the same. */
function notAsked(event: Opened, step: StepState, before: OrderState): Reason[] {
  if (isLazy(step) || isFound(step)) return [];
  const asked = new Set(event.people);
  const barred = before.distinct ? decidedElsewhere(before, step.applyStep) : new Set<string>();
  return step.subjects
    .flatMap((one) => userOfSubject(one) ?? [])
    .filter((userCode) => !asked.has(userCode))
    .slice(0, mostPeople)
    .map((userCode) => {
      const [why, en, zh] =
        before.autoApprove === 'never' && userCode === before.applicant
          ? (['own_order', 'nobody decides their own order', '任何人不得审批自己的申请'] as const)
          : barred.has(userCode)
            ? (['decided_elsewhere', 'already decided another step', '已审批过其他步骤'] as const)
            : (['inactive', 'may not act at present', '目前不可用'] as const);
      return reason('not_asked', both(`${userCode} is not asked: ${en}`, `不请 ${userCode} 审批：${zh}`), {
        userCode,
        why,
      });
    });
}

/** What the node's policy for "nobody found" did. */
function whenNobody({ reason: word, subjects: others = [] }: Opened): Reason[] {
  switch (word) {
    case undefined:
    case returnedTo:
      return [];
    case 'asks_admin':
    case 'asks_fallback': {
      const who = subjects(others);
      const text = both(
        `too few reviewers were found; as its node says then, it asks ${who.en}`,
        `找到的审批人不足，按节点设置改由 ${who.zh} 审批`,
      );
      return [reason(word, text, { subjects: others.slice(0, mostPeople) })];
    }
    case 'nobody_found': {
      const text = both(
        'nobody was found who could review it; an administrator can decide it or seat somebody',
        '没有找到可以审批的人；可由管理员审批或指派他人',
      );
      return [reason(word, text)];
    }
    case 'unasked': {
      const text = both(
        'the business system is asked who may review it when somebody decides',
        '由谁审批，在作出决定时询问业务系统',
      );
      return [reason(word, text)];
    }
    default:
      // What a business system has said, or not said, in its own words.
      return [reason('no_answer', both(`nobody could be asked for: ${word}`, `无法确定审批人：${word}`))];
  }
}

function howMany(step: StepState): Reason[] {
  const { approvalMode, requiredApprovals: needed, people: asked } = step;
  const data = { approvalMode, needed };
  switch (approvalMode) {
    case 'any':
      return [reason('mode', both('the first decision decides', '或签：一人审批即可'), data)];
    case 'all':
      return [reason('mode', both(`all ${needed} have to approve`, `会签：需要全部 ${needed} 人通过`), data)];
    case 'threshold': {
      const text = both(
        `${needed} of ${asked.length} have to approve`,
        `票签：${asked.length} 人中需要 ${needed} 人通过`,
      );
      return [reason('mode', text, { ...data, of: asked.length })];
    }
    case 'sequential': {
      const text = both(
        `all ${needed} have to approve, one after the other`,
        `依次审批：${needed} 人按顺序全部通过`,
      );
      return [reason('mode', text, data)];
    }
  }
}

export const due = ({ dueAt }: ClockReading): Reason =>
  reason('due', both(`it is due on ${moment(dueAt)}`, `截止时间 ${moment(dueAt)}`), {
    dueAt: new Date(dueAt),
  });
