import { describe, expect, it } from 'vitest';
import {
  acting,
  after,
  eventsOf,
  type FlowGiven,
  inTurn,
  opened,
  person,
  refusalOf,
  statuses,
  typesOf,
} from './engine.spec-support.js';
import type { OrderState } from './order-state.js';

const flow: FlowGiven = {
  stages: [{ users: ['bob', 'bea', 'carol'], mode: 'sequential' }, { users: ['zoe'] }],
};
const { approve, reject, transfer, askOpinion, addSigners, removeSigners, giveBack } = acting(flow);
const start = opened(flow).state;

describe('transfer', () => {
  it('given a place in the sequence, then the receiver has it, and the giver nothing', () => {
    const state = after(start, transfer('bob', 'dave'));
    expect([inTurn(state), state.steps[0]?.people]).toEqual([['dave'], ['dave', 'bea', 'carol']]);
    expect(refusalOf(state, approve('bob'))).toBe('forbidden');
    const passed = after(state, approve('dave'), approve('bea'), approve('carol'));
    expect(statuses(passed)).toEqual(['approved', 'in_review']);
  });

  it('given an added signature, then the receiver signs in its position, and may be taken out by who added it', () => {
    const state = after(start, addSigners('bob', ['dave'], 'before'), transfer('dave', 'eve'));
    expect(inTurn(state)).toEqual(['eve']);
    expect(eventsOf(state, approve('eve'))[0]).toMatchObject({ capacity: 'signer' });
    expect(inTurn(after(state, removeSigners('bob', ['eve'])))).toEqual(['bob']);
  });

  it('given a member of a group, then the receiver decides, and the member no longer', () => {
    const group: FlowGiven = { stages: [{ groups: ['g'] }], groups: { g: ['bob', 'bea'] } };
    const does = acting(group);
    const state = after(opened(group).state, does.transfer('bob', 'dave'));
    expect(refusalOf(state, does.approve('bob'))).toBe('forbidden');
    expect(refusalOf(state, does.approve('bea'))).toBe('allowed');
    expect(after(state, does.approve('dave')).applyStatus).toBe('completed');
  });

  it('given a seat that comes back, then its first holder decides again', () => {
    const state = after(start, transfer('bob', 'dave'), transfer('dave', 'bob'));
    expect([inTurn(state), state.steps[0]?.people]).toEqual([['bob'], ['bob', 'bea', 'carol']]);
  });

  it('given a system administrator without a seat, then somebody is seated besides', () => {
    const state = after(start, transfer('root', 'dave'));
    expect([inTurn(state), state.steps[0]?.people]).toEqual([['bob'], ['bob', 'bea', 'carol', 'dave']]);
    const passed = after(state, approve('bob'), approve('bea'), approve('carol'));
    expect([statuses(passed), inTurn(passed)]).toEqual([['in_review', 'waiting'], ['dave']]);
  });

  const strict: FlowGiven = { ...flow, autoApprove: 'never', inactive: ['gone'] };

  it.each([
    ['oneself', 'bob', 'validation_failed'],
    ['the applicant under never', 'ann', 'validation_failed'],
    ['somebody on the step', 'carol', 'already_exists'],
    ['somebody unknown', 'nobody', 'validation_failed'],
    ['somebody inactive', 'gone', 'validation_failed'],
  ])('given %s, then it is refused, and so is asking them for an opinion', (_name, to, code) => {
    const does = acting(strict);
    const { state } = opened(strict);
    expect(refusalOf(state, does.transfer('bob', to))).toBe(code);
    expect(refusalOf(state, does.askOpinion('bob', to))).toBe(code);
  });

  it('given somebody whose turn it is not, then it is refused', () => {
    expect(refusalOf(start, transfer('bea', 'dave'))).toBe('forbidden');
    expect(refusalOf(start, transfer('eve', 'dave'))).toBe('forbidden');
    expect(refusalOf(after(start, reject('bob')), transfer('bea', 'dave'))).toBe('order_closed');
    expect(refusalOf(after(start, approve('bob')), transfer('bob', 'dave'))).toBe('already_decided');
  });

  it('given seats handed round in circles, then the step that is walked again finds their last holder', () => {
    const round = after(start, transfer('bob', 'dave'), transfer('dave', 'bob'), transfer('bob', 'eve'));
    const passed = after(round, approve('eve'), approve('bea'), approve('carol'));
    const back = after(passed, giveBack('zoe', 1));
    expect([inTurn(back), back.steps[0]?.people]).toEqual([['eve'], ['eve', 'bea', 'carol']]);
  });
});

