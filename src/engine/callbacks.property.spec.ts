import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Action, commandOf, people, type Walk, walk } from './callbacks.spec-support.js';
import { anyActionsIn, anyRule } from './callbacks.arbitraries.spec-support.js';
import { type FlowGiven, opening } from './engine.spec-support.js';
import { decide } from './decide.js';
import { evolveAll } from './evolve.js';
import { open } from './open.js';
import type { OrderState } from './order-state.js';
import { runs, tellAfterwards, told } from './properties.spec-support.js';
import { autoApprovePolicies, callbackKinds } from './vocabulary.js';

const anyGroups = fc.record({ g: fc.subarray(people), h: fc.subarray(people) });
const anyFlow: fc.Arbitrary<FlowGiven> = fc.record({
  stages: fc.array(
    fc.oneof(
      fc.record({ users: fc.subarray(people, { minLength: 1, maxLength: 3 }), ...anyRule }),
      fc.record({ groups: fc.subarray(['g', 'h'], { minLength: 1 }), ...anyRule }),
    ),
    { minLength: 1, maxLength: 4 },
  ),
  applicant: fc.constantFrom(...people),
  autoApprove: fc.constantFrom(...autoApprovePolicies),
  groups: anyGroups,
  hasExecute: fc.boolean(),
  hasCheck: fc.constantFrom(true, true, false),
  variables: fc.record({ amount: fc.integer({ min: 0, max: 10 }) }),
});
const anyActions = anyActionsIn(anyGroups);

const property = (check: (given: FlowGiven, walked: Walk, actions: readonly Action[]) => void) =>
  fc.assert(
    fc.property(anyFlow, anyActions, (given, actions) => {
      const walked = walk(given, actions);
      if (!walked) return;
      told.orders += 1;
      told.commands += actions.length;
      told.allowed += walked.states.length - 1;
      check(given, walked, actions);
    }),
    runs,
  );

/** What ends the wait for a callback. */
const ends = ['succeeded', 'failed', 'skipped', 'abandoned'];

describe('whatever becomes of an order’s callbacks', () => {
  tellAfterwards('callback properties');

  it('an order that is to be executed is completed by its execution, or by an administrator who vouches for it', () => {
    property((given, { states, log }) => {
      const events = log.flat();
      const done = events.filter(
        (event) =>
          event.type === 'callback.execute.succeeded' ||
          (event.type === 'callback.execute.abandoned' && event.applyStatus === 'completed'),
      );
      const completed = states.at(-1)?.applyStatus === 'completed';
      expect(done).toHaveLength(completed && given.hasExecute ? 1 : 0);
      if (!given.hasExecute) expect(events.map((event) => event.type)).not.toContain('order.executing');
    });
  });

  it('nothing is executed or completed before every step has passed', () => {
    property((_given, { states }) => {
      for (const { applyStatus, steps } of states) {
        if (applyStatus !== 'executing' && applyStatus !== 'completed') continue;
        for (const { auditStatus } of steps) {
          expect(['approved', 'auto_approved', 'skipped']).toContain(auditStatus);
        }
      }
    });
  });

  it('no step opens or passes before the check has, or has been done without', () => {
    property((given, { log }) => {
      if (!given.hasCheck) return;
      const events = log.flat();
      const first = events.findIndex((event) =>
        ['step.in_review', 'step.auto_approved', 'order.executing', 'order.completed'].includes(event.type),
      );
      if (first < 0) return;
      const before = events.slice(0, first);
      expect(before.map((event) => event.type)).toContain('check.requested');
      expect(
        before.some(
          (event) =>
            event.type === 'callback.check.succeeded' ||
            event.type === 'callback.check.skipped' ||
            (event.type === 'callback.check.abandoned' && event.applyStatus === 'in_review'),
        ),
      ).toBe(true);
    });
  });

  it('each callback is asked for before anything becomes of it, and its wait ends at most once', () => {
    property((_given, { log }) => {
      const types: string[] = log.flat().map((event) => event.type);
      for (const kind of callbackKinds) {
        const asked = types.indexOf(kind === 'check' ? 'check.requested' : 'order.executing');
        const became = types.flatMap((type, index) => (type.startsWith(`callback.${kind}.`) ? [index] : []));
        for (const index of became) expect(asked >= 0 && asked < index).toBe(true);
        const over = became.filter((index) => ends.includes(types[index]?.split('.')[2] ?? ''));
        expect(over.length).toBeLessThanOrEqual(1);
        // Behind its end nothing becomes of a callback any more.
        if (over.length === 1) expect(over[0]).toBe(became.at(-1));
      }
    });
  });

  it('parking and redelivering change nothing but the version', () => {
    property((_given, { states, done }) => {
      for (const [index, action] of done.entries()) {
        if (action?.type !== 'park_callback' && action?.type !== 'redeliver_callback') continue;
        const before = states[index - 1] as OrderState;
        expect(states[index]).toEqual({ ...before, version: before.version + 1 });
      }
    });
  });

  it('every state has an answer to every command, always the same one, and is left as it was', () => {
    property((given, { states }, actions) => {
      for (const state of states) {
        const before = structuredClone(state);
        const some = actions.slice(0, 8);
        const answers = () => some.map((action) => decide(state, commandOf(action, given)));
        const once = answers();
        expect(answers()).toEqual(once);
        expect(state).toEqual(before);
        expect(
          once.every((outcome) => (outcome.ok ? outcome.events : outcome.refusal.detail).length > 0),
        ).toBe(true);
      }
    });
  });

  it('a naive model of the rules agrees on every answer and every state', () => {
    fc.assert(
      fc.property(anyFlow, anyActions, (flow, actions) => {
        // Who decides a step that asks everyone is not what this is about.
        const given = { ...flow, stages: flow.stages.map((stage) => ({ ...stage, mode: 'any' as const })) };
        const outcome = open(opening(given));
        if (!outcome.ok) return;
        told.orders += 1;
        let state = evolveAll(null, outcome.events);
        let model = openedModel(given);
        expect(viewOf(state)).toEqual(model);
        for (const action of actions) {
          const answer = decide(state, commandOf(action, given));
          told.commands += 1;
          told.allowed += answer.ok ? 1 : 0;
          const expected = judge(model, action, given);
          if (typeof expected === 'string') {
            expect(answer.ok ? 'allowed' : answer.refusal.code).toBe(expected);
            continue;
          }
          expect(answer.ok || answer.refusal.code).toBe(true);
          if (answer.ok) state = evolveAll(state, answer.events);
          model = expected;
          expect(viewOf(state)).toEqual(model);
        }
      }),
      runs,
    );
  });
});

