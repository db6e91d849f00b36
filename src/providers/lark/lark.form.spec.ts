import { describe, expect, it } from 'vitest';
import type { ApprovalAsk, FieldRelation } from '../provider.port.js';
import { ProviderFailure } from '../provider-failure.js';
import { formOf, newInstance } from './lark.form.js';
import { settingsOf } from './lark.settings.js';
import { widgetsOf } from './lark.values.js';

const options = [
  { text: '测试', value: 'kx1-test' },
  { text: '生产', value: 'kx1-prod' },
  // What one option is called is the key of another: keys come first.
  { text: 'kx1-test', value: 'kx1-odd' },
];

const definition = [
  { id: 'w1', name: '申请原因', type: 'textarea', required: true },
  { id: 'w2', custom_id: 'amount', name: '金额', type: 'number' },
  { id: 'w3', name: '环境', type: 'radioV2', option: options },
  { id: 'w4', name: '系统', type: 'checkboxV2', option: options },
  { id: 'w5', name: '日期', type: 'date' },
  { id: 'w6', name: '期间', type: 'dateInterval' },
  { id: 'w7', name: '预算', type: 'amount' },
  { id: 'w8', name: '负责人', type: 'contact' },
  {
    id: 'w9',
    name: '明细',
    type: 'fieldList',
    children: [
      { id: 'c1', name: '名称', type: 'input' },
      { id: 'c2', name: '数量', type: 'number' },
    ],
  },
  { id: 'w10', name: '电话', type: 'telephone' },
  { id: 'w11', name: '外部', type: 'radioV2', option: null },
  { id: 'w12', name: '说明', type: 'text', required: true },
  { id: 'w13', name: '补充', type: 'input', required: true, display_condition: { conditional: 'OR' } },
  { id: 'w14', name: '标题', type: 'input' },
  { id: 'w15', name: '附件', type: 'attachmentV2' },
];

const ask = (more: Partial<ApprovalAsk> = {}): ApprovalAsk => ({
  key: 'order.1',
  again: false,
  orderId: 'order',
  businessType: 'grant',
  businessKey: null,
  team: 't1',
  title: null,
  remark: null,
  applicant: { userCode: 'ann', externalId: 'ann-there' },
  form: null,
  fields: { reason: 'because' },
  link: null,
  resultUrl: 'https://example.com/result',
  time: new Date(0),
  ...more,
});

const reason: FieldRelation = { widget: '申请原因', apiKey: 'reason' };

function made(
  relation: readonly FieldRelation[] | null,
  fields: Record<string, unknown>,
  more: Partial<ApprovalAsk> = {},
  settings: Record<string, unknown> = {},
) {
  const form = { id: 'f1', code: 'APPROVAL', name: '权限申请', relation };
  const given = ask({ fields, ...more });
  return newInstance(given, form, widgetsOf(definition), settingsOf({ settings })) as Record<string, unknown>;
}

const formMade = (relation: readonly FieldRelation[], fields: Record<string, unknown>): unknown =>
  JSON.parse(made([reason, ...relation], { reason: 'because', ...fields }).form as string);

/** What a field becomes in a widget. */
function fillingOf(widget: string, value: unknown): unknown {
  const filled = formMade([{ widget, apiKey: 'field' }], { field: value }) as Record<string, unknown>[];
  const { id: _id, type: _type, value: filling, ...more } = filled.at(-1) ?? {};
  return Object.keys(more).length > 0 ? { value: filling, ...more } : filling;
}

/** Why something cannot be asked for; permanent, since repeating does not help. */
function whyNot(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (!(error instanceof ProviderFailure) || error.details.permanent !== true) throw error;
    return error.message;
  }
  throw new Error('it can');
}

