import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callbackSettings } from '../support/callback-settings.js';
import { freshDatabase, type FreshDatabase, testDialect } from '../support/fresh-database.js';
import { client } from '../support/harness.js';
import { openDatabase } from '../support/open-database.js';
import { signal } from '../support/signal.js';
import { boss, created } from '../support/world.js';
import { aftermathOf } from './kill/aftermath.js';
import { Fleet } from './kill/fleet.js';
import { type Ledger, startLedger } from './kill/ledger.js';
import { givenTypes, startWorkload } from './kill/workload.js';

/** How many storms hit the service; FAULT_KILLS makes it more. A storm kills one process, or all of them. */
const STORMS = Number(process.env.FAULT_KILLS ?? 6);
/** SQLite is served by one process, MySQL by two that share the work. */
const REPLICAS = testDialect === 'mysql' ? 2 : 1;

let fresh: FreshDatabase;
let fleet: Fleet;
let ledger: Ledger;
let later = '';
let key = '';
const lateErrors: string[] = [];
beforeAll(async () => {
  fresh = await freshDatabase();
  const env = { ...callbackSettings, CALLBACK_LEASE: '1s', DATABASE_POOL_SIZE: '8' };
  fleet = await Fleet.start(fresh.url, env, REPLICAS);
  ledger = await startLedger((businessType) => businessType === later, answerLate);
  // `dist/` may have to be built first.
}, 180_000);
afterAll(async () => {
  await fleet.stop();
  await ledger.close();
  await fresh.drop();
});

/** As business modules are told to: again and again, until it is answered. */
async function answerLate(kind: string, body: object): Promise<void> {
  const headers = { 'x-api-key': key };
  const answer = await fleet.ask(({ url }) =>
    client(url, () => Promise.resolve(headers)).post(`/callbacks/${kind}`, body),
  );
  // It may have been withdrawn meanwhile.
  if (answer.status !== 200 && answer.body.code !== 'order_closed')
    lateErrors.push(JSON.stringify(answer.body));
}

/** Where a process is when it is killed. */
const moments: readonly (() => Promise<void>)[] = [
  // Anywhere.
  () => fleet.killOne(),
  // It has sent a check, or an execution; the business module knows of it, and has not answered.
  () => whileHeld('check'),
  () => whileHeld('execute'),
  // It has claimed a delivery, and nothing of it has reached the business module.
  () => {
    const killed = signal();
    ledger.atNextConnection((socket) => {
      let broken = false;
      socket.on('close', () => (broken = true));
      void fleet.killWhoever(() => broken).then(() => socket.destroy() && killed.give());
    });
    return killed.happened;
  },
  // The answer is on its way to it.
  () => whenAnswered('check'),
  () => whenAnswered('execute'),
];

function whileHeld(kind: 'check' | 'execute'): Promise<void> {
  const killed = signal();
  ledger.atNextCall(kind, async (response) => {
    await fleet.killWhoever(() => response.closed);
    killed.give();
    return 'silence';
  });
  return killed.happened;
}

function whenAnswered(kind: 'check' | 'execute'): Promise<void> {
  const killed = signal();
  ledger.atNextCall(kind, (response) => {
    response.on('finish', () => void fleet.killAll().then(() => killed.give()));
    return Promise.resolve('answer');
  });
  return killed.happened;
}

describe('a service that is killed while it calls business modules', () => {
  it(
    'given that it is killed before, during and after calls, then nothing is lost, and nothing is executed unapproved',
    { timeout: 300_000 + STORMS * 30_000 },
    async () => {
      // given orders of every kind on their way
      const types = await givenTypes(fleet, ledger);
      ({ later } = types);
      const admin = (await fleet.any()).as(boss);
      key = String((await created(admin, '/api-keys', { name: 'ledger', accCodes: ['t1'] })).key);
      const workload = startWorkload(fleet, types.codes);
      // when processes are killed again and again
      for (let storm = 0; storm < STORMS; storm++) {
        await workload.goOn(5);
        await pause(Math.random() * 400);
        // What is aimed at may have gone in a former storm.
        for (const before = fleet.kills; fleet.kills === before;) await moments[storm % moments.length]?.();
      }
      // then all orders come to an end
      await workload.finish();
      await ledger.allAnswered();
      await fleet.stop();
      const opened = await openDatabase({ url: fresh.url });
      const aftermath = await aftermathOf(opened.database, ledger, workload.acknowledged);
      await opened.close();
      const { completed, rejected, withdrawn, duplicates, lost, unapproved, broken } = aftermath;
      // oxlint-disable-next-line no-console -- the figures are what this test is for
      console.log(
        `faults (${testDialect}): ${fleet.kills} kills, ${completed} orders completed, ${rejected} rejected, ` +
          `${withdrawn} withdrawn, ${duplicates} duplicates, ${lost.length} lost, ` +
          `${unapproved.length} executed without approval`,
      );
      expect(lost).toEqual([]);
      expect(unapproved).toEqual([]);
      expect(broken).toEqual([]);
      // and nobody got an answer that makes no sense
      expect([...fleet.errors, ...workload.errors, ...lateErrors]).toEqual([]);
      // and the kills hit something
      expect(fleet.kills).toBeGreaterThanOrEqual(STORMS);
      expect(aftermath.lostAttempts).toBeGreaterThan(0);
      for (const count of [completed, rejected, withdrawn]) expect(count).toBeGreaterThan(0);
    },
  );
});
