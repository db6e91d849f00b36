import { describe, expect, it } from 'vitest';
import { hiddenMethods, namedMethods } from './methods.js';
import type { HeaderFields } from './original.js';

const named = (headers: HeaderFields, query = '', method = 'POST'): readonly string[] =>
  namedMethods({ method, host: '', path: '/', query, headers });

describe('namedMethods', () => {
  it.each<[string, HeaderFields, string, readonly string[]]>([
    ['nothing', [['x-method', 'DELETE']], 'a=1&method=PUT', []],
    [
      'each of the headers',
      [
        ['x-http-method-override', 'put'],
        ['x-http-method', 'DELETE'],
        ['x-method-override', 'PATCH'],
      ],
      '',
      ['PUT', 'DELETE', 'PATCH'],
    ],
    [
      'a header twice',
      [
        ['x-http-method-override', 'PUT'],
        ['x-http-method-override', 'DELETE'],
      ],
      '',
      ['PUT', 'DELETE'],
    ],
    ['a list', [['x-http-method-override', 'PUT, delete,,']], '', ['PUT', 'DELETE']],
    ['underscores, which CGI takes for dashes', [['x_http_method_override', 'PUT']], '', ['PUT']],
    ['its own method', [['x-http-method-override', 'post']], '_method=POST', []],
    ['a parameter', [], 'a=1&_method=delete&b=2', ['DELETE']],
    ['a parameter in capitals', [], '_METHOD=delete', ['DELETE']],
    ['a parameter encoded', [], '%5f%4Dethod=%64elete', ['DELETE']],
    ['a parameter encoded twice', [], '%255fmethod=%2564elete', ['DELETE']],
    ['a parameter as a list', [], '_method[]=delete', ['DELETE']],
    ['a parameter behind a semicolon', [], 'a=1;_method=delete', ['DELETE']],
    ['a parameter that PHP renames', [], '.method=delete&+_method=put', ['DELETE', 'PUT']],
    ['a parameter without a value', [], '_method', []],
    ['two parameters', [], '_method=put&_method=delete', ['PUT', 'DELETE']],
    ['a parameter cut by NUL', [], '_method%00x=delete', ['DELETE']],
    ['a parameter that only sounds like it', [], 'payment_method=card&_methods=x', []],
  ])('given %s, then these are named', (_, headers, query, methods) => {
    expect(named(headers, query)).toEqual(methods);
  });
});

const form = 'application/x-www-form-urlencoded';
const multipart = 'multipart/form-data; boundary=b';
const field = (disposition: string, value = 'DELETE', more = ''): string =>
  `--b\r\nContent-Disposition: form-data; ${disposition}${more}\r\n\r\n${value}\r\n--b--\r\n`;

