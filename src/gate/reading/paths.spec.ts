import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayClimb, readPath } from './paths.js';

describe('readPath', () => {
  it.each([
    ['/', '/'],
    ['/users/7', '/users/7'],
    ['/users/7/', '/users/7/'],
    ['/Users/A-b_c.d~e', '/Users/A-b_c.d~e'],
    ['/users/%41%2D%7e', '/users/A-~'],
    ['/users/%E5%BC%A0%E4%B8%89', '/users/张三'],
    ['/users/a%20b', '/users/a b'],
    ['/files/..a/.well-known', '/files/..a/.well-known'],
    ["/a!$&'()*+,=:@b", "/a!$&'()*+,=:@b"],
  ])('given %s, then every server reads %s', (raw, path) => {
    expect(readPath(raw)).toEqual({ kind: 'plain', path });
  });

  it.each([
    ['/users/a%2Fb', ['/users/a%2Fb', '/users/a/b']],
    ['/users/7;x', ['/users/7;x', '/users/7']],
    ['//users', ['//users', '/users', '/']],
    ['/a/../b', ['/a/../b', '/b']],
    ['/100%2525', ['/100%2525', '/100%25', '/100%']],
    ['*', ['*', '/*']],
    ['/caf%e9', ['/caf%e9', '/caf\ufffd', '/caf', '/caf\u00e9']],
  ])('given %s, then all that servers read are named', (raw, readings) => {
    const reading = readPath(raw);
    expect(reading).toMatchObject({ kind: 'doubtful' });
    expect(new Set('readings' in reading ? reading.readings : [])).toEqual(new Set(readings));
  });

  it.each([
    ['five encodings', '/a%252525252fb'],
    ['every trick at once', '//a\\b/%2e%2e;x/c%252f..%00d/.%09/e#f%3fg//;h'],
  ])('given %s, then it may be any path', (_, raw) => {
    expect(readPath(raw)).toMatchObject({ kind: 'doubtful', boundless: true });
  });

  it('given anything, then it answers with at most 64 readings', () => {
    const piece = fc.constantFrom(
      '/',
      '..',
      '.',
      '%',
      '2',
      'e',
      'f',
      '25',
      ';',
      '\\',
      'a',
      '%2f',
      '%00',
      '?',
      'é',
      ' ',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(piece).map((p) => p.join('')),
        ),
        (raw) => {
          const reading = readPath(raw);
          if (reading.kind === 'doubtful') {
            expect(reading.readings.length).toBeLessThanOrEqual(64);
            expect(reading.why).not.toBe('');
          }
        },
      ),
    );
  });

  it('given any text as a segment, encoded, then a plain path keeps it to the letter', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
        const reading = readPath(`/users/${encodeURIComponent(text)}/x`);
        if (reading.kind === 'plain') expect(reading.path.split('/')).toEqual(['', 'users', text, 'x']);
        else
          expect(text.normalize('NFKC')).toMatch(
            /[/\\%;?#⁄∕∖]|\p{Cc}|^[.\s\p{Default_Ignorable_Code_Point}]*$/u,
          );
      }),
      { numRuns: 500 },
    );
  });

  it('given a path of 16 KB made of tricks, then reading it takes no time to speak of', () => {
    const from = performance.now();
    for (const trick of ['/', '/..', '..;/', '%2e%2e/', '%252f', '%c0%af', '.', ';', '\\', '%00', '/.%20']) {
      readPath(`/${trick.repeat(16_000 / trick.length)}`);
    }
    expect(performance.now() - from).toBeLessThan(10_000);
  });
});

describe('mayClimb', () => {
  it.each([
    '/../v1/users/42/',
    '/../../base/v1/users/42/',
    '/%2e%2e/v1/users/42/',
    '/..%2fv1/users',
    '/..;/v1/users',
    '/..\\v1/users',
    '//../v1/users',
    '/%252e%252e/v1',
    '/.%00./v1',
    '/%c0%ae%c0%ae/v1',
    '/%ef%bc%8e%ef%bc%8e/v1',
    '/..%20/v1',
    '/...../v1',
    '/a/..',
  ])('given %s, then it may', (path) => {
    expect(mayClimb(path)).toBe(true);
  });

  it.each([
    '/',
    '/users/42/',
    '/a..b/c',
    '/..a',
    '/a%2Fb',
    '/./a',
    '//a',
    '/.well-known/x',
    '/%E5%BC%A0',
    '/a;b=..',
  ])('given %s, then it does not', (path) => {
    expect(mayClimb(path)).toBe(false);
  });
});
