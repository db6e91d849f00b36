import { describe, expect, it } from 'vitest';
import type { Command } from '../engine/decide.js';
import { decision, factsOf, type FlowGiven, person } from '../engine/engine.spec-support.js';
import type { Transition } from '../operation-log/operation-log.service.js';
import { announcementsOf } from './announcements.js';
import { head, history } from './announcements.spec-support.js';

const news = (transitions: readonly Transition[]) =>
  announcementsOf(transitions, head).map(({ notice }) => [notice.type, notice.data] as const);

const desk: FlowGiven = { stages: [{ users: ['bob'] }, { users: ['carol', 'dave'], mode: 'all' }] };

describe(announcementsOf.name, () => {
  it('should tell of an opening and of the step that it leads to', () => {
    const told = announcementsOf(history(desk), head);
    expect(told).toEqual([
      {
        seq: 0,
        notice: {
          type: 'order.opened',
          timestamp: '2026-11-22T08:30:00.000Z',
          data: {
            ticket_id: 'o1',
            business_type: 'purchase',
            business_key: 'K-1',
            acc_code: 't1',
            user_code: 'ann',
            apply_status: 'in_review',
            title: 'A desk',
          },
        },
        asked: [],
        copied: [],
        notAsked: null,
      },
      expect.objectContaining({ seq: 1, asked: ['u:bob'] }),
    ]);
    expect(told[1]?.notice).toMatchObject({
      type: 'step.in_review',
      data: { apply_step: 1, node_name: 'node 1', reviewer_type: 'user', reviewers: ['bob'] },
    });
  });

  it('should tell who decided how, and whether others are still asked', () => {
    const decisions = ['bob', 'carol', 'dave'].map((who) => ({
      ...decision('approve', who, desk),
      auditMsg: `${who} agrees`,
    }));
    const decided = (count: number) => news(history(desk, ...decisions.slice(0, count)));

    expect(decided(1)).toMatchObject([
      [
        'step.decided',
        {
          apply_step: 1,
          decision: 'approved',
          audit_status: 'approved',
          decided_by: 'bob',
          audit_msg: 'bob agrees',
          apply_status: 'in_review',
        },
      ],
      ['step.in_review', { apply_step: 2, reviewers: ['carol', 'dave'] }],
    ]);
    expect(decided(2)).toMatchObject([['step.decided', { apply_step: 2, audit_status: 'in_review' }]]);
    expect(decided(3)).toMatchObject([
      ['step.decided', { audit_status: 'approved', decided_by: 'dave', apply_status: 'completed' }],
      ['order.completed', { apply_status: 'completed' }],
    ]);
  });

  it('should tell of a rejection with the decision that led to it, and nothing of the steps it cuts off', () => {
    const reject = { ...decision('reject', 'bob', desk), auditMsg: 'too dear' };
    expect(news(history(desk, reject))).toMatchObject([
      ['step.decided', { apply_step: 1, decision: 'rejected', audit_status: 'rejected' }],
      [
        'order.rejected',
        {
          apply_step: 1,
          decided_by: 'bob',
          audit_msg: 'too dear',
          reason: 'step_rejected',
          error: null,
          apply_status: 'rejected',
        },
      ],
    ]);
  });

  it('should tell of a withdrawal to those who were asked', () => {
    const withdraw: Command = { type: 'withdraw', actor: person('ann'), remark: 'a mistake' };
    const [told] = announcementsOf(history(desk, withdraw), head);
    expect(told?.notice).toMatchObject({
      type: 'order.withdrawn',
      data: { apply_step: 1, remark: 'a mistake', apply_status: 'withdrawn' },
    });
    expect(told?.asked).toEqual(['u:bob']);
  });

  it('should tell of parked and failed callbacks', () => {
    const flow: FlowGiven = { ...desk, hasCheck: true };
    const park: Command = {
      type: 'park_callback',
      callback: 'check',
      deliveryId: 'd1',
      error: 'answered 500',
    };
    const answer: Command = {
      type: 'answer_callback',
      callback: 'check',
      answer: { result: false, msg: null, error: 'no budget' },
      facts: factsOf('ann'),
    };
    expect(news(history(flow))).toMatchObject([['order.opened', { apply_status: 'initiating' }]]);
    expect(news(history(flow, park))).toMatchObject([
      ['delivery.parked', { callback: 'check', delivery_id: 'd1', error: 'answered 500' }],
    ]);
    const [failed, ...others] = announcementsOf(history(flow, answer), head);
    expect(others).toEqual([]);
    expect(failed?.notice.data).toMatchObject({ reason: 'check_failed', error: 'no budget' });
    expect(failed?.notice.data).not.toHaveProperty('apply_step');
    expect(failed?.asked).toEqual([]);
  });

  it('should name whose own order it is where nobody decides their own', () => {
    const flow: FlowGiven = { stages: [{ users: ['ann', 'bob'] }], autoApprove: 'never' };
    expect(announcementsOf(history(flow), head).map(({ notAsked }) => notAsked)).toEqual(['ann', 'ann']);
  });

  it('should tell the order as it was then, whatever has become of it since', () => {
    const whole = history(desk, decision('approve', 'bob', desk), decision('reject', 'carol', desk));
    expect(news(whole.slice(0, 1))).toEqual(news(history(desk)));
    expect(news(whole.slice(0, 2))[1]?.[1]).toMatchObject({ apply_status: 'in_review', apply_step: 2 });
  });
});
