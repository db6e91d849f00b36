import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agree, type BusinessModule, startBusinessModule } from '../support/business-module.js';
import { callbackSettings } from '../support/callback-settings.js';
import { eventually } from '../support/eventually.js';
import { freshDatabase, type FreshDatabase, testDialect } from '../support/fresh-database.js';
import { type OutsideParty, type PartyApproval, startOutsideParty } from '../support/outside-party.js';
import { chanceOf, oneOf } from '../support/walks.js';
import { ann, boss, created, root } from '../support/world.js';
import { Fleet } from './kill/fleet.js';

/** How many processes are killed; OUTSIDE_KILLS makes it more. */
const KILLS = Number(process.env.OUTSIDE_KILLS ?? 4);
/** Decides whatever is left to chance but the machine's own pace. */
const SEED = Number(process.env.OUTSIDE_SEED ?? Date.now() % 2 ** 31);
/** SQLite is served by one process, MySQL by two that share the work. */
const REPLICAS = testDialect === 'mysql' ? 2 : 1;
const batch = 6;

const chance = chanceOf(SEED);
let fresh: FreshDatabase;
let fleet: Fleet;
let party: OutsideParty;
let module: BusinessModule;
/** Kills whoever holds the next call of a type to the outside system, which has done its work and has not answered. */
let struck: string | null = null;
beforeAll(async () => {
  fresh = await freshDatabase();
  party = await startOutsideParty(async (type, response) => {
    if (type !== struck) return;
    struck = null;
    await fleet.killWhoever(() => response.closed);
  });
  module = await startBusinessModule(agree);
  fleet = await Fleet.start(
    fresh.url,
    { ...callbackSettings, CALLBACK_LEASE: '1s', PROVIDER_POLL_INTERVAL: '400ms', DATABASE_POOL_SIZE: '8' },
    REPLICAS,
  );
}, 180_000);
afterAll(async () => {
  await fleet.stop();
  await party.close();
  await module.close();
  await fresh.drop();
});

/** What the people there decide, and whether the service is told or has to look. */
const verdicts = ['approved', 'rejected', 'withdrawn'] as const;
const endedAs = { approved: 'completed', rejected: 'rejected', withdrawn: 'withdrawn' } as const;

describe('a service that is killed while it speaks with an outside system', () => {
  it(
    `given that, then every order ends as it was decided there, once (seed ${SEED})`,
    { timeout: 240_000 + KILLS * 15_000 },
    async () => {
      const admin = (await fleet.any()).as(boss);
      const provider = await created(admin, '/providers', { code: 'oa', name: 'OA', url: party.url });
      await created(admin, '/business-types', {
        code: 'outside',
        name: 'outside',
        provider: 'oa',
        executeUrl: module.executeUrl,
      });
      const decided = new Map<string, (typeof verdicts)[number]>();
      const decide = async (orderId: string, key: string): Promise<void> => {
        const verdict = oneOf(chance, verdicts);
        decided.set(orderId, verdict);
        party.decide(key, verdict, 'wang');
        if (chance() < 0.4) return;
        const { url } = await fleet.any();
        // Told once or twice; whoever is dead by then is told nothing.
        const tell = () =>
          party.tell(`${url}/api/v1/webhook/callback/${String(provider.id)}`, String(provider.secret), key, {
            id: key,
          });
        await Promise.allSettled(chance() < 0.5 ? [tell(), tell()] : [tell()]);
      };
      // when orders come and go, and processes are killed at every kind of call
      const types = ['approval.create', 'approval.observe', 'approval.create', 'anywhere'] as const;
      for (let storm = 0; fleet.kills < KILLS; storm++) {
        const type = types[storm % types.length]!;
        struck = type === 'anywhere' ? null : type;
        const orders = await Promise.all(
          Array.from({ length: batch }, () =>
            fleet.ask((service) => service.as(ann).post('/orders', { businessType: 'outside' })),
          ),
        );
        const ids = orders.map(({ body }) => String(body.id));
        const approvals = await Promise.all(ids.map((id) => eventually(() => party.of(id), known, 60_000)));
        await Promise.all(approvals.map((approval, index) => decide(ids[index]!, approval!.key)));
        if (type === 'anywhere') {
          await pause(chance() * 100);
          await fleet.killOne();
        } else {
          await eventually(
            () => struck,
            (left) => left === null,
            60_000,
          );
        }
      }
      // then every order comes to its end, and nothing has happened twice
      const { items } = (await fleet.ask((one) => one.as(boss).get('/orders?scope=team&limit=100'))).body;
      const ids = items.map(({ id }: { id: string }) => id) as string[];
      // Whoever opened and was killed before the answer has opened one more: it is decided as well.
      for (const id of ids.filter((one) => !decided.has(one))) {
        const approval = await eventually(() => party.of(id), known, 60_000);
        await decide(id, approval!.key);
      }
      const wrong: unknown[] = [];
      for (const id of ids) {
        const verdict = decided.get(id)!;
        const { body } = await eventually(
          () => fleet.ask((one) => one.as(root).get(`/orders/${id}`)),
          (answer) => answer.body.applyStatus === endedAs[verdict],
          60_000,
        );
        const executed = module.callsOf('execute', id).map((call) => call.id);
        const asked = [...party.approvals.values()].filter((one) => one.asked.ticket_id === id);
        const sound = await fleet.ask((one) => one.as(root).get(`/orders/${id}/logs/verify`));
        const right =
          asked.length === 1 &&
          new Set(executed).size === (verdict === 'approved' ? 1 : 0) &&
          body.applyStatus === endedAs[verdict] &&
          sound.body.ok === true;
        if (!right) wrong.push({ id, verdict, asked, executed, status: body.applyStatus });
      }
      // oxlint-disable-next-line no-console -- the figures are what this test is for
      console.log(
        `outside faults (${testDialect}): ${fleet.kills} kills, ${ids.length} orders, ` +
          `${verdicts.map((one) => `${[...decided.values()].filter((is) => is === one).length} ${one}`).join(', ')}, ` +
          `${wrong.length} wrong; seed ${SEED}`,
      );
      expect(wrong).toEqual([]);
      expect(fleet.errors).toEqual([]);
      expect(ids.length).toBeGreaterThan(batch);
    },
  );
});

const known = (approval: PartyApproval | undefined): boolean => approval !== undefined;
