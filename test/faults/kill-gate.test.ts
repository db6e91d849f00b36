import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callbackSettings } from '../support/callback-settings.js';
import { freshDatabase, type FreshDatabase, testDialect } from '../support/fresh-database.js';
import { givenAction, givenGate } from '../support/gates.js';
import { signal } from '../support/signal.js';
import { chanceOf } from '../support/walks.js';
import { boss, givenFlow, root } from '../support/world.js';
import { Fleet } from './kill/fleet.js';
import { type Lookout, lookoutOn } from './kill/gate-standing.js';
import { GateTraffic, kinds } from './kill/gate-traffic.js';
import { type Call, type GateUpstream, type Moment, startGateUpstream } from './kill/gate-upstream.js';
import { judged, type ListedRequest, type Strike } from './kill/gate-verdict.js';

/** How many processes are killed; GATE_KILLS makes it more. */
const KILLS = Number(process.env.GATE_KILLS ?? 8);
/** Decides whatever is left to chance but the machine's own pace. */
const SEED = Number(process.env.GATE_SEED ?? Date.now() % 2 ** 31);
/** SQLite is served by one process, MySQL by two that share the work. */
const REPLICAS = testDialect === 'mysql' ? 2 : 1;

const chance = chanceOf(SEED);
let fresh: FreshDatabase;
let fleet: Fleet;
let lookout: Lookout;
let upstream: GateUpstream;
const strikes: Strike[] = [];
const killed: Record<Moment, number> = { before: 0, during: 0, after: 0 };
beforeAll(async () => {
  fresh = await freshDatabase();
  upstream = await startGateUpstream(chance, () => lookout);
  const env = {
    ...callbackSettings,
    CALLBACK_RETRY_SCHEDULE: Array.from({ length: 100 }, (_, n) => `${100 + (n % 3) * 100}ms`).join(','),
    CALLBACK_LEASE: '1s',
    GATE_TIMEOUT: '3s',
    DATABASE_POOL_SIZE: '8',
  };
  fleet = await Fleet.start(fresh.url, env, REPLICAS);
  lookout = await lookoutOn(fresh.url);
  // `dist/` may have to be built first.
}, 180_000);
afterAll(async () => {
  await fleet.stop();
  await upstream.close();
  await lookout.close();
  await fresh.drop();
});

async function strike(moment: Moment, kill: () => Promise<void>): Promise<void> {
  const from = performance.now();
  const before = fleet.kills;
  await kill();
  killed[moment] += fleet.kills - before;
  strikes.push({ from, to: performance.now() });
}

/** Where a process is when it is killed. */
const moments: readonly ((traffic: GateTraffic) => Promise<void>)[] = [
  // The system behind has carried out what must not be sent again, and has not answered.
  () => whileHeld(({ method, path }) => method === 'POST' && path.startsWith('/entries/')),
  // The answer is on its way, or has just come.
  () => {
    const gone = signal();
    upstream.atNextAnswer(() => {
      void pause(chance() < 0.5 ? 0 : chance() * 20)
        .then(() => strike('after', () => fleet.killAll()))
        .then(() => gone.give());
    });
    return gone.happened;
  },
  // The last approval has just been answered, or is under way.
  (traffic) => {
    const gone = signal();
    const early = chance() < 0.5;
    traffic.atNextApproval((answered) => {
      if (answered === early) return;
      void pause(chance() * 25)
        .then(() => strike('before', () => fleet.killAll()))
        .then(() => gone.give());
    });
    return gone.happened;
  },
  // It has taken the request, and nothing of it has reached the system behind.
  () => {
    const gone = signal();
    upstream.atNextConnection((socket) => {
      let broken = false;
      socket.on('close', () => (broken = true));
      void strike('before', () => fleet.killWhoever(() => broken)).then(
        () => socket.destroy() && gone.give(),
      );
    });
    return gone.happened;
  },
  // Anywhere.
  async () => {
    await fleet.any();
    await strike(upstream.moment(), () => fleet.killOne());
  },
  // The system behind has carried anything out, and has not answered.
  () => whileHeld(() => true),
];

function whileHeld(means: (call: Call) => boolean): Promise<void> {
  const gone = signal();
  upstream.atNextCall(means, (response) => {
    void strike('during', () => fleet.killWhoever(() => response.closed)).then(() => gone.give());
  });
  return gone.happened;
}

