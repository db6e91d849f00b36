import { objectOf, objectsOf, chineseOf, type TemplateControl, unfit } from './wecom-template.js';

type Json = Readonly<Record<string, unknown>>;

/** Milliseconds by which WeCom's days begin before those of UTC. */
const chinaOffset = 8 * 3_600_000;

/** How the value of a kind of control is written (提交审批申请, 附录), and read again. */
interface Writing {
  readonly write: (value: unknown, control: TemplateControl) => Json;
  /** What a person would call it: plain, and the same for the same thing. */
  readonly read: (value: Json) => unknown;
}

const writings: Readonly<Record<string, Writing>> = {
  Text: {
    // A line break is refused there.
    write: (value) => ({ text: textFrom(value).replaceAll(/\s*[\r\n]+\s*/g, ' ') }),
    read: ({ text }) => text,
  },
  Textarea: { write: (value) => ({ text: textFrom(value) }), read: ({ text }) => text },
  Number: {
    write: (value, control) => ({ new_number: decimalFrom(value, control) }),
    read: (value) => value.new_number,
  },
  Money: {
    write: (value, control) => ({ new_money: decimalFrom(value, control) }),
    read: (value) => value.new_money,
  },
  Date: { write: writeDate, read: ({ date }) => instantOf(objectOf(date).s_timestamp) },
  Selector: {
    write: writeSelector,
    read: ({ selector }) => objectsOf(objectOf(selector).options).map(optionText),
  },
  Contact: {
    write: writeContact,
    read: ({ members, departments }) => [
      ...objectsOf(members).map(({ userid }) => userid),
      ...objectsOf(departments).map((department) => department.openapi_id),
    ],
  },
  File: { write: asGiven, read: ({ files }) => objectsOf(files).map((file) => file.file_id) },
};

/** WeCom fills these in itself. */
export const filledThere: ReadonlySet<string> = new Set(['Tips', 'Formula']);

/**
 * A field of the order as the value of a control.
 * @returns null for controls that take none
 * @throws ProviderFailure, permanent, for what the control cannot hold
 */
export function valueFor(control: TemplateControl, value: unknown): Json | null {
  if (filledThere.has(control.kind)) return null;
  return (writings[control.kind]?.write ?? asGiven)(value, control);
}

/** A control's value in plain words: text, number as text, time as ISO 8601, list of options or people; else the value itself. */
export function plainValue(kind: string, value: Json): unknown {
  const plain = Object.hasOwn(writings, kind) ? writings[kind]?.read(value) : value;
  return plain ?? null;
}

/** Whether a control holds what would be written into it; numbers count by their amount. */
export function sameValue(kind: string, there: Json, ours: Json): boolean {
  if (kind === 'Selector') return JSON.stringify(optionKeys(there)) === JSON.stringify(optionKeys(ours));
  if (kind === 'Number' || kind === 'Money') {
    const [left, right] = [plainValue(kind, there), plainValue(kind, ours)];
    return left !== null && left !== '' && Number(left) === Number(right);
  }
  return includes(there, ours);
}

/** Whether everything that is said here is said there, too: answers carry empty fields of all other kinds. */
function includes(there: unknown, ours: unknown): boolean {
  if (typeof ours !== 'object' || ours === null) return String(there).trim() === String(ours).trim();
  if (Array.isArray(ours)) {
    return (
      Array.isArray(there) &&
      there.length === ours.length &&
      ours.every((one, index) => includes(there[index], one))
    );
  }
  return Object.entries(ours).every(([name, value]) => includes(objectOf(there)[name], value));
}

const textFrom = (value: unknown): string => {
  return typeof value === 'string' ? value : JSON.stringify(value);
};

function decimalFrom(value: unknown, control: TemplateControl): string {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  if (!/^-?\d{1,20}(\.\d{1,10})?$/.test(text)) throw wrong(control, 'takes a number such as 1280.50');
  return text;
}

/** A day such as 2026-11-22 begins at midnight in China, where WeCom's days do; a time says its offset itself. */
function writeDate(value: unknown, control: TemplateControl): Json {
  const text = typeof value === 'string' ? value.trim() : '';
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const known = day || /^\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:\d{2})$/.test(text);
  const time = known ? Date.parse(text) - (day ? chinaOffset : 0) : Number.NaN;
  if (Number.isNaN(time)) {
    throw wrong(control, 'takes a day such as 2026-11-22, or a time such as 2026-11-22T09:30:00+08:00');
  }
  const type = objectOf(control.config.date).type === 'hour' ? 'hour' : 'day';
  const shown = type === 'day' && !day ? dayStart(time) : time;
  return { date: { type, s_timestamp: String(Math.floor(shown / 1000)) } };
}

/** The beginning, in China, of the day in which a time is. */
const dayStart = (time: number): number =>
  Math.floor((time + chinaOffset) / 86_400_000) * 86_400_000 - chinaOffset;

const instantOf = (timestamp: unknown): string | null => {
  const seconds = typeof timestamp === 'string' && timestamp !== '' ? Number(timestamp) : Number.NaN;
  return Number.isSafeInteger(seconds) && Math.abs(seconds) < 8_000_000_000_000
    ? new Date(seconds * 1000).toISOString()
    : null;
};

/** Options are chosen by their keys or by what people see. */
function writeSelector(value: unknown, control: TemplateControl): Json {
  const { type, options } = objectOf(control.config.selector);
  const all = objectsOf(options);
  const chosen = (Array.isArray(value) ? value : [value]).map((one: unknown) => {
    const found = all.find((option) => option.key === one || chineseOf(option.value) === one);
    if (!found) {
      const names = all.map((option) => chineseOf(option.value)).join(', ');
      throw wrong(control, `takes one of its options: ${names.slice(0, 300)}`);
    }
    return { key: found.key };
  });
  if (type !== 'multi' && chosen.length > 1) throw wrong(control, 'takes one option only');
  return { selector: { type: type === 'multi' ? 'multi' : 'single', options: chosen } };
}

const optionKeys = (value: Json): readonly string[] =>
  objectsOf(objectOf(value.selector).options)
    .map(({ key }) => String(key))
    .toSorted();

const optionText = (option: Json): unknown => chineseOf(option.value) || option.key;

/** People and departments by WeCom's own ids. */
function writeContact(value: unknown, control: TemplateControl): Json {
  const ids = (Array.isArray(value) ? value : [value]).map((one: unknown) => {
    if (typeof one !== 'string' && typeof one !== 'number') {
      throw wrong(control, 'takes WeCom’s ids of people or departments');
    }
    return String(one);
  });
  return objectOf(control.config.contact).mode === 'department'
    ? { departments: ids.map((id) => ({ openapi_id: id, name: id })) }
    : { members: ids.map((id) => ({ userid: id, name: id })) };
}

/** Kinds whose values nobody would guess: the business module gives them as WeCom wants them. */
function asGiven(value: unknown, control: TemplateControl): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(control, `is of kind ${control.kind}, and takes the object that WeCom documents for it`);
  }
  return value as Json;
}

const wrong = ({ title, id }: TemplateControl, what: string) => unfit(`The control ${title || id} ${what}`);
