import type { ResumeWay } from '../engine/order-state.js';
import type { ApplyStatus } from '../engine/vocabulary.js';
import type { NoticeType } from './notice.js';

/** The languages in which mails are written. */
export const languages = ['zh', 'en'] as const;
export type Language = (typeof languages)[number];

/** Facts that a mail lists, each behind its label. */
export type Fact =
  | 'title'
  | 'businessType'
  | 'businessKey'
  | 'applicant'
  | 'step'
  | 'reviewers'
  | 'assigned'
  | 'copies'
  | 'actedBy'
  | 'due'
  | 'verdict'
  | 'decision'
  | 'decidedBy'
  | 'words'
  | 'note'
  | 'returnedTo'
  | 'resume'
  | 'text'
  | 'attachments'
  | 'remark'
  | 'error'
  | 'delivery'
  | 'topic'
  | 'todo'
  | 'status';

/** Every word of the mails in one language. */
interface Texts {
  /** As HTML names the language. */
  readonly tag: string;
  /** What happened, as a headline. */
  readonly headlines: Readonly<Record<NoticeType, string>>;
  readonly facts: Readonly<Record<Fact, string>>;
  readonly decisions: Readonly<Record<'approved' | 'rejected', string>>;
  readonly statuses: Readonly<Record<ApplyStatus, string>>;
  /** How an order goes on after its return. */
  readonly resumes: Readonly<Record<ResumeWay, string>>;
  /** The headline of a parked delivery that is no callback. */
  readonly parked: string;
  /** What administrators do about parked deliveries, by topic; `other` for the rest. */
  readonly todos: Readonly<Record<string, string>> & { readonly other: string };
  /** To whom an order is returned that goes back to no step. */
  readonly theApplicant: string;
  /** Between a label and its value. */
  readonly colon: string;
  readonly link: string;
  readonly footer: string;
  readonly trial: { readonly headline: string; readonly sentence: string };
  /** The same of a message to a person. */
  readonly trialMessage: { readonly headline: string; readonly sentence: string };
}

