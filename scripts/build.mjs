// @ts-check
/** `npm start`, `npm run token` and their like build first when the sources are newer than the last build. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'dist', '.built');
const sources = ['src', 'migrations', 'package.json', 'tsconfig.json'];

/**
 * Builds `dist/` if it is missing or out of date; what the compiler says goes to stderr, so that stdout stays the
 * program's own. Ends the process with a message when it cannot.
 */
export function ensureBuilt() {
  const built = modified(stamp);
  if (built > 0 && sources.every((name) => newest(join(root, name)) <= built)) return;

  const compiler = findCompiler();
  if (!compiler) {
    if (existsSync(join(root, 'dist', 'main.js'))) {
      if (existsSync(join(root, 'src'))) {
        process.stderr.write(
          'dist/ may be older than src/, and TypeScript is not installed: running dist/ as it is.\n',
        );
      }
      return;
    }
    process.stderr.write(
      'Nothing is built yet, and TypeScript is not installed. Run `npm ci` (with devDependencies), then start again; ' +
        'or build elsewhere with `npm run build` and bring dist/ here.\n',
    );
    process.exit(1);
  }

  const startedAt = new Date();
  const result = spawnSync(process.execPath, [compiler, '-b', 'src'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.status !== 0) {
    process.stderr.write('The build failed; the errors are above.\n');
    process.exit(1);
  }
  writeFileSync(stamp, '');
  // The build's beginning, so that what changed while it ran is built next time.
  utimesSync(stamp, startedAt, startedAt);
}

/**
 * Runs a built program in this process, as `node dist/<name>.js ...args` would.
 * @param {string} name below `dist/`, without the ending
 * @param {string[]} args
 */
export async function runBuilt(name, args) {
  const file = join(root, 'dist', `${name}.js`);
  if (!existsSync(file)) {
    process.stderr.write(`There is no dist/${name}.js: src/${name}.ts is missing or was not built.\n`);
    process.exit(1);
  }
  process.setSourceMapsEnabled(true);
  process.argv = [process.execPath, file, ...args];
  await import(pathToFileURL(file).href);
}

/** @returns {string | undefined} the path of tsc, where TypeScript is installed */
export function findCompiler() {
  try {
    return createRequire(import.meta.url).resolve('typescript/bin/tsc');
  } catch {
    return undefined;
  }
}

/** @param {string} path */
function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * The newest change below a path; folders count too, since a removed file shows only in its folder.
 * @param {string} path
 * @returns {number}
 */
function newest(path) {
  const entry = statSync(path, { throwIfNoEntry: false });
  if (!entry) return 0;
  if (!entry.isDirectory()) return entry.mtimeMs;
  return readdirSync(path).reduce(
    (latest, name) => Math.max(latest, newest(join(path, name))),
    entry.mtimeMs,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureBuilt();
