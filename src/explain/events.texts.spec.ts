import { describe, expect, it } from 'vitest';
import type { OrderEvent } from '../engine/events.js';
import { evolveAll } from '../engine/evolve.js';
import { plainFinding, type StepSnapshot } from '../engine/order-state.js';
import { groupSubject, roleSubject, userSubject } from '../engine/vocabulary.js';
import { expectSaid } from './explain.spec-support.js';
import { onOrder } from './order-events.texts.js';
import { onStep, type StepEvent } from './step-events.texts.js';

const step = (applyStep: number, more: Partial<StepSnapshot> = {}): StepSnapshot => ({
  applyStep,
  nodeId: `n${applyStep}`,
  nodeName: `node${applyStep}`,
  auditObjectType: 'user',
  auditObject: ['u1', 'u2'],
  approvalMode: 'all',
  condition: null,
  subjects: ['u1', 'u2'].map(userSubject),
  ...more,
});

const opened: Extract<OrderEvent, { type: 'order.opened' }> = {
  type: 'order.opened',
  applicant: 'a1',
  applicantSystemAdmin: false,
  autoApprove: 'never',
  hasExecute: true,
  dedupe: 'all',
  distinct: true,
  templateVersion: 3,
  steps: [step(1), step(2)],
};
const clock = { since: 0, used: 0, dueAt: 3_600_000, timers: [] };
const inReview: OrderEvent = {
  type: 'step.in_review',
  applyStep: 1,
  requiredApprovals: 2,
  people: ['u1', 'u2'],
  clock,
};
const before = evolveAll(null, [opened, inReview]);
const decision = { applyStep: 1, userCode: 'u1', auditMsg: 'm1', capacity: 'assignee' } as const;
const callback = { deliveryId: 'd1', error: 'm1' } as const;

