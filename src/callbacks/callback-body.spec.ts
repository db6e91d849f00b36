import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factsOf, opened } from '../engine/engine.spec-support.js';
import { decide } from '../engine/decide.js';
import { evolveAll } from '../engine/evolve.js';
import type { OrderRecord } from '../orders/order-callbacks.service.js';
import { callbackBody, mappedFields } from './callback-body.js';

const created = new Date('2026-11-22T08:00:00.000Z');
const caused = new Date('2026-11-22T08:30:00.000Z');
const id = '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30';

const { state } = opened({ stages: [{ users: ['bob'] }], hasCheck: true, hasExecute: true });
const record = (
  variables: Readonly<Record<string, unknown>>,
  head: Partial<OrderRecord['head']> = {},
): OrderRecord => ({
  head: {
    id,
    applyTemplateId: 'template',
    templateVersion: 1,
    logHash: null,
    endedTopic: null,
    mirrorId: null,
    templateName: '两级审批',
    businessType: 'data_export',
    businessTypeId: 'type',
    businessKey: 'EXP-2026-0042',
    title: '导出十月订单',
    remark: '给财务对账',
    accCode: 't1',
    variables,
    createTime: created,
    updateTime: created,
    ...head,
  },
  state,
  steps: [],
  decidedAt: new Map(),
});
const standard = { fieldMapping: null, format: 'standard' } as const;
const flat = { fieldMapping: null, format: 'lark-ticket' } as const;

/** Read again, with every key that it has of its own. */
const read = (body: string) =>
  JSON.parse(body) as { data: Record<string, unknown> } & Record<string, unknown>;
/** JSON as it is written down: `__proto__` in an object literal would be something else. */
const json = (text: string) => JSON.parse(text) as Record<string, string>;

describe(callbackBody.name, () => {
  it('given a check, then it says exactly what the contract names', () => {
    const body = read(callbackBody(record({ rows: 12_800 }), standard, 'check', caused));
    expect(Object.keys(body)).toEqual(['type', 'timestamp', 'data']);
    expect(body).toEqual({
      type: 'order.check',
      timestamp: '2026-11-22T08:30:00.000Z',
      data: {
        ticket_id: id,
        business_type: 'data_export',
        business_key: 'EXP-2026-0042',
        acc_code: 't1',
        user_code: 'ann',
        apply_status: 'initiating',
        title: '导出十月订单',
        remark: '给财务对账',
        variables: { rows: 12_800 },
        fields: { rows: 12_800 },
      },
    });
    expect(Object.keys(body.data)).toEqual([
      'ticket_id',
      'business_type',
      'business_key',
      'acc_code',
      'user_code',
      'apply_status',
      'title',
      'remark',
      'variables',
      'fields',
    ]);
  });

  it('given an execution, then only its type and the state of the order differ', () => {
    const passes = decide(state, { type: 'skip_check', error: '', facts: factsOf('bob') });
    const executing = evolveAll(state, passes.ok ? [...passes.events, { type: 'order.executing' }] : []);
    const check = read(callbackBody(record({}), standard, 'check', caused));
    const execute = read(callbackBody({ ...record({}), state: executing }, standard, 'execute', caused));
    expect(execute).toEqual({
      ...check,
      type: 'order.execute',
      data: { ...check.data, apply_status: 'executing' },
    });
  });

  it('given an order without them, then its key, team, title and remark are null, and not left out', () => {
    const bare = record({}, { businessKey: null, accCode: null, title: null, remark: null });
    const { data } = read(callbackBody(bare, standard, 'check', caused));
    expect(Object.keys(data)).toHaveLength(10);
    expect(data).toMatchObject({ business_key: null, acc_code: null, title: null, remark: null });
    expect([data['variables'], data['fields']]).toEqual([{}, {}]);
  });

  it('given a mapping, then the fields have its names, and the variables their own', () => {
    const target = { ...standard, fieldMapping: { amount: '金额' } };
    const { data } = read(callbackBody(record({ amount: 12.5, dept: 'FIN' }), target, 'check', caused));
    expect(data['variables']).toEqual({ amount: 12.5, dept: 'FIN' });
    expect(data['fields']).toEqual({ 金额: 12.5, dept: 'FIN' });
  });

  it('given a variable named like a field of the body, then the body keeps its own', () => {
    const variables = { ticket_id: 'mine', apply_status: 'completed', data: {}, type: 'x' };
    const body = read(callbackBody(record(variables), standard, 'check', caused));
    expect([body['type'], body.data['ticket_id'], body.data['apply_status']]).toEqual([
      'order.check',
      id,
      'initiating',
    ]);
    expect(body.data['fields']).toEqual(variables);
  });

  it('given the same order again, then the same text: a signature is over its bytes', () => {
    const target = { ...standard, fieldMapping: { b: 'a', a: 'b' } };
    const one = callbackBody(record({ a: 1, b: 2, c: 3 }), target, 'check', caused);
    expect(callbackBody(record({ a: 1, b: 2, c: 3 }), target, 'check', caused)).toBe(one);
  });

  describe('in the format of lark-ticket', () => {
    it.each(['check', 'execute'] as const)(
      'given a %s, then it is the fields and the ticket, flat',
      (kind) => {
        const target = { ...flat, fieldMapping: { amount: '金额' } };
        expect(read(callbackBody(record({ amount: 12.5, dept: 'FIN' }), target, kind, caused))).toEqual({
          金额: 12.5,
          dept: 'FIN',
          ticket_id: id,
        });
        expect(read(callbackBody(record({}), target, kind, caused))).toEqual({ ticket_id: id });
      },
    );

    it.each([
      ['a variable', null, { ticket_id: 'mine' }],
      ['a mapping', { amount: 'ticket_id' }, { amount: 'mine' }],
      ['a variable and a mapping', { amount: 'ticket_id' }, { ticket_id: 'yours', amount: 'mine' }],
    ])('given %s named ticket_id, then it does not hide the order', (_name, fieldMapping, variables) => {
      const text = callbackBody(record(variables), { ...flat, fieldMapping }, 'check', caused);
      expect(read(text)).toEqual({ ticket_id: id });
      expect(text.match(/ticket_id/g)).toHaveLength(1);
    });

    it('given a variable __proto__, then it is a field like any other, and brings no ticket of its own', () => {
      const variables = json('{"__proto__":{"ticket_id":"mine"},"a":1}');
      const text = callbackBody(record(variables), flat, 'check', caused);
      expect(text).toBe(`{"__proto__":{"ticket_id":"mine"},"a":1,"ticket_id":"${id}"}`);
    });
  });
});

