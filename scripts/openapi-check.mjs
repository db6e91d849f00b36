// @ts-check
/** `npm run openapi:check`: fails when docs/openapi.json is not what the code says today. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt, root } from './build.mjs';

ensureBuilt();
const folder = mkdtempSync(join(tmpdir(), 'countersign-openapi-'));
try {
  const complaint = compare(join(root, 'docs', 'openapi.json'), join(folder, 'openapi.json'));
  if (complaint) {
    process.stderr.write(`${complaint}\n`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/**
 * @param {string} committed
 * @param {string} fresh where the document of today is written
 * @returns {string | undefined} what is wrong
 */
function compare(committed, fresh) {
  const program = join(root, 'dist', 'cli', 'openapi.js');
  const result = spawnSync(process.execPath, [program, fresh], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (result.status !== 0 || !existsSync(fresh)) return 'The OpenAPI document could not be made.';
  if (!existsSync(committed)) return 'docs/openapi.json is missing: run `npm run openapi` and commit it.';
  const was = readFileSync(committed, 'utf8');
  const is = readFileSync(fresh, 'utf8');
  if (was === is) return undefined;
  const [wasLines, isLines] = [was.split('\n'), is.split('\n')];
  const at = isLines.findIndex((text, index) => text !== wasLines[index]);
  const line = at < 0 ? isLines.length : at;
  return (
    `docs/openapi.json differs from the code at line ${line + 1}: run \`npm run openapi\` and commit it.\n` +
    `- ${wasLines[line] ?? '(end of file)'}\n+ ${isLines[line] ?? '(end of file)'}`
  );
}
