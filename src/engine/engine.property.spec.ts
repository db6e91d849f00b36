import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.js';
import { Model } from './engine.model.spec-support.js';
import { type FlowGiven, opening, personIn, statuses } from './engine.spec-support.js';
import {
  type Act,
  anyActs,
  anyFlow,
  aptly,
  commandOf,
  flowAt,
  judge,
  people,
} from './engine.walks.spec-support.js';
import type { OrderEvent } from './events.js';
import { evolveAll, replay } from './evolve.js';
import { open, planPath } from './open.js';
import { isEnded, isLazy, openStep, type OrderState, type StepState } from './order-state.js';
import { mayDecide } from './permission.js';
import { runs, tellAfterwards, told } from './properties.spec-support.js';
import { userSubject } from './vocabulary.js';

/** One command on an order: the order before it, what was answered, and the order behind it. */
interface Turn {
  readonly act: Act;
  readonly now: FlowGiven;
  readonly before: OrderState;
  readonly events: readonly OrderEvent[] | null;
  readonly after: OrderState;
}
interface Walk {
  readonly first: OrderState;
  readonly turns: readonly Turn[];
  readonly log: readonly (readonly OrderEvent[])[];
}

function walkOf(flow: FlowGiven, acts: readonly Act[]): Walk | null {
  const outcome = open(opening(flow));
  if (!outcome.ok) return null;
  const first = evolveAll(null, outcome.events);
  const log = [outcome.events];
  const turns: Turn[] = [];
  let state = first;
  let given = flow;
  for (const any of acts) {
    const now = flowAt(given, any);
    const act = aptly(any, state, now);
    const answer = decide(state, commandOf(act, now));
    const before = state;
    if (answer.ok && answer.events.length > 0) {
      state = evolveAll(state, answer.events);
      log.push(answer.events);
    }
    turns.push({ act, now, before, events: answer.ok ? answer.events : null, after: state });
    given = answer.ok ? now : { ...now, variables: given.variables ?? {} };
  }
  told.orders += 1;
  told.commands += turns.length;
  told.allowed += turns.filter((turn) => turn.events !== null).length;
  return { first, turns, log };
}

const property = (check: (walk: Walk, flow: FlowGiven) => void) =>
  fc.assert(
    fc.property(anyFlow, anyActs, (flow, acts) => {
      const walk = walkOf(flow, acts);
      if (walk) check(walk, flow);
    }),
    runs,
  );
const states = ({ first, turns }: Walk): OrderState[] => [first, ...turns.map((turn) => turn.after)];

