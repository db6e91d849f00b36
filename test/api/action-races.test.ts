import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crew, givenCrew } from '../support/acting.js';
import {
  commands,
  expectOnePathOf,
  givenStanding,
  hal,
  ivy,
  pairs,
  race,
  type Raced,
  todoOf,
  waitingFor,
} from '../support/action-races.js';
import { testDialect } from '../support/fresh-database.js';
import { startApp, type TestApp } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { directoryOf } from '../support/resolver-people.js';
import { givenFlow, root } from '../support/world.js';

/** Two commands on one order at the same moment, of every kind: one path, and everybody is told the truth. */
const env = { DATABASE_ACQUIRE_TIMEOUT: '50s' };
let app: TestApp;
const services: TestApp[] = [];
let businessType: string;
beforeAll(async () => {
  app = await startApp({ env });
  services.push(app);
  // SQLite is one process's; a MySQL database is shared by several instances.
  if (testDialect === 'mysql') services.push(await startApp({ env, databaseUrl: app.databaseUrl }));
  await givenCrew(app);
  for (const { sub } of [hal, ivy]) await directoryOf(app.as(root)).user(sub);
  ({ businessType } = await givenFlow(app, [
    { users: ['bob'] },
    { users: ['carol', 'dave', 'hal'], mode: 'all' },
    { users: ['bob'], condition: 'amount > 1' },
  ]));
});
afterAll(async () => {
  for (const service of services.toReversed()) await service.close();
});

const raced: Raced[] = [];

describe('two commands at the same moment', () => {
  const all = pairs();

  it.each([
    ['by the same reviewer', false, 1],
    ['by two reviewers', true, 2],
  ] as const)('%s: each order takes one path', async (_, reviewersDiffer, times) => {
    const atOnce = 6;
    for (let from = 0; from < all.length; from += atOnce) {
      const some = all.slice(from, from + atOnce);
      const ids = await Promise.all(some.map(([, , standing]) => givenStanding(app, businessType, standing)));
      const done = await Promise.all(
        some.map(([one, other], n) => {
          const pair = (from + n) % 2 === 0 ? ([one, other] as const) : ([other, one] as const);
          return race(services, ids[n] ?? '', pair, times, reviewersDiffer);
        }),
      );
      raced.push(...done.flat());
    }
  });
});

describe('after all of these races', () => {
  it('every log tells its order, one command a transition, and to-do lists agree with the seats', async () => {
    const histories = await historiesOf(app.database);
    expect(histories.length).toBe(pairs().length * 2);
    expectOnePathOf(raced, histories, 4);
    for (const who of [...crew, hal, ivy]) {
      for (const service of services) {
        expect(await todoOf(service, who), `what waits for ${who.sub}`).toEqual(waitingFor(histories, who));
      }
    }
  });

  it('the races were about something', async () => {
    const histories = await historiesOf(app.database);
    expect(new Set(histories.map(({ state }) => state.applyStatus))).toEqual(
      new Set(['initiating', 'in_review', 'withdrawn', 'rejected']),
    );
    const answered = (command: string) =>
      new Set(raced.filter((one) => one.command === command).map(({ answer }) => answer.status === 200));
    for (const command of Object.keys(commands)) {
      const always = command === 'cc' || command === 'comments';
      expect(answered(command), command).toEqual(new Set(always ? [true] : [true, false]));
    }
  });
});
