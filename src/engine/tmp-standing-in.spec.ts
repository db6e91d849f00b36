import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.js';
import { acting, factsIn, type FlowGiven, opening, personIn, statuses } from './engine.spec-support.js';
import type { OrderEvent, StandIn } from './events.js';
import { evolve, evolveAll, replay } from './evolve.js';
import { open, planPath } from './open.js';
import { openStep, type OrderState, type StepState } from './order-state.js';
import { mayDecide } from './permission.js';
import { runs as runsFrom, tellAfterwards } from './properties.spec-support.js';
import { decidedElsewhere } from './separation.js';
import {
  anybody,
  anyDelegatedFlow,
  anyMoves,
  eachEvent,
  Places,
  Votes,
  type Walk,
  walkOf,
} from './standing-in.walks.spec-support.js';
import { userOfSubject, userSubject } from './vocabulary.js';

const runs = {...runsFrom, path: process.env.FC_PATH!, endOnFailure: true};
type Check = (walk: Walk, flow: FlowGiven) => void;

/** These walks are long, and looked at from all sides. */
const fewer = { ...runs, numRuns: Math.ceil(runs.numRuns / 3) };

const show = (w: any) => { for (const t of w.turns) { const c: any = t.command; if (!t.events.length) continue; console.log(JSON.stringify({type:c.type, actor:c.actor?.userCode, from:c.from, to:c.to?.person?.userCode ?? c.toStep, signers:c.signers?.map((s:any)=>s.person.userCode), position:c.position, userCodes:c.userCodes, present:t.present?.now, inactive:t.now?.inactive, groups:t.now?.groups, delegations:t.now?.delegations?.map((d:any)=>d.from+">"+d.to+(d.redelegate?"+":""))})); for (const e of t.events) console.log("    EV", JSON.stringify(e)); for (const s of t.after.steps) console.log("      ", s.applyStep, s.auditStatus, s.approvalMode, "people="+s.people, "clock="+JSON.stringify(s.clock), s.seats.map((x:any)=>`[${x.subject} ${x.kind} ${x.turn} gone=${x.gone} by=${x.by} for=${x.onBehalfOf} dec=${x.decision} ${x.position??""}]`).join(" ")); } };
const property = (check: Check, flows = anyDelegatedFlow) =>
  fc.assert(
    fc.property(flows, anyMoves, (flow, moves) => {
      const walk = walkOf(flow, moves);
      if (walk) { console.log(JSON.stringify(flow)); show(walk); check(walk, flow); }
    }),
    fewer,
  );

/** Nobody stands in who is the applicant, inactive, or on the step already; and a chain leads to them. */
const standInsAreFit: Check = ({ turns }, flow) => {
  for (const turn of turns) {
    for (const [before, event] of eachEvent(turn)) {
      if (event.type !== 'step.stood_in') continue;
      let state = before;
      for (const standIn of event.standIns) {
        expect(unfit(state, standIn, turn.now)).toEqual([]);
        expect([standIn.by, standIn.for]).not.toContain(flow.applicant);
        state = evolve(state, { ...event, standIns: [standIn] });
      }
    }
  }
};

/** A place stays one place: as many approvals, each person once. */
const placesStay: Check = ({ turns }) => {
  for (const turn of turns) {
    for (const [before, event, after] of eachEvent(turn)) {
      if (event.type === 'step.stood_in') {
        const needs = (state: OrderState) => openStep(state)?.requiredApprovals;
        expect(needs(after)).toBe(needs(before));
      }
      for (const step of after.steps) {
        expect(new Set(step.people).size, 'asked once').toBe(step.people.length);
        expect(new Set(step.seats.map((seat) => seat.subject)).size).toBe(step.seats.length);
      }
    }
    const count = turn.after.steps.filter((step) => step.auditStatus === 'in_review').length;
    expect(count).toBe(turn.after.applyStatus === 'in_review' ? 1 : 0);
  }
};

