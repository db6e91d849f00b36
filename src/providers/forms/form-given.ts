import type { CallbackGiven, CallbacksGiven } from '../../business-types/form-types.service.js';
import { type FieldError, invalid, Problem } from '../../http/problem.js';
import type { CallbackFields, CreateForm, RelationFields, UpdateForm } from './forms.dto.js';
import type { KeptFields, KeptRelation } from './forms.repository.js';

/** What `relation` and `fields` (text) hold. */
const maxBytes = 65_535;

type Given = Pick<CreateForm | UpdateForm, 'check' | 'execute' | 'relation' | 'field'>;

/** @throws Problem 400 for parts that do not make sense together, all of them at once */
export function refuseNonsense({ check, execute, relation, field }: Given): void {
  const errors = [
    ...withoutUrl('check', check),
    ...withoutUrl('execute', execute),
    ...repeated(
      'relation',
      (relation?.data ?? []).map(({ apiKey }) => apiKey),
    ),
    ...repeated(
      'field',
      (field?.data ?? []).map(({ code }) => code),
    ),
  ];
  if (errors.length === 0) return;
  throw new Problem('validation_failed', errors.map((one) => `${one.field} ${one.message}`).join('; '), {
    errors,
  });
}

function withoutUrl(field: string, given: CallbackFields | undefined): FieldError[] {
  const missing = given?.isOpen === true && !given.url;
  return missing ? [{ field: `${field}.url`, message: `is required while ${field}.isOpen is true` }] : [];
}

const repeated = (field: string, names: readonly string[]): FieldError[] =>
  new Set(names).size === names.length
    ? []
    : [{ field: `${field}.data`, message: 'must not name a field of the business module twice' }];

/** Every address that a form names, by its field. */
export const addressesOf = ({ check, execute, field }: Given): [field: string, url: string][] => [
  ...(check?.url ? [['check.url', check.url] as [string, string]] : []),
  ...(execute?.url ? [['execute.url', execute.url] as [string, string]] : []),
  ...(field?.data ?? []).map(({ url }, index): [string, string] => [`field.data.${index}.url`, url]),
];

export const callbacksOf = ({ check, execute }: Given): CallbacksGiven => ({
  ...(check ? { check: callbackOf(check) } : {}),
  ...(execute ? { execute: callbackOf(execute) } : {}),
});

const callbackOf = ({ isOpen, url, callType }: CallbackFields): CallbackGiven => ({
  url: isOpen ? (url ?? null) : null,
  mode: callType ?? 'sync',
});

export const relationOf = ({ isOpen, data }: RelationFields): KeptRelation => ({
  isOpen,
  data: data.map(({ code, apiKey, control }) => ({
    widget: code,
    apiKey,
    ...(control === undefined ? {} : { control }),
  })),
});

/** A part of a form as its column holds it. @throws Problem 400 for more than that */
export function columnText(field: 'relation' | 'field', part: KeptRelation | KeptFields): string {
  const text = JSON.stringify(part);
  if (Buffer.byteLength(text) > maxBytes) throw invalid(field, `must be at most ${maxBytes} bytes of JSON`);
  return text;
}
