import type { LarkAccess } from './lark-access.js';
import type { ExternalApprovals } from './lark-external.js';
import { failures } from './lark-failure.js';
import { readForm, shownForm } from './lark-forms.js';
import type { LarkMessages } from './lark-messages.js';
import type { LarkInstance, LarkTask, NativeApprovals } from './lark-native.js';
import type { LarkPeople, UserIdType } from './lark-people.js';

type Body = Readonly<Record<string, unknown>>;

/** What stands behind the API. */
export interface LarkWorkspace {
  readonly access: LarkAccess;
  readonly people: LarkPeople;
  readonly native: NativeApprovals;
  readonly external: ExternalApprovals;
  readonly messages: LarkMessages;
  /** The approval codes whose events are sent. */
  readonly subscribed: Set<string>;
}

interface Call {
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Body;
}

interface Route {
  readonly call: RegExp;
  /** One of these is enough; null: no token either. */
  readonly scopes: readonly string[] | null;
  readonly answer: (work: LarkWorkspace, call: Call) => object;
  /** Whether the answer stands beside `code` and not under `data`. */
  readonly flat?: boolean;
}

const read = ['approval:approval', 'approval:approval:readonly', 'approval:instance'];
const write = ['approval:approval', 'approval:instance'];
const tasks = ['approval:approval', 'approval:approval:readonly', 'approval:task'];
const define = ['approval:approval', 'approval:definition'];
const v4 = '/open-apis/approval/v4';

const idType = (query: URLSearchParams): UserIdType => {
  const given = query.get('user_id_type') ?? 'open_id';
  if (given !== 'user_id' && given !== 'open_id' && given !== 'union_id')
    throw failures.param('user_id_type');
  return given;
};

/** The instance, its waiting task and the actor that a body names. */
function waiting({ native, people }: LarkWorkspace, { query, body }: Call): [LarkInstance, LarkTask] {
  native.definition(body.approval_code);
  const instance = native.instance(String(body.instance_code));
  if (instance.definition.code !== body.approval_code) throw failures.instance();
  return [instance, native.waiting(instance, body.task_id, people.find(idType(query), body.user_id))];
}

const commentOf = ({ comment }: Body): string => (typeof comment === 'string' ? comment : '');

function submit({ native, people }: LarkWorkspace, { body }: Call): object {
  const definition = native.definition(body.approval_code);
  const userId = people.inBody(body);
  const { uuid, title } = body;
  if (uuid !== undefined && (typeof uuid !== 'string' || uuid.length < 1 || uuid.length > 64)) {
    throw failures.param('uuid');
  }
  if (title !== undefined) {
    const resources = (body.i18n_resources ?? []) as readonly {
      readonly texts: readonly { key: string }[];
    }[];
    if (!resources.some(({ texts }) => texts.some(({ key }) => key === title && key.startsWith('@i18n@')))) {
      throw failures.param('title');
    }
  }
  const filled = readForm(body.form, definition.widgets);
  return { instance_code: native.submit(definition.code, userId, filled, uuid).code };
}

function shownInstance({ native, people, access }: LarkWorkspace, id: string): object {
  const one = native.instance(id);
  const person = (userId: string | null): object => ({
    ...(access.namesUserIds ? { user_id: userId ?? '' } : {}),
    open_id: userId === null ? '' : people.openId(userId),
  });
  const time = (at: number): string => String(at);
  return {
    approval_name: one.definition.name,
    approval_code: one.definition.code,
    instance_code: one.code,
    uuid: one.uuid,
    ...person(one.userId),
    serial_number: one.serial,
    department_id: '',
    status: one.status,
    reverted: one.reverted,
    start_time: time(one.startTime),
    end_time: time(one.endTime),
    form: shownForm(one.filled, one.definition.widgets),
    task_list: one.tasks.map((task) => ({
      id: task.id,
      ...person(task.userId),
      status: task.status === 'ROLLBACK' ? 'DONE' : task.status,
      node_id: task.node.id,
      node_name: task.node.name,
      ...(task.node.customId === undefined ? {} : { custom_node_id: task.node.customId }),
      type: task.type,
      start_time: time(task.startTime),
      end_time: time(task.endTime),
    })),
    comment_list: one.comments.map(({ id: commentId, userId, text, time: at }) => ({
      id: commentId,
      ...person(userId),
      comment: text,
      create_time: time(at),
      files: [],
    })),
    timeline: one.timeline.map((entry) => ({
      type: entry.type,
      create_time: time(entry.time),
      ...person(entry.userId),
      task_id: entry.taskId ?? '',
      comment: entry.comment ?? '',
      ext: '{}',
    })),
  };
}