describe('a place that was handed over, when its step is walked again', () => {
  const handedTo = (state: OrderState) => [inTurn(state).toSorted(), state.steps[0]?.people];

  it.each(['all', 'any'] as const)(
    'given a member of a group and %s, then the giver is not asked again',
    (mode) => {
      const group: FlowGiven = {
        stages: [{ groups: ['g'], mode }, { users: ['zoe'] }],
        groups: { g: ['bob', 'bea'] },
      };
      const does = acting(group);
      const passed = after(opened(group).state, does.transfer('bob', 'dave'), does.approve('dave'));
      const open = mode === 'all' ? after(passed, does.approve('bea')) : passed;
      const back = after(open, does.giveBack('zoe', 1));
      if (mode === 'all')
        expect(handedTo(back)).toEqual([
          ['bea', 'dave'],
          ['dave', 'bea'],
        ]);
      expect(refusalOf(back, does.approve('bob'))).toBe('forbidden');
      expect(refusalOf(back, does.approve('dave'))).toBe('allowed');
      expect(refusalOf(back, does.approve('bea'))).toBe('allowed');
    },
  );

  it.each([
    ['an opinion', askOpinion('dave', 'bob')],
    ['a signature', addSigners('dave', ['bob'], 'before')],
  ])('given a giver who gave %s since, then the heir sits there all the same', (_name, command) => {
    const state = after(start, transfer('bob', 'dave'), command, approve('bob'));
    const passed = after(state, approve('dave'), approve('bea'), approve('carol'));
    const back = after(passed, giveBack('zoe', 1));
    expect(back.steps[0]?.people).toEqual(['dave', 'bea', 'carol']);
    expect(inTurn(back)).toEqual([command.type === 'add_signers' ? 'bob' : 'dave']);
  });

  it('given a member of a group who gave an opinion or a signature since, then they decide nothing, and may get it back', () => {
    const group: FlowGiven = { stages: [{ groups: ['g'] }], groups: { g: ['bob', 'bea'] } };
    const does = acting(group);
    const handed = after(opened(group).state, does.transfer('bob', 'dave'));
    const advised = after(handed, does.askOpinion('dave', 'bob'), does.approve('bob'));
    const taken = after(
      handed,
      does.addSigners('dave', ['bob'], 'with'),
      does.removeSigners('dave', ['bob']),
    );
    for (const state of [advised, taken]) {
      expect(refusalOf(state, does.approve('bob'))).toBe('forbidden');
      expect(after(state, does.transfer('dave', 'bob'), does.approve('bob')).applyStatus).toBe('completed');
    }
  });

  it('given somebody named by a resolver who gave an opinion since, then its word does not bring the place back', () => {
    const resolver: FlowGiven = { stages: [{ found: 'resolver' }], found: { 1: ['bob'] } };
    const does = acting(resolver);
    const by = (userCode: string, command: 'approve' | 'transfer' | 'askOpinion', to = '') => ({
      ...does[command](userCode, to),
      actor: { ...person(userCode), confirmed: true },
    });
    const handed = after(
      opened(resolver).state,
      by('bob', 'transfer', 'dave'),
      by('dave', 'askOpinion', 'bob'),
    );
    expect(refusalOf(after(handed, by('bob', 'approve')), by('bob', 'approve'))).toBe('forbidden');
  });

  it('given a place that was handed on, then it is still that of whom it was first', () => {
    const on = after(
      start,
      transfer('bob', 'dave'),
      transfer('dave', 'eve'),
      addSigners('eve', ['dave'], 'before'),
    );
    const passed = after(on, approve('dave'), approve('eve'), approve('bea'), approve('carol'));
    const back = after(passed, giveBack('zoe', 1), approve('dave'));
    expect(handedTo(back)).toEqual([['eve'], ['eve', 'bea', 'carol']]);
  });

  it('given places handed round in a circle, then whoever has their own back stands in for nobody', () => {
    const home = after(start, transfer('bob', 'dave'), transfer('dave', 'bob'));
    expect(home.steps[0]?.seats.filter((seat) => seat.onBehalfOf !== null)).toEqual([]);
    const round = after(home, addSigners('bob', ['dave'], 'with'));
    const passed = after(round, approve('dave'), approve('bob'), approve('bea'), approve('carol'));
    expect(after(passed, giveBack('zoe', 1)).steps[0]?.people).toEqual(['bob', 'bea', 'carol']);
  });

  it('given a signature that was handed over, then whoever has it now signs again, and the giver does not', () => {
    const handed = after(start, addSigners('bob', ['dave'], 'before'), transfer('dave', 'eve'));
    const passed = after(handed, approve('eve'), approve('bob'), approve('bea'), approve('carol'));
    const back = after(passed, giveBack('zoe', 1));
    expect(handedTo(back)).toEqual([['eve'], ['bob', 'bea', 'carol']]);
    expect(refusalOf(back, approve('dave'))).toBe('forbidden');
  });

  it('given who gave only a signature away and has joined the group since, then they decide with the group', () => {
    const group: FlowGiven = { stages: [{ groups: ['g'] }, { users: ['zoe'] }], groups: { g: ['bob'] } };
    const does = acting(group);
    const signed = after(
      opened(group).state,
      does.addSigners('bob', ['dave'], 'with'),
      does.transfer('dave', 'eve'),
      does.approve('eve'),
      does.approve('bob'),
    );
    const grown = acting({ ...group, groups: { g: ['bob', 'dave'] } });
    expect(refusalOf(after(signed, grown.giveBack('zoe', 1)), grown.approve('dave'))).toBe('allowed');
  });

  it('given a system administrator who seated somebody besides, then nobody stands in for them', () => {
    const all: FlowGiven = {
      stages: [{ groups: ['g'], mode: 'all' }, { users: ['zoe'] }],
      groups: { g: ['bob'] },
    };
    const does = acting(all);
    const seated = after(opened(all).state, does.transfer('root', 'dave'), does.askOpinion('bob', 'root'));
    const passed = after(seated, does.approve('root'), does.approve('bob'), does.approve('dave'));
    const grown = acting({ ...all, groups: { g: ['bob', 'root'] } });
    expect(after(passed, grown.giveBack('zoe', 1)).steps[0]?.people).toEqual(['bob', 'root', 'dave']);
  });
});

