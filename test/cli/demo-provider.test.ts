import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureBuilt } from '../../scripts/build.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
beforeAll(async () => {
  ensureBuilt();
  folder = await mkdtemp(join(tmpdir(), 'countersign-demo-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("npm run demo -- --provider lark tells requirement 001's story in both languages, and ends with 0", async () => {
  const { code, output } = await run('npm', ['run', '--silent', 'demo', '--', '--provider', 'lark']);
  expect(code, output).toBe(0);
  for (const told of [
    '✓ check_node is REJECTED by the assistant: ann 已有「审计后台」的权限，无需申请',
    '✓ execute_node is REJECTED by the assistant: 「旧后台」的接口返回 500，授权失败',
    '✓ execute_node is APPROVED by the assistant: 已授权「报表后台」',
    '✓ it is asked for in Feishu: 2026',
    '✓ Feishu knows nothing of it',
    '✓ and the module has heard the same three times: /check {"system":"报表后台","reason":"季度复盘"}, /execute {',
    '✓ the button works',
    '✓ and Feishu shows it as approved',
    'Every order ends as requirement 001 says.',
  ]) {
    expect(output).toContain(told);
  }
  expect(output).not.toContain('✗');
});

it.each(['dingtalk', 'wecom'])('--provider %s tells a shorter one', async (provider) => {
  const { code, output } = await run(process.execPath, ['scripts/demo.mjs', '--provider', provider]);
  expect(code, output).toBe(0);
  for (const told of [
    'completed; steps approved',
    'rejected; steps rejected',
    'it tells why: bob: 请找财务同事',
  ]) {
    expect(output).toContain(told);
  }
});

it.each([
  [['--provider', 'slack'], 'There is no demo of provider slack; there is one of lark, dingtalk, wecom.'],
  [['--vendor', 'lark'], 'usage: npm run demo [-- --provider lark|dingtalk|wecom]'],
])('given %j, it ends with one line', async (args, line) => {
  expect(await run(process.execPath, ['scripts/demo.mjs', ...args])).toEqual({
    code: 2,
    output: `${line}\n`,
  });
});

it.each([
  ['the tests', ['scripts'], ': test/ is not part of this installation.'],
  ['devDependencies', ['scripts', 'test/demo'], ', and devDependencies are not installed: run `npm ci`.'],
])('without %s, it says so in one line', async (_name, parts, why) => {
  const place = await mkdtemp(join(folder, 'without-'));
  for (const part of parts) await cp(join(root, part), join(place, part), { recursive: true });
  expect(await run(process.execPath, [join(place, 'scripts/demo.mjs'), '--provider', 'lark'])).toEqual({
    code: 2,
    output: `The demo of provider lark needs the fakes of the tests${why}\n`,
  });
});

it('a story that ends otherwise ends with 1, and tells what was expected', async () => {
  const play = pathToFileURL(join(root, 'dist/cli/demo/play.js')).href;
  const program = `
    import { play } from '${play}';
    const target = { url: 'http://127.0.0.1:1', what: 'nothing', whereToLook: null, close: async () => undefined };
    const tell = async (run) => run.check('the order is completed', false, 'and is not');
    await play({ about: 'A story', source: 'requirement 001', tell }, target);`;
  const { code, output } = await run(process.execPath, ['--input-type=module', '--eval', program]);
  expect(code, output).toBe(1);
  expect(output).toContain('Not as requirement 001 says (1):\n  the order is completed, and is not\n');
});

function run(
  program: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: root }, (error, output, errors) =>
      resolve({ code: error ? Number(error.code) : 0, output: output + errors }),
    );
  });
}
