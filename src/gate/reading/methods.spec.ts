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

  it('given a form of more fields than can be looked at, then it may name any method', () => {
    expect(hiddenMethods(form, Buffer.from('a=1&'.repeat(60_000)))).toEqual(['?']);
  });

  it.each([
    ['a&'.repeat(2_000_000), form],
    ['a'.repeat(4_000_000), form],
    ['name '.repeat(800_000), multipart],
    ['name="_method"\r\n\r\n'.repeat(200_000), multipart],
    [`name${' '.repeat(4_000_000)}`, multipart],
  ])('given a body of 4 MB made to be slow (%#), then it is read in time', (body, type) => {
    const from = performance.now();
    hiddenMethods(type, Buffer.from(body));
    expect(performance.now() - from).toBeLessThan(3_000);
  });
});
