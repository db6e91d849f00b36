// @ts-check
/** `npm run dev`: the compiler watches the sources, node watches what it writes and restarts the service. */
import { spawn } from 'node:child_process';
import { ensureBuilt, findCompiler, root } from './build.mjs';

ensureBuilt();
const compiler = findCompiler();
if (!compiler) {
  process.stderr.write('TypeScript is not installed: run `npm ci` first.\n');
  process.exit(1);
}
const programs = [
  [compiler, '-b', 'src', '--watch', '--preserveWatchOutput'],
  ['--watch', '--watch-preserve-output', '--enable-source-maps', 'dist/main.js'],
].map((args) => spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }));

/** @param {NodeJS.Signals} signal */
const pass = (signal) => {
  for (const program of programs) program.kill(signal);
};
process.on('SIGINT', pass);
process.on('SIGTERM', pass);
for (const program of programs) {
  program.on('exit', (code) => {
    pass('SIGTERM');
    process.exitCode ||= code ?? 0;
  });
}
