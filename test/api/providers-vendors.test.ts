import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { boss, created, rival, root } from '../support/world.js';

let app: TestApp;
let admin: Client;
let other: Client;
let system: Client;
const lines: string[] = [];
beforeAll(async () => {
  app = await startApp({
    env: { CALLBACK_ALLOWED_HOSTS: '127.0.0.1', PUBLIC_URL: 'https://approvals.example.com' },
    onLog: (line) => lines.push(line),
  });
  [admin, other, system] = [app.as(boss), app.as(rival), app.as(root)];
});
afterAll(() => app.close());

const lark = {
  appId: 'cli_1',
  appSecret: 'secret-of-app-1',
  encryptKey: 'secret-key-1',
  verificationToken: 'secret-token-1',
};
const dingtalk = {
  appKey: 'ding1',
  appSecret: 'secret-of-ding-1',
  corpId: 'corp1',
  token: 'secret-token-2',
  aesKey: 'Yue0EfdN5900c1ce5cf6A152c63DDe1808a60c5ecd7',
};
const wecom = {
  corpId: 'ww1',
  corpSecret: 'secret-of-wecom-1',
  agentId: '1000002',
  token: 'secret-token-3',
  aesKey: 'Yue0EfdN5900c1ce5cf6A152c63DDe1808a60c5ecd7',
};
const apps = { lark, dingtalk, wecom };
const secretsOf = {
  lark: ['appSecret', 'encryptKey', 'verificationToken'],
  dingtalk: ['appSecret', 'token', 'aesKey'],
  wecom: ['corpSecret', 'token', 'aesKey'],
} as const;
const kinds = Object.keys(apps) as (keyof typeof apps)[];

let made = 0;
const given = async (client: Client, kind: keyof typeof apps, more: object = {}) => {
  const body = { code: `v${++made}`, name: kind, kind, [kind]: apps[kind], ...more };
  return (await created(client, '/providers', body)) as { id: string; code: string; secret: null };
};