/** Every event, each of them in all that it can say, so that one without a sentence does not compile. */
const events: { readonly [Type in OrderEvent['type']]: readonly (OrderEvent & { readonly type: Type })[] } = {
  'order.opened': [opened, { ...opened, templateVersion: undefined }],
  'check.requested': [{ type: 'check.requested' }],
  'step.skipped': ['condition_false', 'nobody_found', 'moved'].map((reason) => ({
    type: 'step.skipped',
    applyStep: 1,
    reason,
  })),
  'step.auto_approved': [
    ...['applicant_node', 'before_applicant_node'].map((reason) => ({
      type: 'step.auto_approved' as const,
      applyStep: 1,
      reason,
    })),
    { type: 'step.auto_approved', applyStep: 2, reason: 'repeat_approver', people: ['u1', 'u2'] },
  ],
  'step.in_review': [
    inReview,
    { ...inReview, people: [], reason: 'nobody_found' },
    { ...inReview, people: ['u2'], reason: 'returned' },
    {
      ...inReview,
      people: [],
      reason: 'asks_admin',
      subjects: [roleSubject('r1'), groupSubject('t1', 'g1')],
    },
    { ...inReview, people: [], reason: 'asks_fallback', subjects: [userSubject('u9')] },
    { ...inReview, people: [], reason: 'unasked' },
    { ...inReview, people: [], reason: 'm1' },
    { ...inReview, people: Array.from({ length: 30 }, (_, index) => `u${index}`) },
  ],
  'step.voted': [
    { type: 'step.voted', ...decision },
    { type: 'step.voted', ...decision, auditMsg: null, onBehalfOf: 'u2' },
    { type: 'step.voted', ...decision, capacity: 'system_admin' },
    { type: 'step.voted', ...decision, capacity: 'signer' },
    { type: 'step.voted', ...decision, capacity: 'leader' },
    { type: 'step.voted', ...decision, capacity: 'repeat' },
    { type: 'step.voted', ...decision, capacity: 'consultant' },
  ],
  'step.voted_against': [{ type: 'step.voted_against', ...decision }],
  'step.approved': [{ type: 'step.approved', ...decision }],
  'step.rejected': [{ type: 'step.rejected', ...decision }],
  'step.cancelled': [{ type: 'step.cancelled', applyStep: 2 }],
  'step.transferred': [
    { type: 'step.transferred', applyStep: 1, by: 'u1', from: 'u1', to: 'u3', auditMsg: 'm1' },
    { type: 'step.transferred', applyStep: 1, by: 'u9', from: 'u1', to: 'u3', auditMsg: null },
    { type: 'step.transferred', applyStep: 1, by: 'u9', from: null, to: 'u3', auditMsg: null },
  ],
  'step.opinion_asked': [{ type: 'step.opinion_asked', applyStep: 1, from: 'u1', to: 'u3', auditMsg: 'm1' }],
  'step.opinion_given': (['approved', 'rejected'] as const).map((opinion) => ({
    type: 'step.opinion_given',
    applyStep: 1,
    userCode: 'u3',
    opinion,
    auditMsg: null,
  })),
  'step.signers_added': (['before', 'with', 'after'] as const).map((position) => ({
    type: 'step.signers_added',
    applyStep: 1,
    by: 'u1',
    userCodes: ['u3', 'u4'],
    position,
    auditMsg: 'm1',
  })),
  'step.signers_removed': [{ type: 'step.signers_removed', applyStep: 1, by: 'u1', userCodes: ['u3'] }],
  'step.stood_in': [
    {
      type: 'step.stood_in',
      applyStep: 1,
      standIns: [
        { by: 'u3', for: 'u1', delegations: ['d1', 'd2'] },
        { by: 'u4', for: 'u2', delegations: ['d3'] },
      ],
    },
  ],
  'step.people_left': [{ type: 'step.people_left', applyStep: 1, userCodes: ['u1'] }],
  'step.vote_repeated': [{ type: 'step.vote_repeated', applyStep: 1, userCode: 'u1' }],
  'step.passed': [{ type: 'step.passed', applyStep: 1, userCode: null }],
  'step.decision_taken_back': [{ type: 'step.decision_taken_back', applyStep: 1, userCode: 'u1' }],
  'step.reminded': [true, false].map((overdue) => ({
    type: 'step.reminded',
    applyStep: 1,
    timers: ['before:1'],
    overdue,
  })),
  'step.escalated': [['u7', 'u8'], []].map((userCodes) => ({
    type: 'step.escalated',
    applyStep: 1,
    timers: ['due'],
    level: 2,
    userCodes,
  })),
  'step.timed_out': (['approved', 'rejected'] as const).map((verdict) => ({
    type: 'step.timed_out',
    applyStep: 1,
    timers: ['due'],
    verdict,
  })),
  'step.clock_stopped': [{ type: 'step.clock_stopped', applyStep: 1, at: 5, used: 5 }],
  'step.clock_started': [{ type: 'step.clock_started', applyStep: 1, clock }],
  'step.clock_set': [{ type: 'step.clock_set', applyStep: 1, clock }],
  'callback.check.succeeded': ['m1', null].map((msg) => ({ type: 'callback.check.succeeded', msg })),
  'callback.check.failed': [{ type: 'callback.check.failed', error: 'm1' }],
  'callback.check.skipped': [{ type: 'callback.check.skipped', error: 'm1' }],
  'callback.check.parked': [{ type: 'callback.check.parked', ...callback }],
  'callback.check.redelivered': [{ type: 'callback.check.redelivered', deliveryId: 'd1' }],
  'callback.check.abandoned': [
    { type: 'callback.check.abandoned', deliveryId: 'd1', applyStatus: 'in_review', reason: 'm1' },
  ],
  'callback.execute.succeeded': [{ type: 'callback.execute.succeeded', msg: null }],
  'callback.execute.failed': [{ type: 'callback.execute.failed', error: 'm1' }],
  'callback.execute.parked': [{ type: 'callback.execute.parked', ...callback }],
  'callback.execute.redelivered': [{ type: 'callback.execute.redelivered', deliveryId: 'd1' }],
  'callback.execute.abandoned': [
    { type: 'callback.execute.abandoned', deliveryId: 'd1', applyStatus: 'completed', reason: 'm1' },
  ],
  'order.returned': [0, 1].flatMap((toStep) =>
    (['again', 'back'] as const).map((resume) => ({
      type: 'order.returned' as const,
      userCode: 'u1',
      capacity: 'system_admin' as const,
      fromStep: 2,
      toStep,
      resume,
      auditMsg: 'm1',
    })),
  ),
  'order.resubmitted': [
    { type: 'order.resubmitted', remark: null, walk: [1] },
    { type: 'order.resubmitted', remark: 'm1', walk: [1], variables: { x1: 1 } },
  ],
  'order.reopened': [{ type: 'order.reopened', applyStep: 1, userCode: 'u1', auditMsg: 'm1' }],
  'order.urged': [{ type: 'order.urged', userCode: 'u1', auditMsg: 'm1', at: 5 }],
  'order.copied': [{ type: 'order.copied', userCode: 'u1', userCodes: ['u5', 'u6'] }],
  'order.commented': [{ type: 'order.commented', userCode: 'u1', text: 'm1', attachments: [] }],
  'order.moved': [1, null].map((fromVersion) => ({
    type: 'order.moved',
    userCode: 'u1',
    fromVersion,
    toVersion: 2,
    autoApprove: 'never',
    dedupe: 'none',
    distinct: false,
    present: null,
    kept: 1,
    ahead: [],
  })),
  'order.detached': [{ type: 'order.detached' }],
  'order.rejected': ['step_rejected', 'check_failed', 'execute_failed', 'abandoned'].map((reason) => ({
    type: 'order.rejected',
    reason,
    error: 'm1',
  })),
  'order.withdrawn': ['m1', null].map((remark) => ({ type: 'order.withdrawn', remark })),
  'order.executing': [{ type: 'order.executing' }],
  'order.completed': [{ type: 'order.completed' }],
};

