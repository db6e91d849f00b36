import { describe, expect, it } from 'vitest';
import {
  acting,
  after,
  type FlowGiven,
  inTurn,
  opened,
  opening,
  refusalOf,
  type StageGiven,
  statuses,
} from './engine.spec-support.js';
import { planPath } from './open.js';

const distinct = (second: StageGiven, more: Partial<FlowGiven> = {}) => {
  const flow: FlowGiven = {
    stages: [{ users: ['bob', 'dave'] }, second],
    groups: { g: ['bob', 'bea', 'carol'] },
    distinct: true,
    ...more,
  };
  const does = acting(flow);
  return { flow, does, state: opened(flow).state };
};

describe('where nobody decides two steps of an order', () => {
  it.each<[string, StageGiven, string[]]>([
    ['somebody named', { users: ['bob', 'bea'] }, ['bea']],
    ['a group', { groups: ['g'] }, ['bea', 'carol']],
    ['all of a group', { groups: ['g'], mode: 'all' }, ['bea', 'carol']],
    ['some of a group', { groups: ['g'], mode: 'threshold', min: 2 }, ['bea', 'carol']],
    ['a rule', { found: 'leader' }, ['bea']],
    ['others', { users: ['bob'], finding: { whenNobody: 'fallback', fallback: ['bob', 'eve'] } }, ['eve']],
  ])('given %s, then who has decided is not asked again', (_name, second, asked) => {
    const { state, does } = distinct(second, { found: { 2: ['bob', 'bea'] } });
    const next = after(state, does.approve('bob'));
    expect(inTurn(next)).toEqual(asked);
    expect(refusalOf(next, does.approve('bob'))).toBe('forbidden');
    expect(refusalOf(after(state, does.approve('dave')), does.approve('bob'))).toBe('allowed');
  });

  it('given too few others for what it takes, then the step waits for an administrator', () => {
    const { state, does } = distinct({ users: ['bob', 'bea'], mode: 'threshold', min: 2 });
    const next = after(state, does.approve('bob'));
    expect([statuses(next)[1], next.steps[1]?.reason]).toEqual(['in_review', 'nobody_found']);
  });

  it('given an administrator, then they too decide one step only', () => {
    const { state, does } = distinct({ users: ['bob'], finding: { whenNobody: 'admin' } });
    const next = after(state, does.approve('bob'));
    expect(refusalOf(next, does.approve('root'))).toBe('allowed');
    expect(refusalOf(after(state, does.approve('root')), does.approve('root'))).toBe('forbidden');
  });

  it('given who has decided, then nothing is handed, added, or asked of them', () => {
    const { state, does } = distinct({ users: ['bea'] });
    const next = after(state, does.approve('bob'));
    for (const command of [
      does.transfer('bea', 'bob'),
      does.askOpinion('bea', 'bob'),
      does.addSigners('bea', ['bob'], 'with'),
      does.handOver('root', 'bea', 'bob'),
    ])
      expect(refusalOf(next, command)).toBe('validation_failed');
  });

  it('given a stand-in who decided, then neither they nor whom they decided for decide another step', () => {
    const delegations = [{ from: 'bob', to: 'eve' }];
    const { state, does } = distinct({ users: ['bob', 'eve', 'bea'], mode: 'all' }, { delegations });
    const next = after(state, does.approve('eve'));
    expect(inTurn(next)).toEqual(['bea']);
    for (const who of ['bob', 'eve']) expect(refusalOf(next, does.approve(who))).toBe('forbidden');
  });

  it('given who only gave an opinion, then they decide another step', () => {
    const { state, does } = distinct({ users: ['carol'] });
    const asked = after(state, does.askOpinion('bob', 'carol'), does.approve('carol'), does.approve('bob'));
    expect(refusalOf(asked, does.approve('carol'))).toBe('allowed');
  });

  it('given a policy that comes in while somebody stands in, then what binds the other binds them', () => {
    const delegations = [{ from: 'bob', to: 'eve' }];
    const { flow, state } = distinct({ users: ['bob'] }, { distinct: false });
    const stood = after(state, acting({ ...flow, delegations }).approve('bob'));
    expect(refusalOf(stood, acting(flow).approve('eve'))).toBe('allowed');
    expect(refusalOf({ ...stood, distinct: true }, acting(flow).approve('eve'))).toBe('forbidden');
  });

  it('given somebody away whose stand-in has decided, then nobody stands in for them', () => {
    const { state, does } = distinct({ users: ['bea'] }, { delegations: [{ from: 'bea', to: 'bob' }] });
    expect(inTurn(after(state, does.approve('bob')))).toEqual(['bea']);
    expect(inTurn(after(state, does.approve('dave')))).toEqual(['bob']);
  });

  it('given a place kept by somebody who has decided another step since, then nobody stands in for them', () => {
    const { flow, state, does } = distinct({ users: ['bea'] });
    const back = after(state, does.approve('dave'), does.transfer('bea', 'bob'), does.giveBack('bob', 1));
    const away = acting({ ...flow, delegations: [{ from: 'bob', to: 'eve' }] });
    const next = after(back, acting(flow).transfer('dave', 'carol'), away.approve('bob'));
    expect(inTurn(next)).toEqual(['bob']);
    expect(refusalOf(next, away.approve('bob'))).toBe('forbidden');
  });

  it('given approvals that count again, then not those of another step', () => {
    const { state, does } = distinct(
      { users: ['bob'], finding: { whenNobody: 'admin' } },
      {
        dedupe: 'all',
        stages: [
          { users: ['root', 'bob'] },
          { users: ['bea'] },
          { users: ['root'], finding: { whenNobody: 'admin' } },
        ],
      },
    );
    const last = after(state, does.approve('root'), does.approve('bea'));
    expect(statuses(last)).toEqual(['approved', 'approved', 'in_review']);
  });

  it('given a step that is walked again, then its earlier decision binds nobody, that of another step does', () => {
    const { state, does } = distinct({ users: ['bea'] });
    const back = after(state, does.approve('bob'), does.giveBack('bea', 1));
    expect(refusalOf(back, does.approve('bob'))).toBe('allowed');
  });

  it('given an order sent off again, then who has decided what stays passed is nobody to be found', () => {
    const { flow, state, does } = distinct({ found: 'leader' }, { found: { 2: ['bea'] } });
    const returned = after(state, does.approve('bob'), does.giveBack('bea', 0, 'back'));
    const now = (...found: string[]) => acting({ ...flow, found: { 2: found } }).resubmit('ann');
    expect(refusalOf(returned, now('bob'))).toBe('approver_not_found');
    expect(refusalOf(returned, now('bob', 'carol'))).toBe('allowed');
  });

  it('given people of whom it needs everybody, then the plan does not count them twice', () => {
    const { flow } = distinct(
      { users: ['bob', 'bea'] },
      { stages: [{ users: ['bob'] }, { users: ['bob', 'bea'] }] },
    );
    expect(planPath(opening(flow)).map(({ people }) => people)).toEqual([['bob'], ['bea']]);
    const alone = planPath(opening({ ...flow, stages: [{ users: ['bob'] }, { users: ['bob'] }] }));
    expect(alone[1]?.problem).toContain('finds nobody');
  });
});
