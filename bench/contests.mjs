// @ts-check
/** Who runs against whom, on what data. */
import { root } from '../scripts/build.mjs';
import { interleaved, statementsPerOperation } from './measure.mjs';
import { selfCheck } from './self-check.mjs';
import { startFloor, startService } from './servers.mjs';
import { operations, Workload } from './workload.mjs';

/**
 * @typedef {object} Run
 * @property {import('./cleanup.mjs').Cleanup} cleanup
 * @property {import('./database.mjs').DatabaseServer} server
 * @property {ReturnType<typeof import('./servers.mjs').startLoad>} load
 * @property {import('./measure.mjs').Effort} effort
 * @property {number} orders in the to-do lists
 */

/** @typedef {{server: import('./servers.mjs').Server, workload: Workload}} Side */

const aims = { todo: '>= 0.8', open: '>= 0.7', decide: '>= 0.8' };
const scaleFrom = 10_000;
const scaleTo = 1_000_000;

/** The service against the floor, on one database. @param {Run} run @returns {Promise<import('./report.mjs').Section>} */
export async function contestFloor(run) {
  return run.cleanup.scope(async (cleanup) => {
    const service = await newSide(run, cleanup, 'service', root);
    const { workload } = service;
    const { url: databaseUrl, scratch } = workload.database;
    const floor = cleanup.own(await startFloor({ name: 'floor', databaseUrl, scratch }));
    await selfCheck(workload, service.server, floor);
    await workload.fill(run.orders);
    /** @type {import('./report.mjs').Entry[]} */
    const entries = [];
    for (const operation of operations) {
      const name = titles(run.orders)[operation];
      entries.push(
        ...(await compare(run, operation, name, [{ server: floor, workload }, service], aims[operation])),
      );
    }
    return { title: `${await run.server.version()}: the service against the floor`, notes: [], entries };
  });
}

/**
 * This state against another one, on a database each: their tables may differ.
 * @param {Run} run @param {{root: string, commit: string}} other @returns {Promise<import('./report.mjs').Section>}
 */
export async function contestAgainst(run, other) {
  return run.cleanup.scope(async (cleanup) => {
    const sides = [
      await newSide(run, cleanup, other.commit, other.root),
      await newSide(run, cleanup, 'this state', root),
    ];
    for (const { workload } of sides) await workload.fill(run.orders);
    /** @type {import('./report.mjs').Entry[]} */
    const entries = [];
    for (const operation of operations) {
      entries.push(...(await compare(run, operation, titles(run.orders)[operation], sides, '')));
    }
    const title = `${await run.server.version()}: this state against ${other.commit}`;
    return { title, notes: [`The ratio is this state's ops/s to those of ${other.commit}.`], entries };
  });
}

/** The to-do page among a million orders against ten thousand. @param {Run} run @returns {Promise<import('./report.mjs').Section>} */
export async function contestScale(run) {
  return run.cleanup.scope(async (cleanup) => {
    /** @type {Side[]} */
    const sides = [];
    for (const orders of [scaleFrom, scaleTo]) {
      const side = await newSide(run, cleanup, `service, ${count(orders)} orders`, root);
      await side.workload.fill(orders);
      sides.push(side);
    }
    const entries = [
      ...(await compare(run, 'todo', 'to-do, first page', sides, '>= 1')),
      ...(await compare(run, 'deep', 'to-do, a page anywhere', sides, '')),
    ];
    const title = `${await run.server.version()}: the to-do list among ${count(scaleTo)} orders`;
    return { title, notes: [`The ratio is to the ops/s among ${count(scaleFrom)} orders.`], entries };
  });
}

/** @param {number} orders */
const titles = (orders) => ({
  todo: `to-do, 20 of ${count(orders)}`,
  open: 'open, 3 steps',
  decide: 'decide a step',
});

const count = (/** @type {number} */ value) => value.toLocaleString('en-US');

/**
 * @param {Run} run @param {import('./workload.mjs').Operation | 'deep'} operation @param {string} title
 * @param {Side[]} sides the first one is what the others are compared with @param {string} aim
 * @returns {Promise<import('./report.mjs').Entry[]>}
 */
async function compare({ load, effort }, operation, title, sides, aim) {
  const targets = sides.map(({ server, workload }) => ({
    ...server,
    plan: operation === 'deep' ? workload.deepPages() : workload.plans(operation),
  }));
  const measured = await interleaved(load, targets, effort);
  /** @type {import('./report.mjs').Entry[]} */
  const entries = [];
  for (const [index, figures] of measured.entries()) {
    const [side, target] = [sides[index], targets[index]];
    if (!side || !target) continue;
    entries.push({
      operation: title,
      server: side.server.name,
      figures,
      statements: await statementsPerOperation(load, side.workload.database, target),
      ratio: index === 0 ? null : figures.opsPerSecond / (measured[0]?.opsPerSecond ?? NaN),
      aim: index === 0 ? '' : aim,
    });
  }
  return entries;
}

/** @param {Run} run @param {import('./cleanup.mjs').Cleanup} cleanup @param {string} name @param {string} program the root of a built checkout @returns {Promise<Side>} */
async function newSide({ server }, cleanup, name, program) {
  const database = cleanup.own(await server.database());
  const { url: databaseUrl, scratch } = database;
  const service = cleanup.own(await startService({ name, root: program, databaseUrl, scratch }));
  return { server: service, workload: await Workload.through(database, service) };
}
