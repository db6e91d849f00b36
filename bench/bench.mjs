// @ts-check
/** `npm run bench`: the service against the floor, or against another state of itself. Measures; asserts no speed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, root } from '../scripts/build.mjs';
import { checkOut, thisState } from './against.mjs';
import { contestCallbacks } from './callbacks/contest.mjs';
import { Cleanup } from './cleanup.mjs';
import { contestAgainst, contestFloor, contestScale } from './contests.mjs';
import { startDatabaseServer } from './database.mjs';
import { contestGate } from './gate/contest.mjs';
import { readOptions, usage, UsageError } from './options.mjs';
import { machine, resultsText, sectionText } from './report.mjs';
import { startLoad } from './servers.mjs';

/** What fails because its servers are being stopped needs no telling. */
let interrupted = false;

/** @param {import('./options.mjs').Options} options */
async function main({ dialects, orders, parts, against, whole, effort, callbackEffort, gateEffort }) {
  ensureBuilt();
  const cleanup = new Cleanup();
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.once(signal, () => {
      interrupted = true;
      void cleanup.run().finally(() => process.exit(1));
    });
  }
  try {
    const load = cleanup.own(startLoad());
    const other = against === null ? null : checkOut(against, cleanup);
    process.stdout.write(`${machine()}\n\n`);
    /** @type {import('./report.mjs').Section[]} */
    const sections = [];
    const show = (/** @type {import('./report.mjs').Section} */ section) => {
      sections.push(section);
      process.stdout.write(`${sectionText(section)}\n\n`);
    };
    for (const dialect of dialects) {
      await cleanup.scope(async (part) => {
        const run = {
          cleanup: part,
          server: part.own(await startDatabaseServer(dialect)),
          load,
          effort,
          orders,
        };
        if (other) return show(await contestAgainst(run, other));
        if (parts.includes('floor')) show(await contestFloor(run));
        if (parts.includes('scale')) show(await contestScale(run));
        if (parts.includes('callbacks'))
          for (const section of await contestCallbacks(run, callbackEffort)) show(section);
        if (parts.includes('gate')) show(await contestGate(run, gateEffort));
      });
    }
    if (!whole) return;
    const command = `npm run bench${process.argv.length > 2 ? ` -- ${process.argv.slice(2).join(' ')}` : ''}`;
    const text = resultsText({ command, state: thisState(), effort, sections });
    writeFileSync(join(root, 'bench', 'RESULTS.md'), text);
    process.stdout.write('bench/RESULTS.md is written.\n');
  } finally {
    await cleanup.run();
  }
}

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n${usage}\n`);
    process.exitCode = 2;
  } else if (!interrupted) throw error;
}
