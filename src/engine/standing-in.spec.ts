import { describe, expect, it } from 'vitest';
import {
  acting,
  after,
  eventsOf,
  type FlowGiven,
  inTurn,
  opened,
  personIn,
  refusalOf,
  type StageGiven,
  statuses,
} from './engine.spec-support.js';
import { openStep, type OrderState } from './order-state.js';
import { mayDecide } from './permission.js';

/** Bob is away, and dave stands in for him. */
const away = [{ from: 'bob', to: 'dave' }];
const flowOf = (stage: StageGiven, more: Partial<FlowGiven> = {}): FlowGiven => ({
  stages: [stage, { users: ['zoe'] }],
  groups: { g: ['bob', 'bea'] },
  delegations: away,
  ...more,
});
const begin = (stage: StageGiven, more: Partial<FlowGiven> = {}) => {
  const flow = flowOf(stage, more);
  return { flow, state: opened(flow).state, does: acting(flow) };
};
const seatOf = (state: OrderState, userCode: string) =>
  openStep(state)?.seats.find((seat) => seat.subject === `u:${userCode}`);

describe('a step that opens', () => {
  it.each<[string, StageGiven, string[]]>([
    ['somebody named', { users: ['bob'] }, ['dave']],
    ['all of them', { users: ['bob', 'bea'], mode: 'all' }, ['bea', 'dave']],
    ['a sequence', { users: ['bob', 'bea'], mode: 'sequential' }, ['dave']],
    ['some of them', { users: ['bea', 'bob'], mode: 'threshold', min: 2 }, ['bea', 'dave']],
    ['whom a group has', { groups: ['g'], mode: 'all' }, ['bea', 'dave']],
    ['a group as it is', { groups: ['g'] }, ['dave', 'g:t1/g']],
  ])('given %s who is away, then the stand-in is asked, and says for whom', (_name, stage, asked) => {
    const { flow, state, does } = begin(stage);
    expect(
      inTurn(state)
        .map((who) => (who.startsWith('g') ? 'g:t1/g' : who))
        .toSorted(),
    ).toEqual(asked);
    expect(eventsOf(state, does.approve('dave'))[0]).toMatchObject({ userCode: 'dave', onBehalfOf: 'bob' });
    expect(mayDecide(state, personIn('bob', flow))).toMatchObject({
      code: 'forbidden',
      why: { word: 'delegated', userCode: 'dave' },
    });
    expect(refusalOf(state, does.approve('eve'))).toBe('forbidden');
  });

  it('given a stand-in, then each place counts once', () => {
    const { state, does } = begin({ users: ['bob', 'bea'], mode: 'all' });
    const half = after(state, does.approve('dave'));
    expect([state.steps[0]?.requiredApprovals, statuses(half)[0]]).toEqual([2, 'in_review']);
    expect(statuses(after(half, does.approve('bea')))).toEqual(['approved', 'in_review']);
  });

  it('given who sits there themselves, the applicant, or somebody inactive, then nobody stands in', () => {
    expect(inTurn(begin({ users: ['bob', 'dave'], mode: 'all' }).state)).toEqual(['bob', 'dave']);
    expect(inTurn(begin({ users: ['bob'] }, { delegations: [{ from: 'bob', to: 'ann' }] }).state)).toEqual([
      'bob',
    ]);
    expect(inTurn(begin({ users: ['bob'] }, { inactive: ['dave'] }).state)).toEqual(['bob']);
  });

  it('given that the applicant is away, or somebody who may not review, then nobody reviews in their name', () => {
    const own = begin(
      { users: ['ann', 'bea'], mode: 'all' },
      { autoApprove: 'never', delegations: [{ from: 'ann', to: 'dave' }] },
    );
    expect(inTurn(own.state)).toEqual(['bea']);
    const given = begin({ users: ['bea'] }, { delegations: [{ from: 'ann', to: 'dave' }] });
    expect(inTurn(after(given.state, given.does.transfer('bea', 'ann')))).toEqual(['ann']);
    expect(inTurn(begin({ users: ['bob', 'bea'] }, { inactive: ['bob'] }).state)).not.toContain('dave');
  });

  it('given a chain, then it leads on only where that is allowed, and past who cannot', () => {
    const chain = (redelegate: boolean, more: Partial<FlowGiven> = {}) =>
      inTurn(
        begin(
          { users: ['bob'] },
          {
            delegations: [
              { from: 'bob', to: 'dave', redelegate },
              { from: 'dave', to: 'eve' },
            ],
            ...more,
          },
        ).state,
      );
    expect([chain(true), chain(false), chain(true, { inactive: ['dave'] })]).toEqual([
      ['eve'],
      ['dave'],
      ['eve'],
    ]);
  });

  it('given a circle, then both stay', () => {
    const round = { delegations: [...away, { from: 'dave', to: 'bob', redelegate: true }] };
    expect(inTurn(begin({ users: ['bob', 'dave'], mode: 'all' }, round).state)).toEqual(['bob', 'dave']);
  });

  it('given a circle through somebody inactive, then nobody stands in for themselves', () => {
    const delegations = [
      { from: 'bob', to: 'dave', redelegate: true },
      { from: 'dave', to: 'bob' },
    ];
    const { state, does } = begin({ groups: ['g'] }, { delegations, inactive: ['dave'] });
    expect(seatOf(state, 'bob')).toBeUndefined();
    expect(refusalOf(state, does.approve('bob'))).toBe('allowed');
  });

  it('given a stand-in who has approved before, then that is no approval in the other one’s name', () => {
    const stages: StageGiven[] = [{ users: ['dave'] }, { users: ['bob', 'bea'], mode: 'all' }];
    const flow: FlowGiven = { stages, dedupe: 'all', delegations: away };
    const next = after(opened(flow).state, acting(flow).approve('dave'), acting(flow).approve('bea'));
    expect([statuses(next), inTurn(next)]).toEqual([['approved', 'in_review'], ['dave']]);
  });

  it('given two who are away for the same person, then that one stands in for the first only', () => {
    const both = { delegations: [...away, { from: 'bea', to: 'dave' }] };
    expect(inTurn(begin({ users: ['bob', 'bea'], mode: 'all' }, both).state).toSorted()).toEqual([
      'bea',
      'dave',
    ]);
  });

  it('given members of a group in a chain, then whoever stands in for one is not represented as well', () => {
    const chain = {
      delegations: [
        { from: 'bob', to: 'bea' },
        { from: 'bea', to: 'carol' },
      ],
    };
    const { state } = begin({ groups: ['g'] }, chain);
    expect([seatOf(state, 'bea')?.onBehalfOf, seatOf(state, 'carol')]).toEqual(['bob', undefined]);
  });
});

