import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, isEmail, IsIn, ValidateBy } from 'class-validator';
import { field, whyNoCode } from '../http/fields.js';
import { noticeTypes } from './notice.js';
import { personPrefix, recipientWords } from './recipients.js';

const maxAddress = 254;
const maxUserCode = 64;
const maxRecipients = 50;

/** Different events, one at least. */
export const NoticeTypes = (options: { description: string; example: string[] }): PropertyDecorator =>
  field(
    options,
    {
      type: 'array',
      items: { type: 'string', enum: [...noticeTypes] },
      minItems: 1,
      maxItems: noticeTypes.length,
      uniqueItems: true,
    },
    IsArray(),
    ArrayMinSize(1),
    ArrayUnique(),
    IsIn(noticeTypes, { each: true }),
  );

/**
 * Whether a text is one of the words, `user:` and a code, or one plain address. Commas and quotes, which addresses may hold, are refused:
 * the column keeps a list, and a mail goes to one mailbox.
 */
export const isRecipient = (value: unknown): boolean =>
  typeof value === 'string' &&
  ((recipientWords as readonly string[]).includes(value) ||
    isPerson(value) ||
    (value.length <= maxAddress && /^[^\s\p{Cc}",;:<>()[\]\\]+$/u.test(value) && isEmail(value)));

const isPerson = (value: string): boolean =>
  value.startsWith(personPrefix) &&
  value.length > personPrefix.length &&
  whyNoCode(value.slice(personPrefix.length), maxUserCode) === null;

/** Different recipients, one at least. */
export const RecipientList = (options: {
  description: string;
  example: string[];
  special: true;
}): PropertyDecorator =>
  field(
    { ...options, optional: true },
    {
      type: 'array',
      items: { type: 'string', maxLength: maxAddress },
      minItems: 1,
      maxItems: maxRecipients,
      uniqueItems: true,
    },
    IsArray(),
    ArrayMinSize(1),
    ArrayMaxSize(maxRecipients),
    ArrayUnique(),
    ValidateBy(
      {
        name: 'recipient',
        validator: {
          validate: isRecipient,
          defaultMessage: () =>
            `each of $property must be ${recipientWords.join(', ')}, ${personPrefix}<user code> or an e-mail address`,
        },
      },
      { each: true },
    ),
  );
