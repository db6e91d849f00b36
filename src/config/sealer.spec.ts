import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseConfig } from './config.js';
import { Sealer } from './sealer.js';

const sealer = (key = randomBytes(32)) => new Sealer(parseConfig({ SECRETS_KEY: key.toString('base64') }));

describe('Sealer', () => {
  it('given a sealed text, then the same key and context open it, and the text is nowhere in it', () => {
    const one = sealer();
    const sealed = one.seal('whsec_secret 密', 'team/type');
    expect(one.open(sealed, 'team/type')).toBe('whsec_secret 密');
    expect(sealed).not.toContain('secret');
    expect(one.seal('whsec_secret 密', 'team/type')).not.toBe(sealed);
  });

  it('given another context, an altered value or no sealed value, then it does not open', () => {
    const one = sealer();
    const sealed = one.seal('text', 'a');
    expect(() => one.open(sealed, 'b')).toThrow(/authenticate/);
    const flipped = sealed.slice(0, -2) + (sealed.at(-2) === 'A' ? 'B' : 'A') + sealed.slice(-1);
    expect(() => one.open(flipped, 'a')).toThrow(/authenticate/);
    expect(() => one.open('text', 'a')).toThrow(/not a sealed value/);
  });

  it('given another key, then the error names SECRETS_KEY', () => {
    expect(() => sealer().open(sealer().seal('text', 'a'), 'a')).toThrow(/SECRETS_KEY/);
  });
});
