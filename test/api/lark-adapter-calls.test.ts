import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeLark, startFakeLark } from '../support/lark/fake-lark.js';
import { anAsk, anAttempt, connectionTo, failureOf, larkAlone } from '../support/lark/lark-adapter.js';
import type { LarkFault } from '../support/lark/lark-faults.js';

/** The adapter alone needs no database. */
describe.runIf(process.env.TEST_DIALECT === 'sqlite')('calls of Feishu', () => {
  let lark: FakeLark;
  let adapter: ReturnType<typeof larkAlone>;
  let hasty: ReturnType<typeof larkAlone>;

  beforeAll(async () => {
    lark = await startFakeLark();
    for (const userId of ['ann-there', 'lee']) lark.people.join(userId);
    adapter = larkAlone();
    hasty = larkAlone('500ms');
  });
  beforeEach(() => lark.faults.forget());
  afterAll(async () => {
    await adapter.close();
    await hasty.close();
    await lark.close();
  });

  const reading = /^GET .*\/v4\/instances\//;
  const to = (settings: object = {}, credentials: Record<string, string> = {}) =>
    connectionTo(lark, { ...settings }, credentials);
  const observe = (id: string) => adapter.provider.observe(to(), id, anAttempt());
  const signal = () => AbortSignal.timeout(20_000);
  const failing = (call: Promise<unknown>) => failureOf(lark, call);

  /** An approval that was asked for. */
  async function given(): Promise<{ readonly externalId: string }> {
    const { externalId } = await adapter.provider.create(to(), anAsk(lark.define({}).code), anAttempt());
    if (externalId === null) throw new Error('no instance code');
    return { externalId };
  }

  describe('follow and unfollow', () => {
    it('given a form, then events of it are sent from then on, and not afterwards; twice does no harm', async () => {
      const { code } = lark.define({});
      for (const form of [code, code]) await adapter.provider.follow(to(), form, signal());
      expect(lark.subscribed.has(code)).toBe(true);
      for (const form of [code, code]) await adapter.provider.unfollow(to(), form, signal());
      expect(lark.subscribed.has(code)).toBe(false);
      await adapter.provider.unfollow(to(), 'nothing', signal());
      const failure = await failing(adapter.provider.follow(to(), 'nothing', signal()));
      expect(failure.details).toMatchObject({ permanent: true, vendorCode: 1390002 });
    });
  });

  describe('notify', () => {
    const message = {
      externalId: 'lee',
      title: '待您审批',
      text: 'ann <at user_id="all">[asks](https://evil.example)',
      link: 'https://countersign.example.com/console/orders/1',
      linkText: '查看',
    };

    it('given a message, then it arrives once, as plain parts and a link that opens', async () => {
      for (const id of ['message-1', 'message-1'])
        await adapter.provider.notify(to(), message, anAttempt(id));
      expect(lark.messages.of('lee')).toMatchObject([
        {
          type: 'post',
          content: {
            zh_cn: {
              title: '待您审批',
              content: [
                [{ tag: 'text', text: message.text }],
                [{ tag: 'a', text: '查看', href: message.link }],
              ],
            },
          },
        },
      ]);
      await adapter.provider.notify(to(), { ...message, link: null }, anAttempt('message-2'));
      expect(lark.messages.of('lee')).toHaveLength(2);
      expect(JSON.stringify(lark.messages.of('lee')[1]?.content)).not.toContain('href');
    });

    it('given somebody outside the availability of the app, then the failure says where to change it', async () => {
      lark.people.join('guest');
      lark.messages.unavailable.add('guest');
      const failure = await failing(
        adapter.provider.notify(to(), { ...message, externalId: 'guest' }, anAttempt('message-3')),
      );
      expect(failure.message).toContain('可用范围');
      expect(failure.details.permanent).toBe(true);
    });
  });

  describe('test', () => {
    const trial = (settings: object = {}, credentials: Record<string, string> = {}) =>
      adapter.provider.test(to(settings, credentials), signal());

    it('given everything is right, then it says so after a token and one harmless call', async () => {
      expect(await trial()).toEqual({ ok: true, status: 200, error: null });
    });

    it('given a secret that was changed there, then it is found out, although the token still counts', async () => {
      const { externalId } = await given();
      lark.access.secret = 'another-secret';
      expect(await observe(externalId)).not.toBeNull();
      const changed = await trial();
      lark.access.secret = lark.app.appSecret;
      expect(changed).toMatchObject({ ok: false, error: expect.stringContaining('10014') as string });
      expect(await trial()).toMatchObject({ ok: true });
    });

    it('given a wrong secret, no permission, or nothing there, then it says what is wrong', async () => {
      const wrong = await trial({}, { appSecret: 'wrong-secret' });
      expect(wrong).toMatchObject({
        ok: false,
        error: expect.stringContaining('App ID and App Secret') as string,
      });
      expect(wrong.error).not.toContain('wrong-secret');
      const scopes = ['approval:approval', 'approval:approval:readonly', 'approval:definition'];
      for (const scope of scopes) lark.access.scopes.delete(scope);
      const forbidden = await trial();
      for (const scope of scopes) lark.access.scopes.add(scope);
      expect(forbidden.error).toContain('grant the app approval:approval or approval:definition');
      lark.faults.plan(/approvals/, { kind: 'close' });
      expect(await trial()).toMatchObject({ ok: false, status: null });
    });
  });

  describe('a call that goes wrong', () => {
    const limited = (status: 429 | 400): LarkFault => ({ kind: 'limit', status, reset: 7 });

    it.each<[string, LarkFault, object]>([
      ['429', limited(429), { status: 429, retryAfter: 7_000, vendorCode: 99991400 }],
      ['400 with 99991400', limited(400), { status: 400, retryAfter: 7_000, vendorCode: 99991400 }],
      [
        '429 with Retry-After',
        { kind: 'answer', status: 429, headers: { 'retry-after': '3' } },
        { retryAfter: 3_000 },
      ],
      ['500', { kind: 'answer', status: 500, body: '{}' }, { status: 500 }],
      ['a page of HTML with 200', { kind: 'answer', status: 200 }, { status: 200 }],
      ['a page of HTML with 502', { kind: 'answer', status: 502 }, { status: 502 }],
      ['a list', { kind: 'answer', status: 200, body: '[]' }, { status: 200 }],
      ['JSON without a code', { kind: 'answer', status: 200, body: '{}' }, { status: 200 }],
      ['1395001 with 200', { kind: 'code', code: 1395001 }, { vendorCode: 1395001 }],
      ['a code that nobody knows with 200', { kind: 'code', code: 77 }, { vendorCode: 77 }],
      ['a connection that is closed', { kind: 'close' }, {}],
    ])('given %s, then it fails, and may be tried again', async (_what, fault, details) => {
      const { externalId } = await given();
      lark.faults.plan(reading, fault);
      const failure = await failing(observe(externalId));
      expect(failure.details).toMatchObject(details);
      expect(failure.details.permanent).toBeUndefined();
      expect(await observe(externalId)).not.toBeNull();
    });

    it('given no answer at all, then it ends in time', async () => {
      const { externalId } = await given();
      lark.faults.plan(reading, { kind: 'hang' });
      const failure = await failing(hasty.provider.observe(to(), externalId, anAttempt()));
      expect(failure.message).toContain('500 ms');
    });

    it('given a token that ends before its time, then a new one is fetched, once, and nobody notices', async () => {
      const { externalId } = await given();
      const issued = lark.access.issued;
      lark.access.expire();
      const seen = await Promise.all([1, 2, 3].map(() => observe(externalId)));
      expect(seen.every((one) => one?.status === 'pending')).toBe(true);
      expect(lark.access.issued - issued).toBe(1);
    });

    it('given a token that is refused time and again, then it fails, and may be tried again', async () => {
      const { externalId } = await given();
      lark.faults.plan(reading, { kind: 'code', code: 99991663, status: 400 }, 2);
      const failure = await failing(observe(externalId));
      expect(failure.details.permanent).toBeUndefined();
      expect(await observe(externalId)).not.toBeNull();
    });

    it('given a permission that is missing, then it fails for good and names it', async () => {
      const { externalId } = await given();
      const scopes = ['approval:approval', 'approval:approval:readonly'];
      for (const scope of scopes) lark.access.scopes.delete(scope);
      const failure = await failing(observe(externalId));
      for (const scope of scopes) lark.access.scopes.add(scope);
      expect(failure.details).toMatchObject({ permanent: true, vendorCode: 99991672 });
      expect(failure.message).toContain('approval:approval:readonly');
    });
  });
});
