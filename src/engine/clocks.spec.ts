import { describe, expect, it } from 'vitest';
import { at, dueIn, hour, minute, nineToFive, timed } from './clocks.spec-support.js';
import type { Command } from './decide.js';
import {
  acting,
  after,
  eventsOf,
  type FlowGiven,
  inTurn,
  opened,
  refusalOf,
  statuses,
  typesOf,
} from './engine.spec-support.js';
import { openStep, type OrderState } from './order-state.js';
import type { Timing } from './timing.js';

/** Ten in the morning. */
const start = 100 * 24 * hour + 10 * hour;
const flowOf = (timing: Partial<Timing>, more: Partial<FlowGiven> = {}): FlowGiven => ({
  stages: timed(dueIn(timing), { users: ['bob', 'bea'] }, { users: ['zoe'] }),
  ...more,
});
const begin = (timing: Partial<Timing> = {}, more: Partial<FlowGiven> = {}) => {
  const flow = flowOf(timing, more);
  /** What people do so long after the start. */
  const then = (passed: number) => acting(at(flow, start + passed));
  return { flow, then, state: opened(at(flow, start)).state };
};
const clockOf = (state: OrderState) => openStep(state)?.clock;
const pendingOf = (state: OrderState) =>
  clockOf(state)?.timers.map((timer) => [timer.name, timer.at - start]);

