// @ts-check
/**
 * `npm run test:nightly`: what is too slow for every change.
 * 1. The suite with many more random cases (FC_RUNS for the engine's properties, CONDITION_RUNS for conditions against the
 *    database's own answers, COMMA_RUNS for the comma-separated columns, CALENDAR_RUNS for working time, WALK_SEEDS for
 *    walks on orders, SIMULATED_ORDERS for simulations, RACE_ROUNDS for races with timers) and more killed processes
 *    (CRASH_KILLS, FAULT_KILLS, GATE_KILLS, OUTSIDE_KILLS).
 * 2. The suite on Node 24, in a fresh clone with node_modules of its own, since native modules are built for one Node.
 *    It tests what is committed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const nodeMajor = '24';
const longTimeout = 60 * 60_000;

const failures = [
  runStep('many random cases', () => manyCases()),
  runStep(`Node ${nodeMajor}`, () => onOtherNode()),
].flat();
if (failures.length > 0) {
  process.stderr.write(`Nightly tests failed:\n${failures.map((text) => `  ${text}`).join('\n')}\n`);
  process.exitCode = 1;
}

function manyCases() {
  const cases = {
    FC_RUNS: '100000',
    CONDITION_RUNS: '20000',
    COMMA_RUNS: '200',
    CALENDAR_RUNS: '10000',
    WALK_SEEDS: '200',
    SIMULATED_ORDERS: '1000',
    RACE_ROUNDS: '40',
  };
  const kills = { CRASH_KILLS: '30', FAULT_KILLS: '30', GATE_KILLS: '30', OUTSIDE_KILLS: '30' };
  const env = { ...process.env, ...cases, ...kills };
  run('npm', ['test', '--', `--testTimeout=${longTimeout}`], { cwd: root, env });
}

function onOtherNode() {
  const folder = mkdtempSync(join(tmpdir(), `countersign-node${nodeMajor}-`));
  try {
    const { binary, headers } = installNode(join(folder, 'node'));
    /** @type {Record<string, string | undefined>} */
    const env = { ...process.env, CI: 'true' };
    env.PATH = `${dirname(binary)}${delimiter}${process.env.PATH ?? ''}`;
    // Headers of another Node, which npm may be configured with, would build modules that this one cannot load. An
    // empty value lets node-gyp fetch the right ones.
    env.npm_config_nodedir = headers ?? '';
    delete env.npm_node_execpath;
    delete env.npm_execpath;

    const clone = join(folder, 'countersign');
    const changed = output('git', ['status', '--porcelain'], { cwd: root, env });
    if (changed) process.stdout.write('There are uncommitted changes; this step tests the last commit.\n');
    run('git', ['clone', '--quiet', root, clone], { cwd: folder, env });
    run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: clone, env });
    const version = output('node', ['--version'], { cwd: clone, env });
    if (!version.startsWith(`v${nodeMajor}.`))
      throw new Error(`expected Node ${nodeMajor}, but PATH has ${version}`);
    const probe = "new (require('better-sqlite3'))(':memory:').close()";
    run('node', ['-e', probe], { cwd: clone, env });
    process.stdout.write(`better-sqlite3 loads on ${version}\n`);
    run('npm', ['test'], { cwd: clone, env });
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * The npm package `node` brings the binary of its version, and on most platforms the headers.
 * @param {string} folder
 * @returns {{binary: string, headers: string | undefined}}
 */
function installNode(folder) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, allowScripts: { node: true } }),
  );
  run('npm', ['install', '--no-audit', '--no-fund', `node@${nodeMajor}`], { cwd: folder, env: process.env });
  const packageFolder = join(folder, 'node_modules', 'node');
  const binary = join(packageFolder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(binary))
    throw new Error(`the npm package node@${nodeMajor} brought no binary for this platform`);
  const nested = join(packageFolder, 'node_modules');
  const headers = (existsSync(nested) ? readdirSync(nested) : [])
    .map((name) => join(nested, name))
    .find((candidate) => existsSync(join(candidate, 'include', 'node', 'node.h')));
  return { binary, headers };
}

/**
 * @param {string} name
 * @param {() => void} action
 * @returns {string[]} the failure, if there was one
 */
function runStep(name, action) {
  process.stdout.write(`== ${name}\n`);
  try {
    action();
    return [];
  } catch (error) {
    return [`${name}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {{cwd: string, env: NodeJS.ProcessEnv}} options
 */
function run(program, args, options) {
  const result = spawnSync(program, args, { ...options, stdio: ['ignore', 'inherit', 'inherit'] });
  if (result.error) throw result.error;
  if (result.status !== 0)
    throw new Error(`${program} ${args[0]} ended with ${result.status ?? result.signal}`);
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {{cwd: string, env: NodeJS.ProcessEnv}} options
 */
function output(program, args, options) {
  return spawnSync(program, args, { ...options, encoding: 'utf8' }).stdout.trim();
}
