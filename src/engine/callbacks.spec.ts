import { describe, expect, it } from 'vitest';
import {
  abandon,
  after,
  answer,
  apply,
  decision,
  factsOf,
  type FlowGiven,
  opened,
  person,
  refusalOf,
  statuses,
} from './engine.spec-support.js';
import { type Command, decide } from './decide.js';
import type { OrderEvent } from './events.js';
import { evolveAll } from './evolve.js';
import { isEnded, type OrderState } from './order-state.js';
import { type ApplyStatus, applyStatuses, type CallbackKind, callbackKinds } from './vocabulary.js';

/** Bob, then Carol; with both callbacks. */
const bobThenCarol = [{ users: ['bob'] }, { users: ['carol'] }];
const flow: FlowGiven = { stages: bobThenCarol, hasCheck: true, hasExecute: true };

const initiating = opened(flow).state;
const inReview = after(initiating, answer('check', true, flow));
const executing = after(inReview, decision('approve', 'bob', flow), decision('approve', 'carol', flow));
/** One order in each of its states. */
const orders: Readonly<Record<ApplyStatus, OrderState>> = {
  initiating,
  in_review: inReview,
  executing,
  completed: after(executing, answer('execute', true, flow)),
  rejected: after(inReview, decision('reject', 'bob', flow)),
  withdrawn: after(initiating, { type: 'withdraw', actor: person('ann'), remark: null }),
};

const park = (callback: CallbackKind): Command => ({
  type: 'park_callback',
  callback,
  deliveryId: 'd1',
  error: 'HTTP 500',
});
const redeliver = (callback: CallbackKind): Command => ({
  type: 'redeliver_callback',
  callback,
  deliveryId: 'd1',
});

const opensStep1: OrderEvent = { type: 'step.in_review', applyStep: 1, requiredApprovals: 1, people: [] };
const cancelsBoth: readonly OrderEvent[] = [
  { type: 'step.cancelled', applyStep: 1 },
  { type: 'step.cancelled', applyStep: 2 },
];
const gone = { deliveryId: 'd1', reason: 'the module is gone' };

/** Each command with the only state in which it does something, the events it causes there, and the state behind it. */
const cases: readonly (readonly [string, Command, ApplyStatus, readonly OrderEvent[], ApplyStatus])[] = [
  ...callbackKinds.flatMap((callback) => {
    const waits = callback === 'check' ? 'initiating' : 'executing';
    const sent: OrderEvent = { type: `callback.${callback}.redelivered`, deliveryId: 'd1' };
    const parked: OrderEvent = { type: `callback.${callback}.parked`, deliveryId: 'd1', error: 'HTTP 500' };
    return [
      [`the ${callback} is parked`, park(callback), waits, [parked], waits],
      [`the ${callback} is redelivered`, redeliver(callback), waits, [sent], waits],
    ] as const;
  }),
  [
    'the check is answered with yes',
    answer('check', true, flow, { msg: '检查成功。', error: 'not read' }),
    'initiating',
    [{ type: 'callback.check.succeeded', msg: '检查成功。' }, opensStep1],
    'in_review',
  ],
  [
    'the check is answered with no',
    answer('check', false, flow, { msg: 'not read', error: 'no stock' }),
    'initiating',
    [
      { type: 'callback.check.failed', error: 'no stock' },
      ...cancelsBoth,
      { type: 'order.rejected', reason: 'check_failed', error: 'no stock' },
    ],
    'rejected',
  ],
  [
    'the check is skipped',
    { type: 'skip_check', error: 'HTTP 500', facts: factsOf('ann') },
    'initiating',
    [{ type: 'callback.check.skipped', error: 'HTTP 500' }, opensStep1],
    'in_review',
  ],
  [
    'the check is given up for the review',
    abandon('check', 'in_review', flow),
    'initiating',
    [{ type: 'callback.check.abandoned', applyStatus: 'in_review', ...gone }, opensStep1],
    'in_review',
  ],
  [
    'the check is given up with the order',
    abandon('check', 'rejected', flow),
    'initiating',
    [
      { type: 'callback.check.abandoned', applyStatus: 'rejected', ...gone },
      ...cancelsBoth,
      { type: 'order.rejected', reason: 'abandoned', error: gone.reason },
    ],
    'rejected',
  ],
  [
    'the execution is answered with yes',
    answer('execute', true, flow, { msg: 'exported' }),
    'executing',
    [{ type: 'callback.execute.succeeded', msg: 'exported' }, { type: 'order.completed' }],
    'completed',
  ],
  [
    'the execution is answered with no',
    answer('execute', false, flow, { error: 'disk full' }),
    'executing',
    [
      { type: 'callback.execute.failed', error: 'disk full' },
      { type: 'order.rejected', reason: 'execute_failed', error: 'disk full' },
    ],
    'rejected',
  ],
  [
    'the execution is given up as done',
    abandon('execute', 'completed', flow),
    'executing',
    [{ type: 'callback.execute.abandoned', applyStatus: 'completed', ...gone }, { type: 'order.completed' }],
    'completed',
  ],
  [
    'the execution is given up with the order',
    abandon('execute', 'rejected', flow),
    'executing',
    [
      { type: 'callback.execute.abandoned', applyStatus: 'rejected', ...gone },
      { type: 'order.rejected', reason: 'abandoned', error: gone.reason },
    ],
    'rejected',
  ],
];