describe('work that is given on', () => {
  it('given a transfer to somebody away, then the stand-in has the place, and may hand it on', () => {
    const { state, does } = begin({ users: ['bea'] });
    const given = after(state, does.transfer('bea', 'bob'));
    expect([inTurn(given), seatOf(given, 'dave')?.onBehalfOf]).toEqual([['dave'], 'bob']);
    const on = after(given, does.transfer('dave', 'eve'));
    expect([inTurn(on), refusalOf(on, does.approve('bob'))]).toEqual([['eve'], 'forbidden']);
    expect(eventsOf(on, does.approve('eve'))[0]).not.toHaveProperty('onBehalfOf');
  });

  it('given a stand-in who gives the place back, then its owner decides, and nobody stands in again', () => {
    const { state, does } = begin({ users: ['bob'] });
    const back = after(state, does.transfer('dave', 'bob'));
    expect([inTurn(back), refusalOf(back, does.approve('dave'))]).toEqual([['bob'], 'forbidden']);
  });

  it.each(['before', 'with', 'after'] as const)(
    'given a signature %s, then the stand-in signs',
    (position) => {
      const { state, does } = begin({ users: ['bea'] });
      const signed = after(state, does.addSigners('bea', ['bob'], position));
      expect(seatOf(signed, 'dave')).toMatchObject({ kind: 'added', position, onBehalfOf: 'bob', by: 'bea' });
      if (position !== 'after')
        expect(seatOf(after(signed, does.transfer('dave', 'eve')), 'eve')).toMatchObject({
          by: 'bea',
          onBehalfOf: null,
        });
      const out = after(signed, does.removeSigners('bea', ['dave']));
      expect([inTurn(out), seatOf(out, 'bob')?.gone]).toEqual([['bea'], 'removed']);
    },
  );

  it('given an administrator who hands it over, then it goes to whoever stands in for the receiver', () => {
    const { state, does } = begin({ users: ['bea'] });
    expect(inTurn(after(state, does.handOver('root', 'bea', 'bob')))).toEqual(['dave']);
    const stood = begin({ users: ['bob'] });
    expect(inTurn(after(stood.state, stood.does.handOver('root', 'dave', 'bob')))).toEqual(['bob']);
    expect(refusalOf(stood.state, stood.does.handOver('root', 'bob', 'eve'))).toBe('not_awaited');
  });

  it('given a place that its owner gave away, and another one in which somebody stands in, then that one is named', () => {
    const { flow, does } = begin({ users: ['bob', 'bea'], mode: 'all' });
    const { delegations: _later, ...before } = flow;
    const given = after(
      opened(before).state,
      acting(before).transfer('bob', 'eve'),
      does.transfer('bea', 'bob'),
    );
    expect(inTurn(given).toSorted()).toEqual(['dave', 'eve']);
    expect(mayDecide(given, personIn('bob', flow))).toMatchObject({
      why: { word: 'delegated', userCode: 'dave' },
    });
  });

  it('given somebody who is represented, then they are given no second place, and not asked besides', () => {
    const { state, does } = begin({ users: ['bob', 'bea'], mode: 'all' });
    for (const command of [
      does.transfer('bea', 'bob'),
      does.askOpinion('bea', 'bob'),
      does.addSigners('bea', ['bob'], 'with'),
      does.askOpinion('dave', 'bob'),
      does.transfer('root', 'bob'),
    ])
      expect(refusalOf(state, command)).toBe('already_exists');
  });

  it('given somebody who gave a place away and is represented in another, then they do not get the first one back', () => {
    const { flow, does } = begin({ users: ['bob'] });
    const { delegations: _later, ...before } = flow;
    const signs = after(
      opened(before).state,
      acting(before).transfer('bob', 'bea'),
      does.addSigners('bea', ['bob'], 'before'),
    );
    expect(inTurn(signs)).toEqual(['dave']);
    expect(refusalOf(signs, does.handOver('root', 'bea', 'bob'))).toBe('already_exists');
    const signed = after(signs, does.approve('dave'));
    expect(refusalOf(signed, does.transfer('bea', 'bob'))).toBe('already_exists');
    expect(seatOf(signed, 'dave')).toMatchObject({ onBehalfOf: 'bob', decision: 'approved' });
  });
});

