import { ProviderFailure } from '../provider-failure.js';
import { objectOf, objectsOf } from './lark.json.js';
import { textOf } from './lark.settings.js';

type Json = Readonly<Record<string, unknown>>;

/** A widget of an approval definition (审批定义表单控件). */
export interface LarkWidget {
  readonly id: string;
  readonly customId: string | null;
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  /** Whether it is shown only under some condition (控件显隐条件), which Feishu judges. */
  readonly conditional: boolean;
  /** What people read, and what the API takes; null where options come from outside, or there are none. */
  readonly options: readonly { readonly text: string; readonly value: string }[] | null;
  /** Of a list of details (明细). */
  readonly children: readonly LarkWidget[];
}

/** What of a filled-in widget stands beside its id and type. */
type Filling = Readonly<{ value: unknown }> & Json;

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const day = /^\d{4}-\d\d-\d\d$/;
const dayLength = 86_400_000;

/** Types that the API for creating instances does not take. */
const filledThere: ReadonlySet<string> = new Set(['text', 'serialNumber', 'mutableGroup', 'account']);

/** Whether no value may be sent for a widget of this type. */
export const takesNothing = ({ type }: LarkWidget): boolean => filledThere.has(type);

type Writing = (value: unknown, widget: LarkWidget) => Filling;

const asText: Writing = (value) => ({ value: typeof value === 'string' ? value : JSON.stringify(value) });

const asNumber: Writing = (value, widget) => {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) throw unfit(widget, 'takes a number');
  return { value: number };
};

const asList: Writing = (value) => ({ value: Array.isArray(value) ? value : [value] });

/** Composite types whose values nobody would guess: given as Feishu documents them (审批实例表单控件参数). */
const asGiven: Writing = (value) => ({ value });

const writings: Readonly<Record<string, Writing>> = {
  input: asText,
  textarea: asText,
  number: asNumber,
  formula: asNumber,
  amount: (value, widget) => {
    const given = objectOf(value);
    const currency = textOf(given?.currency);
    return { ...asNumber(given ? given.value : value, widget), ...(currency === null ? {} : { currency }) };
  },
  date: (value, widget) => ({ value: dateOf(value, widget) }),
  dateInterval: (value, widget) => {
    const { start, end, interval } = objectOf(value) ?? {};
    const [from, to] = [dateOf(start, widget), dateOf(end, widget)];
    const days = Math.round(((Date.parse(to) - Date.parse(from)) / dayLength) * 100) / 100;
    return { value: { start: from, end: to, interval: typeof interval === 'number' ? interval : days } };
  },
  radio: (value, widget) => ({ value: optionOf(value, widget) }),
  radioV2: (value, widget) => ({ value: optionOf(value, widget) }),
  checkbox: (value, widget) => ({ value: optionsOf(value, widget) }),
  checkboxV2: (value, widget) => ({ value: optionsOf(value, widget) }),
  contact: (value, widget) => {
    const ids = (Array.isArray(value) ? value : [value]).map((one: unknown) => {
      const id = textOf(one);
      if (id === null) throw unfit(widget, 'takes ids of people in Feishu');
      return id;
    });
    const [open, own] = [ids.filter(isOpenId), ids.filter((id) => !isOpenId(id))];
    return { value: own, open_ids: open };
  },
  connect: asList,
  attachment: asList,
  attachmentV2: asList,
  image: asList,
  imageV2: asList,
  fieldList: (value, widget) => ({ value: rowsOf(value, widget) }),
};

/**
 * A field of an order as the value of a widget.
 * @throws ProviderFailure, permanent, for what the widget cannot hold
 */
export function fillingOf(value: unknown, widget: LarkWidget): Filling {
  if (takesNothing(widget)) throw unfit(widget, `is of type ${widget.type}, which the API does not fill in`);
  return (Object.hasOwn(writings, widget.type) ? (writings[widget.type] ?? asGiven) : asGiven)(value, widget);
}

/** The API wants an offset; a day alone begins at midnight in China. */
function dateOf(value: unknown, widget: LarkWidget): string {
  const text = textOf(value)?.trim() ?? '';
  const whole = day.test(text) ? `${text}T00:00:00+08:00` : text;
  if (!rfc3339.test(whole) || Number.isNaN(Date.parse(whole))) {
    throw unfit(widget, 'takes a day such as 2026-11-22, or a time such as 2026-11-22T09:30:00+08:00');
  }
  return whole;
}

/** The key of an option, which may be named by its key or by what people read. */
function optionOf(value: unknown, widget: LarkWidget): string {
  const named = typeof value === 'number' || typeof value === 'boolean' ? String(value) : textOf(value);
  const { options } = widget;
  const found =
    options === null
      ? named
      : (options.find((option) => option.value === named) ?? options.find(({ text }) => text === named))
          ?.value;
  if (found === null || found === undefined) {
    const names = (options ?? []).map(({ text }) => text).join(', ');
    throw unfit(widget, `takes one of its options: ${names.slice(0, 300)}`);
  }
  return found;
}

const optionsOf = (value: unknown, widget: LarkWidget): string[] =>
  (Array.isArray(value) ? value : [value]).map((one: unknown) => optionOf(one, widget));

/** Rows of a list: objects by their widgets' ids, custom ids or names; or what the API wants, as it is. */
function rowsOf(value: unknown, widget: LarkWidget): unknown[] {
  if (!Array.isArray(value)) throw unfit(widget, 'takes a list of rows');
  return value.map((row: unknown) => {
    if (Array.isArray(row)) return row;
    return Object.entries(objectOf(row) ?? {}).map(([name, cell]) => {
      const child = widgetNamed(widget.children, name);
      if (!child) throw unfit(widget, `has no column ${name}`);
      return { id: child.id, type: child.type, ...fillingOf(cell, child) };
    });
  });
}

/** By its id before its custom id before its name, which several may share. */
export const widgetNamed = (widgets: readonly LarkWidget[], name: string): LarkWidget | undefined =>
  widgets.find(({ id }) => id === name) ??
  widgets.find(({ customId }) => customId === name) ??
  widgets.find((widget) => widget.name === name);

/** The widgets of `form` of GET /approvals/:code. */
export const widgetsOf = (form: unknown): LarkWidget[] =>
  objectsOf(form).flatMap((widget) => {
    const [id, type] = [textOf(widget.id), textOf(widget.type)];
    if (id === null || type === null) return [];
    const { option } = widget;
    return [
      {
        id,
        type,
        customId: textOf(widget.custom_id),
        name: textOf(widget.name) ?? id,
        required: widget.required === true,
        conditional: objectOf(widget.display_condition) !== null || textOf(widget.display_condition) !== null,
        options: Array.isArray(option)
          ? objectsOf(option).map(({ text, value }) => ({ text: String(text), value: String(value) }))
          : null,
        children: widgetsOf(widget.children),
      },
    ];
  });

const isOpenId = (id: string): boolean => id.startsWith('ou_');

/** A failure that stays until somebody changes the form, its relation or the order. */
export const unfit = ({ name, id }: Pick<LarkWidget, 'name' | 'id'>, what: string): ProviderFailure =>
  new ProviderFailure(`the widget ${name} (${id}) ${what}`, { permanent: true });
