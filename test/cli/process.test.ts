import { mkdtemp, rm, stat } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { client, tokenOf, testSecret } from '../support/harness.js';
import { addressOf, startProcess } from '../support/process.js';
import { boss } from '../support/world.js';

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'countersign-process-'));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

describe('the start', () => {
  it('given no settings, then it serves on SQLite and tells the next commands; its secrets are its own', async () => {
    const service = startProcess({ DATA_DIR: dataDir });
    const url = await addressOf(service);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    expect(service.output()).toContain(`${url}/docs`);
    expect(service.output()).toContain('npm run demo');
    for (const secret of ['jwt-secret', 'secrets-key']) {
      expect((await stat(join(dataDir, secret))).mode & 0o777).toBe(0o600);
    }
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual({ code: 0, signal: null });
  });

  it.each([
    [
      'NODE_ENV=production without a way to check tokens',
      { NODE_ENV: 'production' },
      ['AUTH_JWT_SECRET', 'AUTH_JWKS_URI'],
    ],
    ['a port that is none', { PORT: '70000' }, ['PORT']],
    ['a database of another kind', { DATABASE_URL: 'postgres://me:hidden-password@db/x' }, ['DATABASE_URL']],
    [
      'several at once',
      { PORT: 'x', CALLBACK_TIMEOUT: '5 minutes', LOG_LEVEL: 'loud' },
      ['PORT', 'CALLBACK_TIMEOUT', 'LOG_LEVEL'],
    ],
    [
      'a database that does not answer',
      { DATABASE_URL: 'mysql://me:hidden-password@127.0.0.1:1/x' },
      ['DATABASE_URL', 'ECONNREFUSED'],
    ],
  ])('given %s, then it is refused, naming the variables and no value', async (_name, env, named) => {
    const service = startProcess({ DATA_DIR: dataDir, ...env });
    expect((await service.ended).code).toBe(1);
    for (const name of named) expect(service.output()).toContain(name);
    expect(service.output()).not.toContain('hidden-password');
    expect(service.output()).not.toContain('at ');
  });

  it('given NODE_ENV=production and a secret, then it serves and logs one line of JSON after the other', async () => {
    const service = startProcess({ DATA_DIR: dataDir, NODE_ENV: 'production', AUTH_JWT_SECRET: testSecret });
    await service.seen(/"msg":"serving"/);
    service.child.kill('SIGTERM');
    expect((await service.ended).code).toBe(0);
    const lines = service.output().trim().split('\n');
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) expect(() => JSON.parse(line) as unknown, line).not.toThrow();
  });
});

describe('the end', () => {
  it('given a request under way when SIGTERM comes, then it is answered before the process ends with 0', async () => {
    // Given a caller who keeps the connection alive for longer than the service may take to stop
    const env = { DATA_DIR: dataDir, AUTH_JWT_SECRET: testSecret, SHUTDOWN_TIMEOUT: '4s' };
    const agent = new Agent({ keepAlive: true });
    const service = startProcess(env);
    const url = await addressOf(service);
    const token = await tokenOf(boss);
    // Given a request whose body is half sent
    const answered = new Promise<number>((resolve, reject) => {
      const body = JSON.stringify({ code: 'drained', name: 'Drained' });
      const call = request(`${url}/api/v1/business-types`, {
        method: 'POST',
        agent,
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'content-length': body.length,
          expect: '100-continue',
        },
      });
      call.on('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      call.on('error', reject);
      // The service says 100 Continue once it has taken the request up,
      call.on('continue', () => {
        call.write(body.slice(0, 10));
        // when the process is told to stop, and only then the rest comes
        service.child.kill('SIGTERM');
        void service.seen(/stopping: requests under way/).then(() => call.end(body.slice(10)));
      });
      call.flushHeaders();
    });
    // Then it is answered, and what it did is there
    expect(await answered).toBe(201);
    expect(await service.ended).toEqual({ code: 0, signal: null });
    agent.destroy();
    const next = startProcess({ DATA_DIR: dataDir, AUTH_JWT_SECRET: testSecret });
    const again = client(await addressOf(next), async () => ({ authorization: `Bearer ${token}` }));
    expect((await again.get('/business-types/drained')).status).toBe(200);
    next.child.kill('SIGTERM');
    await next.ended;
  });
});