describe('a vendor among the providers', () => {
  it.each(kinds)('given %s, then its settings are shown, and its secrets never', async (kind) => {
    const { id, code, secret } = await given(admin, kind);
    expect(secret).toBeNull();
    const { body } = await admin.get(`/providers/${code}`);
    const settings = Object.fromEntries(
      Object.entries(apps[kind]).filter(([name]) => !(secretsOf[kind] as readonly string[]).includes(name)),
    );
    expect(body.vendor).toEqual({
      settings,
      secrets: secretsOf[kind],
      callbackUrl: `https://approvals.example.com/api/v1/${kind}/callback/${id}`,
    });
    const [row] = await app.database.rows<{ sealed: string; settings: string }>(
      'SELECT sealed_credentials AS sealed, settings FROM dms_s_apply_provider WHERE id = ?',
      [id],
    );
    const listed = JSON.stringify((await admin.get('/providers?limit=100')).body);
    for (const name of secretsOf[kind]) {
      const value = (apps[kind] as Record<string, string>)[name]!;
      for (const text of [JSON.stringify(body), listed, row!.sealed, row!.settings, lines.join('\n')]) {
        expect(text).not.toContain(value);
      }
    }
  });

  it('given a change of one secret, then the others stay, and another team sees nothing of it', async () => {
    const { code, id } = await given(admin, 'lark');
    const sealed = async () =>
      (
        await app.database.rows<{ sealed: string }>(
          'SELECT sealed_credentials AS sealed FROM dms_s_apply_provider WHERE id = ?',
          [id],
        )
      )[0]?.sealed;
    const before = await sealed();
    const changed = await admin.patch(`/providers/${code}`, {
      lark: { appSecret: 'secret-of-app-2', assistantUserId: 'helper' },
    });
    expect(changed.status).toBe(200);
    expect(changed.body.vendor.settings).toEqual({ appId: 'cli_1', assistantUserId: 'helper' });
    expect(changed.body.vendor.secrets).toEqual(secretsOf.lark);
    expect(await sealed()).not.toBe(before);
    expect((await other.get(`/providers/${code}`)).status).toBe(404);
    expect((await other.patch(`/providers/${code}`, { name: 'mine' })).status).toBe(404);
    expect((await other.post(`/providers/${code}/ping`, {})).status).toBe(404);
  });

  it.each<[string, string, object, string]>([
    ['no encrypt key', 'lark', { ...lark, encryptKey: '' }, 'lark.encryptKey'],
    ['an encrypt key that is left out', 'lark', { ...lark, encryptKey: undefined }, 'lark.encryptKey'],
    ['an encrypt key that is null', 'lark', { ...lark, encryptKey: null }, 'lark.encryptKey'],
    ['a token with a line break', 'lark', { ...lark, verificationToken: 'a\nb' }, 'lark.verificationToken'],
    ['a short AES key', 'wecom', { ...wecom, aesKey: 'short' }, 'wecom.aesKey'],
    ['an unknown field', 'dingtalk', { ...dingtalk, colour: 'red' }, 'dingtalk.colour'],
  ])('given %s, then 400 names the field', async (_what, kind, fields, field) => {
    const body = { code: `v${++made}`, name: kind, kind, [kind]: fields };
    const answer = await admin.post('/providers', body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body.errors)).toContain(field.split('.')[1]!);
    expect(JSON.stringify(answer.body)).not.toContain('secret-');
  });

  it('given an empty secret in a change, then 400, and nothing has changed', async () => {
    const { code } = await given(admin, 'lark');
    for (const encryptKey of ['', null]) {
      expect((await admin.patch(`/providers/${code}`, { lark: { encryptKey } })).status).toBe(400);
    }
  });

  it('given a rotation, then 400 tells where its secrets are made', async () => {
    const { code } = await given(admin, 'wecom');
    const answer = await admin.post(`/providers/${code}/rotate-secret`, {});
    expect(answer.status).toBe(400);
    expect(answer.body.detail).toContain('PATCH');
  });

  it('given an approve action, then it takes no vendor', async () => {
    const { code } = await given(admin, 'lark');
    const { businessType } = { businessType: `bt-${code}` };
    await created(admin, '/business-types', { code: businessType, name: businessType });
    const answer = await admin.post('/approve-actions', {
      name: 'held',
      path: '/api/things/{id}',
      method: 'POST',
      businessType,
      provider: code,
    });
    expect(answer.status).toBe(404);
  });
});

describe('the provider of a business type', () => {
  it('given its code, then the type names it, and it cannot be deleted until the type names another one', async () => {
    const { code } = await given(admin, 'lark');
    const type = `t-${code}`;
    const body = { code: type, name: type, provider: code, mirror: code };
    expect(await created(admin, '/business-types', body)).toMatchObject({ provider: code, mirror: code });
    const refused = await admin.delete(`/providers/${code}`);
    expect([refused.status, refused.body.code]).toEqual([409, 'in_use']);
    const changed = await admin.patch(`/business-types/${type}`, { provider: 'internal', mirror: null });
    expect(changed.body).toMatchObject({ provider: 'internal', mirror: null });
    expect((await admin.delete(`/providers/${code}`)).status).toBe(204);
  });

  it('given one of another team, one that is none, or a mirror that is no Feishu, then it is refused', async () => {
    const theirs = await given(other, 'lark');
    const mine = await given(admin, 'wecom');
    const type = { code: `x-${mine.code}`, name: 'x' };
    expect((await admin.post('/business-types', { ...type, provider: theirs.code })).status).toBe(404);
    expect((await admin.post('/business-types', { ...type, mirror: theirs.code })).status).toBe(404);
    expect((await admin.post('/business-types', { ...type, provider: 'nobody' })).status).toBe(404);
    const answer = await admin.post('/business-types', { ...type, mirror: mine.code });
    expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([400, 'mirror']);
    // A type of the platform knows the platform's providers only.
    expect((await system.post('/business-types', { ...type, provider: mine.code })).status).toBe(404);
  });
});
