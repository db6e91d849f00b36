import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { newWebhookSecret, verifyWebhook, webhookHeaders } from './webhook-signature.js';

const secretOf = (bytes: Uint8Array): string => `whsec_${Buffer.from(bytes).toString('base64')}`;
const anySecret = fc.uint8Array({ minLength: 24, maxLength: 64 }).map(secretOf);
const anyBody = fc.oneof(
  fc.json(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme', minLength: 1 }),
);
const anyMessage = fc.record({ id: fc.uuid(), body: anyBody });

/** What a receiver says that uses the reference library. */
const accepts = (secret: string, body: string, headers: Record<string, string>): boolean => {
  try {
    new Webhook(secret).verify(body, headers, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
};

describe('webhookHeaders', () => {
  it('given the vector of Standard Webhooks, then the signature is the published one', () => {
    const message = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      sentAt: new Date(1_614_265_330_999),
      body: '{"test": 2432232314}',
    };
    expect(webhookHeaders(message, ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'])).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('given any message and secrets, then the reference library accepts it with each of them and with no other', () => {
    fc.assert(
      fc.property(
        anyMessage,
        fc.uniqueArray(anySecret, { minLength: 2, maxLength: 4 }),
        (message, [other, ...secrets]) => {
          const headers = webhookHeaders({ ...message, sentAt: new Date() }, secrets);
          for (const secret of secrets) expect(accepts(secret, message.body, headers)).toBe(true);
          expect(accepts(other ?? '', message.body, headers)).toBe(false);
        },
      ),
    );
  });

  it('given another body, id or time than was signed, then the reference library refuses it', () => {
    fc.assert(
      fc.property(anyMessage, anySecret, fc.string({ minLength: 1 }), (message, secret, more) => {
        const headers = webhookHeaders({ ...message, sentAt: new Date() }, [secret]);
        const later = String(Number(headers['webhook-timestamp']) + 1);
        expect(accepts(secret, message.body + more, headers)).toBe(false);
        expect(accepts(secret, message.body, { ...headers, 'webhook-id': message.id + more })).toBe(false);
        expect(accepts(secret, message.body, { ...headers, 'webhook-timestamp': later })).toBe(false);
      }),
    );
  });

  it('given no secret, then there is no signature', () => {
    const headers = webhookHeaders({ id: 'm', sentAt: new Date(0), body: '' }, []);
    expect(headers).toEqual({ 'webhook-id': 'm', 'webhook-timestamp': '0' });
  });

  it.each([
    ['no prefix', Buffer.alloc(32, 7).toString('base64')],
    ['another prefix', `WHSEC_${Buffer.alloc(32, 7).toString('base64')}`],
    ['23 bytes', secretOf(Buffer.alloc(23, 7))],
    ['65 bytes', secretOf(Buffer.alloc(65, 7))],
    ['nothing', 'whsec_'],
    ['no padding', secretOf(Buffer.alloc(32, 7)).replace(/=+$/, '')],
    ['base64url', `whsec_${Buffer.alloc(32, 255).toString('base64url')}`],
    ['a blank inside', `whsec_${Buffer.alloc(32, 7).toString('base64').replace('c', ' c')}`],
    ['a line break behind', `${secretOf(Buffer.alloc(32, 7))}\n`],
    ['bits that no byte holds', 'whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwd='],
  ])('given a secret with %s, then it is refused without being repeated', (_what, secret) => {
    const sign = (): unknown => webhookHeaders({ id: 'm', sentAt: new Date(0), body: '' }, [secret]);
    expect(sign).toThrow(/whsec_ followed by 24 to 64 bytes/);
    const told = secret.slice('whsec_'.length);
    if (told !== '') expect(sign).not.toThrow(told);
  });
});

describe('verifyWebhook', () => {
  const sentAt = new Date(1_614_265_330_000);
  const after = (seconds: number): Date => new Date(sentAt.getTime() + seconds * 1000);
  const verdict = (
    body: string,
    headers: Record<string, string | string[] | undefined>,
    secrets: readonly string[],
    now: Date = sentAt,
  ): boolean => verifyWebhook(headers, Buffer.from(body), secrets, now).ok;

  it('given the vector of Standard Webhooks, then it is accepted, and says its id', () => {
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    };
    const body = Buffer.from('{"test": 2432232314}');
    expect(verifyWebhook(headers, body, ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'], sentAt)).toEqual({
      ok: true,
      messageId: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    });
  });

  it('given what the reference library signs, then each of several secrets accepts it, and no other', () => {
    const bodies = anyBody.filter((body) => body.isWellFormed());
    fc.assert(
      fc.property(
        fc.record({ id: fc.uuid(), body: bodies }),
        fc.uniqueArray(anySecret, { minLength: 3, maxLength: 3 }),
        ({ id, body }, [secret = '', another = '', stranger = '']) => {
          const headers = {
            'webhook-id': id,
            'webhook-timestamp': String(sentAt.getTime() / 1000),
            'webhook-signature': `v1a,other v1,AAAA ${new Webhook(secret).sign(id, sentAt, body)}`,
          };
          expect(verdict(body, headers, [secret])).toBe(true);
          expect(verdict(body, headers, [another, secret])).toBe(true);
          expect(verdict(body, headers, [another, stranger])).toBe(false);
          expect(verdict(body, headers, [])).toBe(false);
          expect(verdict(`${body} `, headers, [secret])).toBe(false);
          expect(verdict(body, { ...headers, 'webhook-id': `${id}x` }, [secret])).toBe(false);
        },
      ),
    );
  });

  it('given bytes that are no text, then the signature is over the bytes', () => {
    const secret = newWebhookSecret();
    const bytes = Buffer.from([0xff, 0xfe, 0x00]);
    const headers = webhookHeaders({ id: 'm', sentAt, body: bytes.toString('utf8') }, [secret]);
    expect(verifyWebhook(headers, bytes, [secret], sentAt).ok).toBe(false);
  });

  it.each([
    [-301, false],
    [-300, true],
    [0, true],
    [300, true],
    [301, false],
  ])('given a message that is %i s old, then whether it is accepted is %s', (age, accepted) => {
    const secret = newWebhookSecret();
    const headers = webhookHeaders({ id: 'm', sentAt, body: '{}' }, [secret]);
    expect(verdict('{}', headers, [secret], after(age))).toBe(accepted);
  });

  it.each<[string, Record<string, string | string[] | undefined>]>([
    ['no id', { 'webhook-id': undefined }],
    ['no time', { 'webhook-timestamp': undefined }],
    ['no signature', { 'webhook-signature': undefined }],
    ['two ids', { 'webhook-id': ['m', 'm'] }],
    ['an empty signature', { 'webhook-signature': '' }],
    ['a bare signature', { 'webhook-signature': 'v1' }],
    ['a time with a fraction', { 'webhook-timestamp': '1614265330.0' }],
    ['a time in words', { 'webhook-timestamp': 'NaN' }],
    ['a time before the epoch', { 'webhook-timestamp': '-1' }],
    ['a time with blanks', { 'webhook-timestamp': ' 1614265330' }],
  ])('given %s, then it is refused, without the secret in the reason', (_what, change) => {
    const secret = newWebhookSecret();
    const headers = { ...webhookHeaders({ id: 'm', sentAt, body: '{}' }, [secret]), ...change };
    const answer = verifyWebhook(headers, Buffer.from('{}'), [secret], sentAt);
    expect(answer).toEqual({ ok: false, why: expect.any(String) as string });
    expect(JSON.stringify(answer)).not.toContain(secret);
  });
});

describe('newWebhookSecret', () => {
  it('given two secrets, then each has 32 bytes and they differ', () => {
    const secrets = [newWebhookSecret(), newWebhookSecret()];
    expect(new Set(secrets).size).toBe(2);
    for (const secret of secrets) {
      expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
      expect(webhookHeaders({ id: 'm', sentAt: new Date(), body: '{}' }, [secret])).toHaveProperty(
        'webhook-signature',
      );
    }
  });
});
