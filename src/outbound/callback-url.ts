import { IsString, ValidateBy } from 'class-validator';
import { field } from '../http/fields.js';

const maxLength = 2048;

/**
 * Why a text cannot be the address of a callback: `http` or `https` only, a host, no more than the column holds, and no
 * user or password, which would end in logs and in what the API shows. Whether the address may be reached is decided when it is called.
 * @returns what is wrong, to stand behind the field's name; null when nothing is.
 */
export function whyNoCallbackUrl(text: string): string | null {
  // Before the parser, which forgives blanks and missing slashes: what is stored is what will be called.
  if (!/^https?:\/\/[^\s\\]+$/i.test(text)) return 'must be a URL that begins with http:// or https://';
  if (text.length > maxLength) return `must be at most ${maxLength} characters`;
  if (!URL.canParse(text)) return 'must be a URL with a host';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'must hold neither user nor password';
  return null;
}

/** A field for an address that is called back; null takes it away where the field is `nullable`. */
export const CallbackUrl = ({
  required = false,
  ...options
}: {
  readonly description: string;
  readonly example: string;
  readonly nullable?: boolean;
  readonly special?: boolean;
  readonly required?: boolean;
}): PropertyDecorator =>
  field(
    { ...options, optional: !required },
    { type: 'string', format: 'uri', maxLength },
    IsString(),
    ValidateBy({
      name: 'callbackUrl',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && whyNoCallbackUrl(value) === null,
        defaultMessage: (args) => `$property ${whyNoCallbackUrl(String(args?.value)) ?? ''}`,
      },
    }),
  );
