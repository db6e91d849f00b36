import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, type ApiPropertyOptions } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  isISO8601,
  Matches,
  Max,
  Min,
  MinLength,
  ValidateBy,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import ms, { type StringValue } from 'ms';

/**
 * Fields of requests: validation and documentation from one line, so that they cannot disagree. `required` is the
 * default; an optional field may be left out, and given as null where it is `nullable`.
 */
interface FieldOptions {
  readonly optional?: boolean;
  readonly nullable?: boolean;
  readonly description?: string;
  readonly example?: unknown;
  /** For special callers only: documented, but left out of the sample body. */
  readonly special?: boolean;
}

/** Counts characters as the columns do: by code point, so that `❤️` is two (class-validator's MaxLength takes it for one). */
const MaxCharacters = (max: number, each: { readonly each?: true } = {}): PropertyDecorator =>
  ValidateBy(
    {
      name: 'maxLength',
      validator: {
        validate: (text: unknown) =>
          typeof text === 'string' && (text.length <= max || codePoints(text) <= max),
        defaultMessage: () => `$property must be shorter than or equal to ${max} characters`,
      },
    },
    each,
  );

const codePoints = (text: string): number => {
  let count = 0;
  for (const _ of text) count++;
  return count;
};

/** No value twice; by one look at each, for lists may be long. */
const Distinct = (): PropertyDecorator =>
  ValidateBy({
    name: 'distinct',
    validator: {
      validate: (list: unknown) => Array.isArray(list) && new Set(list).size === list.length,
      defaultMessage: () => '$property must not hold a value twice',
    },
  });

/** The JSON as it came: class-transformer's copy lacks keys such as `toString`, which objects have anyway. */
export const Verbatim = (): PropertyDecorator =>
  Transform(({ obj, key }: { obj: Record<string, unknown>; key: string }) => obj[key]);

/** A code of the domain: 1 to `max` characters, no comma (lists of codes are comma-separated), no outer blanks. */
const codePattern = /^(?! )[^,\p{Cc}]+(?<! )$/u;
const codeRule = 'must hold no comma, no control character and no outer blanks';
const codeMessage = `$property ${codeRule}`;

/**
 * The rule of {@link Code} for a text whose meaning another field decides.
 * @returns what is wrong, to stand behind the field's name; null when nothing is.
 */
export function whyNoCode(text: string, max: number): string | null {
  if (text.length > max && codePoints(text) > max) return `must hold codes of at most ${max} characters`;
  return codePattern.test(text) ? null : codeRule;
}

export const Code = (max: number, options: FieldOptions = {}): PropertyDecorator =>
  field(
    options,
    { type: 'string', maxLength: max },
    IsString(),
    MinLength(1),
    MaxCharacters(max),
    Matches(codePattern, { message: codeMessage }),
  );

/** A text that people read, 1 (or 0 when optional) to `max` characters. */
export const Text = (max: number, options: FieldOptions = {}): PropertyDecorator =>
  field(
    options,
    { type: 'string', maxLength: max },
    IsString(),
    MinLength(options.optional ? 0 : 1),
    MaxCharacters(max),
  );

export const OneOf = (values: readonly string[], options: FieldOptions = {}): PropertyDecorator =>
  field(options, { type: 'string', enum: [...values] }, IsIn(values));

export const Flag = (options: FieldOptions = {}): PropertyDecorator =>
  field(options, { type: 'boolean' }, IsBoolean());

export const WholeNumber = (min: number, max: number, options: FieldOptions = {}): PropertyDecorator =>
  field(options, { type: 'integer', minimum: min, maximum: max }, IsInt(), Min(min), Max(max));

/** The same in a query string, where every value arrives as text. */
export const WholeNumberInQuery = (min: number, max: number, options: FieldOptions = {}): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value,
    ),
    WholeNumber(min, max, options),
  );

const durationPattern = /^\d{1,9}(ms|s|m|h|d)$/;

/** A duration as requests and settings write it (`30s`, `2m`, `24h`, `7d`), as seconds; NaN for any other text. */
export const secondsOf = (duration: string): number =>
  durationPattern.test(duration) ? ms(duration as StringValue) / 1000 : Number.NaN;

/** Units of {@link durationText}, largest first, in seconds. */
const durationUnits = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
] as const;

/**
 * Whole seconds as a duration, in the largest unit that says them exactly; a single day is `24h`, as people say it.
 * 90 is `90s`, 7200 is `2h`, 172800 is `2d`.
 */
export function durationText(seconds: number): string {
  const fits = durationUnits.find(
    ([unit, size]) => seconds > 0 && seconds % size === 0 && (unit !== 'd' || seconds > size),
  );
  return fits ? `${seconds / fits[1]}${fits[0]}` : `${seconds}s`;
}

