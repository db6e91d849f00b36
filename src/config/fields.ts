import ms, { type StringValue } from 'ms';
import { z } from 'zod';

/** Kinds of values that settings have. Messages say what a value must be and never repeat it. */

export const integer = (min: number, max: number) =>
  z.string().transform((value, context) => {
    const number = /^\d{1,12}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    context.addIssue({ code: 'custom', message: `must be a whole number from ${min} to ${max}` });
    return z.NEVER;
  });

/** A duration such as `500ms`, `5s`, `2m`, `1h`, `7d`, as milliseconds. */
export const duration = () =>
  z.string().transform((value, context) => {
    const given = /^\d{1,9}(ms|s|m|h|d)$/.test(value) ? ms(value as StringValue) : Number.NaN;
    if (given > 0) return given;
    context.addIssue({ code: 'custom', message: 'must be a duration such as 500ms, 5s, 2m or 1h' });
    return z.NEVER;
  });

export const flag = () =>
  z.string().transform((value, context) => {
    if (value === 'true' || value === '1') return true;
    if (value === 'false' || value === '0') return false;
    context.addIssue({ code: 'custom', message: 'must be true or false' });
    return z.NEVER;
  });

export const url = () =>
  z.string().refine((value) => {
    try {
      return ['http:', 'https:'].includes(new URL(value).protocol);
    } catch {
      return false;
    }
  }, 'must be an http or https URL');

export const hostList = () =>
  z
    .string()
    .transform((value) => value.split(',').map((part) => part.trim()))
    .pipe(z.array(z.string().regex(/^[\w.:[\]-]+(\/\d{1,3})?$/, 'must be hosts or CIDRs, comma-separated')));