describe('what becomes of a callback', () => {
  it('given an order in each state, then it is in that state', () => {
    for (const status of applyStatuses) expect(orders[status].applyStatus).toBe(status);
  });

  describe.each(cases)('when %s', (_name, command, awaited, events, status) => {
    it(`given an order that is ${awaited}, then it is told, and the order is ${status}`, () => {
      const { outcome, state } = apply(orders[awaited], command);
      expect(outcome).toEqual({ ok: true, events });
      expect(state.applyStatus).toBe(status);
      expect(state.version).toBe(orders[awaited].version + 1);
    });

    it.each(applyStatuses.filter((other) => other !== awaited))(
      'given an order that is %s, then it is refused, and the detail names the state',
      (other) => {
        const state = orders[other];
        expect(decide(state, command)).toEqual({
          ok: false,
          refusal: {
            code: isEnded(state) ? 'order_closed' : 'not_awaited',
            detail: expect.stringContaining(`the order is ${other}`) as string,
          },
        });
      },
    );
  });

  it('given up, then a check completes no order that nobody has approved, an execution reopens no review', () => {
    expect(refusalOf(initiating, abandon('check', 'completed', flow))).toBe('not_awaited');
    expect(refusalOf(executing, abandon('execute', 'in_review', flow))).toBe('not_awaited');
    expect(refusalOf(orders.rejected, abandon('check', 'completed', flow))).toBe('order_closed');
  });

  it('given steps still open, then an answer to the execution does not count, whatever it is', () => {
    const halfway = after(inReview, decision('approve', 'bob', flow));
    for (const state of [initiating, inReview, halfway]) {
      for (const result of [true, false]) {
        expect(refusalOf(state, answer('execute', result, flow))).toBe('not_awaited');
      }
    }
  });

  it('given parking and redelivering, as often as it takes, then nothing changes but the version', () => {
    const parked = after(initiating, park('check'), redeliver('check'), park('check'));
    expect(parked).toEqual({ ...initiating, version: initiating.version + 3 });
    // An answer that comes after all is as good as any.
    expect(after(parked, answer('check', true, flow)).applyStatus).toBe('in_review');
  });
});