/** A duration of whole seconds, written as in the settings. The limits are durations too. */
export const Duration = (min: string, max: string, options: FieldOptions = {}): PropertyDecorator =>
  field(
    options,
    { type: 'string', pattern: durationPattern.source },
    ValidateBy({
      name: 'duration',
      validator: {
        validate: (value: unknown) => {
          const seconds = typeof value === 'string' ? secondsOf(value) : Number.NaN;
          return Number.isInteger(seconds) && seconds >= secondsOf(min) && seconds <= secondsOf(max);
        },
        defaultMessage: () =>
          `$property must be a duration in whole seconds from ${min} to ${max}, such as 30s, 5m, 24h or 7d`,
      },
    }),
  );

interface ListSize {
  readonly min: number;
  readonly max: number;
  /** Of each item, in characters. */
  readonly length: number;
}

/** A list of different codes. */
export const Codes = (size: ListSize, options: FieldOptions = {}): PropertyDecorator =>
  applyDecorators(Texts(size, options), Matches(codePattern, { each: true, message: codeMessage }));

/** A list of different texts, none of them empty. */
export const Texts = (size: ListSize, options: FieldOptions = {}): PropertyDecorator =>
  field(
    options,
    {
      type: 'array',
      items: { type: 'string', maxLength: size.length },
      minItems: size.min,
      maxItems: size.max,
    },
    IsArray(),
    ArrayMinSize(size.min),
    ArrayMaxSize(size.max),
    Distinct(),
    IsString({ each: true }),
    MinLength(1, { each: true }),
    MaxCharacters(size.length, { each: true }),
  );

/** A date and time in answers. */
export const Moment = (options: FieldOptions = {}): PropertyDecorator =>
  ApiProperty({
    type: 'string',
    format: 'date-time',
    example: '2026-11-22T08:30:00.000Z',
    ...documented(options),
  });

/** With a zone and four digits of a year: what a `datetime` column can hold, whatever the zone. */
const momentPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** A date and time in requests: ISO 8601 with its zone, which nobody has to guess. */
export const MomentGiven = (options: FieldOptions = {}): PropertyDecorator =>
  field(
    options,
    { type: 'string', format: 'date-time' },
    ValidateBy({
      name: 'moment',
      validator: {
        validate: (text: unknown) =>
          typeof text === 'string' &&
          momentPattern.test(text) &&
          isISO8601(text, { strict: true, strictSeparator: true }) &&
          /^[12]\d{3}$/.test(String(new Date(text).getUTCFullYear())),
        defaultMessage: () =>
          '$property must be a date and time with its zone, such as 2026-11-22T08:30:00Z or 2026-11-22T16:30:00+08:00',
      },
    }),
  );

/** Any field with its own validators. */
export function field(
  options: FieldOptions,
  schema: ApiPropertyOptions,
  ...validators: PropertyDecorator[]
): PropertyDecorator {
  const documentation = { ...schema, ...documented(options) };
  const presence = options.nullable
    ? [IsOptional()]
    : // Left out is fine, null is not: a null would pass every validator behind IsOptional.
      options.optional
      ? [ValidateIf((_object: unknown, value: unknown) => value !== undefined)]
      : [];
  return applyDecorators(
    (options.optional ? ApiPropertyOptional : ApiProperty)(documentation),
    ...presence,
    ...validators,
  );
}

const documented = ({ nullable, description, example, special }: FieldOptions) => ({
  ...(nullable ? { nullable } : {}),
  ...(description === undefined ? {} : { description }),
  ...(example === undefined ? {} : special ? { examples: [example] } : { example }),
});

/** A list of nested objects, each checked against its own class. */
export const ListOf = (
  type: () => abstract new () => object,
  size: { readonly min: number; readonly max: number },
  options: FieldOptions = {},
): PropertyDecorator =>
  field(
    options,
    // Swagger knows a lazy type by its name, so this function must be called `type`.
    { type: () => type() as never, isArray: true, minItems: size.min, maxItems: size.max },
    IsArray(),
    ArrayMinSize(size.min),
    ArrayMaxSize(size.max),
    // ValidateNested looks into lists within the list, and would take them for items.
    ValidateBy(
      {
        name: 'notListed',
        validator: {
          validate: (item: unknown) => !Array.isArray(item),
          defaultMessage: () => 'each item of $property must be an object',
        },
      },
      { each: true },
    ),
    ValidateNested({ each: true }),
    Type(type),
  );

/** A nested object, checked against its own class. */
export const Nested = (
  type: () => abstract new () => object,
  options: FieldOptions = {},
): PropertyDecorator =>
  field(
    options,
    { type: () => type() as never },
    // ValidateNested looks into a list, and would be content with an empty one.
    ValidateBy({
      name: 'notListed',
      validator: {
        validate: (value: unknown) => !Array.isArray(value),
        defaultMessage: () => '$property must be an object',
      },
    }),
    ValidateNested(),
    Type(type),
  );
