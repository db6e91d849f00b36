import { describe, expect, it } from 'vitest';
import { acting, decision, type FlowGiven } from '../engine/engine.spec-support.js';
import type { OrderEvent } from '../engine/events.js';
import { announcementsOf } from './announcements.js';
import { askedBy, history, historyOf, saying, told } from './announcements.spec-support.js';

const flowOf = (...stages: FlowGiven['stages']): FlowGiven => ({ stages });
const one = flowOf({ users: ['bob'] });
const inSequence = flowOf({ users: ['bob', 'carol', 'dave'], mode: 'sequential' });
const desk: FlowGiven = { stages: [{ groups: ['desk'] }], groups: { desk: ['bob', 'carol'] } };

describe(`${announcementsOf.name}, of whom a step asks`, () => {
  it('should name whose turn it is, and groups and roles as they are', () => {
    expect(askedBy(history(inSequence)).at(-1)).toEqual(['step.in_review', ['u:bob']]);
    expect(askedBy(history(desk)).at(-1)).toEqual(['step.in_review', ['g:t1/desk']]);
    const deserted = flowOf({ users: [], mode: 'all', finding: { whenNobody: 'admin' } });
    expect(askedBy(history(deserted)).at(-1)).toEqual(['step.in_review', ['r:team_admin', 'r:system_admin']]);
  });

  it('should pass over those whose earlier approval counts', () => {
    const flow: FlowGiven = { ...flowOf({ users: ['bob'] }, ...inSequence.stages), dedupe: 'all' };
    expect(askedBy(history(flow, acting(flow).approve('bob')))).toEqual([
      ['step.decided', ['u:bob']],
      ['step.in_review', ['u:carol']],
    ]);
  });

  it('should tell the next of a sequence, once, behind the vote that led to it', () => {
    const { approve } = acting(inSequence);
    const voted = told(history(inSequence, approve('bob')));
    expect(voted.map(({ seq, asked }) => [seq, asked])).toEqual([
      [0, ['u:bob']],
      [1, ['u:carol']],
    ]);
    expect(voted[1]?.notice).toMatchObject({
      type: 'step.assigned',
      data: {
        apply_step: 1,
        reviewer_type: 'user',
        reviewers: ['bob', 'carol', 'dave'],
        acted_by: 'whoever',
        audit_msg: null,
        user_codes: ['carol'],
      },
    });
    expect(askedBy(history(inSequence, approve('bob'), approve('carol'), approve('dave')))).toEqual([
      ['step.decided', ['u:bob', 'u:carol', 'u:dave']],
      ['order.completed', []],
    ]);
  });

  it('should tell whom a seat is handed over to, with the words of whoever did it', () => {
    const transfer = saying(acting(one).transfer('bob', 'zoe'), { auditMsg: 'away until Monday' });
    const [assigned, ...others] = told(history(one, transfer));
    expect(others).toEqual([]);
    expect(assigned).toMatchObject({ seq: 1, asked: ['u:zoe'] });
    expect(assigned?.notice.data).toMatchObject({ audit_msg: 'away until Monday', user_codes: ['zoe'] });
  });

  it('should tell who gives an opinion, and then who asked for it', () => {
    const { askOpinion, approve, removeSigners } = acting(one);
    const asked = [askOpinion('bob', 'zoe')];
    expect(askedBy(history(one, ...asked))).toEqual([['step.assigned', ['u:zoe']]]);
    expect(askedBy(history(one, ...asked, approve('zoe')))).toEqual([['step.assigned', ['u:bob']]]);
    expect(askedBy(history(one, ...asked, removeSigners('bob', ['zoe'])))).toEqual([
      ['step.assigned', ['u:bob']],
    ]);
  });

  it('should tell a member of a group who asked for an opinion, and not the others', () => {
    const { askOpinion, approve, removeSigners } = acting(desk);
    const asked = [askOpinion('bob', 'zoe')];
    expect(askedBy(history(desk, ...asked))).toEqual([['step.assigned', ['u:zoe']]]);
    expect(askedBy(history(desk, ...asked, approve('zoe')))).toEqual([['step.assigned', ['u:bob']]]);
    expect(askedBy(history(desk, ...asked, removeSigners('bob', ['zoe'])))).toEqual([
      ['step.assigned', ['u:bob']],
    ]);
  });

  it('should tell added signers when their turn comes, and the reviewers behind them', () => {
    const { addSigners, approve } = acting(one);
    const before = [addSigners('bob', ['dave'], 'before')];
    expect(askedBy(history(one, ...before))).toEqual([['step.assigned', ['u:dave']]]);
    expect(askedBy(history(one, ...before, approve('dave')))).toEqual([
      ['step.decided', ['u:dave']],
      ['step.assigned', ['u:bob']],
    ]);
    expect(askedBy(history(one, addSigners('bob', ['dave'], 'with')))).toEqual([
      ['step.assigned', ['u:dave']],
    ]);
    const after = [addSigners('bob', ['dave'], 'after')];
    expect(askedBy(history(one, ...after))).toEqual([]);
    expect(askedBy(history(one, ...after, approve('bob')))).toEqual([
      ['step.decided', ['u:bob']],
      ['step.assigned', ['u:dave']],
    ]);
  });

  it('should tell a group behind whose signers its turn comes', () => {
    const { addSigners, approve } = acting(desk);
    const [, assigned] = told(history(desk, addSigners('bob', ['dave'], 'before'), approve('dave')));
    expect(assigned?.asked).toContain('g:t1/desk');
  });

  it('should tell the next when somebody has left', () => {
    const gone = { ...inSequence, inactive: ['bob'] };
    expect(askedBy(history(inSequence, acting(gone).recount()))).toEqual([['step.assigned', ['u:carol']]]);
  });

  it('should tell whoever is asked again on a step that a decision had closed', () => {
    const flow = flowOf({ users: ['bob', 'bea'] }, { users: ['carol'] });
    const { approve, reject, takeBack, reopen } = acting(flow);
    expect(askedBy(history(flow, approve('bob'), takeBack('bob')))).toEqual([
      ['step.assigned', ['u:bob', 'u:bea']],
    ]);
    expect(askedBy(history(flow, reject('bob'), reopen('bob')))).toEqual([
      ['order.reopened', ['u:bob', 'u:bea']],
      ['step.assigned', ['u:bob', 'u:bea']],
    ]);
  });

  it('should tell only those anew whose votes are taken back on a step that is still open', () => {
    const { approve, takeBack } = acting(inSequence);
    expect(askedBy(history(inSequence, approve('bob'), takeBack('bob')))).toEqual([
      ['step.assigned', ['u:bob']],
    ]);
  });

  it('should tell nobody twice of a step that opens, nor anybody of a vote that changes no turn', () => {
    const flow = flowOf({ users: ['bob', 'bea'], mode: 'all' }, { users: ['carol'] });
    const { approve, giveBack } = acting(flow);
    expect(askedBy(history(flow, approve('bob')))).toEqual([['step.decided', ['u:bob', 'u:bea']]]);
    expect(askedBy(history(flow, approve('bob'), approve('bea'), giveBack('carol', 1)))).toEqual([
      ['order.returned', ['u:carol']],
      ['step.in_review', ['u:bob', 'u:bea']],
    ]);
  });

  it('should still not count whoever may not decide their own order', () => {
    const flow: FlowGiven = {
      stages: [{ users: ['ann', 'bob', 'carol'], mode: 'sequential' }],
      autoApprove: 'never',
    };
    expect(told(history(flow, decision('approve', 'bob', flow))).map(({ notAsked }) => notAsked)).toEqual([
      'ann',
      'ann',
    ]);
  });

  it('should read logs from before there were seats', () => {
    const step = {
      applyStep: 1,
      nodeId: 'n1',
      nodeName: 'node 1',
      auditObjectType: 'group',
      auditObject: ['desk'],
      approvalMode: 'all',
      condition: null,
      subjects: ['g:t1/desk'],
    } as const;
    const log: OrderEvent[][] = [
      [
        {
          type: 'order.opened',
          applicant: 'ann',
          applicantSystemAdmin: false,
          autoApprove: 'through_applicant_node',
          hasExecute: false,
          steps: [step],
        },
        { type: 'step.in_review', applyStep: 1, requiredApprovals: 2, people: ['bob', 'carol'] },
      ],
      [{ type: 'step.voted', applyStep: 1, userCode: 'bob', auditMsg: null, capacity: 'assignee' }],
      [
        { type: 'step.cancelled', applyStep: 1 },
        { type: 'order.withdrawn', remark: null },
      ],
    ];
    const upTo = (count: number) => askedBy(historyOf(log.slice(0, count)));
    expect(upTo(1)).toEqual([
      ['order.opened', []],
      ['step.in_review', ['u:bob', 'u:carol']],
    ]);
    expect(upTo(2)).toEqual([['step.decided', ['u:bob', 'u:carol']]]);
    expect(upTo(3)).toEqual([['order.withdrawn', ['u:bob', 'u:carol']]]);
  });
});
