import type { ApplyStatus } from '../../engine/vocabulary.js';
import type { OrderRecord } from '../../orders/orders.service.js';
import type { UserIdType } from '../lark/lark.settings.js';
import type { OrderMoments } from './order-moments.js';
import { copyIdOf, type MirroredTask } from './mirrored-tasks.js';

/** What of an order is shown, and to whom. */
export interface MirroredOrder {
  readonly record: OrderRecord;
  readonly approvalCode: string;
  /** Of the business type. */
  readonly typeName: string;
  readonly fieldMapping: Readonly<Record<string, string>> | null;
  readonly tasks: readonly MirroredTask[];
  readonly moments: OrderMoments;
  /** Feishu's ids of people, by user code; who has none there is absent. */
  readonly externals: ReadonlyMap<string, string>;
  readonly userIdType: UserIdType;
  /** Shown where Feishu does not know the applicant. */
  readonly applicantName: string;
  readonly publicUrl: string;
  /** The `update_time`, in milliseconds. */
  readonly stamp: number;
  /** What ties a task's buttons to it. */
  readonly contextOf: (task: MirroredTask) => string;
}

/** Feishu takes at most 300 tasks and 200 copies; form texts of 2,048 characters in all, of which lists show three. */
const maxTasks = 300;
const maxCopies = 200;
const maxForm = 2_048;
const maxName = 60;
const maxValue = 300;

/**
 * What an order is to Feishu. While it is executed it is not done; and what was returned still lives.
 */
const statuses = {
  initiating: 'PENDING',
  in_review: 'PENDING',
  executing: 'PENDING',
  completed: 'APPROVED',
  rejected: 'REJECTED',
  withdrawn: 'CANCELED',
} as const satisfies Record<ApplyStatus, string>;

/** Texts by key, as Feishu wants everything that people read (国际化文案), in both languages. */
class Texts {
  private readonly keys = new Map<string, string>();
  private readonly texts: { readonly key: string; readonly zh: string; readonly en: string }[] = [];

  /** @returns the key under which a text stands */
  of(zh: string, en: string = zh): string {
    const known = this.keys.get(`${zh}\n${en}`);
    if (known !== undefined) return known;
    const key = `@i18n@text_${this.texts.length + 1}`;
    this.keys.set(`${zh}\n${en}`, key);
    this.texts.push({ key, zh: zh || '-', en: en || '-' });
    return key;
  }

  resources(): object[] {
    const inLanguage = (language: 'zh' | 'en') =>
      this.texts.map((text) => ({ key: text.key, value: text[language] }));
    return [
      { locale: 'zh-CN', is_default: true, texts: inLanguage('zh') },
      { locale: 'en-US', is_default: false, texts: inLanguage('en') },
    ];
  }
}

/** The body of POST /external_instances (同步三方审批实例): the whole order, in place of whatever was shown before. */
export function instanceOf(order: MirroredOrder): object {
  const { record, moments, externals, stamp } = order;
  const { head, state } = record;
  const texts = new Texts();
  const link = `${order.publicUrl}/console/orders/${encodeURIComponent(head.id)}`;
  const links = { pc_link: link, mobile_link: link };
  const status = statuses[state.applyStatus];
  const ended = status === 'PENDING' ? null : (moments.ended ?? head.updateTime);
  const person = (userCode: string) => ({ [order.userIdType]: externals.get(userCode) ?? '' });
  const known = ({ userCode }: { readonly userCode: string }): boolean => externals.has(userCode);
  const tasks = order.tasks.filter(known).slice(0, maxTasks);
  const copies = [...moments.copied].map(([userCode, time]) => ({ userCode, time })).filter(known);
  return {
    approval_code: order.approvalCode,
    instance_id: head.id,
    status,
    links,
    title: texts.of(head.title ?? order.typeName),
    form: formOf(order, texts),
    ...(known({ userCode: state.applicant })
      ? person(state.applicant)
      : { user_name: texts.of(order.applicantName) }),
    start_time: timeOf(head.createTime),
    end_time: timeOf(ended),
    update_time: String(stamp),
    update_mode: 'REPLACE',
    task_list: tasks.map((task) => ({
      task_id: task.id,
      ...person(task.userCode),
      links,
      status: task.status,
      create_time: timeOf(task.begun),
      end_time: timeOf(task.ended),
      update_time: String(stamp),
      node_id: task.nodeId,
      node_name: texts.of(task.nodeName),
      ...(task.buttons && order.userIdType === 'user_id'
        ? { action_context: order.contextOf(task), action_configs: buttons }
        : {}),
    })),
    cc_list: copies.slice(0, maxCopies).map(({ userCode, time }) => ({
      cc_id: copyIdOf(userCode),
      ...person(userCode),
      links,
      read_status: 'UNREAD',
      create_time: timeOf(time),
      update_time: String(stamp),
    })),
    i18n_resources: texts.resources(),
  };
}

/**
 * Whoever rejects says why. A quick action names its person by user id, whatever ids are spoken otherwise: where identities
 * hold open ids, nobody would be known by it, and people decide here.
 */
const buttons = [
  { action_type: 'APPROVE', is_need_reason: true, is_reason_required: false, is_need_attachment: false },
  { action_type: 'REJECT', is_need_reason: true, is_reason_required: true, is_need_attachment: false },
];

/** 0 for what has not ended. */
const timeOf = (moment: Date | null): string => (moment === null ? '0' : String(moment.getTime()));

/** The variables under the business module's names; what no longer fits is on the order's page. */
function formOf({ record, fieldMapping }: MirroredOrder, texts: Texts): object[] {
  const { businessKey, remark, variables } = record.head;
  const fields: (readonly [zh: string, en: string, value: unknown])[] = [
    ...Object.entries(variables).map(([name, value]) => {
      const shown = (fieldMapping && Object.hasOwn(fieldMapping, name) && fieldMapping[name]) || name;
      return [shown, shown, value] as const;
    }),
    ...(remark ? [['备注', 'Remark', remark] as const] : []),
    ...(businessKey === null ? [] : [['业务单号', 'Business key', businessKey] as const]),
  ];
  let left = maxForm;
  return fields.flatMap(([zh, en, given]) => {
    const value = cut(textOf(given), maxValue);
    left -= zh.length + value.length;
    return left < 0 ? [] : [{ name: texts.of(cut(zh, maxName), cut(en, maxName)), value: texts.of(value) }];
  });
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value);

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;