/** Who is represented decides nothing meanwhile, and their stand-in decides for them by name. */
const standInsDecideForOthers: Check = ({ turns }) => {
  const places = new Places();
  for (const turn of turns) {
    for (const [, event] of eachEvent(turn)) {
      for (const { by, for: represented } of places.now) {
        if (!('capacity' in event) || !('applyStep' in event)) continue;
        expect(event.userCode === represented && event.capacity !== 'system_admin').toBe(false);
        if (event.userCode === by && event.capacity !== 'system_admin')
          expect(event.onBehalfOf).toBe(represented);
      }
      if (event.type === 'step.vote_repeated')
        expect(places.now.flatMap((one) => [one.by, one.for])).not.toContain(event.userCode);
      places.add(event);
    }
    if (turn.after.applyStatus !== 'in_review') continue;
    for (const one of places.now) {
      const permission = mayDecide(turn.after, personIn(one.for, turn.now));
      expect('code' in permission || permission.capacity === 'system_admin').toBe(true);
      const seat = openStep(turn.after)?.seats.find(({ subject }) => subject === userSubject(one.by));
      expect([seat?.onBehalfOf, seat?.gone]).toEqual([one.for, null]);
    }
  }
};

/**
 * Under `never` no vote is ever the applicant's, nor anybody's for them. Where nobody may decide two steps, nobody does,
 * neither as themselves nor in anybody's name.
 */
const votesAreAllowed: Check = ({ turns }, flow) => {
  const votes = new Votes();
  for (const turn of turns) {
    for (const event of turn.events) votes.add(event);
    const deciders = turn.after.steps.flatMap((step) => [...new Set(votes.on(step))]);
    if (flow.autoApprove === 'never') expect(deciders).not.toContain(flow.applicant);
    if (flow.distinct) expect(new Set(deciders).size).toBe(deciders.length);
  }
};

/** Who stands in and is not active any more gives the place back. */
const placesComeBack: Check = ({ turns }) => {
  for (const { after, now } of turns) {
    const answer = decide(after, acting(now).recount());
    if (!answer.ok) throw new Error(answer.refusal.detail);
    const step = openStep(evolveAll(after, answer.events));
    if (!step || step.applyStep !== openStep(after)?.applyStep) continue;
    for (const seat of step.seats) {
      if (seat.onBehalfOf === null || seat.by !== null || seat.gone !== null || seat.decision !== null)
        continue;
      expect(now.inactive).not.toContain(userOfSubject(seat.subject));
    }
    for (const seat of step.seats.filter(({ gone }) => gone === 'delegated')) {
      const by = step.seats.filter(
        ({ onBehalfOf, gone, kind, by: giver }) =>
          userSubject(onBehalfOf ?? '') === seat.subject &&
          gone === null &&
          (giver === null || kind === 'added'),
      );
      expect(by.length, `whoever stands in for ${seat.subject}`).toBe(1);
    }
  }
};

const replayAgrees: Check = ({ turns, log }) => {
  const last = turns.at(-1)?.after;
  expect(replay(log)).toEqual(last);
  expect(replay(JSON.parse(JSON.stringify(log)) as OrderEvent[][])).toEqual(last);
};

