// @ts-check
/** Another state of this repository, checked out beside this one and built. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../scripts/build.mjs';

/**
 * @param {string} ref of git
 * @param {import('./cleanup.mjs').Cleanup} cleanup removes the checkout
 * @returns {{root: string, commit: string}}
 */
export function checkOut(ref, cleanup) {
  const commit = git(['rev-parse', '--verify', '--short', `${ref}^{commit}`]);
  const parent = mkdtempSync(join(tmpdir(), 'countersign-against-'));
  const tree = join(parent, 'tree');
  cleanup.defer(() => {
    rmSync(parent, { recursive: true, force: true });
    // Forgets the worktree whose folder is gone.
    git(['worktree', 'prune']);
  });
  git(['worktree', 'add', '--detach', tree, commit]);
  if (lockOf(tree) === lockOf(root)) {
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'), 'dir');
  } else {
    run('npm', ['ci', '--no-audit', '--no-fund'], tree);
  }
  run('npm', ['run', 'build'], tree);
  return { root: tree, commit };
}

/** This state, in git's words. */
export function thisState() {
  try {
    return git(['describe', '--always', '--dirty']);
  } catch {
    return 'not committed';
  }
}

/** @param {string} folder */
const lockOf = (folder) => readFileSync(join(folder, 'package-lock.json'), 'utf8');

/** @param {string[]} args */
const git = (args) =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

/** What it says goes to stderr: stdout is the report's. @param {string} program @param {string[]} args @param {string} cwd */
const run = (program, args, cwd) => execFileSync(program, args, { cwd, stdio: ['ignore', 2, 2] });
