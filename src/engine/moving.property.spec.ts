import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.js';
import { type FlowGiven, statuses } from './engine.spec-support.js';
import { anyActs, anyFlow, anyStage, aptly, commandOf, flowAt } from './engine.walks.spec-support.js';
import type { OrderEvent } from './events.js';
import { evolveAll, replay } from './evolve.js';
import { planMove } from './moving.js';
import { moving, type NewStage, snapshotsOf, versioned, type VersionGiven } from './moving.spec-support.js';
import { open } from './open.js';
import { isEnded, isSuperseded, openStep, type OrderState, type StepState } from './order-state.js';
import { runs, tellAfterwards, told } from './properties.spec-support.js';
import { autoApprovePolicies, dedupePolicies } from './vocabulary.js';

/** What becomes of a template: its stages in another sequence, some gone, some twice, some changed, some new. */
type Edit = readonly (
  { readonly stage: number; readonly changed: NewStage | null } | { readonly fresh: NewStage }
)[];

const withNode = (node: string) => anyStage.map((stage): NewStage => ({ node, version: 2, ...stage }));
const anyEdit: fc.Arbitrary<Edit> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        stage: fc.nat({ max: 4 }),
        changed: fc.option(withNode(''), { nil: null, freq: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ fresh: fc.constantFrom('m1', 'm2').chain(withNode) }) },
  ),
  { minLength: 1, maxLength: 7 },
);
/** Most edits leave the sequence as it is. */
const anySequence = fc
  .tuple(anyEdit, fc.constantFrom(true, true, false))
  .map(([edit, sorted]): Edit =>
    sorted
      ? edit.toSorted((one, other) => ('stage' in one && 'stage' in other ? one.stage - other.stage : 0))
      : edit,
  );
const anyVersion = fc.record({
  edit: anySequence,
  policies: fc.option(
    fc.record({
      autoApprove: fc.constantFrom(...autoApprovePolicies),
      dedupe: fc.constantFrom(...dedupePolicies),
      distinct: fc.boolean(),
    }),
    { nil: {}, freq: 2 },
  ),
});

const edited = (flow: FlowGiven, edit: Edit): NewStage[] =>
  edit.map((one) => {
    if ('fresh' in one) return one.fresh;
    const index = one.stage % flow.stages.length;
    const node = `n${index + 1}`;
    return one.changed ? { ...one.changed, node } : { node, ...flow.stages[index] };
  });

interface Moving {
  readonly before: OrderState;
  readonly given: VersionGiven;
  readonly now: FlowGiven;
  readonly plan: ReturnType<typeof planMove>;
  readonly after: OrderState;
  readonly log: readonly (readonly OrderEvent[])[];
}

/** Walks, moves, walks on, moves again. */
function check(judge: (moved: Moving) => void): void {
  fc.assert(
    fc.property(
      anyFlow,
      fc.array(fc.tuple(anyActs, anyVersion), { minLength: 1, maxLength: 3 }),
      (flow, parts) => {
        const outcome = open(versioned(flow));
        if (!outcome.ok) return;
        told.orders += 1;
        const log = [outcome.events];
        let state = evolveAll(null, outcome.events);
        let given = flow;
        let version = 1;
        const add = (events: readonly OrderEvent[]) => {
          if (events.length === 0) return;
          state = evolveAll(state, events);
          log.push(events);
        };
        for (const [acts, { edit, policies }] of parts) {
          for (const any of acts.slice(0, 8)) {
            const now = flowAt(given, any);
            const answer = decide(state, commandOf(aptly(any, state, now), now));
            if (answer.ok) add(answer.events);
            given = answer.ok ? now : { ...now, variables: given.variables ?? {} };
          }
          const before = state;
          const to = {
            stages: edited(flow, edit),
            fromVersion: version,
            toVersion: version + 1,
            ...policies,
          };
          const command = moving(before, to, given);
          const plan = planMove(before, command);
          const answer = decide(before, command);
          told.commands += 1;
          expect(answer.ok).toBe(plan.outcome !== 'conflict');
          if (answer.ok && answer.events.length > 0) {
            told.allowed += 1;
            version += 1;
            add(answer.events);
          }
          judge({ before, given: to, now: given, plan, after: state, log });
        }
      },
    ),
    { ...runs, numRuns: Math.ceil(runs.numRuns / 2) },
  );
}

