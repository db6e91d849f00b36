import type { CallbackEvent, OrderEvent } from '../engine/events.js';
import { type Both, both } from '../http/language.js';
import { applyStatusWords } from '../orders/why.texts.js';
import { type Reason, reason, type Scene } from './reason.js';
import type { StepEvent } from './step-events.texts.js';
import { quality } from './votes.texts.js';
import { people, place, together, words } from './wording.js';

/** An event of the order as a whole. */
export type WholeEvent = Exclude<OrderEvent, StepEvent>;

/** What an event says of why the order is where it is. */
export function onOrder({ event }: Pick<Scene<WholeEvent>, 'event'>): Reason {
  const { rule, data } = groundsOf(event);
  return reason(rule, sentenceOf(event), data);
}

function sentenceOf(event: WholeEvent): Both {
  switch (event.type) {
    case 'order.opened': {
      const { applicant, steps, templateVersion: version } = event;
      return version === undefined
        ? both(
            `${applicant} applies; the order walks a copy of ${steps.length} step(s), whose version is not recorded`,
            `${applicant} 提出申请；按模板的副本共 ${steps.length} 步，版本没有记录`,
          )
        : both(
            `${applicant} applies; the order walks a copy of version ${version} of the template, ${steps.length} step(s)`,
            `${applicant} 提出申请；按模板第 ${version} 版的副本共 ${steps.length} 步`,
          );
    }
    case 'check.requested':
      return both('the business module is asked whether the order may start', '询问业务模块能否发起');
    case 'order.returned': {
      const to = event.toStep === 0 ? both('to its applicant', '退回给申请人') : place(event.toStep);
      const { en, zh } = event.toStep === 0 ? to : both(`to ${to.en}`, `退回到${to.zh}`);
      const then =
        event.resume === 'again'
          ? both('; then it goes through every step from there', '；之后从该处逐步重新审批')
          : both('; then it goes straight back', '；之后直接回到退回的步骤');
      const by = quality(event);
      const what = both(
        `${event.userCode} returns the order from step ${event.fromStep} ${en}${by.en}`,
        `${event.userCode}${by.zh}将申请单从第 ${event.fromStep} 步${zh}`,
      );
      return together(what, then, words(event.auditMsg));
    }
    case 'order.resubmitted':
      return together(
        event.variables
          ? both(
              'the applicant resubmits the order with other variables; every condition ahead is judged anew',
              '申请人修改变量后重新提交；其后的条件全部重新判断',
            )
          : both(
              'the applicant resubmits the order; every condition ahead is judged anew',
              '申请人重新提交；其后的条件全部重新判断',
            ),
        words(event.remark),
      );
    case 'order.reopened':
      return together(
        both(
          `${event.userCode}, who rejected step ${event.applyStep}, reopens it`,
          `驳回第 ${event.applyStep} 步的 ${event.userCode} 重新打开该步骤`,
        ),
        words(event.auditMsg),
      );
    case 'order.urged':
      return together(
        both(`${event.userCode} urges the reviewers`, `${event.userCode} 催办`),
        words(event.auditMsg),
      );
    case 'order.copied': {
      const who = people(event.userCodes);
      return both(`${event.userCode} sends copies to ${who.en}`, `${event.userCode} 抄送给 ${who.zh}`);
    }
    case 'order.commented':
      return together(both(`${event.userCode} comments`, `${event.userCode} 评论`), words(event.text));
    case 'order.moved':
      return event.fromVersion === null
        ? both(
            `${event.userCode} moves the order to version ${event.toVersion} of its template; what lies behind it stays`,
            `${event.userCode} 将申请单迁移到模板第 ${event.toVersion} 版；已走过的步骤不变`,
          )
        : both(
            `${event.userCode} moves the order from version ${event.fromVersion} of its template to version ${event.toVersion}; what lies behind it stays`,
            `${event.userCode} 将申请单从模板第 ${event.fromVersion} 版迁移到第 ${event.toVersion} 版；已走过的步骤不变`,
          );
    case 'order.detached':
      return both(
        'the order no longer counts for its business object: a test environment was cleaned up',
        '测试环境清理后，此申请单不再计入其业务对象',
      );
    case 'order.rejected':
      return together(rejection(event.reason), words(event.error));
    case 'order.withdrawn':
      return together(both('the applicant withdraws the order', '申请人撤回申请'), words(event.remark));
    case 'order.executing':
      return both(
        'all steps have passed; the business module is asked to execute',
        '所有步骤均已通过，通知业务模块执行',
      );
    case 'order.completed':
      return both('the order is completed', '申请单已完成');
    default:
      return callback(event);
  }
}

