import { describe, expect, it } from 'vitest';
import type { Command } from '../engine/decide.js';
import { acting, type FlowGiven } from '../engine/engine.spec-support.js';
import { announcementsOf } from './announcements.js';
import { history, historyOf, saying, told } from './announcements.spec-support.js';
import type { Notice } from './notice.js';

const flow: FlowGiven = { stages: [{ users: ['bob'] }, { users: ['carol', 'dave'], mode: 'all' }] };
const { approve, reject, giveBack, resubmit, reopen, urge, copy, comment } = acting(flow);
const newsOf = (...commands: readonly Command[]): Notice[] =>
  told(history(flow, ...commands)).map(({ notice }) => notice);

describe(`${announcementsOf.name}, of what people do besides deciding`, () => {
  it('should tell of a return to a step, from where, by whom and how it goes on', () => {
    const given = saying(giveBack('carol', 1, 'back'), { auditMsg: 'no figures' });
    const [returned, opened] = told(history(flow, approve('bob'), approve('dave'), given));
    expect(returned?.notice).toMatchObject({
      type: 'order.returned',
      data: {
        apply_step: 2,
        node_name: 'node 2',
        reviewers: ['carol', 'dave'],
        apply_status: 'in_review',
        acted_by: 'carol',
        audit_msg: 'no figures',
        to_step: 1,
        to_node_name: 'node 1',
        resume: 'back',
      },
    });
    // Whoever had voted hears that it was for nothing.
    expect(returned?.asked).toEqual(['u:carol', 'u:dave']);
    expect(opened?.notice).toMatchObject({ type: 'step.in_review', data: { apply_step: 1 } });
  });

  it('should tell of a return to the applicant and of the resubmission', () => {
    const [returned, ...others] = newsOf(giveBack('bob', 0));
    expect(others).toEqual([]);
    expect(returned?.data).toMatchObject({
      to_step: 0,
      to_node_name: null,
      resume: 'again',
      apply_status: 'initiating',
    });
    const [resubmitted, opened] = newsOf(
      giveBack('bob', 0),
      saying(resubmit('ann'), { remark: 'with figures' }),
    );
    expect(resubmitted).toMatchObject({
      type: 'order.resubmitted',
      data: { remark: 'with figures', apply_status: 'in_review' },
    });
    expect(resubmitted?.data).not.toHaveProperty('apply_step');
    expect(opened?.type).toBe('step.in_review');
  });

  it('should tell of an order that is reopened', () => {
    const [reopened] = newsOf(reject('bob'), saying(reopen('bob'), { auditMsg: 'I was wrong' }));
    expect(reopened).toMatchObject({
      type: 'order.reopened',
      data: { apply_step: 1, acted_by: 'bob', audit_msg: 'I was wrong', apply_status: 'in_review' },
    });
  });

  it('should tell those whose turn it is that they are urged', () => {
    const urged = saying(urge('ann', 1_000), { auditMsg: 'please' });
    const [one, ...others] = told(history(flow, approve('bob'), approve('carol'), urged));
    expect(others).toEqual([]);
    expect(one?.asked).toEqual(['u:dave']);
    expect(one?.notice).toMatchObject({
      type: 'order.urged',
      data: { apply_step: 2, acted_by: 'ann', audit_msg: 'please' },
    });
  });

  it('should tell who gets a copy, and of later news everybody who has got one', () => {
    const copies = [copy('ann', ['zoe', 'eve']), copy('bob', ['zoe', 'tina'])];
    const [copied, ...others] = told(history(flow, ...copies));
    expect(others).toEqual([]);
    expect(copied?.copied).toEqual(['zoe', 'tina']);
    expect(copied?.notice).toMatchObject({
      type: 'order.copied',
      data: { acted_by: 'bob', user_codes: ['zoe', 'tina'], apply_step: 1 },
    });
    const later = told(history(flow, ...copies, approve('bob')));
    expect(later.map((one) => one.copied)).toEqual([
      ['zoe', 'eve', 'tina'],
      ['zoe', 'eve', 'tina'],
    ]);
  });

  it('should tell of a comment with its files, also when the order has ended', () => {
    const attachments = [{ name: 'contract.pdf', url: 'https://files.example.com/c.pdf' }];
    const said = saying(comment('zoe'), { attachments });
    const [open] = told(history(flow, said));
    expect(open?.asked).toEqual(['u:bob']);
    expect(open?.notice).toMatchObject({
      type: 'order.commented',
      data: { apply_step: 1, acted_by: 'zoe', text: 'a word', attachments },
    });
    const [ended] = told(history(flow, reject('bob'), said));
    expect(ended?.asked).toEqual([]);
    expect(ended?.notice.data).toMatchObject({ text: 'a word', apply_status: 'rejected' });
    expect(ended?.notice.data).not.toHaveProperty('apply_step');
  });

  it('should tell of a rejection that others can still outvote', () => {
    const threshold: FlowGiven = { stages: [{ users: ['bob', 'carol', 'dave'], mode: 'threshold', min: 2 }] };
    const against = acting(threshold);
    const [first, ...others] = told(history(threshold, against.reject('bob')));
    expect(others).toEqual([]);
    expect(first?.asked).toEqual(['u:bob', 'u:carol', 'u:dave']);
    expect(first?.notice).toMatchObject({
      type: 'step.decided',
      data: { decision: 'rejected', audit_status: 'in_review', decided_by: 'bob', apply_status: 'in_review' },
    });
    const [last, rejected] = told(history(threshold, against.reject('bob'), against.reject('carol')));
    expect(last?.notice.data).toMatchObject({ audit_status: 'rejected', decided_by: 'carol' });
    expect(rejected?.notice.type).toBe('order.rejected');
    expect(rejected?.asked).toEqual(['u:bob', 'u:carol', 'u:dave']);
  });

  it('should tell nothing of what nobody subscribes to', () => {
    const log = history(flow).map(({ events }) => events);
    expect(told(historyOf([...log, [{ type: 'order.detached' }]]))).toEqual([]);
    expect(told([])).toEqual([]);
  });
});
