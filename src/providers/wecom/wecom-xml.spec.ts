import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { childOf, readXml, textOf } from './wecom-xml.js';

describe('readXml', () => {
  it('given a callback, then its texts are read, and numbers stay as they were written', () => {
    const read = readXml(
      '<xml><ToUserName><![CDATA[ww1]]></ToUserName><SpNo>20261122000100020003</SpNo>' +
        '<Speech><![CDATA[1 < 2 & "x"]]></Speech><Name>a &lt; b &amp; &#20013;</Name><Zeros>007</Zeros><Empty></Empty>' +
        '<Record><SpStatus>1</SpStatus></Record><Record>2</Record></xml>',
    );
    expect(read).toEqual({
      ToUserName: 'ww1',
      SpNo: '20261122000100020003',
      Speech: '1 < 2 & "x"',
      Name: 'a < b & 中',
      Zeros: '007',
      Empty: '',
      Record: [{ SpStatus: '1' }, '2'],
    });
  });

  it('given a declaration and a mark of byte order, then they are passed over', () => {
    expect(readXml('\uFEFF<?xml version="1.0" encoding="UTF-8"?>\n<xml><a>1</a></xml>\n')).toEqual({
      a: '1',
    });
  });

  const laughs = Array.from({ length: 20 }, (_, n) =>
    n === 0 ? '<!ENTITY l0 "lol">' : `<!ENTITY l${n} "${`&l${n - 1};`.repeat(10)}">`,
  ).join('');
  it.each([
    ['a document type', '<!DOCTYPE xml><xml><a>1</a></xml>'],
    ['an entity of its own', '<!DOCTYPE xml [<!ENTITY a "boom">]><xml><a>&a;</a></xml>'],
    ['a file', '<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><a>&a;</a></xml>'],
    ['a billion laughs', `<!DOCTYPE xml [${laughs}]><xml><a>&l19;</a></xml>`],
    ['a document type behind a comment', '<!-- x --><!DOCTYPE xml><xml><a>1</a></xml>'],
    ['a document type inside', '<xml><!DOCTYPE x [<!ENTITY a "boom">]><a>&a;</a></xml>'],
    ['an unknown entity', '<xml><a>&a;</a></xml>'],
    ['another root', '<html><a>1</a></html>'],
    ['two roots', '<xml><a>1</a></xml><xml><a>2</a></xml>'],
    ['no end', '<xml><a>1</a>'],
    ['crossed ends', '<xml><a><b></a></b></xml>'],
    ['too many levels', `<xml>${'<a>'.repeat(50)}${'</a>'.repeat(50)}</xml>`],
    ['too much', `<xml><a>${'x'.repeat(300_000)}</a></xml>`],
    ['a text at the root', '<xml>text</xml>'],
    ['JSON', '{"xml":{}}'],
    ['nothing', ''],
  ])('given %s, then it is refused', (_what, text) => {
    expect(readXml(text)).toBeNull();
  });

  it('given the name of a prototype, then it is a child like others, and nothing else has it', () => {
    const read = readXml(
      '<xml><__proto__><polluted>1</polluted></__proto__><constructor>2</constructor></xml>',
    );
    expect(read && textOf(read, 'constructor')).toBe('2');
    expect(read && textOf(read, 'polluted')).toBeNull();
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('given anything at all, then nothing is thrown', () => {
    const part = fc.constantFrom(
      '<xml>',
      '</xml>',
      '<a>',
      '</a>',
      '<![CDATA[',
      ']]>',
      '<!--',
      '&x;',
      '<?a',
      '"',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string({ unit: 'binary', maxLength: 20 }))), (parts) => {
        const read = readXml(`<xml>${parts.join('')}</xml>`);
        expect(read === null || typeof read === 'object').toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});

describe('childOf, textOf', () => {
  const element = { list: ['1', '2'], inner: { a: '1' }, empty: '', text: 'x' };

  it.each(['list', 'inner', 'empty', 'missing', 'toString', 'constructor'])(
    'given %s, then it is no text',
    (name) => {
      expect(textOf(element, name)).toBeNull();
    },
  );

  it.each(['list', 'text', 'missing', 'toString', 'constructor'])(
    'given %s, then it is no element',
    (name) => {
      expect(childOf(element, name)).toBeNull();
    },
  );

  it('given a text and an element, then they are found', () => {
    expect(textOf(element, 'text')).toBe('x');
    expect(childOf(element, 'inner')).toEqual({ a: '1' });
  });
});
