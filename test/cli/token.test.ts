import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { client, startApp } from '../support/harness.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const secret = 'a secret for this test, 32 characters';

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Env = Readonly<Record<string, string>>;

describe('npm run token', () => {
  let dataDir: string;
  /** Empty values count as not set, and keep a developer's .env out of the tests. */
  let settings: Env;

  const run = (program: string, args: readonly string[], env: Env): Promise<Outcome> =>
    new Promise((resolve) => {
      const options = { cwd: root, env: { ...process.env, ...settings, ...env } };
      execFile(program, args, options, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
      });
    });
  const npmRunToken = (args: readonly string[], env: Env = {}): Promise<Outcome> =>
    run('npm', ['run', '--silent', 'token', '--', ...args], env);
  /** The program behind it, without the half second that npm takes. */
  const token = (args: readonly string[], env: Env = {}): Promise<Outcome> =>
    run(process.execPath, ['dist/cli/token.js', ...args], env);

  // The first run builds dist/ when it is out of date.
  beforeAll(() => newDataDir().then(() => npmRunToken(['--user', 'ann', '--team', 't1'])), 180_000);
  beforeEach(newDataDir);
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

  const folders: string[] = [];
  async function newDataDir(): Promise<void> {
    dataDir = await mkdtemp(join(tmpdir(), 'countersign-token-'));
    folders.push(dataDir);
    settings = {
      NODE_ENV: '',
      DATA_DIR: dataDir,
      AUTH_JWT_SECRET: '',
      AUTH_JWKS_URI: '',
      AUTH_ISSUER: '',
      AUTH_AUDIENCE: '',
    };
  }

  it('prints a token that a service with the same data folder accepts, and nothing else', async () => {
    const { code, stdout, stderr } = await npmRunToken([
      '--user',
      'ann',
      '--team',
      't1',
      '--role',
      'team_admin',
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);

    const app = await startApp({ env: { DATA_DIR: dataDir, AUTH_JWT_SECRET: '' } });
    try {
      const ann = client(app.url, () => Promise.resolve({ authorization: `Bearer ${stdout.trim()}` }));
      const mallory = client(app.url, () => Promise.resolve({ authorization: `Bearer ${stdout.trim()}x` }));

      expect((await ann.put('/directory/users/bob', { name: 'Bob' })).body.accCode).toBe('t1');
      expect((await mallory.get('/directory/users')).status).toBe(401);
    } finally {
      await app.close();
    }
  });

  it('given no configured secret, makes one that only its owner can read, and uses it again', async () => {
    const first = await token(['--user', 'ann', '--team', 't1']);
    const file = join(dataDir, 'jwt-secret');
    const made = await readFile(file, 'utf8');
    const second = await token(['--user', 'ann', '--team', 't1']);

    expect([first.code, second.code]).toEqual([0, 0]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(Buffer.from(made, 'base64')).toHaveLength(32);
    expect(await readFile(file, 'utf8')).toBe(made);
  });

  it('says who, which team, which roles and how long, and who issued it where that is configured', async () => {
    const { stdout } = await token(
      ['--user', '安娜', '--team', 't1', '--role', 'team_admin', '--days', '2'],
      {
        AUTH_JWT_SECRET: secret,
        AUTH_ISSUER: 'https://id.example',
        AUTH_AUDIENCE: 'countersign',
      },
    );

    const { iat = 0, exp = 0, ...claims } = decodeJwt(stdout);
    expect(decodeProtectedHeader(stdout)).toMatchObject({ alg: 'HS256' });
    expect(claims).toEqual({
      sub: '安娜',
      acc_code: 't1',
      roles: ['team_admin'],
      iss: 'https://id.example',
      aud: 'countersign',
    });
    expect(exp - iat).toBe(2 * 24 * 60 * 60);
    expect(Math.abs(iat - Date.now() / 1000)).toBeLessThan(60);
  });

  it('by default holds for 30 days and gives no role', async () => {
    const { iat = 0, exp = 0, roles } = decodeJwt((await token(['--user', 'ann', '--team', 't1'])).stdout);

    expect([exp - iat, roles]).toEqual([30 * 24 * 60 * 60, []]);
  });

  it('given system_admin, needs no team and names none; roles may be repeated', async () => {
    const alone = await token(['--user', 'root', '--role', 'system_admin']);
    const both = await token([
      '--user',
      'root',
      '--team',
      't1',
      '--role',
      'team_admin',
      '--role',
      'system_admin',
    ]);

    expect(decodeJwt(alone.stdout)).toMatchObject({ sub: 'root', roles: ['system_admin'] });
    expect(decodeJwt(alone.stdout)).not.toHaveProperty('acc_code');
    expect(decodeJwt(both.stdout)).not.toHaveProperty('acc_code');
    expect(decodeJwt(both.stdout)['roles']).toEqual(['team_admin', 'system_admin']);
  });

  it('in production signs with the configured secret', async () => {
    const env = { NODE_ENV: 'production', AUTH_JWT_SECRET: secret };

    expect(await token(['--user', 'ann', '--team', 't1'], env)).toMatchObject({ code: 0, stderr: '' });
  });

  describe('errors are one line and exit code 1', () => {
    const expectError = ({ code, stdout, stderr }: Outcome, words: RegExp): void => {
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^[^\n]+\n$/);
      expect(stderr).toMatch(words);
    };

    it.each([
      ['no arguments', [], /--user is missing/],
      ['no team', ['--user', 'ann'], /--team is missing/],
      ['no team of a team administrator', ['--user', 'ann', '--role', 'team_admin'], /--team is missing/],
      ['an option without its value', ['--team', 't1', '--user'], /--user/],
      ['an option as the value', ['--user', '--team', 't1'], /--user/],
      [
        'an unknown role',
        ['--user', 'ann', '--team', 't1', '--role', 'boss'],
        /--role must be system_admin or team_admin/,
      ],
      ['an unknown option', ['--user', 'ann', '--team', 't1', '--admin'], /--admin/],
      ['a word too many', ['ann', '--user', 'ann', '--team', 't1'], /ann/],
      ['no number of days', ['--user', 'ann', '--team', 't1', '--days', 'soon'], /--days/],
      ['no days', ['--user', 'ann', '--team', 't1', '--days', '0'], /--days/],
      ['the reserved user', ['--user', 'system', '--team', 't1'], /would refuse this token: .*sub/],
      ['a user with a comma', ['--user', 'a,b', '--team', 't1'], /would refuse this token: .*sub/],
      ['a team with a comma', ['--user', 'ann', '--team', 'a,b'], /would refuse this token: .*acc_code/],
    ])('given %s', async (_what, args, words) => {
      expectError(await token(args), words);
    });

    it('given only an identity provider, tells to take a token from there', async () => {
      const env = { AUTH_JWKS_URI: 'https://id.example/keys' };

      expectError(await token(['--user', 'ann', '--team', 't1'], env), /identity provider/);
    });

    it('given production without a way to check tokens, names what is missing', async () => {
      const env = { NODE_ENV: 'production' };

      expectError(await token(['--user', 'ann', '--team', 't1'], env), /AUTH_JWT_SECRET/);
    });

    it('given a setting that cannot be used, names it and not its value', async () => {
      const outcome = await token(['--user', 'ann', '--team', 't1'], { PORT: 'wrong-port' });

      expectError(outcome, /PORT/);
      expect(outcome.stderr).not.toContain('wrong-port');
    });

    it('given a data folder that is a file, says so', async () => {
      const file = join(dataDir, 'file');
      await writeFile(file, '');

      expectError(await token(['--user', 'ann', '--team', 't1'], { DATA_DIR: file }), /file/);
    });

    it('given npm in front of it, says nothing more', async () => {
      expectError(await npmRunToken([]), /--user is missing/);
    });
  });
});
