import { ValidateBy } from 'class-validator';
import { field, Verbatim, whyNoCode } from '../http/fields.js';

const maxPeople = 200;

/** User codes: one list, or lists by stage. */
export const Chosen = (): PropertyDecorator => (target, property) => {
  field(
    {
      optional: true,
      description:
        'Whom the applicant chooses, for stages that leave the choice: a list when there is one such stage, else lists by stage number (or node id).',
      example: { '2': ['u1'] },
      special: true,
    },
    {
      oneOf: [
        { type: 'array', items: { type: 'string' } },
        { type: 'object', additionalProperties: { type: 'array', items: { type: 'string' } } },
      ],
    },
    ValidateBy({
      name: 'chosenApprovers',
      validator: {
        validate: (value: unknown) =>
          isCodes(value) ||
          (typeof value === 'object' &&
            value !== null &&
            !Array.isArray(value) &&
            Object.keys(value).length <= 255 &&
            Object.values(value).every(isCodes)),
        defaultMessage: () =>
          `$property must be a list of at most ${maxPeople} user codes, or an object of such lists by stage number`,
      },
    }),
  )(target, property);
  Verbatim()(target, property);
};

const isCodes = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length <= maxPeople &&
  value.every((code) => typeof code === 'string' && whyNoCode(code, 64) === null);