describe('who is there no longer', () => {
  it('given a stand-in who becomes inactive, then the place is back with its owner', () => {
    const { flow, state } = begin({ users: ['bea', 'bob'], mode: 'sequential' });
    const gone = after(state, acting({ ...flow, inactive: ['dave'] }).recount());
    expect(gone.steps[0]?.people).toEqual(['bea', 'bob']);
    expect(inTurn(after(gone, acting({ ...flow, inactive: ['dave'] }).approve('bea')))).toEqual(['bob']);
    const both = after(state, acting({ ...flow, inactive: ['dave', 'bob'] }).recount());
    expect([inTurn(both), both.steps[0]?.requiredApprovals]).toEqual([['bea'], 1]);
  });

  it('given who left and comes back to stand in, then they are asked once', () => {
    const all = { groups: ['g'], mode: 'all' } as const;
    const { flow, state } = begin(all, { groups: { g: ['dave', 'bea'] } });
    const now = acting({ ...flow, groups: { g: ['bea', 'bob'] } });
    const left = after(state, now.recount(), now.transfer('bea', 'bob'));
    expect([inTurn(left), left.steps[0]?.people]).toEqual([['dave'], ['dave']]);
  });

  it('given others who leave, so that a stand-in’s rejection decides after all, then it is still for somebody', () => {
    const { flow, state, does } = begin(
      { groups: ['g'], mode: 'threshold', min: 2 },
      { groups: { g: ['bob', 'bea', 'carol'] } },
    );
    const against = after(state, does.reject('dave'));
    const left = acting({ ...flow, inactive: ['bea'] }).recount();
    expect(eventsOf(against, left)).toContainEqual(
      expect.objectContaining({ type: 'step.rejected', userCode: 'dave', onBehalfOf: 'bob' }),
    );
  });

  it('given a member who leaves the group, then their stand-in does too', () => {
    const all = begin({ groups: ['g'], mode: 'all' });
    const left = { ...all.flow, groups: { g: ['bea'] } };
    expect(inTurn(after(all.state, acting(left).recount()))).toEqual(['bea']);
    const any = begin({ groups: ['g'] });
    const lapsed = acting({ ...left, lapsed: ['bob'] });
    expect(refusalOf(after(any.state, lapsed.recount()), lapsed.approve('dave'))).toBe('forbidden');
  });
});