describe('the clock of a step', () => {
  it('given a due time, then it starts when the step opens', () => {
    const { state, then } = begin({ remindBefore: ['1h'], remindAfter: ['30m'] });
    expect(pendingOf(state)).toEqual([
      ['before:1', 3 * hour],
      ['due', 4 * hour],
      ['after:1', 4 * hour + 30 * minute],
    ]);
    expect(clockOf(after(state, then(hour).approve('bob')))?.dueAt).toBe(start + 5 * hour);
  });

  it('given a reminder from before it opens, then there is none', () => {
    expect(pendingOf(begin({ remindBefore: ['4h', '5h'] }).state)).toEqual([['due', 4 * hour]]);
  });

  it('given working hours, then only they count, and a day is a working day', () => {
    expect(pendingOf(begin({ calendar: 'c', due: '1d' }).state)).toEqual([['due', 24 * hour]]);
    expect(pendingOf(begin({ calendar: 'c', due: '10h' }).state)).toEqual([['due', 26 * hour]]);
  });

  it('given nothing due at any time, then there is no clock', () => {
    const flow = { stages: [{ users: ['bob'] }] };
    expect(clockOf(opened(at(flow, start)).state)).toBeNull();
  });

  it.each([
    ['again', 0],
    ['back', 0],
    ['again', 1],
    ['back', 1],
  ] as const)(
    'given a return %s to %i, then it stands still, and goes on with what is left',
    (resume, toStep) => {
      const { state, then } = begin({ remindBefore: ['3h'] });
      const second = after(state, then(0).approve('bob'), then(90 * minute).fire());
      const returned = after(second, then(2 * hour).giveBack('zoe', toStep, resume));
      expect(returned.steps[1]?.clock).toMatchObject({ running: false, used: 2 * hour, fired: ['before:1'] });
      const rest = after(returned, then(50 * hour).fire());
      const on = toStep === 0 ? after(rest, then(50 * hour).resubmit('ann')) : rest;
      const again = openStep(on)?.applyStep === 1 ? after(on, then(50 * hour).approve('bob')) : on;
      expect(pendingOf(again)).toEqual([['due', 52 * hour]]);
    },
  );

  it('given a reminder whose moment passed before it stood still, then it comes when the clock goes on', () => {
    const { state, then } = begin({ remindBefore: ['3h'] });
    const second = after(state, then(0).approve('bob'), then(2 * hour).giveBack('zoe', 0, 'back'));
    expect(pendingOf(after(second, then(50 * hour).resubmit('ann')))).toEqual([
      ['before:1', 50 * hour],
      ['due', 52 * hour],
    ]);
  });

  it('given a step that the order is returned to, then its time is anew', () => {
    const { state, then } = begin();
    const back = after(state, then(hour).approve('bob'), then(2 * hour).giveBack('zoe', 1));
    expect(pendingOf(back)).toEqual([['due', 6 * hour]]);
  });

  it('given that everybody waits for an opinion, then it stands still until that comes', () => {
    const { state, then } = begin(
      { calendar: 'c', due: '6h' },
      { stages: timed(dueIn({ calendar: 'c', due: '6h' }), { users: ['bob'] }) },
    );
    const asked = after(state, then(hour).askOpinion('bob', 'carol'));
    expect(clockOf(asked)).toMatchObject({ running: false, used: hour });
    expect(eventsOf(asked, then(500 * hour).fire())).toEqual([]);
    const given = after(asked, then(5 * hour).approve('carol'));
    // Two working hours are left of the day, and three of the next one.
    expect([clockOf(given)?.used, pendingOf(given)]).toEqual([hour, [['due', 26 * hour]]]);
  });

  it('given that others go on meanwhile, then so does the clock', () => {
    const { state, then } = begin();
    expect(clockOf(after(state, then(hour).askOpinion('bob', 'carol')))?.running).toBe(true);
  });

  it('given a decision that is taken back, then its time has gone on', () => {
    const { state, then } = begin();
    const taken = after(state, then(hour).approve('bob'), then(2 * hour).takeBack('bob'));
    expect(pendingOf(taken)).toEqual([['due', 4 * hour]]);
    expect(pendingOf(after(taken, then(3 * hour).approve('bob')))).toEqual([['due', 7 * hour]]);
  });

  it('given a decision that is taken back behind the opinion of somebody who left, then its time goes on', () => {
    const { flow, state, then } = begin(
      {},
      { stages: timed(dueIn(), { users: ['bob'] }, { users: ['zoe'] }) },
    );
    const asked = after(state, then(hour).askOpinion('bob', 'carol'));
    const left = acting(at({ ...flow, inactive: ['carol'] }, start + 5 * hour)).approve('bob');
    const taken = after(asked, left, then(6 * hour).takeBack('bob'));
    expect([clockOf(taken)?.running, pendingOf(taken)]).toEqual([true, [['due', 9 * hour]]]);
    expect(eventsOf(taken, then(6 * hour).fire())).toEqual([]);
  });

  it('given a vote that is taken back while others wait for an opinion, then its time goes on', () => {
    const { state, then } = begin({}, { stages: timed(dueIn(), { users: ['bob', 'bea'], mode: 'all' }) });
    const waits = after(state, then(hour).askOpinion('bob', 'carol'), then(2 * hour).approve('bea'));
    expect(clockOf(waits)).toMatchObject({ running: false, used: 2 * hour });
    const taken = after(waits, then(5 * hour).takeBack('bea'));
    expect([clockOf(taken)?.running, pendingOf(taken)]).toEqual([true, [['due', 7 * hour]]]);
  });

  it('given a clock that went on, and a decision before it that is taken back, then no reminder comes twice', () => {
    const { state, then } = begin({ remindBefore: ['3h'] });
    const second = after(
      state,
      then(0).approve('bob'),
      then(2 * hour).fire(),
      then(2 * hour).giveBack('zoe', 1),
    );
    const taken = after(second, then(3 * hour).approve('bob'), then(4 * hour).takeBack('bob'));
    expect(pendingOf(after(taken, then(5 * hour).approve('bob')))).toEqual([['due', 7 * hour]]);
  });

  it('given an order that is reopened, then its step has its time anew', () => {
    const { state, then } = begin({ remindBefore: ['3h'] });
    const rejected = after(state, then(2 * hour).fire(), then(3 * hour).reject('bob'));
    expect(pendingOf(after(rejected, then(9 * hour).reopen('bob')))).toEqual([
      ['before:1', 10 * hour],
      ['due', 13 * hour],
    ]);
  });

  it('given an order that is reopened while an opinion is awaited, then its time begins when that has come', () => {
    const { state, then } = begin({}, { stages: timed(dueIn(), { users: ['bob'] }) });
    const rejected = after(state, then(hour).askOpinion('bob', 'carol'), then(2 * hour).reject('root'));
    const reopened = after(rejected, then(3 * hour).reopen('root'));
    expect(clockOf(reopened)).toMatchObject({ running: false, used: 0, fired: [] });
    expect(eventsOf(reopened, then(9 * hour).fire())).toEqual([]);
    expect(pendingOf(after(reopened, then(10 * hour).approve('carol')))).toEqual([['due', 14 * hour]]);
  });

  it('given another calendar, then what is left is reckoned anew, once', () => {
    const { flow, state } = begin({ calendar: 'c', due: '8h', remindBefore: ['7h'] });
    const fired = after(state, acting(at(flow, start + hour)).fire());
    const { present } = at(flow, start + hour, { period: 24 * hour, worked: [[10 * hour, 11 * hour]] });
    const reckon: Command = { type: 'reckon_time', present };
    const anew = after(fired, reckon);
    expect([pendingOf(anew), eventsOf(anew, reckon)]).toEqual([[['due', (7 * 24 + 1) * hour]], []]);
    expect(
      eventsOf(state, { type: 'reckon_time', present: at(flow, start + hour, nineToFive).present }),
    ).toEqual([]);
  });
});

