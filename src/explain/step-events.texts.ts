import type { OrderEvent } from '../engine/events.js';
import type { OrderState, StepState } from '../engine/order-state.js';
import { approversOf } from '../engine/repeat.js';
import { type Both, both } from '../http/language.js';
import { due, whyAsked } from './opening.texts.js';
import { type Reason, reason, type Scene, stepIn } from './reason.js';
import { haveApproved, voted } from './votes.texts.js';
import { listed, people, together, words } from './wording.js';

/** An event that names its step. */
export type StepEvent = Extract<OrderEvent, { readonly type: `step.${string}` }>;

/** What an event on a step says of why the step is as it is. */
export function onStep({ event, before, after }: Scene<StepEvent>): Reason[] {
  const step = stepIn(after, event.applyStep);
  // A log that was altered by hand may speak of steps that the order does not have.
  if (!step || !before) return [];
  switch (event.type) {
    case 'step.skipped':
      return [skipped(event.reason)];
    case 'step.auto_approved':
      return [passedByItself(event, step, before)];
    case 'step.in_review':
      return whyAsked(event, step, before);
    case 'step.voted':
    case 'step.voted_against':
    case 'step.approved':
    case 'step.rejected':
      return [voted(event, step)];
    default:
      return [happened(event)];
  }
}

function skipped(word: string): Reason {
  switch (word) {
    case 'nobody_found':
      return reason(
        'nobody_found',
        both(
          'nobody is found who could review it; as its node says then, it is skipped',
          '没有找到可以审批的人，按节点设置跳过',
        ),
      );
    case 'moved':
      return reason(
        'moved',
        both('another version of the template has taken its place', '模板的另一版本取代了此步骤'),
      );
    default:
      return reason('skipped', both('so the step is skipped', '因此跳过此步骤'));
  }
}

function passedByItself(
  event: Extract<OrderEvent, { type: 'step.auto_approved' }>,
  step: StepState,
  before: OrderState,
): Reason {
  const { applicant, autoApprove, dedupe } = before;
  switch (event.reason) {
    case 'applicant_node':
      return reason(
        event.reason,
        both(
          `it passes by itself: ${applicant}, who applies, is one of its reviewers`,
          `自动通过：申请人 ${applicant} 是此步骤的审批人`,
        ),
        { applicant, autoApprove },
      );
    case 'before_applicant_node':
      return reason(
        event.reason,
        both(
          `it passes by itself: ${applicant}, who applies, is a reviewer of a later step`,
          `自动通过：申请人 ${applicant} 是后面某一步骤的审批人`,
        ),
        { applicant, autoApprove },
      );
    default: {
      const { people: repeating = [] } = event;
      const steps = before.steps
        .filter((one) => one.applyStep < step.applyStep)
        .filter((one) => approversOf(one).some((userCode) => repeating.includes(userCode)))
        .map((one) => one.applyStep);
      const who = haveApproved(repeating);
      const where = steps.join(', ');
      const text =
        steps.length > 0
          ? both(`it passes by itself: ${who.en} (step ${where})`, `自动通过：${who.zh}（第 ${where} 步）`)
          : both(`it passes by itself: ${who.en}`, `自动通过：${who.zh}`);
      return reason('repeat_approver', text, { people: repeating, steps, dedupe });
    }
  }
}

type Other = Exclude<
  StepEvent,
  {
    type:
      | 'step.skipped'
      | 'step.auto_approved'
      | 'step.in_review'
      | 'step.voted'
      | 'step.voted_against'
      | 'step.approved'
      | 'step.rejected';
  }
>;

/** What people, the directory and time do to an open step. */
function happened(event: Other): Reason {
  const { type: _type, applyStep: _step, ...data } = event;
  const rule = event.type.slice('step.'.length);
  return reason(rule, sentenceOf(event), data);
}

