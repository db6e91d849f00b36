import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../engine/decide.js';
import { acting, factsIn, type FlowGiven, opening } from '../engine/engine.spec-support.js';
import { anyActs, anyFlow, aptly, commandOf, flowAt } from '../engine/engine.walks.spec-support.js';
import type { OrderEvent } from '../engine/events.js';
import { evolveAll } from '../engine/evolve.js';
import { open } from '../engine/open.js';
import type { OrderState } from '../engine/order-state.js';
import { expectSaid, pastOf, sentencesOf } from './explain.spec-support.js';
import { type Explained, explained } from './explanation.js';

/** An order that was opened, and what was done to it since, each as the engine does it. */
class Told {
  state: OrderState;
  readonly log: (readonly OrderEvent[])[];

  constructor(private readonly flow: FlowGiven) {
    const outcome = open(opening(flow));
    if (!outcome.ok) throw new Error(outcome.refusal.detail);
    this.log = [outcome.events];
    this.state = evolveAll(null, outcome.events);
  }

  does(command: (does: ReturnType<typeof acting>) => Parameters<typeof decide>[1], flow = this.flow): this {
    const outcome = decide(this.state, command(acting(flow)));
    if (!outcome.ok) throw new Error(outcome.refusal.detail);
    return this.then(...outcome.events);
  }

  then(...events: readonly OrderEvent[]): this {
    this.log.push(events);
    this.state = evolveAll(this.state, events);
    return this;
  }

  explained(): Explained {
    return explained(this.state, pastOf(this.log));
  }

  /** What explains a step: its rules, and their sentences in English. */
  step(applyStep: number) {
    const told = this.explained().steps.find(({ step }) => step.applyStep === applyStep);
    if (!told) throw new Error(`no step ${applyStep}`);
    return {
      outcome: told.outcome,
      sentence: told.sentence.en,
      rules: told.because.map(({ rule }) => rule),
      texts: told.because.map(({ text }) => text.en),
      earlier: told.earlier.map(({ text }) => text.en),
      waitsFor: told.waitsFor,
    };
  }
}

