import { v7 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { hashOfApiKey, idInApiKey, isHashOfApiKey, newApiKey } from './api-key-secret.js';

describe('API key secrets', () => {
  it('names its account in every new key, and no two keys are the same', () => {
    const id = v7();
    const [first, second] = [newApiKey(id), newApiKey(id)];

    expect(first).toMatch(/^csk_[0-9a-f]{32}_[\w-]{43}$/);
    expect(idInApiKey(first)).toBe(id);
    expect(second).not.toBe(first);
  });

  it('recognises a key by its stored hash, and no other key', () => {
    const id = v7();
    const key = newApiKey(id);

    expect(hashOfApiKey(key)).toMatch(/^[0-9a-f]{64}$/);
    expect(isHashOfApiKey(key, hashOfApiKey(key))).toBe(true);
    expect(isHashOfApiKey(newApiKey(id), hashOfApiKey(key))).toBe(false);
    expect(isHashOfApiKey(key, '')).toBe(false);
  });

  it.each(['', 'csk_', 'csk__', `csk_${'a'.repeat(32)}_short`, `xsk_${'a'.repeat(32)}_${'b'.repeat(43)}`])(
    'finds no account in %j',
    (text) => {
      expect(idInApiKey(text)).toBeNull();
    },
  );

  it('finds no account in a key with anything around it, or in capitals', () => {
    const key = newApiKey(v7());

    for (const text of [` ${key}`, `${key}\n`, `${key}x`, key.replace('csk_', 'CSK_')]) {
      expect(idInApiKey(text)).toBeNull();
    }
  });
});