describe('a check that passes starts the walk', () => {
  const starts: readonly (readonly [string, (given: FlowGiven) => Command])[] = [
    ['answered', (given) => answer('check', true, given)],
    ['skipped', (given) => ({ type: 'skip_check', error: 'HTTP 500', facts: factsOf('ann', given.groups) })],
    ['given up', (given) => abandon('check', 'in_review', given)],
  ];
  const walked = (given: FlowGiven, now = given, [, pass] = starts[0]!) => {
    const { outcome, state } = apply(opened({ ...given, hasCheck: true }).state, pass(now));
    return { events: outcome.ok ? outcome.events : [], state, path: [state.applyStatus, ...statuses(state)] };
  };
  const three: FlowGiven = {
    stages: [{ users: ['bob'] }, { users: ['ann', 'dave'] }, { users: ['carol'] }],
  };

  describe.each(starts)('%s', (...start) => {
    it.each([
      ['through_applicant_node', ['auto_approved', 'auto_approved', 'in_review']],
      ['applicant_nodes', ['in_review', 'waiting', 'waiting']],
      ['never', ['in_review', 'waiting', 'waiting']],
    ] as const)('given %s, then the order goes on as if it were opened now', (autoApprove, expected) => {
      const given = { ...three, autoApprove };
      expect(walked(given, given, start).path).toEqual(['in_review', ...expected]);
      const { state: unchecked } = opened(given);
      expect(walked(given, given, start).state).toEqual({ ...unchecked, hasCheck: true, version: 2 });
    });

    it.each([
      [false, 'completed'],
      [true, 'executing'],
    ])('given steps that all pass by themselves, and hasExecute %s, then it is %s', (hasExecute, status) => {
      const stages = [{ users: ['bob'], condition: '0' }, { users: ['bob'] }, { users: ['ann'] }];
      expect(walked({ stages, hasExecute }, { stages }, start).path).toEqual([
        status,
        'skipped',
        'auto_approved',
        'auto_approved',
      ]);
    });
  });

  it('given automatic approvals, then the log tells why', () => {
    const [, ...events] = walked(three).events;
    expect(events).toEqual([
      { type: 'step.auto_approved', applyStep: 1, reason: 'before_applicant_node' },
      { type: 'step.auto_approved', applyStep: 2, reason: 'applicant_node' },
      { type: 'step.in_review', applyStep: 3, requiredApprovals: 1, people: [] },
    ]);
  });

  it('given steps skipped when it was opened, then they stay skipped, and approve nothing', () => {
    const stages = [{ users: ['bob'] }, { users: ['ann'], condition: '0' }, { users: ['carol'] }];
    expect(walked({ stages }).path).toEqual(['in_review', 'in_review', 'skipped', 'waiting']);
  });

  it('given a group that has changed meanwhile, then it counts as it is when the answer comes', () => {
    const given: FlowGiven = { stages: [{ groups: ['g'] }, { users: ['bob'] }], groups: { g: ['carol'] } };
    expect(walked(given).path).toEqual(['in_review', 'in_review', 'waiting']);
    expect(walked(given, { ...given, groups: { g: ['carol', 'ann'] } }).path).toEqual([
      'in_review',
      'auto_approved',
      'in_review',
    ]);
    const all: FlowGiven = { stages: [{ groups: ['g'], mode: 'all' }], groups: { g: ['carol'] } };
    const [step] = walked(all, { ...all, groups: { g: ['bob', 'dave', 'eve'] }, inactive: ['eve'] }).state
      .steps;
    expect([step?.requiredApprovals, step?.people]).toEqual([2, ['bob', 'dave']]);
  });
});

describe('why an order was rejected', () => {
  it.each([
    ['check', initiating, 'the business module refuses the order'],
    ['execute', executing, 'the business module failed to execute'],
  ] as const)('given a no to the %s without words, then the service has some', (callback, state, words) => {
    for (const error of [null, '']) {
      const { outcome, state: rejected } = apply(state, answer(callback, false, flow, { error }));
      expect(outcome.ok && outcome.events[0]).toEqual({ type: `callback.${callback}.failed`, error: words });
      expect(rejected.error).toBe(words);
    }
  });

  it('is in its error: the words of the business module, or of the administrator', () => {
    expect(after(initiating, answer('check', false, flow, { error: '库存不足' })).error).toBe('库存不足');
    expect(after(executing, answer('execute', false, flow, { error: 'disk full' })).error).toBe('disk full');
    expect(after(initiating, abandon('check', 'rejected', flow)).error).toBe(gone.reason);
    expect(after(executing, abandon('execute', 'rejected', flow)).error).toBe(gone.reason);
  });

  it('is nowhere in an order that a reviewer rejected, or that is not rejected', () => {
    for (const state of Object.values(orders)) expect(state.error).toBeNull();
    expect(after(initiating, abandon('check', 'in_review', flow)).error).toBeNull();
    expect(after(executing, abandon('execute', 'completed', flow)).error).toBeNull();
  });

  it('is read from a log as the first version wrote it, without an error', () => {
    const first: OrderEvent[] = [{ type: 'order.rejected', reason: 'step_rejected' }];
    expect(evolveAll(inReview, first)).toMatchObject({ applyStatus: 'rejected', error: null });
  });
});
