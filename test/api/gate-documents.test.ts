import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { createRemoteJWKSet, type JWTPayload, type JWTVerifyGetKey, SignJWT, generateKeyPair } from 'jose';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeBlock, filledIn } from '../support/documents.js';
import { eventually } from '../support/eventually.js';
import { givenAction, givenGate } from '../support/gates.js';
import { startApp, type TestApp, tokenOf } from '../support/harness.js';
import { type RawAnswer, type RawRequest, sendRaw } from '../support/raw-request.js';
import { startUpstream, type Upstream } from '../support/upstream.js';
import { ann, bob, boss, givenFlow } from '../support/world.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
let app: TestApp;
let upstream: Upstream;
let businessType: string;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-gate-'));
  app = await startApp({ env: { CALLBACK_ALLOWED_HOSTS: '127.0.0.1' } });
  upstream = await startUpstream();
  ({ businessType } = await givenFlow(app, [{ users: ['bob'] }]));
});
afterAll(async () => {
  await app.close();
  await upstream.close();
  await rm(folder, { recursive: true, force: true });
});

const pass = async (id: unknown): Promise<void> => {
  expect((await app.as(bob).post(`/approve-requests/${String(id)}/pass`, {})).status).toBe(200);
};

/** Compiles a page's TypeScript as strictly as we compile ours, and loads it. */
async function moduleOf<T>(name: string, code: string): Promise<T> {
  const file = join(folder, `${name}.mts`);
  await writeFile(file, code);
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    paths: { jose: [join(root, 'node_modules/jose/dist/types/index.d.ts')] },
    skipLibCheck: true,
  };
  const program = ts.createProgram([file], options);
  const complaints = ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  expect(complaints).toEqual([]);
  program.emit();
  const compiled = join(folder, `${name}.mjs`);
  // Where the folder is, no packages are.
  const text = await readFile(compiled, 'utf8');
  await writeFile(compiled, text.replace("from 'jose'", `from '${import.meta.resolve('jose')}'`));
  return (await import(pathToFileURL(compiled).href)) as T;
}

