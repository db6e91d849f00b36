import { describe, expect, it } from 'vitest';
import type { OrderState } from '../../engine/order-state.js';
import type { Observation, OutsideTask } from '../provider.port.js';
import { answersDue, ofTask, tasksAfter } from './own-tasks.js';
import type { OwnTask } from './outside-approvals.repository.js';

const task = (id: string, more: Partial<OutsideTask> = {}): OutsideTask => ({
  id,
  nodeName: 'check_node',
  externalId: 'assistant',
  status: 'pending',
  comment: null,
  endedAt: null,
  ours: 'check',
  ...more,
});

const observation = (tasks: readonly OutsideTask[]): Observation => ({
  externalId: 'I',
  key: null,
  formCode: 'A',
  title: null,
  status: 'pending',
  applicant: null,
  decidedBy: null,
  comment: null,
  tasks,
  widgets: [],
});

const oursOf = ({ tasks }: Observation): string[] => tasks.filter(({ ours }) => ours).map(({ id }) => id);

describe('ofTask', () => {
  const both = observation([task('100'), task('101'), task('9', { ours: null })]);

  it('given two tasks that wait for us, then an event is about its own', () => {
    expect(oursOf(ofTask(both, '101'))).toEqual(['101']);
    expect(oursOf(ofTask(both, '100'))).toEqual(['100']);
  });

  it('given an event about somebody else’s task, or about none, then all of ours are seen', () => {
    expect(oursOf(ofTask(both, '9'))).toEqual(['100', '101']);
    expect(oursOf(ofTask(both, null))).toEqual(['100', '101']);
  });
});

describe('tasksAfter', () => {
  it('given tasks that are known, decided or not ours, then only what waits for us anew comes behind', () => {
    const known: OwnTask[] = [{ id: '1', kind: 'check', answer: 'approved' }];
    const seen = [
      task('1'),
      task('2', { status: 'approved' }),
      task('3', { ours: null }),
      task('4', { ours: 'execute' }),
    ];
    expect(tasksAfter(known, seen)).toEqual([...known, { id: '4', kind: 'execute', answer: null }]);
  });
});

describe('answersDue', () => {
  const state = (applyStatus: OrderState['applyStatus'], more: object = {}): OrderState =>
    ({ applyStatus, returned: null, error: null, steps: [], ...more }) as unknown as OrderState;
  const check: OwnTask = { id: '1', kind: 'check', answer: null };
  const execute: OwnTask = { id: '2', kind: 'execute', answer: null };

  it.each([
    ['initiating', [], []],
    ['in_review', ['approve 检查成功。'], []],
    ['executing', ['approve 检查成功。'], []],
    ['completed', ['approve 检查成功。'], ['approve 执行成功。']],
    ['rejected', ['reject 检查失败。'], ['reject 执行失败。']],
  ] as const)(
    'given an order that is %s, then that is said of the check and of the execution',
    (status, first, second) => {
      const said = (one: OwnTask) =>
        answersDue(state(status), [one], []).map(({ decision, comment }) => `${decision} ${comment}`);
      expect(said(check)).toEqual(first);
      expect(said(execute)).toEqual(second);
    },
  );

  it('given words of the business module, then they are said, each on its own task', () => {
    const told = [
      { type: 'callback.check.succeeded', msg: 'may' },
      { type: 'callback.execute.succeeded', msg: 'has' },
    ] as const;
    const answers = answersDue(state('completed'), [check, execute], told);
    expect(answers.map(({ comment }) => comment)).toEqual(['may', 'has']);
    expect(answersDue(state('rejected', { error: 'no rights' }), [execute], told)[0]?.comment).toBe(
      'no rights',
    );
  });

  it('given an order that is with its applicant, or a task that is answered, then nothing is said', () => {
    expect(answersDue(state('initiating', { returned: {} }), [check], [])).toEqual([]);
    expect(answersDue(state('completed'), [{ ...check, answer: 'approved' }], [])).toEqual([]);
  });
});
