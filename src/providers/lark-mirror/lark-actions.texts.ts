import type { ProblemCode } from '../../http/problem.js';
import { type Both, both } from '../../http/language.js';

/** Why nothing was decided, said in Feishu to whoever has pressed the button. */
export const actionWords = {
  unknownSender: both('this request is not known to come from Feishu', '无法确认该请求来自飞书'),
  unreadable: both('this request cannot be read', '无法识别该请求'),
  noOrder: both('there is no such order here', '申请单不存在'),
  noPerson: both(
    'nobody has said who you are here: an administrator has to add your identity',
    '您的飞书账号尚未关联本系统的用户，请联系管理员添加',
  ),
  noColleague: both(
    "you are not listed as an active member of the order's team",
    '您不是该申请单所属团队的在职成员',
  ),
  notYourTask: both('this button belongs to another task', '该操作不属于您的这项审批任务'),
  noReason: both('a rejection needs a reason', '拒绝时必须填写理由'),
  longReason: both('the reason is longer than 4000 characters', '理由不能超过 4000 字'),
  stepOver: both('this step is over', '该审批节点已结束'),
  decidedOtherwise: both('you have decided this already, otherwise', '您已作出不同的审批决定'),
  changed: both(
    'the order has changed since it was shown to you; look at it again',
    '申请单在展示给您之后已有变化，请查看最新内容后再审批',
  ),
  busy: both('too much happens to the order at this moment; try again', '申请单正在被处理，请稍后重试'),
  slow: both(
    'this takes longer than Feishu waits; look again in a moment',
    '处理时间较长，请稍后查看审批结果',
  ),
  failed: both('something went wrong here; nothing is lost, try again', '系统出现错误，请稍后重试'),
} as const satisfies Record<string, Both>;

/** What a refusal of the order is called in Chinese; its details are in English. */
const chinese: Partial<Record<ProblemCode, string>> = {
  forbidden: '您无权审批',
  already_decided: '您已审批过',
  order_closed: '申请单已结束',
  not_in_review: '申请单当前不在审批中',
  unavailable: '服务暂时不可用，请稍后重试',
};

export const problemWords = (code: ProblemCode, detail: string): Both =>
  both(detail, chinese[code] ?? '无法完成审批');

/** One line in both languages: Feishu does not tell which one the person reads. */
export const inBoth = ({ zh, en }: Both): string => `${zh} (${en})`;
