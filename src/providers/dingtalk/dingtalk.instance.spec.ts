import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProviderFailure } from '../provider-failure.js';
import { instanceOf, isTaskOpen, observationOf, timeOf } from './dingtalk.instance.js';
import { settingsOf } from './dingtalk.settings.js';

const settings = settingsOf({
  settings: { assistantUserId: 'assistant', checkActivityIds: ['check'], executeActivityIds: ['execute'] },
});
const task = (other: object) => ({
  taskId: 67583405630,
  userId: 'assistant',
  status: 'RUNNING',
  activityId: 'check',
  createTime: '2026-08-31T11:52Z',
  ...other,
});
const seen = (given: object) => observationOf('i', instanceOf({ status: 'RUNNING', ...given }), settings);

describe('an instance of DingTalk', () => {
  it.each([
    [{}, { status: 'pending', ours: 'check' }],
    [{ activityId: 'execute' }, { status: 'pending', ours: 'execute' }],
    [{ activityId: 'elsewhere' }, { status: 'pending', ours: null }],
    [{ userId: 'lee' }, { status: 'pending', ours: null }],
    [{ userId: null }, { externalId: null, ours: null }],
    [{ status: 'NEW' }, { status: 'pending', ours: null }],
    [{ status: 'PAUSED' }, { status: 'pending', ours: null }],
    [{ status: 'CANCELED' }, { status: 'ended', ours: 'check' }],
    [{ status: 'TERMINATED' }, { status: 'ended' }],
    [{ status: 'COMPLETED', result: 'AGREE' }, { status: 'approved' }],
    [{ status: 'COMPLETED', result: 'REFUSE' }, { status: 'rejected' }],
    [{ status: 'COMPLETED', result: 'REDIRECTED' }, { status: 'transferred' }],
    [{ status: 'COMPLETED', result: 'BACK' }, { status: 'ended' }],
  ])('given a task with %j, then it is %j', (other, expected) => {
    expect(seen({ tasks: [task(other)] }).tasks).toMatchObject([{ id: '67583405630', ...expected }]);
  });

  it('given no assistant, then no task is ours', () => {
    const given = instanceOf({ status: 'RUNNING', tasks: [task({ userId: '' }), task({})] });
    const nobody = settingsOf({ settings: { checkActivityIds: ['check'] } });
    expect(observationOf('i', given, nobody).tasks.map(({ ours }) => ours)).toEqual([null, null]);
  });

  it('given tasks in any order, then they come in the order of their beginning', () => {
    const tasks = [
      task({ taskId: 3, createTime: '2026-08-31T11:54Z' }),
      task({ taskId: 1, createTime: '2026-08-31T11:52Z' }),
      task({ taskId: 2, createTime: '2026-08-31T11:53Z' }),
    ];
    expect(seen({ tasks }).tasks.map(({ id }) => id)).toEqual(['1', '2', '3']);
  });

  it('given comments on the way, then the deciding one counts', () => {
    const operationRecords = [
      { userId: 'lee', type: 'EXECUTE_TASK_NORMAL', result: 'AGREE', remark: 'first' },
      { userId: 'wang', type: 'EXECUTE_TASK_AGENT', result: 'AGREE', remark: 'second' },
      { userId: 'zhao', type: 'ADD_REMARK', result: 'NONE', remark: 'late' },
      { userId: 'zhao', type: 'FINISH_PROCESS_INSTANCE', result: 'NONE' },
    ];
    expect(seen({ status: 'COMPLETED', result: 'agree', operationRecords })).toMatchObject({
      decidedBy: 'wang',
      comment: 'second',
    });
    expect(seen({ operationRecords })).toMatchObject({ status: 'pending', decidedBy: null, comment: null });
  });

  it('given a task, then it is open until it is decided', () => {
    const given = instanceOf({
      status: 'RUNNING',
      tasks: [task({}), task({ taskId: 2, status: 'COMPLETED', result: 'AGREE' })],
    });
    expect(['67583405630', '2', '3'].map((id) => isTaskOpen(given, id))).toEqual([true, false, false]);
  });

  it('given a time to the minute, to the second, or none, then it is read, or null', () => {
    expect(timeOf('2022-08-31T11:52Z')).toEqual(new Date('2022-08-31T11:52:00Z'));
    expect(timeOf('2022-08-31T11:52:07Z')).toEqual(new Date('2022-08-31T11:52:07Z'));
    expect([timeOf('soon'), timeOf(null), timeOf(undefined)]).toEqual([null, null, null]);
  });

  it('given anything at all, then it is an instance or a failure of the provider', () => {
    fc.assert(
      fc.property(fc.anything(), (anything) => {
        try {
          observationOf('i', instanceOf(anything), settings);
        } catch (error) {
          expect(error).toBeInstanceOf(ProviderFailure);
        }
      }),
    );
  });
});
