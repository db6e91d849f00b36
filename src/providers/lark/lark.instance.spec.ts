import { describe, expect, it } from 'vitest';
import { ProviderFailure } from '../provider-failure.js';
import { observationOf } from './lark.instance.js';
import { settingsOf } from './lark.settings.js';

const settings = (more: object = {}) =>
  settingsOf({ settings: { appId: 'cli_x', assistantUserId: 'assistant', ...more } });

const person = (userId: string) => ({ user_id: userId, open_id: `ou_${userId}` });

const task = (
  id: string,
  node: string,
  userId: string,
  status: string,
  start: number,
  more: object = {},
) => ({
  id,
  ...person(userId),
  status,
  node_id: `node-${node}`,
  node_name: node,
  type: 'AND',
  start_time: String(start),
  end_time: status === 'PENDING' ? '0' : String(start + 1),
  ...more,
});

const instance = (more: object = {}) => ({
  approval_name: '权限申请',
  approval_code: 'APPROVAL',
  instance_code: 'INSTANCE',
  uuid: 'order.1',
  ...person('ann'),
  status: 'PENDING',
  form: '[{"id":"w1","custom_id":"reason","name":"申请原因","type":"textarea","value":"because"},{"id":"w2","name":"编号","type":"number","value":12345678901234567890}]',
  task_list: [
    task('t2', '审批', 'lee', 'PENDING', 2_000),
    task('t1', 'check_node', 'assistant', 'APPROVED', 1_000),
  ],
  timeline: [
    { type: 'START', ...person('ann'), comment: '' },
    { type: 'PASS', ...person('assistant'), task_id: 't1', comment: '检查成功。' },
  ],
  comment_list: [],
  ...more,
});

