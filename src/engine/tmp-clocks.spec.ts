import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minute, type Rota, timetableOf } from './clocks.spec-support.js';
import { type Command, decide } from './decide.js';
import { acting, factsIn, type FlowGiven, opening } from './engine.spec-support.js';
import { type Act, anyActs, anyFlow, aptly, commandOf, flowAt, people } from './engine.walks.spec-support.js';
import { Office, type Turn } from './clocks.office.spec-support.js';
import type { OrderEvent } from './events.js';
import { evolveAll, replay } from './evolve.js';
import { open } from './open.js';
import { openStep } from './order-state.js';
import { runs as runsFrom, tellAfterwards, told } from './properties.spec-support.js';
import { overdueActions, type Timetable, type Timing } from './timing.js';

/** Time goes on, and then somebody does something, or a worker looks after the timers, or a calendar changes. */
const runs = {...runsFrom, path: process.env.FC_PATH!, endOnFailure: true};
interface Move {
  readonly act: Act;
  readonly kind: 'act' | 'fire' | 'reckon';
  readonly minutes: number;
  readonly leaders: readonly string[];
  readonly rota: Rota;
  /** Whether the order is read from its log before. */
  readonly restarts: boolean;
}

const lengths = fc.constantFrom('1m', '10m', '30m', '1h', '2h', '1d');
const anyTiming: fc.Arbitrary<Timing> = fc.record({
  calendar: fc.constantFrom(null, 'c'),
  due: lengths,
  remindBefore: fc.uniqueArray(lengths, { maxLength: 2 }),
  remindAfter: fc.uniqueArray(lengths, { maxLength: 2 }),
  then: fc.constantFrom(...overdueActions),
  levels: fc.integer({ min: 1, max: 3 }),
  every: lengths,
});
const anyTimedFlow: fc.Arbitrary<FlowGiven> = fc
  .record({
    flow: anyFlow,
    timings: fc.array(fc.option(anyTiming, { freq: 8 }), { minLength: 5, maxLength: 5 }),
  })
  .map(({ flow, timings }) => ({
    ...flow,
    stages: flow.stages.map((stage, index) => {
      const timing = timings[index];
      return timing ? { ...stage, timing } : stage;
    }),
  }));
/** Every minute counts; short working days; gaps of every kind. */
const anyRota: fc.Arbitrary<Rota> = fc.oneof(
  fc.constant({ period: 60 * minute, worked: [[0, 60 * minute]] as const }),
  fc.constant({ period: 24 * 60 * minute, worked: [[540 * minute, 1020 * minute]] as const }),
  fc.uniqueArray(fc.integer({ min: 0, max: 3000 }), { minLength: 2, maxLength: 8 }).map((marks) => {
    const sorted = marks.toSorted((one, other) => one - other);
    const worked = sorted.flatMap((from, index) => {
      const to = sorted[index + 1];
      return index % 2 === 0 && to !== undefined ? [[from * minute, to * minute] as const] : [];
    });
    return { period: 3000 * minute, worked };
  }),
);
const anyMoves = (rotas: fc.Arbitrary<Rota>): fc.Arbitrary<readonly Move[]> =>
  fc
    .record({
      acts: anyActs,
      more: fc.array(
        fc.record({
          kind: fc.constantFrom(
            'act' as const,
            'act' as const,
            'fire' as const,
            'fire' as const,
            'reckon' as const,
          ),
          minutes: fc.oneof(fc.constantFrom(0, 1, 10, 30, 60), fc.nat({ max: 3000 })),
          leaders: fc.uniqueArray(fc.constantFrom(...people, 'zoe'), { maxLength: 2 }),
          rota: rotas,
          restarts: fc.boolean(),
        }),
        { minLength: 30, maxLength: 30 },
      ),
    })
    .map(({ acts, more }) =>
      acts.flatMap((act, index) => {
        const one = more[index];
        return one ? [{ act, ...one }] : [];
      }),
    );