describe('an opinion', () => {
  const asked = after(start, askOpinion('bob', 'dave'));

  it('given that it is asked for, then whoever asked waits for it', () => {
    expect(inTurn(asked)).toEqual(['dave']);
    for (const command of [approve('bob'), transfer('bob', 'eve'), askOpinion('bob', 'eve')]) {
      expect(refusalOf(asked, command)).toBe('forbidden');
    }
  });

  it.each(['approve', 'reject'] as const)(
    'given to %s, then it decides nothing, and the seat is back',
    (verdict) => {
      const command = verdict === 'approve' ? approve('dave') : reject('dave');
      expect(typesOf(asked, command)).toEqual(['step.opinion_given']);
      const state = after(asked, command);
      expect([state.applyStatus, inTurn(state)]).toEqual(['in_review', ['bob']]);
      expect(refusalOf(state, approve('dave'))).toBe('forbidden');
      expect(inTurn(after(state, approve('bob')))).toEqual(['bea']);
    },
  );

  it('given that nobody else agrees, then it is no vote', () => {
    const any: FlowGiven = { stages: [{ users: ['bob'] }] };
    const does = acting(any);
    const state = after(opened(any).state, does.askOpinion('bob', 'dave'), does.approve('dave'));
    expect(statuses(state)).toEqual(['in_review']);
  });

  it('given a member of a group who asks, then the other members go on', () => {
    const group: FlowGiven = { stages: [{ groups: ['g'] }], groups: { g: ['bob', 'bea'] } };
    const does = acting(group);
    const state = after(opened(group).state, does.askOpinion('bob', 'dave'));
    expect(refusalOf(state, does.approve('bob'))).toBe('forbidden');
    expect(after(state, does.approve('bea')).applyStatus).toBe('completed');
    expect(after(state, does.approve('dave'), does.approve('bob')).applyStatus).toBe('completed');
  });

  it('given an administrator who was asked because nobody was found, then their opinion comes as well', () => {
    const nobody: FlowGiven = {
      stages: [{ groups: ['g'], mode: 'all', finding: { whenNobody: 'admin' } }],
      groups: { g: [] },
    };
    const does = acting(nobody);
    const state = after(opened(nobody).state, does.askOpinion('tina', 'dave'));
    expect(inTurn(state)).toContain('dave');
    expect(after(state, does.approve('dave'), does.approve('tina')).applyStatus).toBe('completed');
  });

  it('given whoever gives it, then they neither return, add, nor ask further; they may hand it on', () => {
    expect(refusalOf(asked, addSigners('dave', ['eve'], 'with'))).toBe('forbidden');
    expect(refusalOf(asked, giveBack('dave', 0))).toBe('forbidden');
    expect(refusalOf(asked, askOpinion('dave', 'eve'))).toBe('forbidden');
    const handed = after(asked, transfer('dave', 'eve'));
    expect(inTurn(handed)).toEqual(['eve']);
    expect(inTurn(after(handed, approve('eve')))).toEqual(['bob']);
  });

  it('given that it does not come, then whoever asked gives up asking, or the one who left is not waited for', () => {
    expect(inTurn(after(asked, removeSigners('bob', ['dave'])))).toEqual(['bob']);
    expect(inTurn(after(asked, acting({ ...flow, inactive: ['dave'] }).recount()))).toEqual(['bob']);
  });

  it('given an opinion, then its author may still be given a seat', () => {
    const state = after(asked, approve('dave'), transfer('bob', 'dave'));
    expect(inTurn(after(state, approve('dave')))).toEqual(['bea']);
  });
});
