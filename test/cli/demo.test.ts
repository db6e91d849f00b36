import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureBuilt } from '../../scripts/build.mjs';
import { testSecret } from '../support/harness.js';
import { addressOf, startProcess } from '../support/process.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-demo-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('npm run demo walks the four cases and the callbacks on a service of its own, tells each path, and ends with 0', async () => {
  const { code, output } = await run('npm', ['run', '--silent', 'demo']);
  expect(code, output).toBe(0);
  for (const told of [
    'Case 1',
    'Case 2',
    'Case 3',
    'Case 4',
    'auto_approved',
    'completed',
    'order.reopened',
    'step.stood_in',
    'carol 代 bob',
    'is whole, and agrees with the tables',
    'nothing of it has reached the user system',
    "the service has sent it, and ann's repeat gets what was answered",
  ]) {
    expect(output).toContain(told);
  }
  expect(output).toContain('✓ the order tells why: secret_salaries is never exported');
  expect(output).toContain('✓ and the module has exported');
  for (const operation of ['check.failed', 'check.succeeded', 'execute.succeeded']) {
    expect(output).toContain(`callback.${operation}`);
  }
  expect(output).not.toContain('left out:');
});

it.each([
  ['may not call this machine', '', /left out: .* CALLBACK_ALLOWED_HOSTS=127\.0\.0\.1/],
  ['may', '127.0.0.1', /✓ and the module has exported/],
])('on a running service that %s, the callbacks are told accordingly', async (_name, allowed, told) => {
  const settings = { AUTH_JWT_SECRET: testSecret };
  const service = startProcess({
    ...settings,
    DATA_DIR: await mkdtemp(join(folder, 'data-')),
    CALLBACK_ALLOWED_HOSTS: allowed,
  });
  try {
    const env = { ...settings, BASE_URL: await addressOf(service) };
    const { code, output } = await run('npm', ['run', '--silent', 'demo'], env);
    expect(code, output).toBe(0);
    expect(output).toMatch(told);
    expect(output).toContain('Every order ends as requirement 003 says.');
  } finally {
    service.child.kill('SIGTERM');
    await service.ended;
  }
});

it('without the examples, as in the image, the callbacks are left out', async () => {
  ensureBuilt();
  for (const name of ['dist', 'package.json']) {
    await cp(join(root, name), join(folder, 'image', name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(folder, 'image/node_modules'));
  const { code, output } = await run(process.execPath, [join(folder, 'image/dist/cli/demo.js')]);
  expect(code, output).toBe(0);
  expect(output).toContain('left out: examples/data-export is not part of this installation.');
});

/** Nothing listens on port 1, so without an address the demo starts a service of its own. */
function run(
  program: string,
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly output: string }> {
  const env = {
    ...process.env,
    PORT: '1',
    BASE_URL: '',
    DATABASE_URL: '',
    NODE_ENV: '',
    AUTH_JWKS_URI: '',
    ...settings,
  };
  return new Promise((resolve) => {
    execFile(program, args, { cwd: root, env }, (error, output, errors) =>
      resolve({ code: error ? Number(error.code) : 0, output: output + errors }),
    );
  });
}
