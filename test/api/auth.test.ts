import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Permit } from '../../src/auth/permit.js';
import { refuseUndeclaredRoutes } from '../../src/auth/policy-check.js';
import { Clock } from '../../src/runtime/clock.js';
import { client, startApp, type TestApp, testSecret, tokenOf } from '../support/harness.js';
import { ann, boss, root } from '../support/world.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const withToken = (token: string) =>
  client(app.url, () => Promise.resolve({ authorization: `Bearer ${token}` }));
const statusOf = async (token: string) => (await withToken(token).get('/orders')).status;
const key = new TextEncoder().encode(testSecret);
const signed = (claims: Record<string, unknown>) => new SignJWT(claims).setProtectedHeader({ alg: 'HS256' });

describe('tokens', () => {
  it('given a valid token, then the caller is known', async () => {
    expect(await statusOf(await tokenOf(ann))).toBe(200);
    expect(await statusOf(await signed({ sub: 'ann', acc_code: 't1' }).sign(key))).toBe(200);
  });

  it('given no token or a broken one, then it is 401 with WWW-Authenticate', async () => {
    for (const authorization of [
      '',
      'Bearer',
      'Bearer ',
      'Bearer a.b',
      'Basic YTpi',
      `Bearer ${'x'.repeat(5000)}`,
    ]) {
      const answer = await client(app.url, () =>
        Promise.resolve<Record<string, string>>(authorization ? { authorization } : {}),
      ).get('/orders');
      expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated']);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  it('given alg none, a foreign secret, another algorithm or an altered payload, then it is 401', async () => {
    const good = await tokenOf(ann);
    const [header, , signature] = good.split('.');
    const forged = Buffer.from(JSON.stringify({ sub: 'root', roles: ['system_admin'] })).toString(
      'base64url',
    );
    const { privateKey } = await generateKeyPair('RS256');
    for (const token of [
      new UnsecuredJWT({ sub: 'ann', acc_code: 't1' }).encode(),
      await tokenOf(ann, 'another secret that is long enough too'),
      await new SignJWT({ sub: 'ann', acc_code: 't1' })
        .setProtectedHeader({ alg: 'HS512' })
        .sign(new TextEncoder().encode(testSecret.repeat(2))),
      await new SignJWT({ sub: 'ann', acc_code: 't1' }).setProtectedHeader({ alg: 'RS256' }).sign(privateKey),
      `${header}.${forged}.${signature}`,
    ]) {
      expect(await statusOf(token)).toBe(401);
    }
  });

  it('given an expired token or one that is not valid yet, then it is 401', async () => {
    const claims = { sub: 'ann', acc_code: 't1' };
    const expired = await withToken(await signed(claims).setExpirationTime(1_000_000).sign(key)).get(
      '/orders',
    );
    expect([expired.status, expired.body.detail]).toEqual([401, 'the token has expired']);
    expect(await statusOf(await signed(claims).setNotBefore(4_000_000_000).sign(key))).toBe(401);
  });

  it('given a token that was accepted a moment ago, then it ends when it expires all the same', async () => {
    const clock = app.get(Clock);
    const now = new Date();
    const token = await signed({ sub: 'ann', acc_code: 't1' })
      .setExpirationTime(Math.floor(now.getTime() / 1000) + 10)
      .sign(key);
    const held = vi.spyOn(clock, 'now');
    try {
      expect(await statusOf(token)).toBe(200);
      held.mockReturnValue(new Date(now.getTime() + 9_000));
      expect(await statusOf(token)).toBe(200);
      held.mockReturnValue(new Date(now.getTime() + 11_000));
      expect(await statusOf(token)).toBe(401);
    } finally {
      held.mockRestore();
    }
  });

  it('given a token that names no user or no team, then it is 401', async () => {
    for (const claims of [
      { acc_code: 't1' },
      { sub: '', acc_code: 't1' },
      { sub: 'a,b', acc_code: 't1' },
      { sub: 'system', acc_code: 't1' },
      { sub: 'x'.repeat(65), acc_code: 't1' },
      { sub: 'ann' },
      { sub: 'ann', acc_code: '' },
      { sub: 'ann', acc_code: 7 },
      { sub: 'ann', roles: 'system_admin' },
    ]) {
      expect(await statusOf(await signed(claims).sign(key))).toBe(401);
    }
  });

  it('given roles that do not exist, then they count for nothing', async () => {
    const member = withToken(await tokenOf({ ...ann, roles: ['admin', 'SYSTEM_ADMIN'] }));
    expect((await member.get('/nodes')).status).toBe(403);
  });

  it('given a token and an API key at once, then it is 401: nobody is two callers', async () => {
    const answer = await app.as(ann).get('/orders', { 'x-api-key': 'csk_x_y' });
    expect(answer.status).toBe(401);
  });

  it('members are told 403 by the calls of administrators', async () => {
    for (const path of [
      '/nodes',
      '/templates',
      '/business-types',
      '/bindings',
      '/api-keys',
      '/directory/users',
      '/directory/groups',
    ]) {
      expect((await app.as(ann).get(path)).body.code).toBe('forbidden');
      expect((await app.as(boss).get(path)).status).toBe(200);
      expect((await app.as(root).get(path)).status).toBe(200);
    }
  });
});

describe('tokens of an identity provider', () => {
  let provider: Server;
  let jwks: { keys: object[] };
  let federated: TestApp;
  let pair: Awaited<ReturnType<typeof generateKeyPair>>;

  beforeAll(async () => {
    pair = await generateKeyPair('ES256', { extractable: true });
    jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] };
    provider = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(jwks));
    });
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
    const { port } = provider.address() as AddressInfo;
    federated = await startApp({
      env: {
        AUTH_JWT_SECRET: '',
        AUTH_JWKS_URI: `http://127.0.0.1:${port}/jwks`,
        AUTH_ISSUER: 'https://id.example',
        AUTH_AUDIENCE: 'countersign',
      },
    });
  });
  afterAll(async () => {
    await federated.close();
    await new Promise((resolve) => provider.close(resolve));
  });

  const issue = (claims: Record<string, unknown>, kid = 'k1', signer = pair.privateKey) =>
    new SignJWT({ iss: 'https://id.example', aud: 'countersign', sub: 'ann', acc_code: 't1', ...claims })
      .setProtectedHeader({ alg: 'ES256', kid })
      .setExpirationTime('1h')
      .sign(signer);
  const call = async (token: string) =>
    (await client(federated.url, () => Promise.resolve({ authorization: `Bearer ${token}` })).get('/orders'))
      .status;

  it('given one signed by its key, for us, then the caller is known; otherwise 401', async () => {
    expect(await call(await issue({}))).toBe(200);
    expect(await call(await issue({ iss: 'https://other.example' }))).toBe(401);
    expect(await call(await issue({ aud: 'someone-else' }))).toBe(401);
    expect(await call(await issue({}, 'k1', (await generateKeyPair('ES256')).privateKey))).toBe(401);
    expect(await call(await issue({}, 'k2'))).toBe(401);
    expect(await call(await tokenOf(ann))).toBe(401);
  });

  it('given a provider that does not answer, then it is 503: the caller may be right', async () => {
    const alone = await startApp({ env: { AUTH_JWT_SECRET: '', AUTH_JWKS_URI: 'http://127.0.0.1:1/jwks' } });
    try {
      const token = await issue({});
      const answer = await client(alone.url, () => Promise.resolve({ authorization: `Bearer ${token}` })).get(
        '/orders',
      );
      expect([answer.status, answer.body.code]).toEqual([503, 'unavailable']);
      expect(answer.headers.get('retry-after')).toBe('5');
    } finally {
      await alone.close();
    }
  });

  it('given a token that brings its own key, then the key is ignored', async () => {
    const own = await generateKeyPair('ES256', { extractable: true });
    const token = await new SignJWT({
      iss: 'https://id.example',
      aud: 'countersign',
      sub: 'root',
      roles: ['system_admin'],
    })
      .setProtectedHeader({
        alg: 'ES256',
        kid: 'k1',
        jwk: await exportJWK(own.publicKey),
        jku: 'http://127.0.0.1:1/',
      })
      .sign(own.privateKey);
    expect(await call(token)).toBe(401);
  });
});

describe('a route without a declared policy', () => {
  class Forgotten {
    open(): string {
      return 'everybody';
    }
  }
  Get('forgotten')(
    Forgotten.prototype,
    'open',
    Object.getOwnPropertyDescriptor(Forgotten.prototype, 'open') as PropertyDescriptor,
  );
  Controller()(Forgotten);

  it('stops the start, naming the handler', async () => {
    class ForgottenModule {}
    Module({ controllers: [Forgotten] })(ForgottenModule);
    const bare = await NestFactory.create(ForgottenModule, new FastifyAdapter(), { logger: false });
    expect(() => refuseUndeclaredRoutes(bare)).toThrow('Forgotten.open');
    await bare.close();
  });

  it('passes when the controller or the handler declares one', async () => {
    class Declared extends Forgotten {}
    Controller()(Declared);
    Permit('member')(Declared);
    class DeclaredModule {}
    Module({ controllers: [Declared] })(DeclaredModule);
    const bare = await NestFactory.create(DeclaredModule, new FastifyAdapter(), { logger: false });
    expect(() => refuseUndeclaredRoutes(bare)).not.toThrow();
    await bare.close();
  });
});
