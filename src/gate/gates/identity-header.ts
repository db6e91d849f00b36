import { IsString, ValidateBy } from 'class-validator';
import { field } from '../../http/fields.js';

const maxLength = 64;

/** Headers that mean something else to proxies, to the gate or to HTTP itself, and their beginnings. */
const reserved = new Set([
  'accept',
  'authorization',
  'connection',
  'cookie',
  'date',
  'expect',
  'forwarded',
  'host',
  'idempotency-key',
  'keep-alive',
  'location',
  'origin',
  'range',
  'referer',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'via',
  'x-api-key',
  'x-gate-secret',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-real-ip',
  'x-request-id',
]);
const reservedBeginnings = [
  'accept-',
  'access-control-',
  'content-',
  'if-',
  'proxy-',
  'sec-',
  'x-approval-',
  'x-envoy-',
  'x-forwarded-',
  'x-original-',
];

/**
 * Why a proxy cannot tell in this header who the caller is. No underscore: some servers read `x_user` and `x-user` as
 * the same header, and a client could send the other one.
 * @returns what is wrong, to stand behind the field's name; null when nothing is.
 */
export function whyNoIdentityHeader(name: string): string | null {
  if (name.length > maxLength) return `must be at most ${maxLength} characters`;
  if (!/^[a-z][a-z0-9-]*$/i.test(name)) return 'must be the name of a header: letters, digits and dashes';
  const known = name.toLowerCase();
  return reserved.has(known) || reservedBeginnings.some((beginning) => known.startsWith(beginning))
    ? `must not be ${known}, which has a meaning of its own`
    : null;
}

/** A field for the header in which a proxy tells something of the caller. */
export const IdentityHeader = (options: {
  readonly description: string;
  readonly example: string;
}): PropertyDecorator =>
  field(
    { ...options, optional: true, special: true },
    { type: 'string', maxLength, pattern: '^[A-Za-z][A-Za-z0-9-]*$' },
    IsString(),
    ValidateBy({
      name: 'identityHeader',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && whyNoIdentityHeader(value) === null,
        defaultMessage: (args) => `$property ${whyNoIdentityHeader(String(args?.value)) ?? ''}`,
      },
    }),
  );
