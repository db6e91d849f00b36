import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from './config.js';

const problemOf = (env: Record<string, string>): string => {
  try {
    parseConfig(env);
    return 'accepted';
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
};

describe('parseConfig', () => {
  it('given nothing, then the documented defaults apply, frozen', () => {
    const config = parseConfig({});
    expect(config).toMatchObject({
      production: false,
      port: 3000,
      database: { dialect: 'sqlite', path: './data/countersign.sqlite' },
      rateLimit: 0,
      callback: { timeout: 15_000, lease: 60_000, allowedHosts: [] },
      mail: null,
      publicUrl: null,
    });
    expect(config.callback.retrySchedule.map((pause) => pause / 1000)).toEqual([
      5, 30, 120, 600, 1800, 3600, 10_800, 21_600, 43_200, 86_400,
    ]);
    expect(Object.isFrozen(config.callback)).toBe(true);
  });

  it('given empty values, then they count as not set', () => {
    expect(parseConfig({ PORT: '', DATABASE_URL: '' }).port).toBe(3000);
  });

  it.each([
    ['PORT', '-1'],
    ['PORT', '3000x'],
    ['DATABASE_URL', 'oracle://db'],
    ['DATABASE_URL', 'mysql://user:pa/ss@host'],
    ['DATABASE_URL', 'mysql://user:secret-pw@host'],
    ['DATABASE_POOL_SIZE', '1'],
    ['AUTH_JWKS_URI', 'ftp://id.example/keys'],
    ['SECRETS_KEY', 'c2hvcnQ='],
    ['CALLBACK_ALLOWED_HOSTS', 'not a host'],
    ['CALLBACK_ALLOWED_HOSTS', 'http://erp.internal'],
    ['CALLBACK_ALLOWED_HOSTS', 'erp.internal:8080'],
    ['CALLBACK_ALLOWED_HOSTS', '*.erp.internal'],
    ['CALLBACK_ALLOWED_HOSTS', '10.0.0.0/33'],
    ['CALLBACK_ALLOWED_HOSTS', 'fd00::/129'],
    ['CALLBACK_ALLOWED_HOSTS', '10.0.0.0/'],
    ['CALLBACK_ALLOWED_HOSTS', '10.0.0.0/8/8'],
    ['CALLBACK_ALLOWED_HOSTS', 'erp.internal/8'],
    ['CALLBACK_ALLOWED_HOSTS', '127.1'],
    ['CALLBACK_ALLOWED_HOSTS', '010.0.0.1'],
    ['CALLBACK_ALLOWED_HOSTS', '0x7f.0.0.1'],
    ['CALLBACK_ALLOWED_HOSTS', '2130706433'],
    ['CALLBACK_ALLOWED_HOSTS', '256.1.1.1'],
    ['CALLBACK_ALLOWED_HOSTS', 'fe80::1%eth0'],
    ['CALLBACK_ALLOWED_HOSTS', '[::1'],
    ['CALLBACK_ALLOWED_HOSTS', '[10.0.0.1]'],
    ['CALLBACK_ALLOWED_HOSTS', 'a..b'],
    ['CALLBACK_ALLOWED_HOSTS', '-a.internal'],
    ['CALLBACK_ALLOWED_HOSTS', 'erp.internal,'],
    ['CALLBACK_ALLOWED_HOSTS', 'user@erp.internal'],
    ['CALLBACK_RETRY_SCHEDULE', '5s,soon'],
    ['CALLBACK_TIMEOUT', '0s'],
    ['CALLBACK_LEASE', '-5s'],
    ['RATE_LIMIT', 'many'],
    ['LOG_LEVEL', 'loud'],
    ['NODE_ENV', 'staging'],
    ['TRUST_PROXY', 'maybe'],
    ['SMTP_URL', 'https://mail.example'],
    ['SMTP_URL', 'mail.example:25'],
    ['SMTP_URL', 'smtp://:25'],
    ['SMTP_URL', 'smtp://user:%E0%A4%A@mail.example'],
    ['SMTP_URL', 'smtp://mail.example?logger=true'],
    ['SMTP_URL', 'smtp://user:secret-pw@mail.example/box'],
    ['SMTP_URL', 'smtp://user:secret-pw@mail.example'],
    ['MAIL_FROM', 'nobody'],
    ['MAIL_FROM', 'a@one.example, b@two.example'],
    ['MAIL_FROM', 'A <a@one.example>\r\nBcc: b@two.example'],
    ['SENTRY_DSN', 'sentry.example/42'],
    ['SENTRY_DSN', 'https://sentry.example/42'],
    ['SENTRY_DSN', 'https://s3cret-key@sentry.example/42'],
    ['SENTRY_DSN', 'https://s3cret@sentry.example/'],
    ['SENTRY_DSN', 'https://s3cret@sentry.example/project'],
    ['SENTRY_DSN', 'https://s3cret@sentry.example/42?x=1'],
    ['SENTRY_DSN', 'ftp://s3cret@sentry.example/42'],
    ['PUBLIC_URL', 'approvals.example.com'],
    ['PUBLIC_URL', 'javascript:alert(1)'],
  ])('given %s=%s, then it is refused, naming the variable and not the value', (name, value) => {
    const message = problemOf({ [name]: value });
    expect(message).toContain(name);
    expect(message).not.toContain(value);
  });

  it('given a mail server, then its sender must be named; links lose the slash at their end', () => {
    const smtpUrl = 'smtps://user:p%40ss@mail.example:465';
    expect(problemOf({ SMTP_URL: smtpUrl })).toContain('MAIL_FROM');
    for (const from of ['approvals@example.com', 'Countersign 审批 <approvals@example.com>']) {
      const config = parseConfig({ SMTP_URL: smtpUrl, MAIL_FROM: from, PUBLIC_URL: 'https://c.example/a//' });
      expect(config.mail).toEqual({ smtpUrl, from });
      expect(config.publicUrl).toBe('https://c.example/a');
    }
    expect(parseConfig({ MAIL_FROM: 'approvals@example.com' }).mail).toBeNull();
  });

  it.each([
    'https://0f1e2d3c@o1.ingest.sentry.io/42',
    'http://key:old@127.0.0.1:9000/under/a.path/7',
    'https://key@[::1]/1',
  ])('given SENTRY_DSN=%s, then it is taken', (dsn) => {
    expect(parseConfig({ SENTRY_DSN: dsn }).sentryDsn).toBe(dsn);
    expect(parseConfig({}).sentryDsn).toBeNull();
  });

  it('given hosts, addresses and CIDRs, then they are the allowed hosts, in any notation that is written in full', () => {
    const entries = [
      'erp.internal',
      'my_app',
      'ERP.',
      'xn--bcher-kva.example',
      '10.0.0.0/8',
      '127.0.0.1',
      '::1',
      '[::1]',
    ];
    const { allowedHosts } = parseConfig({ CALLBACK_ALLOWED_HOSTS: entries.join(' , ') }).callback;
    expect(allowedHosts).toEqual(entries);
    expect(
      parseConfig({ CALLBACK_ALLOWED_HOSTS: '::ffff:10.0.0.0/104,fd00::/8,0.0.0.0/0' }).callback.allowedHosts,
    ).toHaveLength(3);
  });

  it('given production, then a way to check tokens must be configured', () => {
    expect(problemOf({ NODE_ENV: 'production' })).toContain('AUTH_JWT_SECRET or AUTH_JWKS_URI');
    expect(parseConfig({ NODE_ENV: 'production', AUTH_JWT_SECRET: 'x'.repeat(32) }).production).toBe(true);
    expect(
      parseConfig({ NODE_ENV: 'production', AUTH_JWKS_URI: 'https://id.example/jwks' }).auth.jwksUri,
    ).toContain('id.example');
  });
});
