import { describe, expect, it } from 'vitest';
import {
  acting,
  after,
  answer,
  eventsOf,
  factsIn,
  type FlowGiven,
  inTurn,
  opened,
  refusalOf,
  statuses,
  typesOf,
} from './engine.spec-support.js';
import { replay } from './evolve.js';
import type { OrderState } from './order-state.js';

const flow: FlowGiven = {
  stages: [{ users: ['bob'] }, { users: ['carol', 'dave'], mode: 'all' }, { users: ['eve'] }],
};
const does = acting(flow);
const { approve, reject, giveBack, resubmit, reopen, takeBack } = does;
const start = opened(flow).state;
const atCarol = after(start, approve('bob'));
const atEve = after(atCarol, approve('carol'), approve('dave'));
const numbered = (state: OrderState) => ({ ...state, version: 0 });

describe('returning to a step', () => {
  it('given again, then every step from there is walked once more', () => {
    const state = after(atEve, giveBack('eve', 1, 'again'));
    expect([statuses(state), inTurn(state)]).toEqual([['in_review', 'waiting', 'waiting'], ['bob']]);
    const next = after(state, approve('bob'));
    expect([statuses(next), inTurn(next)]).toEqual([
      ['approved', 'in_review', 'waiting'],
      ['carol', 'dave'],
    ]);
  });

  it('given back, then it leads straight to the step that returned', () => {
    const state = after(atEve, giveBack('eve', 1, 'back'));
    expect(statuses(state)).toEqual(['in_review', 'approved', 'waiting']);
    expect(statuses(after(state, approve('bob')))).toEqual(['approved', 'approved', 'in_review']);
  });

  it('given votes on the step that returns, then they are cast again', () => {
    const state = after(atCarol, approve('carol'), giveBack('dave', 1, 'back'), approve('bob'));
    expect(inTurn(state)).toEqual(['carol', 'dave']);
  });

  it('given seats that were handed over and signatures that were added, then they stay', () => {
    const handed = after(atCarol, does.transfer('carol', 'zoe'), does.addSigners('zoe', ['bea'], 'with'));
    const passed = after(handed, approve('zoe'), approve('dave'), approve('bea'));
    expect(inTurn(after(passed, giveBack('eve', 2))).toSorted()).toEqual(['bea', 'dave', 'zoe']);
  });

  it('given a signature that was taken out, then it is not asked for again', () => {
    const state = after(
      atCarol,
      does.addSigners('carol', ['bea'], 'with'),
      does.removeSigners('carol', ['bea']),
    );
    const passed = after(state, approve('carol'), approve('dave'));
    expect(inTurn(after(passed, giveBack('eve', 2)))).toEqual(['carol', 'dave']);
  });

  it('given a step that has not been passed, or none, then it is refused', () => {
    expect(refusalOf(atCarol, giveBack('carol', 2))).toBe('validation_failed');
    expect(refusalOf(atCarol, giveBack('carol', 3))).toBe('validation_failed');
    expect(refusalOf(atCarol, giveBack('carol', 9))).toBe('validation_failed');
    const mixed: FlowGiven = {
      stages: [{ users: ['zoe'], condition: '0' }, { users: ['ann'] }, { users: ['bob'] }],
    };
    const { state } = opened(mixed);
    expect(refusalOf(state, acting(mixed).giveBack('bob', 1))).toBe('validation_failed');
    expect(refusalOf(state, acting(mixed).giveBack('bob', 2))).toBe('validation_failed');
  });

  it('given somebody whose turn it is not, then it is refused', () => {
    expect(refusalOf(atCarol, giveBack('eve', 0))).toBe('forbidden');
    expect(refusalOf(atCarol, giveBack('ann', 0))).toBe('forbidden');
    expect(refusalOf(after(atCarol, approve('carol')), giveBack('carol', 1))).toBe('already_decided');
  });
});