function sentenceOf(event: Other): Both {
  switch (event.type) {
    case 'step.cancelled':
      return both('the order ended before its turn was over', '申请单先行结束，此步骤取消');
    case 'step.passed':
      return both('it has all the approvals that it needs', '所需的审批已齐全');
    case 'step.vote_repeated': {
      const { en, zh } = haveApproved([event.userCode]);
      return both(`${en}, and that counts here too`, `${zh}，在此同样计入`);
    }
    case 'step.transferred':
      return together(transferred(event), words(event.auditMsg));
    case 'step.opinion_asked':
      return together(
        both(
          `${event.from} asks ${event.to} for an opinion, and waits for it`,
          `${event.from} 征询 ${event.to} 的意见，并等待答复`,
        ),
        words(event.auditMsg),
      );
    case 'step.opinion_given':
      return together(
        event.opinion === 'approved'
          ? both(
              `${event.userCode} is for it; whoever asked decides`,
              `${event.userCode} 表示赞成，由征询人决定`,
            )
          : both(
              `${event.userCode} is against it; whoever asked decides`,
              `${event.userCode} 表示反对，由征询人决定`,
            ),
        words(event.auditMsg),
      );
    case 'step.signers_added': {
      const who = people(event.userCodes);
      const where = {
        before: both('before', '之前'),
        with: both('beside', '同时'),
        after: both('after', '之后'),
      };
      const { en, zh } = where[event.position];
      return together(
        both(
          `${event.by} adds ${who.en}, who have to sign ${en} its reviewers`,
          `${event.by} 加签 ${who.zh}，须在审批人${zh}签署`,
        ),
        words(event.auditMsg),
      );
    }
    case 'step.signers_removed': {
      const who = people(event.userCodes);
      return both(`${event.by} takes ${who.en} out again`, `${event.by} 减签 ${who.zh}`);
    }
    case 'step.stood_in':
      return listed(
        event.standIns.map(({ by, for: whom, delegations }) => {
          const ids = delegations.join(', ');
          return both(
            `${by} stands in for ${whom}, who has delegated (delegation ${ids})`,
            `${by} 代 ${whom} 审批（委托 ${ids}）`,
          );
        }),
      );
    case 'step.people_left': {
      const who = people(event.userCodes);
      return both(
        `${who.en} may no longer review, and is not asked any more`,
        `${who.zh} 已不能审批，不再询问`,
      );
    }
    case 'step.decision_taken_back':
      return both(`${event.userCode} takes the decision back`, `${event.userCode} 收回决定`);
    case 'step.reminded':
      return event.overdue
        ? both('its reviewers are reminded: it is overdue', '提醒审批人：已超时')
        : both('its reviewers are reminded: it is due soon', '提醒审批人：即将到期');
    case 'step.escalated': {
      const who = people(event.userCodes);
      return event.userCodes.length > 0
        ? both(
            `it is overdue: ${who.en} may decide it too, as leader (level ${event.level})`,
            `已超时：${who.zh} 作为上级主管也可审批（第 ${event.level} 级）`,
          )
        : both(
            `it is overdue, and no leader of level ${event.level} was found`,
            `已超时，且没有找到第 ${event.level} 级上级主管`,
          );
    }
    case 'step.timed_out':
      return event.verdict === 'approved'
        ? both('it was not decided in time, and passes by that', '到期未审批，自动通过')
        : both('it was not decided in time, and is rejected by that', '到期未审批，自动驳回');
    case 'step.clock_stopped':
      return both('its time stands still while it waits for information', '等待意见期间停止计时');
    case 'step.clock_started':
      return together(both('its time runs; ', '开始计时；'), due(event.clock).text);
    case 'step.clock_set':
      return together(
        both('its time was reckoned anew, since its calendar has changed; ', '日历已变更，重新计时；'),
        due(event.clock).text,
      );
  }
}

function transferred({ by, from, to }: Extract<OrderEvent, { type: 'step.transferred' }>): Both {
  if (from === null) return both(`${by} has ${to} review it too`, `${by} 指派 ${to} 参与审批`);
  return by === from
    ? both(`${from} hands it over to ${to}`, `${from} 转交给 ${to}`)
    : both(`${by} hands it over from ${from} to ${to}`, `${by} 将 ${from} 的审批转交给 ${to}`);
}
