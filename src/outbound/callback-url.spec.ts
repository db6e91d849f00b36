import { describe, expect, it } from 'vitest';
import { whyNoCallbackUrl } from './callback-url.js';

describe(whyNoCallbackUrl.name, () => {
  it.each([
    'http://dms.example.com',
    'https://dms.example.com:8443/approvals/check?team=t1',
    'HTTPS://dms.example.com/',
    'http://127.0.0.1:3000/check',
    'http://[::1]/check',
    'https://例子.公司/回调',
  ])('should take %s', (url) => {
    expect(whyNoCallbackUrl(url)).toBeNull();
  });

  it.each([
    '',
    'check',
    '/approvals/check',
    'ftp://dms.example.com/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'http:dms.example.com',
    'http://',
    'http://:8080/',
    'http://host:99999/',
    ' http://dms.example.com/',
    'http://dms.example.com/ ',
    'http://dms.example.com/a b',
    'http://dms.example.com\\@evil.example/',
    'http://dms.example.com/\nHost: evil',
  ])('should refuse %j', (url) => {
    expect(whyNoCallbackUrl(url)).toMatch(/^must be a URL/);
  });

  it.each(['http://user@dms.example.com/', 'http://user:pw@dms.example.com/', 'http://:pw@dms.example.com/'])(
    'should refuse the credentials in %s',
    (url) => {
      expect(whyNoCallbackUrl(url)).toBe('must hold neither user nor password');
    },
  );
});