describe('hiddenMethods', () => {
  it.each([
    ['a form', form, 'a=1&_method=delete', ['DELETE']],
    ['a form with a character set', `${form}; charset=UTF-8`, '_method=put', ['PUT']],
    ['a form in capitals', 'Application/X-WWW-Form-UrlEncoded', '%5FMethod=put', ['PUT']],
    ['a form without a type', null, '_method=put', ['PUT']],
    ['a form with a byte order mark', form, '\ufeff_method=put', ['PUT']],
    ['a form in UTF-16', `${form}; charset=utf-16le`, 'a=1', ['?']],
    ['a form in EBCDIC', `${form};charset="IBM037"`, 'a=1', ['?']],
    ['a form without it', form, 'a=_method&payment_method=1', []],
    ['a multipart form', multipart, field('name="_method"'), ['DELETE']],
    ['a name without quotation marks', multipart, field('name=_method'), ['DELETE']],
    ['a name in single ones', multipart, field("name='_method'"), ['DELETE']],
    ['a name in capitals with blanks', multipart, field('NAME = "_METHOD"'), ['DELETE']],
    ['a name with escapes', multipart, field('name="_me\\thod"'), ['DELETE']],
    ['a name encoded', multipart, field('name="%5fmethod"'), ['DELETE']],
    ['a name on a line of its own', multipart, field('\r\n name="_method"'), ['DELETE']],
    ['a name with a character set', multipart, field("name*=utf-8''_method"), ['DELETE']],
    ['a name in pieces', multipart, field('name*0="_met"; name*1="hod"'), ['?']],
    ['a name as an encoded word', multipart, field('name="=?utf-8?B?X21ldGhvZA==?="'), ['?']],
    ['a name after many blanks', multipart, field(`name${' '.repeat(120)}="_method"`), ['?']],
    ['lines without carriage returns', multipart, field('name="_method"').replaceAll('\r', ''), ['DELETE']],
    [
      'a value encoded',
      multipart,
      field('name="_method"', 'REVMRVRF', '\r\nContent-Transfer-Encoding: base64'),
      ['?'],
    ],
    ['a value of several lines', multipart, field('name="_method"', 'DEL\r\nETE'), ['?']],
    [
      'an end that is missing',
      multipart,
      '--b\r\nContent-Disposition: form-data; name="_method"\r\n\r\nDELETE',
      ['?'],
    ],
    [
      'other fields only',
      multipart,
      field('name="method"') + field('name="file"; filename="_method.txt"'),
      [],
    ],
    ['JSON', 'application/json', '{"_method":"DELETE"}', ['DELETE']],
    ['JSON with escapes', 'application/vnd.api+json', '{"\\u005fmethod":"DELETE"}', ['DELETE']],
    ['JSON that says it twice', 'application/json', '{"_method":"DELETE","_method":"POST"}', ['?']],
    ['JSON with something else as the value', 'application/json', '{"_method":["DELETE"]}', ['?']],
    ['JSON that cannot be read', 'application/json', '{"_method":"DELETE"', ['?']],
    ['JSON without it', 'application/json', '{"a":{"_method":"DELETE"},"payment_method":1}', []],
    ['something else', 'text/plain', '_method=DELETE', []],
    ['nothing', form, '', []],
  ])('given %s, then these are found', (_, type, body, methods) => {
    expect(hiddenMethods(type, Buffer.from(body))).toEqual(methods);
  });

  it.each([
    'GBK',
    'gb2312',
    'gb18030',
    'cp936',
    'big5',
    'big5-hkscs',
    'euc-jp',
    'euc-kr',
    'Shift_JIS',
    'ks_c_5601-1987',
    'iso-8859-15',
    'windows-1251',
    'cp1252',
    'koi8-r',
    '"us-ascii"',
    'utf-8',
  ])('given the charset %s, which contains ASCII, then its bytes are searched', (charset) => {
    const found = (type: string, body: string) =>
      hiddenMethods(`${type}; charset=${charset}`, Buffer.from(body, 'latin1'));
    const json = 'application/json';
    expect(found(form, 'a=\xc4\xe3&b=%C4%E3&payment_method=DELETE&_methods=x')).toEqual([]);
    expect(found(json, '{"a":"\xc4\xe3","payment_method":"DELETE"}')).toEqual([]);
    expect(found(multipart, field('name="\xc4\xe3"', '\xba\xc3'))).toEqual([]);
    // Behind a byte that may begin a character, it is found whether or not a reader takes the two for one.
    for (const before of ['', '\x81', '\xff', '\x81\x81\x81']) {
      expect(found(form, `a=${before}&_method=DELETE`)).toContain('DELETE');
      expect(found(form, `a=1&${before}_method=DELETE`)).toContain('DELETE');
      expect(found(form, `a=1&${before}%5f%4dethod=DELETE`)).toContain('DELETE');
      expect(found(form, `a=1&${before.replaceAll('\x81', '%81')}_method=DELETE`)).toContain('DELETE');
      expect(found(json, `{"a":"\xc4\xe3","${before}_method":"DELETE"}`)).toContain('DELETE');
      expect(found(multipart, field(`name="${before}_method"`))).toContain('DELETE');
    }
  });

  it.each([
    ['a character of two bytes before the name', form, 'gbk', '\xc3\xa9_method=DELETE'],
    ['one that is not there, with a letter as its second byte', form, 'gbk', '\xa2A_method=DELETE'],
    ['the same encoded', form, 'gbk', '%a2%41_method=DELETE'],
    ['a whole character and half of one before the name', form, 'gbk', '\xc3\xa9\xc3_method=DELETE'],
    ['a byte in the name', form, 'gbk', '_met\xffhod=DELETE'],
    ['a byte in the method', form, 'gbk', '_method=DEL\xffETE'],
    ['a byte between name and value', form, 'gbk', '_method\x81=DELETE'],
    ['wide letters', form, 'gbk', '\xa3\xdf\xa3\xed\xa3\xe5\xa3\xf4\xa3\xe8\xa3\xef\xa3\xe4=DELETE'],
    ['wide letters encoded', form, 'gbk', '%a3%df%a3%ed%a3%e5%a3%f4%a3%e8%a3%ef%a3%e4=DELETE'],
    ['a byte before the quotation mark', multipart, 'gbk', field('name=\x81"_method"')],
    [
      'a character that ends in a backslash, so that a byte reader sees the name within a text',
      'application/json',
      'gbk',
      '{"a":"\xd5\\","_method":"DELETE","b":"\xd5\\"}',
    ],
    ['one of two charsets', form, 'utf-8; charset=big5', '\xc3\xa9_method=DELETE'],
  ])('given %s, then it is found', (_, type, charset, body) => {
    const found = hiddenMethods(`${type}; charset=${charset}`, Buffer.from(body, 'latin1'));
    expect(found.filter((method) => ['DELETE', '?'].includes(method))).not.toEqual([]);
  });

  it('given JSON in Big5 that a byte reader could not read, then a name that only sounds like it is none', () => {
    const body = Buffer.from('{"a":"\xa6\xa8\xa5\\","payment_method":"card"}', 'latin1');
    expect(hiddenMethods('application/json; charset=big5', body)).toEqual([]);
  });

  it.each([
    'utf-16',
    'utf-16be',
    'utf-32',
    'utf-7',
    'hz-gb-2312',
    'iso-2022-jp',
    'iso-2022-kr',
    'cp037',
    'ibm1047',
    'gbk2',
    'gbk; charset=utf-16',
  ])('given the charset %s, in which letters may be any bytes, then nothing can be read', (charset) => {
    for (const type of [form, multipart, 'application/json'])
      expect(hiddenMethods(`${type}; charset=${charset}`, Buffer.from('a=1'))).toEqual(['?']);
  });

  it('given a form of more fields than can be looked at, then it may name any method', () => {
    expect(hiddenMethods(form, Buffer.from('a=1&'.repeat(60_000)))).toEqual(['?']);
  });

  it.each([
    ['a&'.repeat(2_000_000), form],
    ['a'.repeat(4_000_000), form],
    ['name '.repeat(800_000), multipart],
    ['name="_method"\r\n\r\n'.repeat(200_000), multipart],
    [`name${' '.repeat(4_000_000)}`, multipart],
    ['a&'.repeat(2_000_000), `${form}; charset=gbk`],
    ['\x81_'.repeat(1_300_000), `${form}; charset=gbk`],
    ['%25%25%2581'.repeat(360_000), `${form}; charset=gbk`],
    [`{"${'\x81_method'.repeat(500_000)}`, 'application/json; charset=gbk'],
  ])('given a body of 4 MB made to be slow (%#), then it is read in time', (body, type) => {
    const from = performance.now();
    hiddenMethods(type, Buffer.from(body));
    expect(performance.now() - from).toBeLessThan(3_000);
  });
});
