import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { childOf, readXml, textOf } from './wecom-xml.js';

describe('readXml', () => {
  it('given a callback, then its texts are read, and numbers stay as they were written', () => {
    const read = readXml(
      '<xml><ToUserName><![CDATA[ww1]]></ToUserName><SpNo>20261122000100020003</SpNo>' +
        '<Speech><![CDATA[1 < 2 & "x"]]></Speech><Zeros>007</Zeros><Empty></Empty></xml>',
    );
    expect(read).toEqual({
      ToUserName: 'ww1',
      SpNo: '20261122000100020003',
      Speech: '1 < 2 & "x"',
      Zeros: '007',
      Empty: '',
    });
  });

  it('given a declaration and a mark of byte order, then they are passed over', () => {
    expect(readXml('\uFEFF<?xml version="1.0" encoding="UTF-8"?>\n<xml><a>1</a></xml>\n')).toEqual({ a: '1' });
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
    ['another root', '<html><a>1</a></html>'],
    ['two roots', '<xml>1</xml><xml>2</xml>'],
    ['no end', '<xml><a>1</a>'],
    ['crossed ends', '<xml><a><b></a></b></xml>'],
    ['too many levels', `<xml>${'<a>'.repeat(50)}${'</a>'.repeat(50)}</xml>`],
    ['too much', `<xml><a>${'x'.repeat(300_000)}</a></xml>`],
    ['a prototype', '<xml><__proto__><polluted>1</polluted></__proto__></xml>'],
    ['a text at the root', '<xml>text</xml>'],
    ['JSON', '{"xml":{}}'],
    ['nothing', ''],
  ])('given %s, then it is refused', (_what, text) => {
    expect(readXml(text)).toBeNull();
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('given entities inside the document, then none is expanded', () => {
    const inner = '<xml><!DOCTYPE x [<!ENTITY a "boom">]><a>&a;&lt;</a></xml>';
    expect(JSON.stringify(readXml(inner) ?? {})).not.toContain('boom');
    expect(readXml('<xml><a>&a;&#65;</a></xml>')).toEqual({ a: '&a;&#65;' });
  });

  it('given anything at all, then nothing is thrown', () => {
    const part = fc.constantFrom('<xml>', '</xml>', '<a>', '</a>', '<![CDATA[', ']]>', '<!--', '&x;', '<?a', '"');
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string({ unit: 'binary' }))), (parts) => {
        const read = readXml(`<xml>${parts.join('')}</xml>`);
        expect(read === null || typeof read === 'object').toBe(true);
      }),
    );
  });
});

describe('childOf, textOf', () => {
  const element = { list: ['1', '2'], inner: { a: '1' }, empty: '', text: 'x' };

  it.each(['list', 'inner', 'empty', 'missing', 'toString', 'constructor'])('given %s, then it is no text', (name) => {
    expect(textOf(element, name)).toBeNull();
  });

  it.each(['list', 'text', 'missing', 'toString', 'constructor'])('given %s, then it is no element', (name) => {
    expect(childOf(element, name)).toBeNull();
  });

  it('given a text and an element, then they are found', () => {
    expect(textOf(element, 'text')).toBe('x');
    expect(childOf(element, 'inner')).toEqual({ a: '1' });
  });
});