const isWalked = ({ auditStatus }: StepState): boolean => ['approved', 'auto_approved'].includes(auditStatus);
/** After a return that leads through everything again, nothing counts as walked. */
const walkedOf = (state: OrderState): StepState[] =>
  state.returned?.resume === 'again' ? [] : state.steps.filter(isWalked);

describe('orders that are moved to other versions of their template, wherever they stand', () => {
  tellAfterwards('moves');

  it('the log tells the order, whatever people do with it afterwards', () => {
    check(({ log, after }) => {
      expect(replay(log)).toEqual(after);
      expect(after.steps.map((step) => step.applyStep)).toEqual(after.steps.map((_, index) => index + 1));
    });
  });

  it('an order that stays or conflicts is not changed', () => {
    check(({ before, after, plan }) => {
      if (plan.outcome === 'move') return;
      expect(after).toBe(before);
      if (isEnded(before)) expect(plan.reason).toBe('ended');
    });
  });

  it('what was walked stays as it was, but for how it would be asked once more', () => {
    check(({ before, after, plan }) => {
      if (plan.outcome !== 'move') return;
      for (const step of walkedOf(before)) {
        const { byName: _was, ...was } = step;
        const { byName: _is, ...is } = after.steps[step.applyStep - 1] as StepState;
        expect(is).toEqual(was);
      }
    });
  });

  it('an open step that nobody was asked anew on keeps its seats; one with votes is never asked anew', () => {
    check(({ before, after, plan }) => {
      const reviewed = openStep(before);
      if (plan.outcome !== 'move' || !reviewed) return;
      const { byName: _was, ...was } = reviewed;
      const { byName: _is, ...is } = after.steps[reviewed.applyStep - 1] as StepState;
      if (!plan.reopened && openStep(after)?.applyStep === reviewed.applyStep) expect(is).toEqual(was);
      if (
        reviewed.seats.some(
          (seat) =>
            seat.decision !== null && !['consulted'].includes(seat.kind) && seat.capacity !== 'repeat',
        )
      ) {
        expect(is).toEqual(was);
      }
    });
  });

  it('every stage of the new version is one step; nothing else is still to be walked', () => {
    check(({ after, plan, given, now }) => {
      if (plan.outcome !== 'move' || isEnded(after)) return;
      const count = (nodes: readonly string[]) => {
        const counted = new Map<string, number>();
        for (const node of nodes) counted.set(node, (counted.get(node) ?? 0) + 1);
        return counted;
      };
      const wanted = count(snapshotsOf(given, now).map((stage) => stage.nodeId));
      const steps = after.steps.filter((step) => !isSuperseded(step));
      const there = count(steps.map((step) => step.nodeId));
      for (const [node, times] of wanted) expect(there.get(node) ?? 0).toBeGreaterThanOrEqual(times);
      for (const [node, times] of there) {
        const walked = steps.filter((step) => step.nodeId === node && isWalked(step)).length;
        expect(times).toBeLessThanOrEqual(Math.max(walked, wanted.get(node) ?? 0));
      }
    });
  });

  it('moved once, an order stays at that version', () => {
    check(({ after, plan, given, now }) => {
      if (plan.outcome !== 'move') return;
      const again = planMove(after, moving(after, { ...given, fromVersion: given.toVersion ?? 2 }, now));
      if (isEnded(after)) expect(again.reason).toBe('ended');
      else if (after.applyStatus === 'executing') expect(again.reason).toBe('executing');
      else expect([again.reason, statuses(after)]).toEqual(['up_to_date', statuses(after)]);
    });
  });

  it('an order whose template has not changed stays as it is', () => {
    check(({ before, now }) => {
      const same: VersionGiven = { stages: [], toVersion: 1 };
      const stages = before.steps.filter((step) => !isSuperseded(step));
      const command = moving(before, same, now);
      const plan = planMove(before, {
        ...command,
        stages: stages.map((step, index) => ({ ...step, applyStep: index + 1 })),
      });
      expect(plan.outcome === 'stay' || stages.length < before.steps.length).toBe(true);
    });
  });
});