describe('a step that is walked again', () => {
  it.each<[string, StageGiven]>([
    ['somebody named', { users: ['bob'] }],
    ['a group as it is', { groups: ['g'] }],
    ['whom a group has', { groups: ['g'], mode: 'threshold', min: 1 }],
  ])(
    'given %s, then standing in is asked anew: a delegation that has ended no longer counts',
    (_name, stage) => {
      const { flow, state, does } = begin(stage);
      const passed = after(state, does.approve('dave'));
      const again = after(passed, does.giveBack('zoe', 1));
      expect(eventsOf(again, does.approve('dave'))[0]).toMatchObject({ onBehalfOf: 'bob' });
      const { delegations: _over, ...present } = flow;
      const ended = acting(present);
      const back = after(passed, ended.giveBack('zoe', 1));
      expect([refusalOf(back, ended.approve('bob')), refusalOf(back, ended.approve('dave'))]).toEqual([
        'allowed',
        'forbidden',
      ]);
    },
  );

  it.each<[string, StageGiven]>([
    ['somebody named', { users: ['bob'] }],
    ['a group as it is', { groups: ['g'] }],
    ['all of a group', { groups: ['g'], mode: 'threshold', min: 1 }],
  ])('given %s and a stand-in who handed it on, then the receiver has it still, alone', (_name, stage) => {
    const { state, does } = begin(stage);
    const passed = after(state, does.transfer('dave', 'eve'), does.approve('eve'));
    const back = after(passed, does.giveBack('zoe', 1));
    expect(refusalOf(back, does.approve('eve'))).toBe('allowed');
    for (const who of ['bob', 'dave']) expect(refusalOf(back, does.approve(who))).toBe('forbidden');
  });

  it('given a signature that a stand-in gave, then its owner signs again once the delegation has ended', () => {
    const { flow, state, does } = begin({ users: ['bea'] });
    const signed = after(state, does.addSigners('bea', ['bob'], 'before'), does.approve('dave'));
    const { delegations: _over, ...present } = flow;
    const ended = acting(present);
    const back = after(signed, does.approve('bea'), ended.giveBack('zoe', 1));
    expect([inTurn(back), refusalOf(back, ended.approve('dave'))]).toEqual([['bob'], 'forbidden']);
  });

  it('given a member of a group who gave the place away, then nobody stands in for them besides', () => {
    const { flow, does } = begin({ groups: ['g'] });
    const { delegations: _later, ...before } = flow;
    const passed = after(
      opened(before).state,
      acting(before).transfer('bob', 'eve'),
      acting(before).approve('eve'),
    );
    const back = after(passed, does.giveBack('zoe', 1));
    expect(refusalOf(back, does.approve('dave'))).toBe('forbidden');
  });

  it('given a decision that is taken back, then the stand-in decides anew, for the same person', () => {
    const { state, does } = begin({ users: ['bob'] });
    const taken = after(state, does.approve('dave'), does.takeBack('dave'));
    expect(eventsOf(taken, does.reject('dave'))[0]).toMatchObject({ onBehalfOf: 'bob' });
    expect(refusalOf(after(state, does.approve('dave')), does.takeBack('bob'))).toBe('forbidden');
  });
});