describe('observationOf', () => {
  it('given an instance under way, then its tasks come in their order, and our yes is no decision', () => {
    expect(observationOf(instance(), settings())).toEqual({
      externalId: 'INSTANCE',
      key: 'order.1',
      formCode: 'APPROVAL',
      title: '权限申请',
      status: 'pending',
      applicant: 'ann',
      decidedBy: null,
      comment: null,
      tasks: [
        {
          id: 't1',
          nodeName: 'check_node',
          externalId: 'assistant',
          status: 'approved',
          comment: '检查成功。',
          endedAt: new Date(1_001),
          ours: 'check',
        },
        {
          id: 't2',
          nodeName: '审批',
          externalId: 'lee',
          status: 'pending',
          comment: null,
          endedAt: null,
          ours: null,
        },
      ],
      widgets: [
        {
          id: 'w1',
          name: '申请原因',
          type: 'textarea',
          value: 'because',
          whole: { id: 'w1', custom_id: 'reason', name: '申请原因', type: 'textarea', value: 'because' },
        },
        {
          id: 'w2',
          name: '编号',
          type: 'number',
          value: '12345678901234567890',
          whole: { id: 'w2', name: '编号', type: 'number', value: '12345678901234567890' },
        },
      ],
    });
  });

  it.each([
    ['PENDING', 'pending'],
    ['APPROVED', 'approved'],
    ['REJECTED', 'rejected'],
    ['CANCELED', 'withdrawn'],
    ['REVERTED', 'withdrawn'],
    ['DELETED', 'gone'],
    ['OVERTIME_CLOSE', 'withdrawn'],
    ['OVERTIME_RECOVER', 'pending'],
  ])('given the status %s, then it is %s', (status, expected) => {
    expect(observationOf(instance({ status }), settings()).status).toBe(expected);
  });

  it.each(['SUSPENDED', 'toString', '', undefined])('given the status %s, then nobody guesses', (status) => {
    expect(() => observationOf(instance({ status }), settings())).toThrow(ProviderFailure);
  });

  it.each([
    ['PENDING', 'pending'],
    ['APPROVED', 'approved'],
    ['REJECTED', 'rejected'],
    ['TRANSFERRED', 'transferred'],
    ['ROLLBACK', 'ended'],
    ['DONE', 'ended'],
    ['REVERTED', 'ended'],
    ['OVERTIME_CLOSE', 'ended'],
    ['OVERTIME_RECOVER', 'pending'],
    ['SOMETHING_NEW', 'ended'],
    ['toString', 'ended'],
  ])('given a task that is %s, then it is %s', (status, expected) => {
    const { tasks } = observationOf(
      instance({ task_list: [task('t1', '审批', 'lee', status, 1)] }),
      settings(),
    );
    expect(tasks[0]?.status).toBe(expected);
  });

  it('given who decided last, then they and their words are told, whatever the assistant said since', () => {
    const timeline = [
      { type: 'PASS', ...person('lee'), task_id: 't2', comment: 'go ahead' },
      { type: 'CC', ...person('kim') },
      { type: 'PASS', ...person('assistant'), task_id: 't1', comment: '执行成功。' },
    ];
    expect(observationOf(instance({ status: 'APPROVED', timeline }), settings())).toMatchObject({
      decidedBy: 'lee',
      comment: 'go ahead',
    });
    const refused = [
      ...timeline,
      { type: 'REJECT', ...person('assistant'), task_id: 't1', comment: '执行失败。' },
    ];
    expect(observationOf(instance({ status: 'REJECTED', timeline: refused }), settings())).toMatchObject({
      decidedBy: 'assistant',
      comment: '执行失败。',
    });
  });

  it('given a decision without words, then what its author wrote beside the flow counts', () => {
    const timeline = [{ type: 'REJECT', ...person('lee'), task_id: 't2', comment: '' }];
    const comments = [
      { ...person('lee'), comment: 'too expensive' },
      { ...person('ann'), comment: 'please' },
    ];
    const seen = observationOf(
      instance({ status: 'REJECTED', timeline, comment_list: comments }),
      settings(),
    );
    expect(seen).toMatchObject({ decidedBy: 'lee', comment: 'too expensive' });
  });

  it('given nodes of our names, then only the assistant on them is ours, and names may be configured', () => {
    const oursOf = (more: object, configured: object = {}) => {
      const tasks = [task('t1', 'check_node', 'assistant', 'PENDING', 1, more)];
      return observationOf(instance({ task_list: tasks }), settings(configured)).tasks[0]?.ours;
    };
    expect(oursOf({})).toBe('check');
    expect(oursOf({ node_name: 'execute_node' })).toBe('execute');
    expect(oursOf({ node_name: '检查', custom_node_id: 'check_node' })).toBe('check');
    expect(oursOf({ node_name: '检查' }, { checkNodeName: '检查' })).toBe('check');
    expect(oursOf({ node_name: '审批' })).toBeNull();
    expect(oursOf(person('lee'))).toBeNull();
    expect(oursOf({}, { assistantUserId: undefined })).toBeNull();
    expect(oursOf({}, { userIdType: 'open_id' })).toBe('check');
    expect(oursOf({}, { userIdType: 'open_id', assistantUserId: 'ou_assistant' })).toBe('check');
    expect(oursOf({ user_id: '', open_id: '' }, { assistantUserId: '' })).toBeNull();
  });

  it('given a task that passed by itself, then nobody decided it', () => {
    const alone = task('t1', '审批', '', 'APPROVED', 1, { user_id: '', open_id: '' });
    expect(observationOf(instance({ task_list: [alone] }), settings()).tasks[0]?.externalId).toBeNull();
  });

  it('given user ids that are kept back, then the failure names the permission', () => {
    const { user_id: _userId, ...without } = instance({ task_list: [], timeline: [] });
    expect(() => observationOf(without, settings())).toThrow('contact:user.employee_id:readonly');
    expect(observationOf(without, settings({ userIdType: 'open_id' })).applicant).toBe('ou_ann');
  });

  it('given a form that is no JSON, and lists that are none, then there is nothing in them', () => {
    const odd = instance({ form: '{', task_list: null, timeline: 'x', comment_list: [1] });
    expect(observationOf(odd, settings())).toMatchObject({ tasks: [], widgets: [] });
  });
});
