// @ts-check
/** `npm start`: builds when needed, then is the service itself, so signals and the exit code are the service's own. */
import { ensureBuilt, runBuilt } from './build.mjs';

ensureBuilt();
await runBuilt('main', process.argv.slice(2));