/** Attempts to execute of which nobody recorded what came of them, by order. */
async function lostAttemptsOf(traffic: GateTraffic): Promise<Map<string, number>> {
  const executions = await traffic.list<Execution>(boss, '/deliveries?topic=gate.execute');
  return new Map(
    executions.flatMap(({ orderId, attempts }) => {
      const lost = attempts.filter(({ outcome }) => outcome === 'lost' || outcome === 'interrupted').length;
      return lost > 0 ? [[orderId, lost]] : [];
    }),
  );
}

interface Execution {
  readonly orderId: string;
  readonly attempts: readonly { readonly outcome: string }[];
}

describe('a service that is killed while it executes held requests', () => {
  it(
    `given that it is killed before, during and after calls, then what was approved is executed once or named unknown, and nothing else is (seed ${SEED})`,
    { timeout: 300_000 + KILLS * 15_000 },
    async () => {
      // given requests of every kind on their way
      const service = await fleet.any();
      const { businessType } = await givenFlow(service, [{ users: ['bob', 'carol'] }]);
      const gate = await givenGate(service.as(boss), { upstream: upstream.url });
      for (const { method, place, mode } of kinds)
        await givenAction(service.as(boss), { path: `/${place}/{name}`, method, mode, businessType });
      const traffic = new GateTraffic(fleet, gate.key, chance);
      // when processes are killed again and again
      for (let storm = 0; fleet.kills < KILLS; storm++) {
        await traffic.goOn(5);
        await pause(chance() * 400);
        await moments[storm % moments.length]?.(traffic);
        await fleet.any();
      }
      // then everything comes to an end
      await traffic.finish();
      const requests = await traffic.list<ListedRequest>(boss, '/approve-requests?scope=all');
      const orders = await traffic.list<{ id: string }>(boss, '/orders?scope=team');
      // and repeats get what is kept, and nothing is sent again
      upstream.calm();
      const count = upstream.calls.length;
      const before = traffic.heard.length;
      const kept = requests.filter(
        ({ mode, status, responseStatus }) =>
          mode === 'replay' && (status === 'executed' || (status === 'failed' && responseStatus !== null)),
      );
      const wishes = new Map(traffic.wishes.map((wish) => [wish.path, wish]));
      for (const { path } of kept) {
        const wish = wishes.get(path);
        if (wish) await traffic.visit(wish);
      }
      const repeats = [upstream.calls.length - count, traffic.heard.length - before];
      // and the logs verify
      const unsound: unknown[] = [];
      for (const { id } of orders) {
        const { body } = await fleet.ask((one) => one.as(root).get(`/orders/${id}/logs/verify`));
        if (body.ok !== true) unsound.push({ id, body });
      }
      const orderIds = orders.map(({ id }) => id);
      const lostAttempts = await lostAttemptsOf(traffic);
      const verdict = judged({ calls: upstream.calls, requests, orderIds, strikes, lostAttempts, traffic });
      const inState = (state: string) => requests.filter(({ status }) => status === state).length;
      // oxlint-disable-next-line no-console -- the figures are what this test is for
      console.log(
        `gate faults (${testDialect}): ${fleet.kills} kills (${killed.before} before, ${killed.during} during, ` +
          `${killed.after} after), ${requests.length} requests, ${inState('executed')} executed, ` +
          `${inState('failed')} failed, ${inState('unknown')} unknown, ${inState('denied')} denied, ` +
          `${verdict.twice.length} twice, ${verdict.unapproved.length} without approval, ` +
          `${verdict.lost.length} lost, ${verdict.untrue.length} told otherwise; seed ${SEED}`,
      );
      expect(verdict).toEqual({ twice: [], unapproved: [], lost: [], untrue: [] });
      expect(repeats).toEqual([0, kept.length]);
      expect(unsound).toEqual([]);
      // and nobody got an answer that makes no sense
      expect([...fleet.errors, ...traffic.errors, ...upstream.errors]).toEqual([]);
      // and the kills hit something
      expect(fleet.kills).toBeGreaterThanOrEqual(KILLS);
      for (const state of ['executed', 'unknown', 'denied', 'waiting'])
        expect(inState(state), state).toBeGreaterThan(0);
    },
  );
});
