import fc from 'fast-check';
import { type Command, decide } from './decide.js';
import { acting, type DelegationGiven, type FlowGiven, opening, personIn } from './engine.spec-support.js';
import { type Act, anyActs, anyFlow, aptly, commandOf, flowAt, people } from './engine.walks.spec-support.js';
import type { OrderEvent, StandIn } from './events.js';
import { evolve, evolveAll } from './evolve.js';
import { open } from './open.js';
import { openStep, type OrderState, type StepState } from './order-state.js';
import { told } from './properties.spec-support.js';
import { userOfSubject } from './vocabulary.js';

/** Somebody does something while others have delegated their work, or an administrator hands a place over. */
export interface Move {
  readonly act: Act;
  readonly handsOver: boolean;
  readonly delegations: readonly DelegationGiven[] | null;
}
export interface Turn {
  readonly now: FlowGiven;
  readonly before: OrderState;
  readonly command: Command;
  readonly events: readonly OrderEvent[];
  readonly after: OrderState;
}
export interface Walk {
  readonly turns: readonly Turn[];
  readonly log: readonly (readonly OrderEvent[])[];
}

export const anybody = fc.constantFrom(...people, 'zoe');
/** At most one from each person; circles and delegations to oneself are no facts that the engine may trip over. */
const anyDelegations: fc.Arbitrary<readonly DelegationGiven[]> = fc.uniqueArray(
  fc.record({ from: anybody, to: anybody, redelegate: fc.boolean() }),
  { selector: ({ from }) => from, maxLength: 7, size: 'max' },
);
export const anyDelegatedFlow: fc.Arbitrary<FlowGiven> = fc
  .record({ flow: anyFlow, distinct: fc.boolean(), delegations: anyDelegations })
  .map(({ flow, ...more }) => ({ ...flow, ...more }));
export const anyMoves: fc.Arbitrary<readonly Move[]> = fc
  .record({
    acts: anyActs,
    more: fc.array(
      fc.record({
        handsOver: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
        delegations: fc.option(anyDelegations, { nil: null, freq: 5 }),
      }),
      { minLength: 30, maxLength: 30 },
    ),
  })
  .map(({ acts, more }) =>
    acts.map((act, index) => ({ act, handsOver: false, delegations: null, ...more[index] })),
  );

/** Who is represented on the open step through a group in which the directory no longer has them. */
function lapsedOn(state: OrderState, flow: FlowGiven): string[] {
  const step = openStep(state);
  return (step?.seats ?? [])
    .filter((seat) => seat.gone === 'delegated' && seat.kind === 'acting')
    .flatMap((seat) => userOfSubject(seat.subject) ?? [])
    .filter((userCode) => !step?.subjects.some((subject) => personIn(userCode, flow).subjects.has(subject)));
}

function commandAt(state: OrderState, given: FlowGiven, { act: drawn, handsOver, delegations }: Move) {
  const then = { ...flowAt(given, drawn), ...(delegations ? { delegations } : {}) };
  const now = { ...then, lapsed: lapsedOn(state, then) };
  const act = aptly(drawn, state, now);
  const places = openStep(state)?.seats.filter((seat) => seat.turn !== 'closed') ?? [];
  const place = places[act.toStep % places.length];
  const from = (place && userOfSubject(place.subject)) ?? act.actor;
  return { now, command: handsOver ? acting(now).handOver('root', from, act.to) : commandOf(act, now) };
}

export function walkOf(flow: FlowGiven, moves: readonly Move[]): Walk | null {
  const outcome = open(opening(flow));
  if (!outcome.ok) return null;
  let state = evolveAll(null, outcome.events);
  const log = [outcome.events];
  const opened: Command = acting(flow).recount();
  const turns: Turn[] = [
    { now: flow, before: unopened(outcome.events), command: opened, events: outcome.events, after: state },
  ];
  let given = flow;
  for (const move of moves) {
    const { now, command } = commandAt(state, given, move);
    const answer = decide(state, command);
    const before = state;
    const events = answer.ok ? answer.events : [];
    if (events.length > 0) {
      state = evolveAll(state, events);
      log.push(events);
    }
    if (answer.ok) told.allowed += 1;
    turns.push({ now, before, command, events, after: state });
    given = answer.ok ? now : { ...now, variables: given.variables ?? {} };
  }
  told.orders += 1;
  told.commands += moves.length;
  return { turns, log };
}

/** An order of which nothing is known but that it was opened. */
const unopened = (events: readonly OrderEvent[]): OrderState => evolveAll(null, events.slice(0, 1));

/** The order before each of a turn's events, and after it. */
export function* eachEvent({ before, events }: Turn): Generator<[OrderState, OrderEvent, OrderState]> {
  let state = before;
  for (const event of events) {
    if (event.type === 'order.opened') continue;
    const after = evolve(state, event);
    yield [state, event, after];
    state = after;
  }
}

/** Who has decided a step that is still decided, by the log alone: the vote's own words say for whom it was. */
export class Votes {
  private readonly behalf = new Map<string, string>();

  add(event: OrderEvent): void {
    if (!('capacity' in event) || !('applyStep' in event)) return;
    this.behalf.set(`${event.applyStep} ${event.userCode}`, event.onBehalfOf ?? event.userCode);
  }

  on({ applyStep, seats }: StepState): string[] {
    const voters = seats.filter((seat) => seat.decision !== null && seat.kind !== 'consulted');
    return voters.flatMap((seat) => {
      const who = userOfSubject(seat.subject) ?? '';
      return [...new Set([who, this.behalf.get(`${applyStep} ${who}`) ?? who])];
    });
  }
}

/** Who stands in for whom on the open step, by the log alone. */
export class Places {
  private standing: StandIn[] = [];

  get now(): readonly StandIn[] {
    return this.standing;
  }

  add(event: OrderEvent): void {
    const without = (userCodes: readonly string[]) => {
      this.standing = this.standing.filter(({ by }) => !userCodes.includes(by));
    };
    if (event.type === 'step.stood_in') this.standing.push(...event.standIns);
    else if (event.type === 'step.people_left' || event.type === 'step.signers_removed')
      without(event.userCodes);
    else if (event.type === 'step.transferred') without([event.from ?? '']);
    else if (event.type === 'order.returned') this.standing = [];
    else if (event.type === 'step.in_review' || event.type === 'step.decision_taken_back')
      this.opens(event.applyStep);
  }

  /** A step that is asked anew while it is open keeps who stands in there; another one, also one led back to, asks anew. */
  private opens(applyStep: number): void {
    if (applyStep !== this.openStep) this.standing = [];
    this.openStep = applyStep;
  }

  private openStep: number | null = null;
}
