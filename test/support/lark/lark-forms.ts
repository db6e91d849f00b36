import { failures } from './lark-failure.js';

/** A widget of an approval definition, as GET /approvals/:code tells it. */
export interface LarkWidget {
  readonly id: string;
  readonly custom_id?: string;
  readonly name: string;
  readonly type: string;
  readonly required?: boolean;
  /** Of radioV2 and checkboxV2: what people read, and what the API takes. */
  readonly option?: readonly { readonly text: string; readonly value: string }[];
  readonly children?: readonly LarkWidget[];
}

/** A widget filled in. */
export interface FilledWidget {
  readonly id: string;
  readonly type: string;
  readonly value: unknown;
  readonly [more: string]: unknown;
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const isDate = (value: unknown): boolean => typeof value === 'string' && rfc3339.test(value);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');

function fits(widget: LarkWidget, value: unknown): boolean {
  const keys = widget.option?.map((option) => option.value);
  switch (widget.type) {
    case 'number':
    case 'amount':
      return typeof value === 'number' && Number.isFinite(value);
    case 'date':
      return isDate(value);
    case 'dateInterval':
      return (
        isObject(value) && isDate(value.start) && isDate(value.end) && typeof value.interval === 'number'
      );
    case 'radio':
    case 'radioV2':
      return typeof value === 'string' && (keys === undefined || keys.includes(value));
    case 'checkbox':
    case 'checkboxV2':
      return isTexts(value) && (keys === undefined || (value as string[]).every((one) => keys.includes(one)));
    case 'contact':
    case 'connect':
    case 'attachmentV2':
    case 'image':
      return isTexts(value);
    case 'fieldList':
      return Array.isArray(value) && value.every((row) => Array.isArray(row));
    case 'text':
    case 'serialNumber':
    case 'account':
      return false;
    case 'input':
    case 'textarea':
      return typeof value === 'string';
    default:
      return true;
  }
}

const empty = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

/**
 * A form as POST /instances takes it: a text that holds a JSON array.
 * @throws LarkFailure 1390001 naming the widget
 */
export function readForm(form: unknown, widgets: readonly LarkWidget[]): FilledWidget[] {
  if (typeof form !== 'string') throw failures.param('form must be a string');
  let filled: unknown;
  try {
    filled = JSON.parse(form);
  } catch {
    throw failures.param('form is no JSON');
  }
  if (!Array.isArray(filled)) throw failures.param('form is no array');
  const given = filled as FilledWidget[];
  for (const one of given) {
    const widget = widgets.find(({ id }) => id === one.id);
    if (widget === undefined || widget.type !== one.type || !fits(widget, one.value)) {
      throw failures.param(`控件= ${one.id}`);
    }
  }
  for (const { id, required } of widgets) {
    if (required && empty(given.find((one) => one.id === id)?.value))
      throw failures.param(`控件= ${id} 必填`);
  }
  return given;
}

/** The `form` of GET /instances/:id: names and custom ids beside the values, of options what people read. */
export function shownForm(filled: readonly FilledWidget[], widgets: readonly LarkWidget[]): string {
  const shown = filled.map((one) => {
    const widget = widgets.find(({ id }) => id === one.id);
    const read = (key: unknown): unknown =>
      widget?.option?.find((option) => option.value === key)?.text ?? key;
    const chosen = widget?.option?.find((option) => option.value === one.value);
    return {
      ...one,
      name: widget?.name,
      ...(widget?.custom_id === undefined ? {} : { custom_id: widget.custom_id }),
      ...(chosen === undefined ? {} : { option: { key: chosen.value, text: chosen.text } }),
      value: Array.isArray(one.value) ? one.value.map(read) : read(one.value),
    };
  });
  return JSON.stringify(shown);
}
