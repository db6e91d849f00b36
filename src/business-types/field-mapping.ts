import { applyDecorators } from '@nestjs/common';
import { ValidateBy } from 'class-validator';
import { field, Verbatim } from '../http/fields.js';

const maxEntries = 200;
const maxLength = 128;
/** What `field_mapping` (text) holds. */
const maxBytes = 65_535;

/** Name of an order's variable → name under which the callback sends it. */
export type FieldMapping = Readonly<Record<string, string>>;

/** @returns why a value is no field mapping, to stand behind the field's name; null when it is one. */
export function whyNoFieldMapping(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be an object';
  const entries = Object.entries(value);
  if (entries.length > maxEntries) return `must hold at most ${maxEntries} entries`;
  const names = entries.flat() as unknown[];
  if (!names.every((name) => typeof name === 'string' && isName(name))) {
    return `must map names to names, each of 1 to ${maxLength} characters`;
  }
  if (Buffer.byteLength(JSON.stringify(value)) > maxBytes) return `must be at most ${maxBytes} bytes of JSON`;
  return null;
}

const isName = (text: string): boolean => text.length >= 1 && text.length <= maxLength;

/** A field for a mapping; null takes it away. */
export const FieldMappingField = (options: {
  description: string;
  example: FieldMapping;
}): PropertyDecorator =>
  applyDecorators(
    Verbatim(),
    field(
      { ...options, optional: true, nullable: true },
      {
        type: 'object',
        additionalProperties: { type: 'string', minLength: 1, maxLength },
        maxProperties: maxEntries,
      },
      ValidateBy({
        name: 'fieldMapping',
        validator: {
          validate: (value: unknown) => whyNoFieldMapping(value) === null,
          defaultMessage: (args) => `$property ${whyNoFieldMapping(args?.value) ?? ''}`,
        },
      }),
    ),
  );
