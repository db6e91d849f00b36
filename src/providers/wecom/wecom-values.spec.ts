import { describe, expect, it } from 'vitest';
import type { TemplateControl } from './wecom-template.js';
import { plainValue, sameValue, valueFor } from './wecom-values.js';

const control = (kind: string, config: Readonly<Record<string, unknown>> = {}): TemplateControl => ({
  id: `${kind}-1`,
  kind,
  title: '控件',
  required: false,
  config,
});
const texts = (text: string) => [{ text, lang: 'zh_CN' }];
const options = [
  { key: 'option-1', value: texts('办公') },
  { key: 'option-2', value: texts('差旅') },
];
const single = control('Selector', { selector: { type: 'single', options } });
const multi = control('Selector', { selector: { type: 'multi', options } });
const hour = control('Date', { date: { type: 'hour' } });
const departments = control('Contact', { contact: { type: 'multi', mode: 'department' } });

describe('valueFor and plainValue', () => {
  it.each<[string, TemplateControl, unknown, object, unknown]>([
    ['a text', control('Text'), 'laptops', { text: 'laptops' }, 'laptops'],
    ['a text of several lines', control('Text'), 'a \r\n b\nc', { text: 'a b c' }, 'a b c'],
    ['a number as a text', control('Text'), 7, { text: '7' }, '7'],
    ['an object as a text', control('Text'), { a: 1 }, { text: '{"a":1}' }, '{"a":1}'],
    ['several lines', control('Textarea'), 'a\nb', { text: 'a\nb' }, 'a\nb'],
    ['a number', control('Number'), 12, { new_number: '12' }, '12'],
    ['money', control('Money'), '1280.50', { new_money: '1280.50' }, '1280.50'],
    [
      'a day',
      control('Date'),
      '2019-10-01',
      { date: { type: 'day', s_timestamp: '1569859200' } },
      '2019-09-30T16:00:00.000Z',
    ],
    [
      'a time where a day is wanted',
      control('Date'),
      '2019-10-01T23:30:00+08:00',
      { date: { type: 'day', s_timestamp: '1569859200' } },
      '2019-09-30T16:00:00.000Z',
    ],
    [
      'a time',
      hour,
      '2019-10-01T09:30:00+08:00',
      { date: { type: 'hour', s_timestamp: '1569893400' } },
      '2019-10-01T01:30:00.000Z',
    ],
    [
      'an option by what people see',
      single,
      '差旅',
      { selector: { type: 'single', options: [{ key: 'option-2' }] } },
      ['option-2'],
    ],
    [
      'options by their keys',
      multi,
      ['option-1', 'option-2'],
      { selector: { type: 'multi', options: [{ key: 'option-1' }, { key: 'option-2' }] } },
      ['option-1', 'option-2'],
    ],
    ['a person', control('Contact'), 'wang', { members: [{ userid: 'wang', name: 'wang' }] }, ['wang']],
    [
      'departments',
      departments,
      [2, '3'],
      {
        departments: [
          { openapi_id: '2', name: '2' },
          { openapi_id: '3', name: '3' },
        ],
      },
      ['2', '3'],
    ],
    ['a file', control('File'), { files: [{ file_id: 'm1' }] }, { files: [{ file_id: 'm1' }] }, ['m1']],
    ['any other kind', control('Table'), { children: [] }, { children: [] }, { children: [] }],
    ['a kind named like a prototype', control('constructor'), { a: 1 }, { a: 1 }, { a: 1 }],
  ])('given %s, then it is written and read so', (_what, one, value, written, plain) => {
    const result = valueFor(one, value);
    expect(result).toEqual(written);
    expect(plainValue(one.kind, result ?? {})).toEqual(plain);
  });

  it.each<[string, TemplateControl, unknown, RegExp]>([
    ['a text as a number', control('Number'), 'many', /takes a number/],
    ['infinity', control('Money'), Infinity, /takes a number/],
    ['hexadecimal', control('Money'), '0x10', /takes a number/],
    ['a time without offset', control('Date'), '2019-10-01T09:30:00', /takes a day/],
    ['no such day', control('Date'), '2019-13-45', /takes a day/],
    ['a number as a day', control('Date'), 1569859200, /takes a day/],
    ['no such option', single, '其他', /takes one of its options: 办公, 差旅/],
    ['too many options', single, ['办公', '差旅'], /takes one option only/],
    ['an object as a person', control('Contact'), { userid: 'x' }, /ids of people/],
    ['a text as a table', control('Table'), 'rows', /is of kind Table/],
    ['a list as a table', control('Table'), [], /is of kind Table/],
  ])('given %s, then it fails for good, naming the control', (_what, one, value, message) => {
    expect(() => valueFor(one, value)).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(message) as string,
        details: { permanent: true },
      }),
    );
    expect(() => valueFor(one, value)).toThrow(/^The control 控件 /);
  });

  it('given what WeCom fills in itself, then nothing is written', () => {
    expect(valueFor(control('Formula'), 7)).toBeNull();
    expect(valueFor(control('Tips'), 'x')).toBeNull();
  });

  it.each(['Text', 'Number', 'Date', 'Selector', 'Contact', 'File'])(
    'given an empty value of kind %s, then it reads as empty',
    (kind) => {
      const plain = plainValue(kind, {});
      expect(plain === null || (Array.isArray(plain) && plain.length === 0)).toBe(true);
    },
  );
});

describe('sameValue', () => {
  const noise = { tips: [], members: [], children: [] };

  it.each<[string, object, object]>([
    ['Text', { text: 'a ' }, { text: 'a' }],
    ['Money', { new_money: '700.00' }, { new_money: '700' }],
    ['Number', { new_number: '7' }, { new_number: '7' }],
    ['Date', { date: { type: 'day', s_timestamp: '1' } }, { date: { type: 'day', s_timestamp: '1' } }],
    [
      'Selector',
      { selector: { type: 'multi', options: [{ key: 'b', value: texts('B') }, { key: 'a' }] } },
      { selector: { type: 'multi', options: [{ key: 'a' }, { key: 'b' }] } },
    ],
    ['Contact', { members: [{ userid: 'x', name: 'x' }] }, { members: [{ userid: 'x', name: 'x' }] }],
  ])('given the same %s with more around it, then it is the same', (kind, there, ours) => {
    expect(sameValue(kind, { ...noise, ...there }, ours as Record<string, unknown>)).toBe(true);
  });

  it.each<[string, object, object]>([
    ['Text', { text: 'b' }, { text: 'a' }],
    ['Money', { new_money: '7' }, { new_money: '700' }],
    ['Money', {}, { new_money: '0' }],
    ['Money', { new_money: '' }, { new_money: '0' }],
    ['Selector', { selector: { options: [{ key: 'a' }] } }, { selector: { options: [{ key: 'b' }] } }],
    ['Table', { children: [{ list: [] }] }, { children: [{ list: [] }, { list: [] }] }],
    ['Contact', { members: [] }, { members: [{ userid: 'x' }] }],
  ])('given another %s, then it is not the same', (kind, there, ours) => {
    expect(
      sameValue(kind, { ...(kind === 'Contact' ? {} : noise), ...there }, ours as Record<string, unknown>),
    ).toBe(false);
  });
});