describe('whatever people do with an order while others stand in for them', () => {
  tellAfterwards('properties of standing in');

  it('nobody stands in or decides who may not, each place stays one, and the log tells it all', () => {
    property((walk, flow) => {
      standInsAreFit(walk, flow);
      placesStay(walk, flow);
      standInsDecideForOthers(walk, flow);
      votesAreAllowed(walk, flow);
      placesComeBack(walk, flow);
      replayAgrees(walk, flow);
    });
  });

  it('a delegation to nobody who may, or from nobody who is asked, changes nothing', () => {
    const nobodies = fc
      .uniqueArray(fc.record({ from: anybody, to: fc.constantFrom('gone', 'left') }), {
        selector: ({ from }) => from,
        maxLength: 5,
      })
      .map((all) => [...all, { from: 'nobody else', to: 'zoe' }]);
    fc.assert(
      fc.property(anyDelegatedFlow, anyMoves, nobodies, (flow, moves, delegations) => {
        const inactive = [...(flow.inactive ?? []), 'gone', 'left'];
        const alone = moves.map((move) => ({
          ...move,
          act: {
            ...move.act,
            directory: move.act.directory && {
              ...move.act.directory,
              inactive: [...(move.act.directory.inactive ?? []), 'gone', 'left'],
            },
          },
          delegations: null,
        }));
        const { delegations: _none, ...plain } = { ...flow, inactive };
        expect(walkOf({ ...plain, delegations }, alone)?.log).toEqual(walkOf(plain, alone)?.log);
      }),
      fewer,
    );
  });

  it('where nobody may decide two steps, the plan tells which step is next, and whom it asks', () => {
    property(
      ({ turns }) => {
        for (const { before, command, events, now } of turns) {
          const passed = events.findIndex((event) => event.type === 'step.approved') + 1;
          if (command.type !== 'approve' || passed === 0) continue;
          const state = events.slice(0, passed).reduce<OrderState>(evolve, before);
          const stages = state.steps.filter((step) => step.auditStatus === 'waiting');
          const { autoApprove, dedupe, distinct } = state;
          const barred = decidedElsewhere(state, 0);
          const facts = factsIn(now);
          const plan = { autoApprove, dedupe, distinct, barred, variables: {}, facts };
          const next = planPath({
            ...plan,
            stages: stages.map((stage) => ({ ...stage, condition: null })),
          }).find((planned) => planned.outcome === 'review');
          const opened = events.findIndex((event) => event.type === 'step.in_review') + 1;
          const reached =
            opened > 0 ? openStep(events.slice(0, opened).reduce<OrderState>(evolve, before)) : null;
          expect(reached?.applyStep).toBe(next?.stage.applyStep);
          if (next?.problem === null) expect(new Set(reached?.people)).toEqual(new Set(next.people));
        }
      },
      anyDelegatedFlow.map((flow) => ({
        ...flow,
        autoApprove: flow.autoApprove === 'never' ? ('never' as const) : ('applicant_nodes' as const),
        dedupe: 'none' as const,
        distinct: true,
      })),
    );
  });

  it('where nobody may decide two steps, the plan tells what opening does', () => {
    fc.assert(
      fc.property(anyDelegatedFlow, (flow) => {
        const request = opening({ ...flow, distinct: true, hasCheck: false });
        const plan = planPath(request);
        const outcome = open(request);
        expect(outcome.ok).toBe(plan.every((step) => step.problem === null));
        if (!outcome.ok) return;
        const state = evolveAll(null, outcome.events);
        const first = plan.findIndex((step) => step.outcome === 'review');
        expect(statuses(state).indexOf('in_review')).toBe(first);
      }),
      runs,
    );
  });
});

/** What speaks against a stand-in, looked at with the bare eye. */
function unfit(state: OrderState, { by, for: represented, delegations }: StandIn, flow: FlowGiven): string[] {
  const step = openStep(state) as StepState;
  const seat = step.seats.find(({ subject }) => subject === userSubject(by));
  const spent = seat?.gone === 'past' || seat?.gone === 'removed' || seat?.gone === 'left';
  // An opinion that was given, or that nobody waits for, is no place.
  const advised = seat?.kind === 'consulted' && seat.turn === 'closed';
  const given = seat && !spent && !advised && (seat.kind !== 'named' || step.people.includes(by));
  const links = delegations.map((id) => flow.delegations?.find(({ from, to }) => id === `${from}>${to}`));
  const holders = [represented, ...links.map((link) => link?.to)];
  return [
    ...(flow.inactive?.includes(by) ? ['is inactive'] : []),
    ...(given ? [`sits there already: ${JSON.stringify(seat)}`] : []),
    ...(links.every((link, index) => link?.from === holders[index]) && holders.at(-1) === by
      ? []
      : ['no chain']),
    ...(links.slice(0, -1).every((link) => link?.redelegate) ? [] : ['handed on without leave']),
    ...(flow.inactive?.includes(represented) ? ['stands in for somebody inactive'] : []),
  ];
}
