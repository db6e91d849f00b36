// @ts-check
/**
 * `npm run demo` plays `src/cli/demo.ts`; with `--provider lark` the story of `test/demo/lark.ts`, which is not shipped: it
 * needs the fake Feishu of the tests.
 */
import { existsSync } from 'node:fs';
import { register } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureBuilt, findCompiler, root, runBuilt } from './build.mjs';

const stories = ['lark', 'dingtalk', 'wecom'];
const provider = wanted();
if (provider === undefined) {
  ensureBuilt();
  await runBuilt('cli/demo', []);
} else {
  await tell(provider);
}

/** @returns {string | undefined} the provider that was asked for */
function wanted() {
  try {
    const { provider: given } = parseArgs({ options: { provider: { type: 'string' } } }).values;
    if (given === undefined || stories.includes(given)) return given;
    return stop(`There is no demo of provider ${given}; there is one of ${stories.join(', ')}.`);
  } catch {
    return stop(`usage: npm run demo [-- --provider ${stories.join('|')}]`);
  }
}

/** @param {string} name */
async function tell(name) {
  const file = join(root, 'test', 'demo', `${name}.ts`);
  const needs = `The demo of provider ${name} needs the fakes of the tests`;
  if (!existsSync(file)) return stop(`${needs}: test/ is not part of this installation.`);
  if (!findCompiler()) return stop(`${needs}, and devDependencies are not installed: run \`npm ci\`.`);
  ensureBuilt();
  process.setSourceMapsEnabled(true);
  register('./typescript-hooks.mjs', import.meta.url);
  await import(pathToFileURL(file).href);
}

/**
 * @param {string} why
 * @returns {never}
 */
function stop(why) {
  process.stderr.write(`${why}\n`);
  process.exit(2);
}
