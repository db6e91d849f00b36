import { type ArgumentMetadata, Injectable, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { type FieldError, invalid, Problem } from './problem.js';

const maxDepth = 32;
/** Nest would drop them without a word. */
const reserved = new Set(['__proto__', 'constructor', 'prototype']);

/** Checks every body and query against its DTO: unknown fields, wrong types and over-long values are refused. */
@Injectable()
export class RequestValidation extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      transform: true,
      stopAtFirstError: true,
      exceptionFactory: (errors) => {
        const fields = fieldErrors(errors);
        const detail = fields.map((error) => error.message).join('; ') || 'the request is not valid';
        return new Problem('validation_failed', detail, { errors: fields });
      },
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type !== 'body') return super.transform(value, metadata);
    // A call without a body is one with no fields: `POST …/approve` needs none.
    const body = value ?? {};
    if (typeof body !== 'object' || Array.isArray(body)) throw invalid('body', 'must be a JSON object');
    refuseUnstorable(body);
    return super.transform(body, metadata);
  }
}

/** `steps[0].nodeId must be…`, one entry for each field that is wrong. */
function fieldErrors(errors: readonly ValidationError[], parent = ''): FieldError[] {
  return errors.flatMap((error) => {
    const field =
      parent + (/^\d+$/.test(error.property) ? `[${error.property}]` : `${parent && '.'}${error.property}`);
    const own = Object.values(error.constraints ?? {}).map((message) => ({ field, message }));
    return [...own, ...fieldErrors(error.children ?? [], field)];
  });
}

/**
 * Refuses what JSON can say and the columns cannot hold: half a surrogate pair, a NUL character; and bodies nested so
 * deeply that walking them would exhaust the stack.
 */
function refuseUnstorable(body: unknown): void {
  const open: { value: unknown; depth: number }[] = [{ value: body, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value === 'string') refuseText(value);
    if (typeof value !== 'object' || value === null) continue;
    if (depth === maxDepth) throw invalid('body', `must not be nested deeper than ${maxDepth} levels`);
    for (const [key, inner] of Object.entries(value)) {
      refuseText(key);
      if (reserved.has(key)) throw invalid('body', `must not use the name ${key}, which JavaScript reserves`);
      open.push({ value: inner, depth: depth + 1 });
    }
  }
}

function refuseText(text: string): void {
  if (!text.isWellFormed() || text.includes('\u0000')) {
    throw invalid('body', 'must be well-formed Unicode without NUL characters');
  }
}
