import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { scimType } from './scim.problem.js';
import { directorySchema, enterpriseSchema, groupSchema, userSchema } from './scim.schemas.js';

const meta = (type: string, path: string) => ({
  resourceType: type,
  created: '2026-11-22T08:30:00.000Z',
  lastModified: '2026-11-22T08:30:00.000Z',
  location: `https://approvals.example.com/scim/v2/${path}`,
  version: 'W/"3f1d0c8a9b7e6d5c4f3a"',
});

const user = {
  schemas: [userSchema, enterpriseSchema],
  externalId: '0f3b1c9e-52a7-4c55-9a35-0a2f1c1b2a30',
  userName: 'ann',
  displayName: '安娜',
  active: true,
  emails: [{ value: 'ann@example.com', type: 'work', primary: true }],
  roles: [{ value: 'auditor' }],
  [enterpriseSchema]: { department: 'fin' },
};
const group = {
  schemas: [groupSchema, directorySchema],
  displayName: 'finance',
  members: [{ value: 'ann' }],
  [directorySchema]: { kind: 'usergroup', code: 'finance' },
};

/** The examples that the document shows. */
export const examples = {
  User: {
    sent: user,
    shown: { ...user, id: 'ann', name: { formatted: '安娜' }, meta: meta('User', 'Users/ann') },
    patch: {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [
        { op: 'replace', path: 'emails[type eq "work"].value', value: 'ann@new.example.com' },
        { op: 'Replace', path: 'active', value: 'False' },
      ],
    },
  },
  Group: {
    sent: group,
    shown: { ...group, id: 'usergroup,t1,finance', meta: meta('Group', 'Groups/usergroup%2Ct1%2Cfinance') },
    patch: {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [
        { op: 'add', path: 'members', value: [{ value: 'bob' }] },
        { op: 'remove', path: 'members[value eq "ann"]' },
      ],
    },
  },
} as const;

const object = { type: 'object' as const };

/** An answer in SCIM's media type. */
export const ScimAnswer = (status: number, description: string, example: unknown): MethodDecorator =>
  ApiResponse({ status, description, content: { [scimType]: { schema: object, example } } });

/** A body in SCIM's media type, or as plain JSON. */
export const ScimBody = (example: unknown): MethodDecorator =>
  ApiBody({
    required: true,
    schema: { ...object, example },
    description: `\`${scimType}\`, or \`application/json\`.`,
  });

/** The errors of a route; in SCIM's own words, with the status as a text. */
export const ScimErrors = (...statuses: readonly number[]): MethodDecorator =>
  applyDecorators(
    ...[...statuses, 401, 403, 429, 503].map((status) =>
      ScimAnswer(status, errors[status] ?? '', {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
        status: String(status),
        ...(keywords[status] ? { scimType: keywords[status] } : {}),
        detail: errors[status] ?? '',
      }),
    ),
  );

const errors: Readonly<Record<number, string>> = {
  400: 'The request cannot be carried out as it is.',
  401: 'Who is calling is not known.',
  403: 'Not allowed.',
  404: 'It does not exist, for this caller.',
  409: 'There is one already, or it is still in use.',
  412: 'It is at another version than If-Match says.',
  429: 'Too many requests.',
  501: 'Not offered.',
  503: 'The service cannot answer right now.',
};
const keywords: Readonly<Record<number, string>> = { 400: 'invalidValue', 409: 'uniqueness' };

/** Which attributes an answer shows. */
export const ShownQuery = (): MethodDecorator =>
  applyDecorators(
    ApiQuery({
      name: 'attributes',
      required: false,
      description: 'Only these, comma-separated.',
      type: String,
    }),
    ApiQuery({
      name: 'excludedAttributes',
      required: false,
      description: 'All but these, comma-separated.',
      type: String,
      example: 'members',
    }),
  );

/** Which page of which resources. */
export const ListQueries = (filter: string): MethodDecorator =>
  applyDecorators(
    ApiQuery({
      name: 'filter',
      required: false,
      description: 'RFC 7644, 3.4.2.2.',
      type: String,
      example: filter,
    }),
    ApiQuery({ name: 'startIndex', required: false, description: 'From 1.', type: Number, example: 1 }),
    ApiQuery({
      name: 'count',
      required: false,
      description: 'As many as a page holds at most.',
      type: Number,
    }),
    ShownQuery(),
  );
