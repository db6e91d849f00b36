import type { Why } from '../engine/outcome.js';
import type { ApplyStatus, AuditStatus, Capacity } from '../engine/vocabulary.js';
import { type Both, both } from '../http/language.js';

/** Where an order stands, in words. */
export const applyStatusWords = {
  initiating: both('about to start', '正在发起'),
  in_review: both('under review', '审核中'),
  withdrawn: both('withdrawn', '已撤回'),
  rejected: both('rejected', '已驳回'),
  executing: both('being executed', '执行中'),
  completed: both('completed', '已完成'),
} as const satisfies Record<ApplyStatus, Both>;

/** Where a step stands, in words. */
export const auditStatusWords = {
  waiting: both('waiting', '等待中'),
  in_review: both('under review', '审核中'),
  auto_approved: both('automatically approved', '自动通过'),
  approved: both('approved', '已通过'),
  rejected: both('rejected', '已驳回'),
  skipped: both('skipped', '已跳过'),
  cancelled: both('cancelled', '已取消'),
} as const satisfies Record<AuditStatus, Both>;

/** In which quality somebody may decide a step, for that person. */
const qualities = {
  assignee: both('a reviewer of', '的审批人'),
  signer: both('an added signature of', '的加签人'),
  consultant: both('asked for your opinion on', '的意见征询对象'),
  repeat: both('a reviewer of', '的审批人'),
  leader: both('a leader who may decide, since it is overdue,', '超时后可代为审批的上级主管'),
  system_admin: both('a system administrator and may decide', '可审批的系统管理员'),
} as const satisfies Record<Capacity, Both>;

/** Why somebody may decide, said to them. @param onBehalfOf for whom they stand in; null when for nobody */
export function whyMay(
  { applyStep, nodeName }: { readonly applyStep: number; readonly nodeName: string },
  capacity: Capacity,
  onBehalfOf: string | null,
): Both {
  const { en, zh } = qualities[capacity];
  return both(
    `you are ${en} step ${applyStep} "${nodeName}"${onBehalfOf === null ? '' : `, standing in for ${onBehalfOf}`}`,
    `您是第 ${applyStep} 步“${nodeName}”${zh}${onBehalfOf === null ? '' : `（代 ${onBehalfOf} 审批）`}`,
  );
}

/** Why somebody may not decide, said to them. @param detail what the engine says in English */
export const whyNot = (why: Why, detail: string): Both => both(detail, chineseOf(why));

function chineseOf({ word, applyStep = 0, nodeName = '', userCode, status = '' }: Why): string {
  const place = `第 ${applyStep} 步“${nodeName}”`;
  switch (word) {
    case 'order_ended':
      return `申请单${statusInChinese(status)}，没有可审批的步骤`;
    case 'no_step_open':
      return `申请单${statusInChinese(status)}，目前没有正在审核的步骤`;
    case 'own_order':
      return '按此模板的规定，任何人不得审批自己的申请';
    case 'decided_elsewhere':
      return '按此模板的规定，同一人不得审批同一申请单的两个步骤';
    case 'already_decided':
      return `您已审批过${place}`;
    case 'step_passed':
      return `${place}${statusInChinese(status)}，您的部分已经结束`;
    case 'not_reviewer':
      return `您不是${place}的审批人`;
    case 'handed_over':
      return `您已将${place}转交他人`;
    case 'delegated':
      return userCode === undefined ? `${place}已由他人代您审批` : `${place}由 ${userCode} 代您审批`;
    case 'no_longer_reviewer':
      return `您已不再是${place}的审批人`;
    case 'waits_for_opinion':
      return userCode === undefined ? `您在${place}等待他人的意见` : `您在${place}等待 ${userCode} 的意见`;
    case 'not_their_turn':
      return `${place}还没有轮到您`;
    case 'unconfirmed':
      return '业务系统没有确认您可以审批';
  }
}

const words: Readonly<Record<string, Both>> = { ...auditStatusWords, ...applyStatusWords };
const statusInChinese = (status: string): string => words[status]?.zh ?? status;
