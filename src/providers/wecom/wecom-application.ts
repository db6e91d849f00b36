import type { ApprovalAsk } from '../provider.port.js';
import { controlNamed, type TemplateControl, unfit } from './wecom-template.js';
import { filledThere, valueFor } from './wecom-values.js';

type Json = Readonly<Record<string, unknown>>;

/** The API key under which a relation asks for the key of the approval (requirement 001 calls it so). */
const keyField = 'ticket_id';

/** WeCom shows three rows of twenty characters. */
const rowLength = 20;

/** One filled-in control. */
export interface Content {
  readonly control: string;
  readonly id: string;
  readonly value: Json;
}

/** The contents of an application, and which of its controls holds the ask's key; null when the relation names none. */
export interface Filled {
  readonly contents: readonly Content[];
  readonly keyControl: string | null;
}

/**
 * Fills the controls in that the form's relation names.
 * @throws ProviderFailure, permanent, for a control that does not exist, a value that does not fit, or a required control
 * without one
 */
export function fill(ask: ApprovalAsk, controls: readonly TemplateControl[]): Filled {
  let keyControl: string | null = null;
  const contents: Content[] = [];
  for (const { widget, apiKey } of ask.form?.relation ?? []) {
    const control = controlNamed(controls, widget);
    const value = apiKey === keyField ? ask.key : fieldOf(ask, apiKey);
    if (value === undefined || value === null || value === '') continue;
    const written = valueFor(control, value);
    if (written === null) continue;
    if (apiKey === keyField) keyControl = control.id;
    contents.push({ control: control.kind, id: control.id, value: written });
  }
  const missing = controls.filter(
    ({ required, id, kind }) =>
      required && !filledThere.has(kind) && !contents.some((content) => content.id === id),
  );
  if (missing.length > 0) {
    const names = missing.map(({ title, id }) => `${title} (${id})`).join(', ');
    throw unfit(`The template requires a value for ${names}: the relation names none, or the order has none`);
  }
  return { contents, keyControl };
}

/**
 * What people see of it in lists and messages: what it is about, and at last the end of the key, by which it is found
 * again.
 */
export function summaryOf({ title, remark, businessKey, businessType, key }: ApprovalAsk): Json[] {
  const rows = [title ?? businessType, businessKey ?? remark, keyTail(key)];
  return rows
    .map((row) =>
      Array.from((row ?? '').replaceAll(/\s+/g, ' ').trim())
        .slice(0, rowLength)
        .join(''),
    )
    .filter((row) => row !== '')
    .map((text) => ({ summary_info: [{ text, lang: 'zh_CN' }] }));
}

/** As much of a key as a row of the summary holds: its end, which differs most. */
export const keyTail = (key: string): string => key.slice(-rowLength);

const fieldOf = ({ fields }: ApprovalAsk, apiKey: string): unknown =>
  Object.hasOwn(fields, apiKey) ? fields[apiKey] : undefined;
