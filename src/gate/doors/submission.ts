import { METHODS } from 'node:http';
import { z } from 'zod';
import { Problem } from '../../http/problem.js';
import type { HeaderFields, OriginalRequest } from '../reading/original.js';
import { dashed } from '../reading/wire.js';
import type { Told } from './callers.js';

/** A request that some program describes instead of sending it (`POST /gate/:key/submit`). */
export interface Submission {
  readonly original: OriginalRequest;
  readonly body: Buffer;
  readonly told: Told;
}

const fieldName = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;
/** What can stand in a header: bytes, which are written here as characters up to U+00FF. */
const fieldValue = z
  .string()
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'must hold no line breaks, and no characters beyond U+00FF');

/** Members that are not known are refused: a mistyped `body` would be approved as an empty one. */
const submitted = z.strictObject({
  method: z
    .string()
    .toUpperCase()
    .refine((method) => METHODS.includes(method) && method !== 'CONNECT', 'must be a method of HTTP'),
  url: z
    .string()
    .max(16_384)
    .regex(/^\/[\x21\x22\x24-\xff]*$/, 'must be a path that begins with a slash, with its query, encoded'),
  host: z
    .string()
    .max(255)
    .regex(/^[^\s/\\@?#,\x7f-\uffff]*$/, 'must be a host, with or without a port')
    .optional(),
  headers: z
    .record(
      z.string().regex(fieldName, 'must be the name of a header'),
      z.union([fieldValue, z.array(fieldValue)]),
    )
    .optional(),
  body: z.string().optional(),
  bodyBase64: z.base64().optional(),
  userCode: z.string().optional(),
  accCode: z.string().optional(),
});

/**
 * Reads a submission.
 * @param limit bytes that the described request's body may have
 * @throws Problem 400 naming the wrong fields; 413 for a body that is too large
 */
export function readSubmission(json: Buffer, limit: number): Submission {
  const parsed = submitted.safeParse(parse(json));
  if (!parsed.success) throw wrong(parsed.error.issues.map(({ path, message }) => [path.join('.'), message]));
  const { method, url, host = '', headers = {}, body, bodyBase64, userCode, accCode } = parsed.data;
  if (body !== undefined && bodyBase64 !== undefined)
    throw wrong([['bodyBase64', 'cannot stand beside body']]);
  const bytes = Buffer.from(bodyBase64 ?? body ?? '', bodyBase64 === undefined ? 'utf8' : 'base64');
  if (bytes.length > limit) {
    throw new Problem(
      'payload_too_large',
      `a request that may need approval can have a body of ${limit} bytes`,
    );
  }
  const mark = url.indexOf('?');
  return {
    original: {
      method,
      host: host.toLowerCase(),
      path: mark === -1 ? url : url.slice(0, mark),
      query: mark === -1 ? '' : url.slice(mark + 1),
      headers: fieldsOf(headers),
    },
    body: bytes,
    told: { userCode, accCode },
  };
}

function parse(json: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch {
    throw wrong([['body', 'must be JSON in UTF-8']]);
  }
}

/** Only the gate may set these: the system behind it believes them. */
const onlyTheGates = new Set(['x-gate-secret', 'x-approval-request-id']);

const fieldsOf = (headers: Readonly<Record<string, string | string[]>>): HeaderFields =>
  Object.entries(headers)
    .flatMap(([name, values]) => [values].flat().map((value) => [name.toLowerCase(), value.trim()] as const))
    .filter(([name]) => !onlyTheGates.has(dashed(name)));

function wrong(fields: readonly (readonly [field: string, message: string])[]): Problem {
  const errors = fields.map(([path, message]) => {
    const field = path === '' ? 'body' : path;
    return { field, message: `${field} ${message}` };
  });
  return new Problem('validation_failed', errors.map(({ message }) => message).join('; '), { errors });
}