describe('newInstance', () => {
  it('given a relation by name, id and custom id, then the widgets are filled in by their ids and types', () => {
    const relation = [reason, { widget: 'amount', apiKey: 'sum' }, { widget: 'w14', apiKey: 'headline' }];
    const fields = { reason: 'because', sum: 12.5, headline: 'new', secret: 'not for them' };
    expect(made(relation, fields)).toEqual({
      approval_code: 'APPROVAL',
      user_id: 'ann-there',
      uuid: 'order.1',
      form: JSON.stringify([
        { id: 'w1', type: 'textarea', value: 'because' },
        { id: 'w2', type: 'number', value: 12.5 },
        { id: 'w14', type: 'input', value: 'new' },
      ]),
    });
  });

  it('given a title and open ids, then the title goes as a text of the instance', () => {
    expect(
      made([reason], { reason: 'because' }, { title: '新人权限' }, { userIdType: 'open_id' }),
    ).toMatchObject({
      open_id: 'ann-there',
      title: '@i18n@title',
      i18n_resources: [
        { locale: 'zh-CN', is_default: true, texts: [{ key: '@i18n@title', value: '新人权限' }] },
      ],
    });
  });

  it.each([
    ['申请原因', { a: 1 }, '{"a":1}'],
    ['标题', 12, '12'],
    ['金额', '12.50', 12.5],
    ['环境', '生产', 'kx1-prod'],
    ['环境', 'kx1-test', 'kx1-test'],
    ['系统', ['测试', 'kx1-prod'], ['kx1-test', 'kx1-prod']],
    ['系统', '测试', ['kx1-test']],
    ['日期', '2026-11-22', '2026-11-22T00:00:00+08:00'],
    ['日期', '2026-11-22T09:30:00Z', '2026-11-22T09:30:00Z'],
    [
      '期间',
      { start: '2026-11-22', end: '2026-11-24T12:00:00+08:00' },
      { start: '2026-11-22T00:00:00+08:00', end: '2026-11-24T12:00:00+08:00', interval: 2.5 },
    ],
    ['预算', '1280.5', 1280.5],
    ['预算', { value: 3, currency: 'USD' }, { value: 3, currency: 'USD' }],
    ['负责人', ['lee', 'ou_kim'], { value: ['lee'], open_ids: ['ou_kim'] }],
    [
      '明细',
      [{ 名称: 'pen', c2: 3 }, [{ id: 'c1', type: 'input', value: 'as it is' }]],
      [
        [
          { id: 'c1', type: 'input', value: 'pen' },
          { id: 'c2', type: 'number', value: 3 },
        ],
        [{ id: 'c1', type: 'input', value: 'as it is' }],
      ],
    ],
    ['电话', { countryCode: '+86', nationalNumber: '131' }, { countryCode: '+86', nationalNumber: '131' }],
    ['外部', 'option-7', 'option-7'],
    ['附件', 'code-1', ['code-1']],
  ])('given a field for %s, then %j becomes %j', (widget, value, filling) => {
    expect(fillingOf(widget, value)).toEqual(filling);
  });

  it.each([
    ['金额', 'many', 'number'],
    ['金额', '', 'number'],
    ['环境', '预发', '测试, 生产'],
    ['系统', ['测试', 1], 'options'],
    ['日期', '22.11.2026', '2026-11-22'],
    ['日期', '2026-13-22', '2026-11-22'],
    ['期间', '2026-11-22', '2026-11-22'],
    ['负责人', [7], 'people'],
    ['明细', 'pen', 'rows'],
    ['明细', [{ 颜色: 'red' }], '颜色'],
    ['说明', 'words', 'does not fill in'],
  ])(
    'given a field for %s that is %j, then the failure names the widget and what it takes',
    (widget, value, takes) => {
      const why = whyNot(() => fillingOf(widget, value));
      expect(why).toContain(widget);
      expect(why).toContain(takes);
    },
  );

  it('given a required widget without a relation or a value, then the failure names it; others are left out', () => {
    expect(whyNot(() => made(null, { reason: 'because' }))).toContain(
      '申请原因 (w1) is required, and the relation',
    );
    expect(whyNot(() => made([reason], { reason: null }))).toContain('the order has no field reason');
    expect(whyNot(() => made([{ widget: '申请原因', apiKey: 'toString' }], {}))).toContain(
      'no field toString',
    );
    expect(formMade([{ widget: '金额', apiKey: 'sum' }], { sum: null })).toHaveLength(1);
  });

  it('given a relation to a widget that the form has no more, then the failure names it', () => {
    expect(whyNot(() => made([{ widget: '旧的', apiKey: 'old' }], {}))).toContain('no widget 旧的');
  });

  it('given an applicant without an identity, then the failure names the user and what to do', () => {
    const applicant = { userCode: 'ann', externalId: null };
    const why = whyNot(() => made([reason], { reason: 'because' }, { applicant }));
    expect(why).toContain('ann has no identity at this provider');
  });

  it('given a business type without a form, then the failure names it', () => {
    expect(whyNot(() => formOf(ask()))).toContain('business type grant has no approval definition');
  });
});