describe('what time does', () => {
  it('given that no moment has come, or that it has fired, then nothing', () => {
    const { state, then } = begin({ remindBefore: ['1h'] });
    expect(eventsOf(state, then(3 * hour - 1).fire())).toEqual([]);
    const reminded = after(state, then(3 * hour).fire());
    expect(eventsOf(reminded, then(3 * hour).fire())).toEqual([]);
    expect(eventsOf(reminded, then(4 * hour).fire())).toMatchObject([
      { type: 'step.reminded', timers: ['due'], overdue: true },
    ]);
  });

  it('given a worker that comes late, then what should have been said before it was due is not said after', () => {
    const { state, then } = begin({ remindBefore: ['1h', '2h'], remindAfter: ['1h'] });
    const late = then(9 * hour).fire();
    expect(eventsOf(state, late)).toMatchObject([{ timers: ['before:2', 'before:1', 'due'], overdue: true }]);
    expect(eventsOf(after(state, late), late)).toMatchObject([{ timers: ['after:1'], overdue: true }]);
    expect(eventsOf(after(state, late, late), late)).toEqual([]);
  });

  it('given leaders, then they are asked level by level, and any of them decides alone', () => {
    const { state, then } = begin({ then: 'escalate', levels: 2, every: '1h' });
    const first = after(state, then(4 * hour).fire('eve'));
    expect([inTurn(first), clockOf(first)?.level]).toEqual([['bob', 'bea', 'eve'], 1]);
    const second = after(first, then(5 * hour).fire('carol'));
    expect(openStep(second)?.clock).toMatchObject({ level: 2, timers: [] });
    expect(eventsOf(second, then(6 * hour).approve('eve'))[0]).toMatchObject({
      type: 'step.approved',
      capacity: 'leader',
    });
    expect(statuses(after(second, then(6 * hour).reject('carol')))[0]).toBe('rejected');
  });

  it('given leaders of an overdue step, then an opinion that is awaited still stops the clock', () => {
    const { state, then } = begin(
      { then: 'escalate', levels: 2 },
      { stages: timed(dueIn({ then: 'escalate', levels: 2 }), { users: ['bob'] }) },
    );
    const asked = after(state, then(4 * hour).fire('eve'), then(4 * hour).askOpinion('bob', 'carol'));
    expect(clockOf(asked)?.running).toBe(false);
  });

  it('given leaders who may not decide, sit there, or are represented there, then they are not asked', () => {
    const { flow, then } = begin(
      { then: 'escalate' },
      { inactive: ['gone'], delegations: [{ from: 'bob', to: 'dave' }], autoApprove: 'never' },
    );
    const { state } = opened(at(flow, start));
    expect(
      eventsOf(state, then(4 * hour).fire('ann', 'bea', 'bob', 'dave', 'gone', 'eve', 'eve')),
    ).toMatchObject([{ type: 'step.escalated', level: 1, userCodes: ['eve'] }]);
  });

  it('given a leader who is the applicant, or has decided where nobody may decide two steps, then not them either', () => {
    const { state, then } = begin({ then: 'escalate' });
    expect(eventsOf(state, then(4 * hour).fire('ann'))).toMatchObject([{ userCodes: [] }]);
    const once = begin({ then: 'escalate' }, { distinct: true });
    const next = after(once.state, once.then(hour).approve('bob'));
    expect(eventsOf(next, once.then(5 * hour).fire('bob', 'bea'))).toMatchObject([{ userCodes: ['bea'] }]);
  });

  it('given a step that is opened anew, then its leaders are asked anew when it is due; not while its clock goes on', () => {
    const { state, then } = begin({ then: 'escalate' });
    const passed = after(state, then(4 * hour).fire('eve'), then(5 * hour).approve('eve'));
    const back = after(passed, then(6 * hour).giveBack('zoe', 1));
    expect([inTurn(back), refusalOf(back, then(6 * hour).approve('eve'))]).toEqual([
      ['bob', 'bea'],
      'forbidden',
    ]);
    const overdue = after(passed, then(9 * hour).fire('carol'), then(9 * hour).giveBack('zoe', 1));
    expect(inTurn(after(overdue, then(10 * hour).approve('bob')))).toEqual(['zoe', 'carol']);
  });

  it('given that it is approved by itself, then the next step opens, and its clock starts', () => {
    const { state, then } = begin({ then: 'auto_approve' });
    expect(typesOf(state, then(4 * hour - 1).fire())).toEqual([]);
    const passed = after(state, then(4 * hour).fire());
    expect([statuses(passed), pendingOf(passed)]).toEqual([
      ['auto_approved', 'in_review'],
      [['due', 8 * hour]],
    ]);
    expect(refusalOf(passed, then(5 * hour).takeBack('bob'))).toBe('not_awaited');
    expect(after(passed, then(8 * hour).fire()).applyStatus).toBe('completed');
    const all = timed(
      dueIn({ then: 'auto_approve' }),
      { users: ['bob', 'bea'], mode: 'all' },
      { users: ['zoe'] },
    );
    const half = begin({}, { stages: all });
    const voted = after(half.state, half.then(hour).approve('bob'), half.then(4 * hour).fire());
    expect(refusalOf(voted, half.then(5 * hour).takeBack('bob'))).toBe('not_awaited');
  });

  it('given that it is rejected by itself, then the order is, and nobody reopens it', () => {
    const { state, then } = begin({ then: 'auto_reject' });
    const rejected = after(state, then(4 * hour).fire());
    expect([rejected.applyStatus, statuses(rejected)]).toEqual(['rejected', ['rejected', 'cancelled']]);
    expect(refusalOf(rejected, then(5 * hour).reopen('bob'))).toBe('forbidden');
    expect(eventsOf(rejected, then(50 * hour).fire())).toEqual([]);
  });

  it('given somebody who stands in, then they have the step’s time, not one of their own', () => {
    const { flow, then } = begin({}, { delegations: [{ from: 'zoe', to: 'dave' }] });
    const { state } = opened(at(flow, start));
    const next = after(state, then(hour).approve('bob'));
    expect([inTurn(next), pendingOf(next)]).toEqual([['dave'], [['due', 5 * hour]]]);
  });
});
