// @ts-check
/** `node scripts/run-built.mjs cli/token --sub ann`: builds when needed, then runs `dist/cli/token.js` with the rest. */
import { ensureBuilt, runBuilt } from './build.mjs';

const [name, ...args] = process.argv.slice(2);
if (!name) {
  process.stderr.write('usage: node scripts/run-built.mjs <program below dist> [arguments]\n');
  process.exit(2);
}
ensureBuilt();
await runBuilt(name, args);