describe('whatever people do with an order, in a directory that changes meanwhile', () => {
  tellAfterwards('engine properties');

  it('a naive model agrees on every answer, every status, and who may decide', () => {
    fc.assert(
      fc.property(anyFlow, anyActs, (flow, acts) => {
        const model = new Model(flow);
        const outcome = open(opening(flow));
        expect(outcome.ok).toBe(model.open());
        if (!outcome.ok) return;
        told.orders += 1;
        let state = evolveAll(null, outcome.events);
        let given = flow;
        const agree = () => {
          expect({ order: state.applyStatus, steps: statuses(state) }).toEqual({
            order: model.order.status,
            steps: model.statuses(),
          });
          const engine = people.map((who) => {
            const permission = mayDecide(state, personIn(who, given));
            return `${who}: ${'code' in permission ? '-' : permission.capacity}`;
          });
          expect(engine).toEqual(people.map((who) => `${who}: ${model.chance(who)?.capacity ?? '-'}`));
        };
        agree();
        for (const any of acts) {
          const now = flowAt(given, any);
          const act = aptly(any, state, now);
          const answer = decide(state, commandOf(act, now));
          told.commands += 1;
          told.allowed += answer.ok ? 1 : 0;
          const expected = model.attempt(now, () => judge(model, act) ?? answer.ok);
          expect(`${act.type} ${answer.ok}`).toBe(`${act.type} ${expected}`);
          if (answer.ok && answer.events.length > 0) state = evolveAll(state, answer.events);
          given = answer.ok ? now : { ...now, variables: given.variables ?? {} };
          if (answer.ok) agree();
        }
      }),
      runs,
    );
  });

  it('no order comes into a state that it may not be in', () => {
    property((walk) => {
      for (const state of states(walk)) {
        const count = state.steps.filter((step) => step.auditStatus === 'in_review').length;
        expect(`${count} open`).toBe(state.applyStatus === 'in_review' ? '1 open' : '0 open');
        for (const step of state.steps) {
          expect(new Set(step.seats.map((seat) => seat.subject)).size, 'one seat a person').toBe(
            step.seats.length,
          );
          expect(new Set(step.people).size, 'asked once').toBe(step.people.length);
        }
        const step = openStep(state);
        if (step) expect(lost(step)).toEqual([]);
      }
      for (const turn of walk.turns) {
        expect(votedTwice(turn)).toEqual([]);
        const { act, before, after } = turn;
        if (!isEnded(before) || (act.type === 'reopen' && after.applyStatus === 'in_review')) continue;
        expect({ ...after, version: 0 }, 'an order that has ended').toEqual({ ...before, version: 0 });
      }
    });
  });

  it('replaying the log rebuilds the order, also from JSON', () => {
    property((walk) => {
      const last = states(walk).at(-1);
      expect(replay(walk.log)).toEqual(last);
      expect(replay(JSON.parse(JSON.stringify(walk.log)) as OrderEvent[][])).toEqual(last);
      expect(last?.version).toBe(walk.log.length);
    });
  });

  it('what is refused changes nothing, and the same question has the same answer', () => {
    property((walk) => {
      for (const { act, now, before } of walk.turns.slice(0, 5)) {
        const copy = structuredClone(before);
        expect(decide(before, commandOf(act, now))).toEqual(decide(before, commandOf(act, now)));
        expect(before).toEqual(copy);
      }
    });
  });

  it('a decision that is taken back leaves the order as it was', () => {
    property((walk) => {
      for (const { act, now, before, events, after } of walk.turns) {
        if (!events || act.type !== 'approve' || !after.lastDecision) continue;
        const taken = decide(after, commandOf({ ...act, type: 'take_back' }, now));
        if (!taken.ok) continue;
        const left = events.filter((event) => event.type === 'step.people_left').slice(0, 1);
        const undone = evolveAll(after, taken.events);
        expect(plain(undone)).toEqual(plain(evolveAll(before, events[0] === left[0] ? left : [])));
      }
    });
  });

  it('the plan tells what opening does', () => {
    fc.assert(
      fc.property(anyFlow, (flow) => {
        const request = opening({ ...flow, hasCheck: false });
        const plan = planPath(request);
        const outcome = open(request);
        expect(outcome.ok).toBe(plan.every((step) => step.problem === null));
        if (!outcome.ok) return;
        const path = statuses(evolveAll(null, outcome.events));
        const first = plan.findIndex((step) => step.outcome === 'review');
        for (const [index, { outcome: planned, reason }] of plan.entries()) {
          const reached =
            first < 0 ||
            index < first ||
            reason === 'condition_false' ||
            (flow.autoApprove === 'through_applicant_node' &&
              planned === 'auto_approved' &&
              reason !== 'repeat_approver');
          const expected = !reached ? (index === first ? 'in_review' : 'waiting') : planned;
          expect(path[index]).toBe(expected);
        }
      }),
      runs,
    );
  });
});

/**
 * Whom an open step asks, and who has neither decided nor a turn to come nor gone. Where nobody is in turn, nobody is left
 * to ask: an administrator decides, or seats somebody.
 */
function lost(step: StepState): string[] {
  const seatless = step.people.filter((who) => !step.seats.some((seat) => seat.subject === userSubject(who)));
  const asked = step.seats.filter((seat) => {
    if (seat.gone !== null || seat.decision !== null || ['acting', 'consulted'].includes(seat.kind))
      return false;
    // Who signs after others has nobody to sign after where nobody was found.
    if (seat.kind === 'added') return seat.position !== 'after';
    return isLazy(step) || step.people.some((who) => userSubject(who) === seat.subject);
  });
  const turn = step.seats.some((seat) => seat.turn === 'open');
  return [...seatless, ...(turn ? [] : asked.map((seat) => seat.subject))];
}

/** Who votes on a step on which their vote is there already. */
function votedTwice({ before, events }: Turn): string[] {
  const step = openStep(before);
  const votes = (events ?? []).flatMap((event) =>
    event.type === 'step.voted' || event.type === 'step.voted_against' || event.type === 'step.approved'
      ? [event.userCode]
      : [],
  );
  return votes.filter((who) =>
    step?.seats.some(
      (seat) =>
        seat.subject === userSubject(who) &&
        seat.decision !== null &&
        seat.kind !== 'consulted' &&
        seat.gone === null,
    ),
  );
}

/** An order without what a person does not see: the version, seats that are not asked, and opinions that were given. */
const plain = (state: OrderState) => ({
  ...state,
  version: 0,
  lastDecision: null,
  steps: state.steps.map((step) => ({
    ...step,
    seats: step.seats.filter(
      ({ gone, kind, decision }) =>
        gone === null &&
        (kind !== 'acting' || decision !== null) &&
        (kind !== 'consulted' || decision === null),
    ),
  })),
});
