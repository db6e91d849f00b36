import { IsString, ValidateBy } from 'class-validator';
import { field } from '../../http/fields.js';
import { whyNoCallbackUrl } from '../../outbound/callback-url.js';

const maxLength = 2048;

/**
 * Why a text cannot be the address of a system behind the gate: `http` or `https`, a host, and the beginning of a path
 * that can be read in one way only, for the paths of requests are put behind it.
 * @returns what is wrong, to stand behind the field's name; null when nothing is.
 */
export function whyNoUpstream(text: string): string | null {
  const unfit = whyNoCallbackUrl(text);
  if (unfit !== null) return unfit;
  const [, path] = /^https?:\/\/[^/?#]+(\/[^?#]*)?$/i.exec(text) ?? [text];
  if (/[?#]/.test(text)) return 'must hold neither query nor fragment';
  if (!/^https?:\/\/[^/]/i.test(text)) return 'must be a URL with a host';
  if (path !== undefined && isAmbiguous(path)) {
    return 'must hold a path without empty segments, dot segments and encoded slashes';
  }
  return upstreamOf(text).length > maxLength ? `must be at most ${maxLength} characters` : null;
}

const isAmbiguous = (path: string): boolean =>
  path.includes('//') || /%(2f|5c|00)/i.test(path) || /\/(\.|%2e){1,2}(\/|$)/i.test(path);

/** An upstream as it is stored: as URLs are written, and without a slash at the end. */
export function upstreamOf(text: string): string {
  const { origin, pathname } = new URL(text);
  return origin + (pathname.endsWith('/') ? pathname.slice(0, -1) : pathname);
}

/** A field for the address of a system behind the gate; null takes it away. */
export const Upstream = (options: {
  readonly description: string;
  readonly example: string;
  readonly special?: boolean;
}): PropertyDecorator =>
  field(
    { ...options, optional: true, nullable: true },
    { type: 'string', format: 'uri', maxLength },
    IsString(),
    ValidateBy({
      name: 'upstream',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && whyNoUpstream(value) === null,
        defaultMessage: (args) => `$property ${whyNoUpstream(String(args?.value)) ?? ''}`,
      },
    }),
  );