describe('returning to the applicant', () => {
  const returned = after(atCarol, giveBack('carol', 0, 'again'));

  it('then the order waits for its applicant, and no step is open', () => {
    expect([returned.applyStatus, ...statuses(returned)]).toEqual([
      'initiating',
      'waiting',
      'waiting',
      'waiting',
    ]);
    expect(returned.returned).toEqual({ by: 'carol', fromStep: 2, resume: 'again' });
    expect(refusalOf(returned, approve('bob'))).toBe('not_in_review');
  });

  it('given a resubmission, then the walk starts anew, or straight back', () => {
    expect(statuses(after(returned, resubmit('ann')))).toEqual(['in_review', 'waiting', 'waiting']);
    const back = after(atCarol, giveBack('carol', 0, 'back'));
    expect(statuses(after(back, resubmit('ann')))).toEqual(['approved', 'in_review', 'waiting']);
  });

  it('given new variables, then every condition ahead is judged anew', () => {
    const given: FlowGiven = {
      stages: [
        { users: ['bob'] },
        { users: ['carol'], condition: 'amount > 5' },
        { users: ['eve'], condition: 'amount < 5' },
      ],
      variables: { amount: 9 },
    };
    const by = acting(given);
    const state = after(opened(given).state, by.giveBack('bob', 0), by.resubmit('ann', { amount: 1 }));
    expect(statuses(state)).toEqual(['in_review', 'skipped', 'waiting']);
  });

  it('given a check, then it is asked again, and nothing is answered while the order is returned', () => {
    const checked: FlowGiven = { ...flow, hasCheck: true };
    const by = acting(checked);
    const state = after(opened(checked).state, answer('check', true, checked), by.giveBack('bob', 0));
    for (const result of [true, false])
      expect(refusalOf(state, answer('check', result, checked))).toBe('not_awaited');
    expect(refusalOf(state, { type: 'skip_check', error: 'x', facts: factsIn(checked) })).toBe('not_awaited');
    expect(typesOf(state, by.resubmit('ann'))).toEqual(['order.resubmitted', 'check.requested']);
    const again = after(state, by.resubmit('ann'));
    expect(statuses(again)).toEqual(['waiting', 'waiting', 'waiting']);
    expect(statuses(after(again, answer('check', true, checked)))).toEqual([
      'in_review',
      'waiting',
      'waiting',
    ]);
  });

  it('given a withdrawal, then it is withdrawn', () => {
    expect(after(returned, does.withdraw('ann')).applyStatus).toBe('withdrawn');
  });

  it('given others for the case of too few who have handed their place over, then whoever has it counts once', () => {
    const finding = { whenNobody: 'fallback', fallback: ['eve'] } as const;
    const given: FlowGiven = {
      stages: [{ users: ['bob'] }, { found: 'leader', mode: 'threshold', min: 2, finding }],
      found: { 2: ['carol'] },
    };
    const by = acting(given);
    const state = after(
      opened(given).state,
      by.approve('bob'),
      by.transfer('eve', 'zoe'),
      by.giveBack('zoe', 0),
    );
    expect(refusalOf(state, by.resubmit('ann'))).toBe('allowed');
    // Zoe alone is left of the two whom it takes.
    const vacant = acting({ ...given, found: { 2: [] } });
    expect(refusalOf(state, vacant.resubmit('ann'))).toBe('approver_not_found');
  });

  it('given somebody else, or an order under way or over, then it is not resubmitted', () => {
    expect(refusalOf(returned, resubmit('bob'))).toBe('forbidden');
    expect(refusalOf(atCarol, resubmit('ann'))).toBe('not_awaited');
    expect(refusalOf(after(returned, resubmit('ann')), resubmit('ann'))).toBe('not_awaited');
    expect(refusalOf(after(atCarol, reject('carol')), resubmit('ann'))).toBe('order_closed');
  });
});

describe('reopening', () => {
  it('given whoever rejected, then their step is open again, and the other votes stand', () => {
    const state = after(atCarol, approve('carol'), reject('dave'), reopen('dave'));
    expect([state.applyStatus, ...statuses(state)]).toEqual([
      'in_review',
      'approved',
      'in_review',
      'waiting',
    ]);
    expect(inTurn(state)).toEqual(['dave']);
    expect(statuses(after(state, approve('dave')))).toEqual(['approved', 'approved', 'in_review']);
  });

  it('given somebody else, or an order that no reviewer rejected, then it is refused', () => {
    const rejected = after(atCarol, reject('dave'));
    for (const actor of ['carol', 'bob', 'ann', 'root'])
      expect(refusalOf(rejected, reopen(actor))).toBe('forbidden');
    expect(refusalOf(atCarol, reopen('carol'))).toBe('not_awaited');
    expect(refusalOf(after(atEve, approve('eve')), reopen('eve'))).toBe('order_closed');
    const checked: FlowGiven = { ...flow, hasCheck: true };
    const refused = after(opened(checked).state, answer('check', false, checked));
    expect(refusalOf(refused, reopen('bob'))).toBe('order_closed');
  });

  it('given a system administrator who overruled, then they may as well', () => {
    const state = after(atCarol, reject('root'), reopen('root'));
    expect(inTurn(state)).toEqual(['carol', 'dave']);
  });

  it('given somebody who has left the group meanwhile, then it is refused', () => {
    const group: FlowGiven = { stages: [{ groups: ['g'] }], groups: { g: ['bob', 'bea'] } };
    const rejected = after(opened(group).state, acting(group).reject('bob'));
    expect(refusalOf(rejected, acting({ ...group, groups: { g: ['bea'] } }).reopen('bob'))).toBe('forbidden');
  });
});