function walkOf(
  flow: FlowGiven,
  moves: readonly Move[],
  rota: Rota,
): { turns: Turn[]; log: (readonly OrderEvent[])[] } | null {
  let now = 1_000_000 * minute;
  let timetable: Timetable = timetableOf(rota);
  let given: FlowGiven = { ...flow, present: { now, timetable } };
  const outcome = open(opening(given));
  if (!outcome.ok) return null;
  let state = evolveAll(null, outcome.events);
  const log = [outcome.events];
  const turns: Turn[] = [
    {
      before: evolveAll(null, outcome.events.slice(0, 1)),
      command: acting(given).recount(),
      present: { now, timetable },
      events: outcome.events.slice(1),
      after: state,
    },
  ];
  for (const move of moves) {
    now += move.minutes * minute;
    if (move.kind === 'reckon') timetable = timetableOf(move.rota);
    const present = { now, timetable };
    const then = { ...flowAt(given, move.act), present };
    if (move.restarts) state = replay(JSON.parse(JSON.stringify(log)) as OrderEvent[][]) ?? state;
    const command: Command =
      move.kind === 'act'
        ? commandOf(aptly(move.act, state, then), then)
        : move.kind === 'fire'
          ? { type: 'fire_timer', leaders: move.leaders, facts: factsIn(then) }
          : { type: 'reckon_time', present };
    const answer = decide(state, command);
    const events = answer.ok ? answer.events : [];
    const before = state;
    if (events.length > 0) {
      state = evolveAll(state, events);
      log.push(events);
    }
    if (answer.ok) told.allowed += 1;
    turns.push({ before, command, present, events, after: state });
    given = answer.ok ? then : { ...then, variables: given.variables ?? {} };
  }
  told.orders += 1;
  told.commands += moves.length;
  return { turns, log };
}

const show = (w: any) => { for (const t of w.turns) { const c: any = t.command; if (!t.events.length) continue; console.log(JSON.stringify({type:c.type, actor:c.actor?.userCode, from:c.from, to:c.to?.person?.userCode ?? c.toStep, signers:c.signers?.map((s:any)=>s.person.userCode), position:c.position, userCodes:c.userCodes, present:t.present?.now, inactive:t.now?.inactive, groups:t.now?.groups, delegations:t.now?.delegations?.map((d:any)=>d.from+">"+d.to+(d.redelegate?"+":""))})); for (const e of t.events) console.log("    EV", JSON.stringify(e)); for (const s of t.after.steps) console.log("      ", s.applyStep, s.auditStatus, s.approvalMode, "people="+s.people, "clock="+JSON.stringify(s.clock), s.seats.map((x:any)=>`[${x.subject} ${x.kind} ${x.turn} gone=${x.gone} by=${x.by} for=${x.onBehalfOf} dec=${x.decision} ${x.position??""}]`).join(" ")); } };
const property = (exact: boolean) =>
  fc.assert(
    fc.property(
      anyRota,
      anyTimedFlow,
      anyRota.chain((rota) => anyMoves(exact ? fc.constant(rota) : anyRota)),
      (rota, flow, all) => {
        const moves = exact ? all.filter((move) => move.kind !== 'reckon') : all;
        const walk = walkOf(flow, moves, rota);
        if (!walk) return; console.log(JSON.stringify(flow)); show(walk);
        const office = new Office(exact);
        for (const turn of walk.turns) {
          office.follow(turn);
          nothingWhileItStands(turn);
        }
        expect(replay(JSON.parse(JSON.stringify(walk.log)) as OrderEvent[][])).toEqual(
          walk.turns.at(-1)?.after,
        );
      },
    ),
    runs,
  );

/** Whoever looks too early, or while no time runs, changes nothing; whoever looks again and again comes to an end. */
function nothingWhileItStands({ after, present }: Turn): void {
  const fire = (now: number): Command => ({
    type: 'fire_timer',
    leaders: ['zoe'],
    facts: { ...factsIn({ stages: [] }), present: { ...present, now } },
  });
  const step = openStep(after);
  const next = step?.clock?.running ? Math.min(...step.clock.timers.map((timer) => timer.at)) : Infinity;
  const early = Number.isFinite(next) ? next - 1 : present.now + 10_000_000 * minute;
  const answer = decide(after, fire(early));
  expect(answer.ok && answer.events).toEqual([]);
  if (!step || !Number.isFinite(next)) return;
  const late = decide(after, fire(next));
  expect(late.ok && late.events.length, 'at its moment').toBeGreaterThan(0);
}

describe('whatever people do with an order while time goes on', () => {
  tellAfterwards('properties of time');

  it('each timer fires once an opening, at its moment, and a stopwatch agrees about the time', () => {
    property(true);
  });

  it('each timer fires once an opening, whatever becomes of the calendar', () => {
    property(false);
  });
});