function shownDefinition({ native }: LarkWorkspace, code: string): object {
  const { name, status, widgets, nodes } = native.definition(code);
  if (status === 'DELETED') throw failures.deleted();
  return {
    approval_name: name,
    status,
    form: JSON.stringify(widgets),
    node_list: nodes.map((node) => ({
      name: node.name,
      need_approver: false,
      node_id: node.id,
      ...(node.customId === undefined ? {} : { custom_node_id: node.customId }),
      node_type: node.type,
    })),
  };
}

function listed({ native }: LarkWorkspace, { query }: Call): object {
  const { code } = native.definition(query.get('approval_code'));
  const [from, to] = [Number(query.get('start_time')), Number(query.get('end_time'))];
  const size = Number(query.get('page_size') ?? '100');
  if (!from || !to || !(size >= 1 && size <= 100)) throw failures.param('time or page_size');
  const all = native.instances.filter(
    (one) => one.definition.code === code && one.startTime >= from && one.startTime <= to,
  );
  const start = Number(query.get('page_token') ?? '0');
  const more = start + size < all.length;
  return {
    instance_code_list: all.slice(start, start + size).map((one) => one.code),
    has_more: more,
    page_token: more ? String(start + size) : '',
  };
}

/** Every call that the fake knows. */
export const routes: readonly Route[] = [
  {
    call: /^POST \/open-apis\/auth\/v3\/tenant_access_token\/internal$/,
    scopes: null,
    flat: true,
    answer: ({ access }, { body }) => access.issue(body),
  },
  { call: new RegExp(`^POST ${v4}/instances$`), scopes: write, answer: submit },
  { call: new RegExp(`^GET ${v4}/instances$`), scopes: read, answer: listed },
  {
    call: new RegExp(`^POST ${v4}/instances/cancel$`),
    scopes: read,
    answer: ({ native, people }, { query, body }) => {
      native.definition(body.approval_code);
      const instance = native.instance(String(body.instance_code));
      if (people.find(idType(query), body.user_id) !== instance.userId) throw failures.permission();
      native.cancel(instance);
      return {};
    },
  },
  {
    call: new RegExp(`^GET ${v4}/instances/([^/]+)$`),
    scopes: read,
    answer: (work, { parts: [id = ''], query }) => {
      idType(query);
      return shownInstance(work, id);
    },
  },
  {
    call: new RegExp(`^POST ${v4}/tasks/approve$`),
    scopes: tasks,
    answer: (work, call) => {
      work.native.approve(...waiting(work, call), commentOf(call.body));
      return {};
    },
  },
  {
    call: new RegExp(`^POST ${v4}/tasks/reject$`),
    scopes: tasks,
    answer: (work, call) => {
      work.native.reject(...waiting(work, call), commentOf(call.body));
      return {};
    },
  },
  {
    call: new RegExp(`^POST ${v4}/tasks/transfer$`),
    scopes: tasks,
    answer: (work, call) => {
      const to = work.people.find(idType(call.query), call.body.transfer_user_id);
      work.native.transfer(...waiting(work, call), to, commentOf(call.body));
      return {};
    },
  },
  {
    call: new RegExp(`^GET ${v4}/approvals/([^/]+)$`),
    scopes: [...define, 'approval:approval:readonly'],
    answer: (work, { parts: [code = ''] }) => shownDefinition(work, code),
  },
  {
    call: new RegExp(`^POST ${v4}/approvals/([^/]+)/subscribe$`),
    scopes: define,
    answer: ({ native, subscribed }, { parts: [code = ''] }) => {
      native.definition(code);
      if (subscribed.has(code)) throw failures.subscribed();
      subscribed.add(code);
      return {};
    },
  },
  {
    call: new RegExp(`^POST ${v4}/approvals/([^/]+)/unsubscribe$`),
    scopes: define,
    answer: ({ native, subscribed }, { parts: [code = ''] }) => {
      native.definition(code);
      if (!subscribed.delete(code)) throw failures.subscribed();
      return {};
    },
  },
  {
    call: new RegExp(`^POST ${v4}/external_approvals$`),
    scopes: ['approval:approval', 'approval:external_approval'],
    answer: ({ external }, { body }) => external.define(body),
  },
  {
    call: new RegExp(`^POST ${v4}/external_instances$`),
    scopes: ['approval:approval', 'approval:external_instance'],
    answer: ({ external }, { body }) => external.sync(body),
  },
  {
    call: /^POST \/open-apis\/im\/v1\/messages$/,
    scopes: ['im:message', 'im:message:send_as_bot'],
    answer: ({ messages }, { query, body }) => messages.send(query.get('receive_id_type'), body),
  },
];