const isOnStep = (event: OrderEvent): event is StepEvent => event.type.startsWith('step.');
const reasonsOf = (event: OrderEvent) =>
  isOnStep(event) ? onStep({ event, before, after: before }) : [onOrder({ event })];

describe('what explains an event', () => {
  it.each(Object.keys(events) as OrderEvent['type'][])(
    'given %s, then it is said in both languages',
    (type) => {
      for (const event of events[type]) {
        const reasons = reasonsOf(event);
        expect(reasons.length, JSON.stringify(event)).toBeGreaterThan(0);
        for (const { rule, text } of reasons) {
          expect(rule).toMatch(/^[a-z_]+$/);
          expectSaid(text, JSON.stringify(event));
        }
      }
    },
  );

  it('given two events that say different things, then their sentences differ', () => {
    const said = Object.values(events)
      .flat()
      .map((event) =>
        reasonsOf(event)
          .map(({ text }) => `${text.en} ${text.zh}`)
          .join(),
      );
    expect(new Set(said).size).toBe(said.length);
  });

  it.each(['leader', 'role', 'group', 'named', 'chosen', 'resolver'] as const)(
    'given somebody found by %s, then it says why, in both languages',
    (rule) => {
      const found = { applyStep: 1, requiredApprovals: 1, type: 'step.in_review', people: ['u5'] } as const;
      const within = [
        undefined,
        { restriction: 'group' },
        { restriction: 'department', department: 'd1' },
        { restriction: 'department_chain', department: 'd1', level: 2 },
      ] as const;
      const state = evolveAll(null, [
        {
          ...opened,
          steps: [step(1, { auditObjectType: 'leader', subjects: [], finding: plainFinding })],
        },
      ]);
      for (const one of within) {
        const event = { ...found, why: [{ userCode: 'u5', rule, of: 'd1', level: 1, within: one }] } as const;
        const [reason] = onStep({ event, before: state, after: state });
        expect(reason?.rule).toBe('found');
        expect(reason?.data).toMatchObject({ people: [{ userCode: 'u5', rule }], total: 1 });
        if (reason) expectSaid(reason.text, JSON.stringify(one));
      }
    },
  );

  it('given a step that was opened before reasons were recorded, then it says so', () => {
    const state = evolveAll(null, [
      {
        ...opened,
        steps: [step(1, { auditObjectType: 'leader', subjects: [], finding: plainFinding })],
      },
    ]);
    const event = { applyStep: 1, requiredApprovals: 1, type: 'step.in_review', people: ['u5'] } as const;
    const [reason] = onStep({ event, before: state, after: state });
    expect(reason?.text.en).toBe('its rule finds u5; why each of them is not recorded');
  });
});
