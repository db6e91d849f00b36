import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshDatabase, type FreshDatabase, testDialect } from '../support/fresh-database.js';
import { openDatabase } from '../support/open-database.js';
import { historiesOf } from '../support/order-history.js';
import { root } from '../support/world.js';
import { allFired, deadlines, givenDeadlines, Opening, wrongWith } from './kill/deadlines.js';
import { Fleet } from './kill/fleet.js';

/** How often the service is killed; FAULT_KILLS makes it more. */
const STORMS = Number(process.env.FAULT_KILLS ?? 3);
/** SQLite is served by one process, MySQL by two that look for the same timers. */
const REPLICAS = testDialect === 'mysql' ? 2 : 1;

let fresh: FreshDatabase;
let fleet: Fleet;
beforeAll(async () => {
  fresh = await freshDatabase();
  fleet = await Fleet.start(fresh.url, { DATABASE_POOL_SIZE: '8', RATE_LIMIT: '0' }, REPLICAS);
  // `dist/` may have to be built first.
}, 180_000);
afterAll(async () => {
  await fleet.stop();
  await fresh.drop();
});

describe('a service that is killed while orders fall due', () => {
  it(
    'given that it is killed at any moment, then every timer fires once, and every order ends as its timing says',
    { timeout: 240_000 + STORMS * 15_000 },
    async () => {
      // given orders of every kind that are due within seconds
      const businessTypes = await givenDeadlines(fleet);
      const opening = new Opening(fleet, businessTypes);
      // when processes are killed while timers fire, one or all of them
      for (let storm = 0; storm < STORMS; storm++) {
        await pause(700 + Math.random() * 1_500);
        await (storm % 2 === 0 ? fleet.killAll() : fleet.killOne());
        await fleet.any();
      }
      await opening.stop();
      await allFired(fleet, businessTypes);
      // then the logs verify
      const unsound: unknown[] = [];
      const unverified = opening.acknowledged.values();
      const verify = async (): Promise<void> => {
        for (const id of unverified) {
          const { body } = await fleet.ask((service) => service.as(root).get(`/orders/${id}/logs/verify`));
          if (body.ok !== true) unsound.push({ id, body });
        }
      };
      await Promise.all([verify(), verify(), verify(), verify()]);
      await fleet.stop();
      const opened = await openDatabase({ url: fresh.url });
      const histories = await historiesOf(opened.database);
      const types = new Map(
        (
          await opened.database.rows<{ id: string; type: string }>(
            'SELECT id, business_type AS type FROM dms_s_apply_order',
          )
        ).map(({ id, type }) => [id, type]),
      );
      const left = await opened.database.rows('SELECT apply_order_id, name FROM dms_s_apply_timer');
      await opened.close();
      const wrong = histories.flatMap((history) => {
        const deadline = deadlines[businessTypes.indexOf(types.get(history.id) ?? '')];
        return deadline ? wrongWith(history, deadline) : [`order ${history.id} is of no type`];
      });
      const known = new Set(histories.map(({ id }) => id));
      const lost = opening.acknowledged.filter((id) => !known.has(id));
      const fired = histories
        .flatMap(({ transitions }) => transitions.flat())
        .flatMap((event) => ('timers' in event ? event.timers : [])).length;
      // oxlint-disable-next-line no-console -- the figures are what this test is for
      console.log(
        `timers (${testDialect}): ${fleet.kills} kills, ${histories.length} orders, ${fired} timers fired, ` +
          `${wrong.length} orders otherwise than their timing says, ${left.length} timers left, ${lost.length} orders lost`,
      );
      expect(lost).toEqual([]);
      expect(wrong).toEqual([]);
      expect(left).toEqual([]);
      expect(unsound).toEqual([]);
      expect(fleet.errors).toEqual([]);
      expect(fleet.kills).toBeGreaterThanOrEqual(STORMS);
      expect(histories.length).toBeGreaterThan(deadlines.length);
    },
  );
});