/** One table, so that a text which one language lacks does not compile. */
export const texts: Readonly<Record<Language, Texts>> = {
  zh: {
    tag: 'zh-CN',
    headlines: {
      'order.opened': '申请单已提交',
      'step.in_review': '申请单待审批',
      'step.assigned': '申请单有新的待审批人',
      'step.decided': '审批步骤有新结果',
      'step.reminded': '申请单审批时限提醒',
      'step.escalated': '申请单超时，已上报主管',
      'step.timed_out': '申请单超时，已自动处理',
      'order.returned': '申请单已退回',
      'order.resubmitted': '申请单已重新提交',
      'order.reopened': '申请单已重开审批',
      'order.urged': '申请单被催办',
      'order.copied': '申请单抄送',
      'order.commented': '申请单有新评论',
      'order.completed': '申请单已完成',
      'order.rejected': '申请单已驳回',
      'order.withdrawn': '申请单已撤回',
      'delivery.parked': '回调投递已停止',
    },
    facts: {
      title: '标题',
      businessType: '业务类型',
      businessKey: '业务单号',
      applicant: '申请人',
      step: '审批步骤',
      reviewers: '审批对象',
      assigned: '新的待审批人',
      copies: '抄送给',
      actedBy: '操作人',
      due: '审批时限',
      verdict: '超时处理',
      decision: '审批结果',
      decidedBy: '审批人',
      words: '审批意见',
      note: '附言',
      returnedTo: '退回到',
      resume: '之后',
      text: '评论',
      attachments: '附件',
      remark: '申请人说明',
      error: '错误信息',
      delivery: '投递编号',
      topic: '投递类型',
      todo: '处理方法',
      status: '申请单状态',
    },
    decisions: { approved: '同意', rejected: '驳回' },
    statuses: {
      initiating: '发起中',
      in_review: '审批中',
      withdrawn: '已撤回',
      rejected: '已驳回',
      executing: '执行中',
      completed: '已完成',
    },
    resumes: { again: '从该处起重新逐步审批', back: '直接回到退回的步骤' },
    parked: '投递已停止',
    todos: {
      'order.outside':
        '检查审批提供方的配置和状态（测试连接），修复后重新投递；或由系统管理员在此处直接审批该申请单。',
      'order.mirror': '检查审批提供方的配置和状态（测试连接），修复后重新投递；申请单仍可在此处审批。',
      'provider.event': '修复错误所述的问题后重新投递；已有的申请单会由定期查询补上。',
      'provider.observe': '修复错误所述的问题后重新投递，之后将继续定期查询该审批的状态。',
      'provider.tell': '检查审批提供方的地址和密钥，修复后重新投递；期间可由申请单的审批人审批。',
      'gate.execute': '核对业务系统是否已执行该请求，再决定重新投递或放弃。',
      other: '修复错误所述的问题后重新投递，或放弃该投递。',
    },
    theApplicant: '申请人',
    colon: '：',
    link: '查看申请单',
    footer: '本邮件由审批服务自动发送，请勿回复。',
    trial: { headline: '测试邮件', sentence: '收到这封邮件，说明该订阅可以发送邮件。订阅名称' },
    trialMessage: { headline: '测试消息', sentence: '收到这条消息，说明该订阅可以发送消息。订阅名称' },
  },
  en: {
    tag: 'en',
    headlines: {
      'order.opened': 'Order submitted',
      'step.in_review': 'Order waiting for review',
      'step.assigned': 'Order waiting for another reviewer',
      'step.decided': 'A step has been decided',
      'step.reminded': 'Order with a due time waiting for review',
      'step.escalated': 'Order overdue: its leaders are asked',
      'step.timed_out': 'Order decided by its due time',
      'order.returned': 'Order returned',
      'order.resubmitted': 'Order resubmitted',
      'order.reopened': 'Order under review again',
      'order.urged': 'Reminder of an order waiting for review',
      'order.copied': 'Copy of an order',
      'order.commented': 'New comment on an order',
      'order.completed': 'Order completed',
      'order.rejected': 'Order rejected',
      'order.withdrawn': 'Order withdrawn',
      'delivery.parked': 'A callback is no longer tried',
    },
    facts: {
      title: 'Title',
      businessType: 'Business type',
      businessKey: 'Business key',
      applicant: 'Applicant',
      step: 'Step',
      reviewers: 'Asked',
      assigned: 'Newly asked',
      copies: 'Copied to',
      actedBy: 'By',
      due: 'Due',
      verdict: 'Decided by its due time',
      decision: 'Decision',
      decidedBy: 'Decided by',
      words: 'In their words',
      note: 'In their words',
      returnedTo: 'Returned to',
      resume: 'Afterwards',
      text: 'Comment',
      attachments: 'Attachments',
      remark: 'Remark',
      error: 'Error',
      delivery: 'Delivery',
      topic: 'Kind of delivery',
      todo: 'What to do',
      status: 'Status of the order',
    },
    decisions: { approved: 'approved', rejected: 'rejected' },
    statuses: {
      initiating: 'initiating',
      in_review: 'in review',
      withdrawn: 'withdrawn',
      rejected: 'rejected',
      executing: 'executing',
      completed: 'completed',
    },
    resumes: {
      again: 'once more through every step from there',
      back: 'straight back to the step that returned it',
    },
    parked: 'A delivery is no longer tried',
    todos: {
      'order.outside':
        'Look whether the provider is set up and answers (test its connection), mend it and redeliver; or a system administrator decides the order here.',
      'order.mirror':
        'Look whether the provider is set up and answers (test its connection), mend it and redeliver; meanwhile the order can be decided here.',
      'provider.event':
        'Mend what the error says and redeliver; of orders that exist already, the regular look finds out by itself.',
      'provider.observe':
        'Mend what the error says and redeliver; the approval is then looked at regularly again.',
      'provider.tell':
        "Look at the provider's address and secret, mend them and redeliver; meanwhile the people of the order decide it.",
      'gate.execute':
        'Find out whether the system behind the gate has carried the request out, then redeliver or abandon.',
      other: 'Mend what the error says and redeliver, or abandon the delivery.',
    },
    theApplicant: 'the applicant',
    colon: ': ',
    link: 'Open the order',
    footer: 'This mail was sent by the approval service; answers to it are not read.',
    trial: {
      headline: 'Test mail',
      sentence: 'This mail shows that the subscription can send mail. Its name',
    },
    trialMessage: {
      headline: 'Test message',
      sentence: 'This message shows that the subscription can send messages. Its name',
    },
  },
};