/** An order as a page of rules would draw it. */
interface Model {
  readonly status: string;
  readonly steps: readonly string[];
  readonly error: string | null;
}

const viewOf = ({ applyStatus, steps, error }: OrderState): Model => ({
  status: applyStatus,
  steps: steps.map((step) => step.auditStatus),
  error,
});

/** On which stages somebody sits, as the groups are now. */
const seats = (who: string, given: FlowGiven, groups: FlowGiven['groups']): boolean[] =>
  given.stages.map(
    (stage) =>
      (stage.users ?? []).includes(who) || (stage.groups ?? []).some((code) => groups?.[code]?.includes(who)),
  );

function openedModel(given: FlowGiven): Model {
  const amount = Number(given.variables?.['amount']);
  const steps = given.stages.map(({ condition }) =>
    condition === '0' || (condition === 'amount > 5' && amount <= 5) ? 'skipped' : 'waiting',
  );
  const waits: Model = { status: 'initiating', steps, error: null };
  return given.hasCheck ? waits : started(waits, given, given.groups);
}

/** The beginning of the walk: what passes by itself at once, then the first step that does not. */
function started(model: Model, given: FlowGiven, groups: FlowGiven['groups']): Model {
  const mine = seats(given.applicant ?? '', given, groups);
  const last =
    given.autoApprove === 'through_applicant_node'
      ? model.steps.findLastIndex((step, index) => step === 'waiting' && mine[index])
      : -1;
  const steps = model.steps.map((step, index) =>
    step === 'waiting' && index <= last ? 'auto_approved' : step,
  );
  return goneOn({ ...model, steps }, given, groups);
}

function goneOn(model: Model, given: FlowGiven, groups: FlowGiven['groups']): Model {
  const mine = seats(given.applicant ?? '', given, groups);
  const steps = [...model.steps];
  for (let next = steps.indexOf('waiting'); next >= 0; next = steps.indexOf('waiting')) {
    const passes = given.autoApprove === 'applicant_nodes' && mine[next];
    steps[next] = passes ? 'auto_approved' : 'in_review';
    if (!passes) return { ...model, status: 'in_review', steps };
  }
  return { ...model, status: given.hasExecute ? 'executing' : 'completed', steps };
}

const over = (model: Model, status: string, error: string | null = null): Model => ({
  status,
  steps: model.steps.map((step) => (step === 'waiting' || step === 'in_review' ? 'cancelled' : step)),
  error,
});

/** @returns the order behind the action, or the code of its refusal. */
function judge(model: Model, action: Action, given: FlowGiven): Model | string {
  const groups = action.groups ?? given.groups;
  const closed = ['completed', 'rejected', 'withdrawn'].includes(model.status);
  if (action.type === 'withdraw') {
    if (action.actor !== given.applicant) return 'forbidden';
    if (closed) return 'order_closed';
    return model.status === 'executing' ? 'not_in_review' : over(model, 'withdrawn');
  }
  if (closed) return 'order_closed';
  if (action.type === 'approve' || action.type === 'reject') {
    if (model.status !== 'in_review') return 'not_in_review';
    if (given.autoApprove === 'never' && action.actor === given.applicant) return 'forbidden';
    const mine = seats(action.actor, given, groups);
    const now = model.steps.indexOf('in_review');
    if (!mine[now] && action.actor !== 'root')
      return mine.slice(0, now).some(Boolean) ? 'already_decided' : 'forbidden';
    const verdict = action.type === 'approve' ? 'approved' : 'rejected';
    const decided = { ...model, steps: model.steps.with(now, verdict) };
    return verdict === 'approved' ? goneOn(decided, given, groups) : over(decided, 'rejected');
  }
  return judgeCallback(model, action, given, groups);
}

function judgeCallback(
  model: Model,
  action: Action,
  given: FlowGiven,
  groups: FlowGiven['groups'],
): Model | string {
  const check = action.type === 'skip_check' || action.callback === 'check';
  if (model.status !== (check ? 'initiating' : 'executing')) return 'not_awaited';
  const passes = () => (check ? started(model, given, groups) : over(model, 'completed'));
  const words = check ? 'the business module refuses the order' : 'the business module failed to execute';
  switch (action.type) {
    case 'answer_callback':
      return action.result ? passes() : over(model, 'rejected', action.error || words);
    case 'skip_check':
      return passes();
    case 'abandon_callback':
      if (action.applyStatus === 'rejected') return over(model, 'rejected', 'the module is gone');
      return action.applyStatus === (check ? 'in_review' : 'completed') ? passes() : 'not_awaited';
    default:
      return model;
  }
}