describe('why an order is where it is', () => {
  const amounts: FlowGiven = {
    stages: [
      { users: ['bob'], condition: 'amount > 5 and rate < 1' },
      { users: ['carol'], condition: 'amount > 50' },
      { users: ['dave'], condition: 'amount > 5 and missing = 1' },
      { users: ['eve'], condition: '0' },
      { users: ['zoe'] },
    ],
    variables: { amount: 10, rate: 0.5 },
  };

  it('given conditions, then each tells the values that it saw, and what came out', () => {
    const told = new Told(amounts);
    expect(told.step(1)).toMatchObject({
      outcome: 'under_review',
      texts: [
        'the condition amount > 5 and rate < 1 holds: amount = 10, rate = 0.5',
        expect.anything(),
        expect.anything(),
      ],
    });
    expect(told.step(2)).toMatchObject({
      outcome: 'skipped_by_condition',
      rules: ['condition', 'skipped'],
      texts: ['the condition amount > 50 does not hold: amount = 10', 'so the step is skipped'],
    });
    expect(told.step(3).texts[0]).toContain('amount = 10, missing is not there');
    expect(told.step(4).texts[0]).toContain('switched off');
    expect(told.step(5).rules).toEqual([]);
    expect(told.step(5).sentence).toBe('waits for its turn');
  });

  it('given an order from before values were recorded, then it says so', () => {
    const told = new Told(amounts);
    const [first, ...rest] = told.log[0] as [OrderEvent & { type: 'order.opened' }, ...OrderEvent[]];
    const { saw: _saw, templateVersion: _version, ...old } = first;
    const { steps, because } = explained(told.state, pastOf([[old, ...rest]]));
    expect(steps[1]?.because[0]?.text.en).toContain('not recorded');
    expect(steps[3]?.because[0]?.text.en).not.toContain('not recorded');
    expect(because[0]?.text.en).toContain('whose version is not recorded');
  });

  it('given an order without a log, then its steps are told as they are', () => {
    const { state } = new Told(amounts);
    const { because, steps } = explained(state, []);
    expect(because).toMatchObject([{ rule: 'not_recorded', at: null, by: null }]);
    expect(steps.map(({ sentence }) => sentence.en)[0]).toBe('under review: waits for bob');
  });

  it('given a returned and resubmitted order, then only the last round counts, and the others are told briefly', () => {
    const told = new Told(amounts)
      .does((does) => does.approve('bob'))
      .does((does) => does.giveBack('zoe', 0, 'again'))
      .does((does) => does.resubmit('ann', { amount: 60 }), { ...amounts, variables: { amount: 60 } });
    expect(told.step(1)).toMatchObject({
      outcome: 'skipped_by_condition',
      rules: ['condition', 'skipped'],
      earlier: ['approved by bob; then zoe returned the order to its applicant'],
    });
    expect(told.step(1).texts[0]).toContain('amount = 60, rate is not there');
    expect(told.step(2)).toMatchObject({
      outcome: 'under_review',
      earlier: ['skipped; then the applicant resubmitted the order'],
    });
    expect(told.step(5).earlier).toEqual(['under review; then zoe returned the order to its applicant']);
    expect(told.explained().because.map(({ rule }) => rule)).toEqual(['opened', 'returned', 'resubmitted']);
  });

  it('given a returned step, then that its condition held is still told', () => {
    const told = new Told(amounts)
      .does((does) => does.approve('bob'))
      .does((does) => does.giveBack('zoe', 1, 'again'));
    expect(told.step(1).rules.slice(0, 2)).toEqual(['condition', 'returned_to']);
  });

  it('given votes, then it counts them, and what is still needed', () => {
    const told = new Told({ stages: [{ users: ['bob', 'carol', 'dave'], mode: 'threshold', min: 2 }] });
    expect(told.does((does) => does.approve('bob')).step(1)).toMatchObject({
      sentence: 'under review: waits for carol, dave; 1 of 2 approvals so far',
      rules: ['named', 'mode', 'voted'],
      waitsFor: { given: 1, needed: 2, people: [{ userCode: 'carol' }, { userCode: 'dave' }] },
    });
    expect(told.does((does) => does.approve('dave')).step(1).sentence).toBe('approved by bob, dave');
    expect(told.explained().summary.en).toContain('completed');
  });

  it('given a group that is asked as it is, then it names the group and nobody in it', () => {
    const told = new Told({ stages: [{ groups: ['g'] }], groups: { g: ['bob', 'carol'] } });
    expect(told.step(1)).toMatchObject({
      rules: ['as_they_are', 'mode'],
      sentence: 'under review: waits for the members of group g',
      waitsFor: { people: [], groups: ['g'] },
    });
  });

  it('given policies, then what they pass names the rule and its ground', () => {
    const own = new Told({ stages: [{ users: ['bob'] }, { users: ['ann'] }, { users: ['carol'] }] });
    expect([1, 2].map((applyStep) => own.step(applyStep).rules)).toEqual([
      ['before_applicant_node'],
      ['applicant_node'],
    ]);
    const repeated = new Told({ stages: [{ users: ['bob'] }, { users: ['bob'] }], dedupe: 'all' });
    expect(repeated.does((does) => does.approve('bob')).step(2)).toMatchObject({
      outcome: 'approved_as_repeat',
      texts: ['it passes by itself: bob has approved before (step 1)'],
    });
    const never = new Told({ stages: [{ users: ['ann', 'bob'], mode: 'all' }], autoApprove: 'never' });
    expect(never.step(1).texts).toContain('ann is not asked: nobody decides their own order');
  });

  it('given somebody who stands in, then both are named', () => {
    const flow: FlowGiven = { stages: [{ users: ['bob'], mode: 'all' }] };
    const standIns = [{ by: 'carol', for: 'bob', delegations: ['d1'] }];
    const told = new Told(flow).then({ type: 'step.stood_in', applyStep: 1, standIns });
    expect(told.step(1)).toMatchObject({
      sentence: 'under review: waits for carol (for bob)',
      waitsFor: { people: [{ userCode: 'carol', onBehalfOf: 'bob' }] },
    });
    expect(told.explained().steps[0]?.sentence.zh).toContain('carol（代 bob）');
    const decision = { applyStep: 1, userCode: 'carol', auditMsg: null, capacity: 'assignee' } as const;
    told.then({ type: 'step.approved', ...decision, onBehalfOf: 'bob' });
    expect(told.step(1).texts.at(-1)).toBe('carol approves for bob; the step has all that it needs');
  });

  it('given a step that is due, then it tells until when, what time did, and when it stands still', () => {
    const timing = {
      calendar: null,
      due: '1h',
      remindBefore: [],
      remindAfter: [],
      then: 'escalate',
      levels: 1,
      every: '1h',
    } as const;
    const given = opening({ stages: [{ users: ['bob'], mode: 'all' }] });
    const facts = factsIn({ stages: [{ users: ['bob'] }] });
    const timetable = {
      length: () => 3_600_000,
      add: (_: unknown, from: number, ms: number) => from + ms,
      between: () => 5,
    };
    const outcome = open({
      ...given,
      stages: given.stages.map((stage) => ({ ...stage, timing })),
      facts: { ...facts, present: { now: 0, timetable } },
    });
    if (!outcome.ok) throw new Error(outcome.refusal.detail);
    const log: (readonly OrderEvent[])[] = [outcome.events];
    const stepOf = () => explained(evolveAll(null, log.flat()), pastOf(log)).steps[0];
    expect(stepOf()?.sentence.en).toBe('under review: waits for bob; due on 1970-01-01 01:00:00 UTC');
    expect(stepOf()?.waitsFor?.dueAt).toEqual(new Date(3_600_000));
    log.push([{ type: 'step.escalated', applyStep: 1, timers: ['due'], level: 1, userCodes: ['eve'] }]);
    expect(stepOf()?.because.at(-1)?.text.en).toBe(
      'it is overdue: eve may decide it too, as leader (level 1)',
    );
    expect(stepOf()?.sentence.en).toContain('bob, eve (leader, since it is overdue)');
    log.push([{ type: 'step.clock_stopped', applyStep: 1, at: 5, used: 5 }]);
    expect(stepOf()?.sentence.zh).toContain('暂停计时');
    expect(stepOf()?.because.map(({ rule }) => rule)).toEqual([
      'named',
      'mode',
      'due',
      'escalated',
      'clock_stopped',
    ]);
  });

  it.each(['any', 'all'] as const)(
    'given %s and a reviewer who goes, then it says once whom it asks now',
    (mode) => {
      const told = new Told({ stages: [{ users: ['bob'], mode }] });
      const before = told.step(1).texts;
      const asked = { type: 'step.in_review', applyStep: 1, requiredApprovals: 1, people: [] } as const;
      told.then({ ...asked, subjects: ['u:dave'], reason: 'asks_fallback' });
      const { texts } = told.step(1);
      expect(texts.filter((text) => /asks (bob|dave)/.test(text))).toEqual([
        'it asks bob: named by the node',
        'too few reviewers were found; as its node says then, it asks dave',
      ]);
      expect(new Set(texts).size).toBe(texts.length);
      expect(texts.slice(0, before.length)).toEqual(before);
    },
  );

  it('given a node whose only reviewer is away from the beginning, then it asks others, and not them', () => {
    const told = new Told({ stages: [{ users: ['bob'] }] });
    const [opened = []] = told.log;
    const log = opened.map((event) =>
      event.type === 'step.in_review' ? { ...event, subjects: ['u:dave'], reason: 'asks_fallback' } : event,
    );
    const rules = explained(evolveAll(null, log), pastOf([log])).steps[0]?.because.map(({ rule }) => rule);
    expect(rules).toEqual(['asks_fallback', 'mode']);
  });

  it('given a decision, then a code is set off from the Chinese behind it', () => {
    const told = (does: 'approve' | 'reject') =>
      new Told({ stages: [{ users: ['bob'] }] })
        .does((acts) => acts[does]('bob'))
        .explained()
        .steps[0]?.because.at(-1)?.text.zh;
    expect(told('approve')).toBe('bob 通过；该步骤所需的审批已齐全');
    expect(told('reject')).toBe('bob 驳回；该步骤因此驳回');
  });

  it('given an order that was moved, then what is ahead has its condition judged by the new version', () => {
    const flow: FlowGiven = {
      stages: [{ users: ['bob'] }, { users: ['carol'], condition: 'amount > 5' }],
      variables: { amount: 10 },
    };
    const told = new Told(flow);
    const ahead = opening({
      stages: [{ users: ['bob'] }, { users: ['dave'], condition: 'amount > 7' }],
    }).stages.slice(1);
    const policies = { autoApprove: 'never', dedupe: 'none', distinct: false } as const;
    told.then({
      type: 'order.moved',
      userCode: 'boss',
      fromVersion: 1,
      toVersion: 2,
      ...policies,
      present: null,
      kept: 1,
      ahead,
      saw: { 2: { amount: 10 } },
    });
    expect(told.step(2).texts).toEqual(['the condition amount > 7 holds: amount = 10']);
    expect(told.explained().because.at(-1)?.text.en).toContain('from version 1 of its template to version 2');
    expect(told.explained().policies.autoApprove.value).toBe('never');
  });

  it('given a log with a row taken out, then the rest is told all the same', () => {
    const told = new Told(amounts).does((does) => does.approve('bob'));
    for (let index = 0; index < told.log.flat().length; index++) {
      const rows = told.log.flat().filter((_, at) => at !== index);
      expect(() => explained(told.state, pastOf([rows]))).not.toThrow();
    }
  });

  it('whatever people do, every step has a sentence in both languages, and nothing is thrown', () => {
    const code = (event: OrderEvent): OrderEvent =>
      JSON.parse(
        JSON.stringify(event)
          .replace(/"(u:)?(ann|bob|carol|dave|eve|tina|root|zoe|nobody)"/g, '"$1$21"')
          .replaceAll('HTTP 500', 'm1')
          .replaceAll('amount', 'x1')
          .replaceAll('node ', 'node')
          .replaceAll('a word', 'm2')
          .replace(/r:(team|system)_admin/g, 'r:$11'),
      ) as OrderEvent;
    fc.assert(
      fc.property(anyFlow, anyActs, (flow, acts) => {
        const outcome = open(opening(flow));
        if (!outcome.ok) return;
        let state = evolveAll(null, outcome.events);
        const log = [outcome.events];
        for (const act of acts) {
          const now = flowAt(flow, act);
          const answer = decide(state, commandOf(aptly(act, state, now), now));
          if (!answer.ok || answer.events.length === 0) continue;
          log.push(answer.events);
          state = evolveAll(state, answer.events);
        }
        const coded = log.map((events) => events.map(code));
        const told = explained(evolveAll(null, coded.flat()), pastOf(coded));
        expect(told.steps).toHaveLength(state.steps.length);
        for (const [where, text] of sentencesOf(told)) expectSaid(text, where);
        for (const { step, because } of told.steps) {
          if (step.auditStatus !== 'waiting')
            expect(because.length, `step ${step.applyStep}`).toBeGreaterThan(0);
        }
      }),
      { numRuns: 300 },
    );
  });
});