describe('taking a decision back', () => {
  it.each([
    ['a vote', atCarol, approve('carol')],
    ['an approval that opened the next step', start, approve('bob')],
    ['the approval of an administrator', atCarol, approve('root')],
  ] as const)('given %s, then it is as if it had not been made', (_name, before, command) => {
    const actor = 'actor' in command ? command.actor.userCode : '';
    const state = after(before, command, takeBack(actor));
    expect(statuses(state)).toEqual(statuses(before));
    expect(inTurn(state)).toEqual(inTurn(before));
    expect(refusalOf(state, takeBack(actor))).toBe('not_awaited');
    expect(statuses(after(state, command))).toEqual(statuses(after(before, command)));
  });

  it('given a rejection that leaves a threshold open, then it is taken back as well', () => {
    const given: FlowGiven = { stages: [{ users: ['bob', 'bea', 'carol'], mode: 'threshold', min: 2 }] };
    const by = acting(given);
    const state = after(opened(given).state, by.reject('bob'), by.takeBack('bob'));
    expect(inTurn(state)).toEqual(['bob', 'bea', 'carol']);
  });

  it('given words, copies and urging, then nobody has acted on it; given anything else, somebody has', () => {
    const talked = after(atCarol, does.comment('carol'), does.copy('ann', ['zoe']), does.urge('ann', 1));
    expect(statuses(after(talked, takeBack('bob')))).toEqual(['in_review', 'waiting', 'waiting']);
    expect(refusalOf(after(atCarol, approve('carol')), takeBack('bob'))).toBe('forbidden');
    for (const act of [
      does.transfer('carol', 'zoe'),
      does.askOpinion('carol', 'zoe'),
      does.addSigners('carol', ['zoe'], 'with'),
      giveBack('carol', 1),
    ]) {
      expect(refusalOf(after(atCarol, act), takeBack('bob'))).toBe('not_awaited');
    }
  });

  it('given another’s decision, or an order that is over or executing, then it is refused', () => {
    expect(refusalOf(atCarol, takeBack('carol'))).toBe('forbidden');
    expect(refusalOf(start, takeBack('bob'))).toBe('not_awaited');
    expect(refusalOf(after(atEve, approve('eve')), takeBack('eve'))).toBe('order_closed');
    const executing: FlowGiven = { ...flow, stages: [{ users: ['bob'] }], hasExecute: true };
    expect(refusalOf(after(opened(executing).state, acting(executing).approve('bob')), takeBack('bob'))).toBe(
      'not_awaited',
    );
  });

  it('given a step that was passed before the order was led back, then it stays passed', () => {
    const back = after(atEve, giveBack('eve', 1, 'back'));
    expect(statuses(after(back, approve('bob'), takeBack('bob')))).toEqual([
      'in_review',
      'approved',
      'waiting',
    ]);
  });

  it('given a vote that was repeated because of it, then that is gone as well', () => {
    const given: FlowGiven = {
      stages: [{ users: ['bob'] }, { users: ['carol', 'bob', 'dave'], mode: 'sequential' }],
      dedupe: 'all',
    };
    const by = acting(given);
    const before = after(opened(given).state, by.approve('bob'));
    const state = after(before, by.approve('carol'));
    expect(inTurn(state)).toEqual(['dave']);
    expect(numbered({ ...after(state, by.takeBack('carol')), lastDecision: before.lastDecision })).toEqual(
      numbered(before),
    );
  });
});

describe('a log', () => {
  it('given every way back, then replaying it rebuilds the order', () => {
    const commands = [
      approve('bob'),
      takeBack('bob'),
      approve('bob'),
      approve('carol'),
      giveBack('dave', 1, 'back'),
      approve('bob'),
      reject('carol'),
      reopen('carol'),
      giveBack('carol', 0, 'again'),
      resubmit('ann'),
      approve('bob'),
    ];
    const { log } = opened(flow);
    let state = start;
    for (const command of commands) {
      log.push([...eventsOf(state, command)]);
      state = after(state, command);
    }
    expect(replay(JSON.parse(JSON.stringify(log)) as typeof log)).toEqual(state);
  });
});
