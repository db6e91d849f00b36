import { describe, expect, it } from 'vitest';
import { smtpOptions } from './mailer.js';

describe(smtpOptions.name, () => {
  it('should read the parts of the address', () => {
    expect(smtpOptions('smtps://us%40er:p%3Aw%2F@mail.example:4650', 7_000)).toMatchObject({
      host: 'mail.example',
      port: 4650,
      secure: true,
      auth: { user: 'us@er', pass: 'p:w/' },
      connectionTimeout: 7_000,
      greetingTimeout: 7_000,
      socketTimeout: 7_000,
      dnsTimeout: 7_000,
      logger: false,
    });
    const bare = smtpOptions('smtp://[::1]', 1);
    expect(bare).toMatchObject({ host: '::1', secure: false });
    expect(bare).not.toHaveProperty('auth');
    expect(bare).not.toHaveProperty('port');
  });

  it.each([
    ['smtp://user:pw@mail.example', true],
    ['smtp://user:pw@10.0.0.1:587', true],
    ['smtp://user:pw@127.0.0.1:25', false],
    ['smtp://user:pw@localhost', false],
    ['smtp://mail.example', false],
    ['smtps://user:pw@mail.example', false],
  ])('should send no password in the clear: %s needs STARTTLS: %s', (url, requireTLS) => {
    expect(smtpOptions(url, 1).requireTLS).toBe(requireTLS);
  });
});
