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
    ['CALLBACK_RETRY_SCHEDULE', '5s,soon'],
    ['CALLBACK_TIMEOUT', '0s'],
    ['CALLBACK_LEASE', '-5s'],
    ['RATE_LIMIT', 'many'],
    ['LOG_LEVEL', 'loud'],
    ['NODE_ENV', 'staging'],
    ['TRUST_PROXY', 'maybe'],
  ])('given %s=%s, then it is refused, naming the variable and not the value', (name, value) => {
    const message = problemOf({ [name]: value });
    expect(message).toContain(name);
    expect(message).not.toContain(value);
  });

  it('given production, then a way to check tokens must be configured', () => {
    expect(problemOf({ NODE_ENV: 'production' })).toContain('AUTH_JWT_SECRET or AUTH_JWKS_URI');
    expect(parseConfig({ NODE_ENV: 'production', AUTH_JWT_SECRET: 'x'.repeat(32) }).production).toBe(true);
    expect(
      parseConfig({ NODE_ENV: 'production', AUTH_JWKS_URI: 'https://id.example/jwks' }).auth.jwksUri,
    ).toContain('id.example');
  });
});
