import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

it('npm run demo walks the four cases on a service of its own, tells each path, and ends with 0', async () => {
  const { code, stdout } = await new Promise<{ code: number; stdout: string }>((resolve) => {
    // Nothing listens on port 1, so the demo starts a service of its own.
    const env = {
      ...process.env,
      PORT: '1',
      BASE_URL: '',
      DATABASE_URL: '',
      NODE_ENV: '',
      AUTH_JWKS_URI: '',
    };
    execFile('npm', ['run', '--silent', 'demo'], { cwd: root, env }, (error, output, errors) =>
      resolve({ code: error ? Number(error.code) : 0, stdout: output + errors }),
    );
  });
  expect(code, stdout).toBe(0);
  for (const told of ['Case 1', 'Case 2', 'Case 3', 'Case 4', 'auto_approved', 'completed']) {
    expect(stdout).toContain(told);
  }
});