function rejection(word: string): Both {
  switch (word) {
    case 'check_failed':
      return both(
        'the order is rejected: the business module refuses it',
        '申请单被驳回：业务模块不同意发起',
      );
    case 'execute_failed':
      return both(
        'the order is rejected: the business module failed to execute it',
        '申请单被驳回：业务模块执行失败',
      );
    case 'abandoned':
      return both(
        'the order is rejected: an administrator gave its callback up',
        '申请单被驳回：管理员放弃了回调',
      );
    default:
      return both('the order is rejected, since a step was', '步骤被驳回，申请单因此被驳回');
  }
}

const kinds = { check: both('check', '检查'), execute: both('execution', '执行') } as const;

function callback(event: CallbackEvent): Both {
  const kind = kinds[event.type.startsWith('callback.check') ? 'check' : 'execute'];
  switch (event.type) {
    case 'callback.check.succeeded':
      return together(both('the business module lets the order start', '业务模块同意发起'), words(event.msg));
    case 'callback.execute.succeeded':
      return together(
        both('the business module has executed the order', '业务模块执行成功'),
        words(event.msg),
      );
    case 'callback.check.failed':
      return together(
        both('the business module refuses the order', '业务模块不同意发起'),
        words(event.error),
      );
    case 'callback.execute.failed':
      return together(
        both('the execution by the business module failed', '业务模块执行失败'),
        words(event.error),
      );
    case 'callback.check.skipped':
      return together(
        both(
          'the business module could not be asked, and its orders go on then',
          '无法询问业务模块，按业务类型的设置继续',
        ),
        words(event.error),
      );
    case 'callback.check.parked':
    case 'callback.execute.parked':
      return together(
        both(`the ${kind.en} is parked until an administrator acts`, `${kind.zh}回调已搁置，等待管理员处理`),
        words(event.error),
      );
    case 'callback.check.redelivered':
    case 'callback.execute.redelivered':
      return both(`an administrator has the ${kind.en} sent again`, `管理员重新发送${kind.zh}回调`);
    case 'callback.check.abandoned':
    case 'callback.execute.abandoned': {
      const to = applyStatusWords[event.applyStatus];
      return together(
        both(
          `an administrator gives the ${kind.en} up, and the order goes on as ${to.en}`,
          `管理员放弃${kind.zh}回调，申请单转为${to.zh}`,
        ),
        words(event.reason),
      );
    }
  }
}

/** A stable word for the event, and what of it is small enough to stand beside the sentence. */
function groundsOf(event: WholeEvent): { readonly rule: string; readonly data: Reason['data'] } {
  switch (event.type) {
    case 'order.opened': {
      const { applicant, templateVersion = null } = event;
      return { rule: 'opened', data: { applicant, templateVersion } };
    }
    case 'order.resubmitted':
      return { rule: 'resubmitted', data: { changed: event.variables !== undefined, walk: event.walk } };
    case 'order.moved': {
      const { userCode, fromVersion, toVersion, kept } = event;
      return { rule: 'moved', data: { userCode, fromVersion, toVersion, kept } };
    }
    case 'order.commented':
      return { rule: 'commented', data: { userCode: event.userCode } };
    default: {
      const { type, ...data } = event;
      return { rule: type.replace(/^order\./, '').replaceAll('.', '_'), data };
    }
  }
}