describe('docs/gate.md', () => {
  it.each([
    ['nginx', 'auth_request'],
    ['nginx', 'server_name'],
    ['yaml', 'forwardAuth'],
    ['yaml', 'ext_authz'],
    ['json', 'forward-auth'],
    ['typescript', 'jwtVerify'],
    ['typescript', 'IncomingMessage'],
    ['java', 'IdentityToken'],
    ['python', 'PyJWKClient'],
  ])('should hold the same %s (%s) in both languages', (language, mark) => {
    expect(codeBlock('gate.zh-CN.md', language, mark)).toBe(codeBlock('gate.md', language, mark));
  });

  describe('an identity token', () => {
    let token: string;
    let keys: string;
    let requestId: string;

    beforeAll(async () => {
      const { key } = await givenGate(app.as(boss), { upstream: upstream.url });
      await givenAction(app.as(boss), { path: '/token', businessType });
      const raw = {
        method: 'POST',
        path: `/gate/${key}/proxy/token`,
        headers: { authorization: `Bearer ${await tokenOf(ann)}` },
      };
      requestId = (await sendRaw(app.url, raw)).json()['requestId'] as string;
      await pass(requestId);
      await eventually(
        () => upstream.seenAt('/token').length,
        (count) => count === 1,
      );
      token = (upstream.seenAt('/token')[0]?.headers.authorization ?? '').replace('Bearer ', '');
      keys = `${app.url}/api/v1/gate/jwks`;
    });

    type Applicant = (authorization: string | undefined, keys?: JWTVerifyGetKey) => Promise<JWTPayload>;

    it('should be good for the TypeScript, and nothing else', async () => {
      const code = filledIn(codeBlock('gate.md', 'typescript', 'jwtVerify'), {
        'http://127.0.0.1:8080': upstream.url,
        'http://countersign:3000/api/v1/gate/jwks': keys,
      });
      const { applicantOf } = await moduleOf<{ applicantOf: Applicant }>('identity', code);
      const claims = await applicantOf(`Bearer ${token}`, createRemoteJWKSet(new URL(keys)));
      expect(claims).toMatchObject({
        sub: 'ann',
        acc_code: 't1',
        approve_request_id: requestId,
        jti: requestId,
      });
      const { privateKey } = await generateKeyPair('EdDSA');
      const forged = await new SignJWT({ ...claims }).setProtectedHeader({ alg: 'EdDSA' }).sign(privateKey);
      for (const bad of [
        undefined,
        '',
        `Bearer ${forged}`,
        `Bearer ${token}x`,
        `Bearer ${await tokenOf(ann)}`,
      ]) {
        await expect(applicantOf(bad)).rejects.toThrow();
      }
    });

    it('should be good for the Java, and nothing else', async ({ skip }) => {
      const compiler = 'javac';
      skip(spawnSync(compiler, ['--version']).error !== undefined, 'javac is not installed');
      const java = join(folder, 'java');
      await mkdir(java);
      await writeFile(join(java, 'IdentityToken.java'), codeBlock('gate.md', 'java', 'IdentityToken'));
      const program = `
        public class Run {
          public static void main(String[] given) throws Exception {
            for (int i = 1; i < given.length; i++) {
              try {
                System.out.println(IdentityToken.claims(given[i], given[0]));
              } catch (java.security.GeneralSecurityException | IllegalArgumentException refused) {
                System.out.println("refused");
              }
            }
          }
        }`;
      await writeFile(join(java, 'Run.java'), program);
      const run = promisify(execFile);
      await run(compiler, [
        '-encoding',
        'UTF-8',
        '-Xlint:all',
        '-Werror',
        '-d',
        java,
        `${java}/IdentityToken.java`,
        `${java}/Run.java`,
      ]);
      const [head, claims, signature] = token.split('.');
      const altered = `${head}.${Buffer.from('{"sub":"root"}').toString('base64url')}.${signature}`;
      const jwks = (await (await fetch(keys)).json()) as { keys: [{ x: string }] };
      const given = [jwks.keys[0].x, token, altered, `${head}.${claims}`, `${token}.`];
      const { stdout } = await run('java', ['-cp', java, 'Run', ...given]);
      const [first = '', ...others] = stdout.trim().split('\n');
      expect(JSON.parse(first)).toMatchObject({ sub: 'ann', approve_request_id: requestId });
      expect(others).toEqual(['refused', 'refused', 'refused']);
    });
  });

  describe('the middleware of submit', () => {
    type Middleware = (
      door: string,
      secret: string,
    ) => (
      request: IncomingMessage & { body?: Buffer },
      response: ServerResponse,
      next: (error?: unknown) => void,
    ) => Promise<void>;
    let server: Server;
    let address: string;
    const reached: string[] = [];

    beforeAll(async () => {
      const { key, secret } = await givenGate(app.as(boss), { adapter: 'submit' });
      for (const hold of [401, 200]) {
        await givenAction(app.as(boss), { path: `/app/${hold}`, businessType, mode: 'retry-once', hold });
      }
      await givenAction(app.as(boss), { path: '/app/replay', businessType, upstream: upstream.url });
      const code = codeBlock('gate.md', 'typescript', 'IncomingMessage');
      const { gate } = await moduleOf<{ gate: Middleware }>('middleware', code);
      const middleware = gate(`${app.url}/gate/${key}/submit`, secret);
      const broken = gate('http://127.0.0.1:9/', secret);
      const answer = async (
        request: IncomingMessage & { body?: Buffer },
        response: ServerResponse,
      ): Promise<void> => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        request.body = Buffer.concat(chunks);
        const away = request.headers['x-test'] === 'away';
        await (away ? broken : middleware)(request, response, (error) => {
          if (error === undefined) {
            reached.push(
              `${request.url} ${String(request.body)} ${request.headers['x-approval-request-id'] ?? '-'}`,
            );
          }
          response.writeHead(error === undefined ? 204 : 500).end();
        });
      };
      server = createServer((request, response) => void answer(request, response));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterAll(() => server?.close());

    const send = async (path: string, raw: Partial<RawRequest> = {}): Promise<RawAnswer> =>
      sendRaw(address, {
        method: 'POST',
        path,
        body: '{"a":1}',
        ...raw,
        headers: {
          authorization: `Bearer ${await tokenOf(ann)}`,
          'content-type': 'application/json',
          ...raw.headers,
        },
      });

    it.each([401, 200])(
      'should go on with what is free, and once with what was held with %i',
      async (hold) => {
        reached.splice(0);
        expect((await send('/free', { headers: { 'x-approval-request-id': 'made-up' } })).status).toBe(204);
        expect(reached.splice(0)).toEqual(['/free {"a":1} -']);
        const held = await send(`/app/${hold}`);
        expect([held.status, held.json()['code'], reached]).toEqual([hold, 'approval_required', []]);
        const id = held.json()['requestId'] as string;
        await pass(id);
        expect((await send(`/app/${hold}`)).status).toBe(204);
        expect((await send(`/app/${hold}`)).json()['code']).toBe('approval_required');
        expect(reached).toEqual([`/app/${hold} {"a":1} ${id}`]);
      },
    );

    it('should answer with what was kept of what Countersign has executed', async () => {
      reached.splice(0);
      upstream.answer(() => ({ status: 418, headers: { 'x-made-by': 'erp' }, body: Buffer.from([0, 255]) }));
      await pass((await send('/app/replay')).json()['requestId']);
      const repeat = await eventually(
        () => send('/app/replay'),
        (answer) => answer.status === 418,
      );
      expect([repeat.headers['x-made-by'], [...repeat.body], reached]).toEqual(['erp', [0, 255], []]);
    });

    it('should not go on while Countersign is away, or does not know the caller', async () => {
      reached.splice(0);
      expect((await send('/free', { headers: { 'x-test': 'away' } })).status).toBe(500);
      expect((await send('/app/401', { headers: { authorization: 'Bearer nobody' } })).status).toBe(401);
      expect(reached).toEqual([]);
    });
  });
});
