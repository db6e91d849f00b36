import { describe, expect, it } from 'vitest';
import { compileTemplate, type PathTemplate } from './templates.js';

const compiled = (text: string): PathTemplate => {
  const template = compileTemplate(text);
  if ('why' in template) throw new Error(`${text} ${template.why}`);
  return template;
};

describe('compileTemplate', () => {
  it.each([
    ['/', '/', {}],
    ['/users/{id}/', '/users/7', { id: '7' }],
    ['/users/{id}', '/users/7/', { id: '7' }],
    ['/users/{id}', '/USERS/Ab', { id: 'Ab' }],
    [
      '/api/v1/tenant/{tenant_id}/users/{id}',
      '/api/v1/tenant/t1/users/张三',
      { tenant_id: 't1', id: '张三' },
    ],
    ['/%75sers', '/users', {}],
    ['/审批/{id}', '/审批/1', { id: '1' }],
    ['/%E5%AE%A1%E6%89%B9', '/审批', {}],
    ['/a.b-c_d~e', '/a.b-c_d~e', {}],
    ['/a+b', '/a b', {}],
    ['/files', '/files.', {}],
  ])('given %s, then %s fits', (text, path, params) => {
    expect(compiled(text).match(path)).toEqual(params);
  });

  it.each([
    ['/users/{id}', '/users'],
    ['/users/{id}', '/users/'],
    ['/users/{id}', '/users//'],
    ['/users/{id}', '/users/7/roles'],
    ['/users/{id}', '/people/7'],
    ['/users', '/'],
    ['/', '/users'],
    ['/a.b', '/axb'],
  ])('given %s, then %s does not fit', (text, path) => {
    expect(compiled(text).match(path)).toBeNull();
  });

  it.each([
    ['users/{id}', 'must begin with /'],
    ['', 'must begin with /'],
    [`/${'a'.repeat(255)}`, 'must be at most 255 characters'],
    [`/${'ﷺ'.repeat(20)}`, 'must be at most 255 characters'],
    ['/users?x=1', 'must hold neither query nor fragment'],
    ['/users#x', 'must hold neither query nor fragment'],
    ['/users/*', 'must hold no *; a name such as {id} stands for one segment'],
    ['/users//x', 'must hold no empty segment'],
    ['//', 'must hold no empty segment'],
    ['/users x', 'must hold no blanks and no control characters'],
    ['/users/\ud800', 'must hold no blanks and no control characters'],
    ['/users/%zz', 'must hold only valid percent-encodings'],
    ['/users/%e9', 'must hold no segment that can be read in two ways: holds bytes that are not UTF-8'],
    [
      '/users/..',
      'must hold no segment that can be read in two ways: holds a segment of nothing but dots or blanks',
    ],
    [
      '/users/%2e',
      'must hold no segment that can be read in two ways: holds a segment of nothing but dots or blanks',
    ],
    ['/a%2fb', 'must hold no segment that can be read in two ways: holds an encoded slash or a backslash'],
    ['/a\\b', 'must hold no segment that can be read in two ways: holds an encoded slash or a backslash'],
    ['/a;b', 'must hold no segment that can be read in two ways: holds a semicolon'],
    ['/users/{id}x', 'must hold names as whole segments, such as {id}: /users/{id}/'],
    ['/users/{}', 'must hold names as whole segments, such as {id}: /users/{id}/'],
    ['/users/{1d}', 'must hold names as whole segments, such as {id}: /users/{id}/'],
    ['/users/{__proto__}', 'must hold names as whole segments, such as {id}: /users/{id}/'],
    ['/users/{id', 'must hold names as whole segments, such as {id}: /users/{id}/'],
    ['/users/%7Bid%7D', 'must hold no encoded braces or asterisks'],
    ['/{id}/x/{id}', 'must use the name {id} once'],
    ['/users/:id', 'must write names as {id}, not as :id'],
    ['/users/<int:id>', 'must write names as {id}, not as <int:id>'],
  ])('given %j, then it %s', (text, why) => {
    expect(compileTemplate(text)).toEqual({ why });
  });

  it.each([
    ['/users/{id}/', '/Users/{user_id}'],
    ['/%75sers', '/users/'],
    ['/straße', '/STRASSE'],
  ])('given %s and %s, then they are the same', (one, other) => {
    expect(compiled(one).key).toBe(compiled(other).key);
  });

  it.each([
    ['/users/{id}', '/users/id'],
    ['/users', '/users/{id}'],
  ])('given %s and %s, then they are not the same', (one, other) => {
    expect(compiled(one).key).not.toBe(compiled(other).key);
  });

  it('given names and literals, then the literals are counted', () => {
    expect(compiled('/users/{id}/roles/{role}')).toMatchObject({
      text: '/users/{id}/roles/{role}',
      key: '/users/{}/roles/{}',
      literals: 2,
    });
  });
});
