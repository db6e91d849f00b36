import { describe, expect, it } from 'vitest';
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

const flow: FlowGiven = { stages: [{ users: ['bob', 'bea'] }, { users: ['zoe'] }] };
const { approve, reject, addSigners, removeSigners } = acting(flow);
const start = opened(flow).state;

describe('added signatures', () => {
  it('given one before, then the whole step waits for it', () => {
    const state = after(start, addSigners('bob', ['carol'], 'before'));
    expect(inTurn(state)).toEqual(['carol']);
    expect(refusalOf(state, approve('bob'))).toBe('forbidden');
    const signed = after(state, approve('carol'));
    expect([statuses(signed), inTurn(signed)]).toEqual([
      ['in_review', 'waiting'],
      ['bob', 'bea'],
    ]);
    expect(statuses(after(signed, approve('bea')))).toEqual(['approved', 'in_review']);
  });

  it('given one with, then it is needed beside the step’s own, in whichever sequence', () => {
    const state = after(start, addSigners('bob', ['carol'], 'with'));
    expect([inTurn(state), state.steps[0]?.requiredApprovals]).toEqual([['bob', 'bea', 'carol'], 2]);
    expect(statuses(after(state, approve('carol'), approve('bob')))).toEqual(['approved', 'in_review']);
    const met = after(state, approve('bob'));
    expect([statuses(met), inTurn(met)]).toEqual([['in_review', 'waiting'], ['carol']]);
    expect(statuses(after(met, approve('carol')))).toEqual(['approved', 'in_review']);
  });

  it('given one after, then its turn comes when the others are there, the ones beside included', () => {
    const state = after(start, addSigners('bob', ['carol'], 'after'), addSigners('bob', ['dave'], 'with'));
    expect(inTurn(state)).toEqual(['bob', 'bea', 'dave']);
    expect(refusalOf(state, approve('carol'))).toBe('forbidden');
    const met = after(state, approve('bob'));
    expect(inTurn(met)).toEqual(['dave']);
    const last = after(met, approve('dave'));
    expect(inTurn(last)).toEqual(['carol']);
    expect(statuses(after(last, approve('carol')))).toEqual(['approved', 'in_review']);
  });

  it.each([
    ['any', undefined],
    ['all', undefined],
    ['threshold', 1],
    ['sequential', undefined],
  ] as const)('given a signer’s rejection in %s, then the order is rejected', (mode, min) => {
    const one: FlowGiven = { stages: [{ users: ['bob', 'bea', 'zoe'], mode, ...(min ? { min } : {}) }] };
    const does = acting(one);
    const state = after(opened(one).state, does.addSigners('bob', ['carol'], 'with'));
    expect(typesOf(state, does.reject('carol'))).toEqual(['step.rejected', 'order.rejected']);
  });

  it('given a signer, then the log says in which capacity', () => {
    const state = after(start, addSigners('bob', ['carol'], 'before'));
    expect(eventsOf(state, approve('carol'))[0]).toMatchObject({ type: 'step.voted', capacity: 'signer' });
  });

  it('given a system administrator, then the step is closed whatever signatures are missing', () => {
    const state = after(start, addSigners('bob', ['carol'], 'before'));
    expect(statuses(after(state, approve('root')))).toEqual(['approved', 'in_review']);
  });

  it('given a signer who is no longer active, then they block nothing', () => {
    const state = after(start, addSigners('bob', ['carol'], 'with'), approve('bob'));
    const now = acting({ ...flow, inactive: ['carol'] });
    expect(typesOf(state, now.recount())).toEqual(['step.people_left', 'step.passed', 'step.in_review']);
  });

  it('given signers who add signers, then each of them is needed', () => {
    const state = after(
      start,
      addSigners('bob', ['carol'], 'before'),
      addSigners('carol', ['dave'], 'before'),
    );
    expect(inTurn(state)).toEqual(['carol', 'dave']);
    const state2 = after(state, approve('carol'), approve('dave'));
    expect(inTurn(state2)).toEqual(['bob', 'bea']);
  });
});

describe('adding signers', () => {
  const here: FlowGiven = { ...flow, inactive: ['gone'], autoApprove: 'never' };
  const does = acting(here);
  const state = after(opened(here).state, does.addSigners('bob', ['carol'], 'after'));

  it.each([
    ['somebody who is a signer', ['carol'], 'already_exists'],
    ['a reviewer of the step', ['bea'], 'already_exists'],
    ['oneself', ['bob'], 'already_exists'],
    ['the same person twice', ['dave', 'dave'], 'validation_failed'],
    ['somebody unknown', ['dave', 'nobody'], 'validation_failed'],
    ['somebody inactive', ['gone'], 'validation_failed'],
    ['the applicant under never', ['ann'], 'validation_failed'],
  ])('given %s, then it is refused', (_name, userCodes, code) => {
    expect(refusalOf(state, does.addSigners('bob', userCodes, 'with'))).toBe(code);
  });

  it('given somebody whose turn it is not, then it is refused', () => {
    expect(refusalOf(state, does.addSigners('carol', ['dave'], 'with'))).toBe('forbidden');
    expect(refusalOf(state, does.addSigners('zoe', ['dave'], 'with'))).toBe('forbidden');
  });

  it('given a group of the step, then its members are on it already', () => {
    const group: FlowGiven = { stages: [{ groups: ['g'] }], groups: { g: ['bob', 'carol'] } };
    expect(refusalOf(opened(group).state, acting(group).addSigners('bob', ['carol'], 'with'))).toBe(
      'already_exists',
    );
  });

  it('given more than a step can carry, then it is refused', () => {
    const many = Array.from({ length: 101 }, (_none, index) => `x${index}`);
    expect(refusalOf(start, addSigners('bob', many, 'with'))).toBe('validation_failed');
  });
});

describe('removing signers', () => {
  const state = after(start, addSigners('bob', ['carol', 'dave'], 'with'));

  it('given whoever added them, or a system administrator, then they are taken out', () => {
    for (const actor of ['bob', 'root']) {
      const now = after(state, removeSigners(actor, ['carol']));
      expect([inTurn(now), now.steps[0]?.requiredApprovals]).toEqual([['bob', 'bea', 'dave'], 2]);
      expect(refusalOf(now, approve('carol'))).toBe('forbidden');
    }
  });

  it('given the last that is missing, then the step passes', () => {
    const met = after(state, approve('bob'), approve('carol'));
    expect(typesOf(met, removeSigners('bob', ['dave']))).toEqual([
      'step.signers_removed',
      'step.passed',
      'step.in_review',
    ]);
  });

  it('given somebody else, a signer who has decided, or nobody’s signature, then it is refused', () => {
    expect(refusalOf(state, removeSigners('bea', ['carol']))).toBe('forbidden');
    expect(refusalOf(after(state, approve('carol')), removeSigners('bob', ['carol']))).toBe(
      'already_decided',
    );
    expect(refusalOf(state, removeSigners('bob', ['bea']))).toBe('validation_failed');
    expect(refusalOf(state, removeSigners('bob', ['eve']))).toBe('validation_failed');
    const removed = after(state, removeSigners('bob', ['carol']));
    expect(refusalOf(removed, removeSigners('bob', ['carol']))).toBe('validation_failed');
    expect(refusalOf(after(start, reject('bob')), removeSigners('bob', ['carol']))).toBe('order_closed');
  });

  it('given a signer who was taken out, then they can be added again', () => {
    const again = after(state, removeSigners('bob', ['carol']), addSigners('bob', ['carol'], 'before'));
    expect(inTurn(again)).toEqual(['carol']);
  });
});