describe(mappedFields.name, () => {
  it.each([
    ['no mapping', {}, { a: 1, b: 2 }, { a: 1, b: 2 }],
    ['a new name', { a: 'x' }, { a: 1, b: 2 }, { x: 1, b: 2 }],
    ['its own name', { a: 'a' }, { a: 1 }, { a: 1 }],
    ['names exchanged', { a: 'b', b: 'a' }, { a: 1, b: 2 }, { a: 2, b: 1 }],
    ['names passed on in a ring', { a: 'b', b: 'c', c: 'a' }, { a: 1, b: 2, c: 3 }, { a: 3, b: 1, c: 2 }],
    ['the name of another variable', { a: 'b' }, { a: 1, b: 2 }, { b: 1 }],
    ['the name of another variable that comes first', { b: 'a' }, { a: 1, b: 2 }, { a: 2 }],
    ['one name for two, the later one counts', { a: 'x', b: 'x' }, { a: 1, b: 2 }, { x: 2 }],
    ['names of variables that the order lacks', { c: 'x', d: 'a' }, { a: 1 }, { a: 1 }],
    ['Chinese names', { 金额: 'amount', dept: '部门' }, { 金额: 1, dept: 'FIN' }, { amount: 1, 部门: 'FIN' }],
    [
      'names that objects have anyway',
      { a: 'toString' },
      { a: 1, constructor: 2 },
      { toString: 1, constructor: 2 },
    ],
    [
      'values of every kind',
      { a: 'x' },
      { a: null, b: [1], c: { d: false } },
      { x: null, b: [1], c: { d: false } },
    ],
  ])('given a mapping with %s', (_name, mapping, variables, fields) => {
    expect(mappedFields(variables, mapping as Record<string, string>)).toEqual(fields);
  });

  it('given null for a mapping, then the variables are the fields', () => {
    expect(mappedFields({ a: 1 }, null)).toEqual({ a: 1 });
  });

  it.each([
    ['as a variable', '{}', '{"__proto__":{"admin":true},"a":1}', '{"__proto__":{"admin":true},"a":1}'],
    [
      'as a name that is mapped',
      '{"__proto__":"x"}',
      '{"__proto__":{"admin":true},"a":1}',
      '{"a":1,"x":{"admin":true}}',
    ],
    ['as a name that is given', '{"a":"__proto__"}', '{"a":{"admin":true}}', '{"__proto__":{"admin":true}}'],
  ])('given __proto__ %s, then it is a name like any other', (_name, mapping, variables, text) => {
    const fields = mappedFields(json(variables), json(mapping));
    expect(JSON.stringify(fields)).toBe(text);
    expect(Object.getPrototypeOf(fields)).toBe(Object.prototype);
    expect(fields['admin']).toBeUndefined();
  });

  it('given anything, then a name holds the last variable that was given it, or else the variable of that name', () => {
    const anyName = fc.constantFrom('a', 'b', 'c', '金额', '__proto__', 'constructor', 'ticket_id');
    const anyPairs = <T>(value: fc.Arbitrary<T>) =>
      fc.uniqueArray(fc.tuple(anyName, value), { selector: ([name]) => name });
    fc.assert(
      fc.property(anyPairs(fc.nat()), anyPairs(anyName), (variables, mapping) => {
        const fields = mappedFields(Object.fromEntries(variables), Object.fromEntries(mapping));
        const nameOf = (name: string) => mapping.find(([from]) => from === name)?.[1];
        const expected = new Map(variables.filter(([name]) => nameOf(name) === undefined));
        for (const [name, value] of variables) {
          const given = nameOf(name);
          if (given !== undefined) expected.set(given, value);
        }
        expect(new Map(Object.entries(fields))).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });
});
