import { describe, expect, it } from 'vitest';
import { isRecipient } from './subscription.fields.js';

describe(isRecipient.name, () => {
  it.each([
    'reviewers',
    'applicant',
    'copied',
    'user:ann',
    'user:审批 员',
    'ann@example.com',
    'ann+approvals@mail.example.com',
    '审批@example.com',
  ])('should take %s', (recipient) => {
    expect(isRecipient(recipient)).toBe(true);
  });

  it.each([
    '',
    'everybody',
    'Reviewers',
    'ann',
    'ann@',
    'user:',
    'user: ann',
    'user:ann,bob',
    `user:${'a'.repeat(65)}`,
    'ann@example.com, bob@example.com',
    'ann@example.com,bob',
    '"a,b"@example.com',
    'Ann <ann@example.com>',
    'ann@example.com\r\nBcc: eve@example.com',
    ' ann@example.com',
    'ann@[127.0.0.1]',
    `${'a'.repeat(64)}@${'b'.repeat(190)}.com`,
    7,
    null,
    ['ann@example.com'],
  ])('should refuse %j', (recipient) => {
    expect(isRecipient(recipient)).toBe(false);
  });
});
