import { Schemas, Types } from 'scimmy';
import { collectionKinds } from '../../directory/directory-search.service.js';
import { wrongValue } from './scim.problem.js';

const { Attribute, SchemaDefinition } = Types;

export const userSchema = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const enterpriseSchema = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
export const groupSchema = 'urn:ietf:params:scim:schemas:core:2.0:Group';
/** What a group is besides its name and members; our own. */
export const directorySchema = 'urn:approval:scim:schemas:extension:directory:2.0:Group';

const listed = (description: string) => [
  new Attribute('string', 'value', { description }),
  new Attribute('string', 'display', { description: 'What people read.' }),
  new Attribute('string', 'type', { description: 'What the value is for.' }),
  new Attribute('boolean', 'primary', { description: 'Whether it is the first choice.' }),
];

/** What is kept of a person. The other attributes of RFC 7643 are accepted and not kept. */
const user = new SchemaDefinition('User', userSchema, 'A person of the directory.', [
  new Attribute('string', 'userName', {
    required: true,
    caseExact: true,
    mutable: 'immutable',
    uniqueness: 'server',
    description: "The user's code, as tokens name it (`sub`): up to 64 characters without a comma.",
  }),
  new Attribute('string', 'displayName', { description: 'What people read; up to 128 characters.' }),
  new Attribute('complex', 'name', { description: 'Read when there is no displayName.' }, [
    new Attribute('string', 'formatted', { description: 'The whole name.' }),
    new Attribute('string', 'givenName', { description: 'Read when there is no whole name.' }),
    new Attribute('string', 'familyName', { description: 'Read when there is no whole name.' }),
  ]),
  new Attribute('boolean', 'active', { description: 'Whether the person may act.' }),
  new Attribute(
    'complex',
    'emails',
    { multiValued: true, description: 'One is kept: the primary, else that of type work, else the first.' },
    listed('An e-mail address.'),
  ),
  new Attribute(
    'complex',
    'roles',
    { multiValued: true, description: 'The roles, as templates name them.' },
    listed("A role's code."),
  ),
  new Attribute(
    'complex',
    'groups',
    { multiValued: true, mutable: false, direction: 'out', description: 'What gathers the person.' },
    [
      new Attribute('string', 'value', { mutable: false, direction: 'out', description: "The group's id." }),
      new Attribute('reference', '$ref', {
        mutable: false,
        direction: 'out',
        referenceTypes: ['Group'],
        description: 'Where it is read.',
      }),
      new Attribute('string', 'display', { mutable: false, direction: 'out', description: 'Its name.' }),
      new Attribute('string', 'type', { mutable: false, direction: 'out', description: 'Always direct.' }),
    ],
  ),
]);

const enterprise = new SchemaDefinition('EnterpriseUser', enterpriseSchema, 'Where a person works.', [
  new Attribute('string', 'department', { caseExact: true, description: "The department's code." }),
]);

const group = new SchemaDefinition('Group', groupSchema, 'A group, role, team or department.', [
  new Attribute('string', 'displayName', {
    required: true,
    description: 'What people read; up to 128 characters.',
  }),
  new Attribute('complex', 'members', { multiValued: true, description: 'Whom it gathers.' }, [
    new Attribute('string', 'value', {
      mutable: 'immutable',
      caseExact: true,
      description: "A person's id.",
    }),
    new Attribute('string', 'display', { mutable: 'immutable', description: 'Not kept.' }),
    new Attribute('string', 'type', {
      mutable: 'immutable',
      description: 'User; groups in groups are refused.',
    }),
    new Attribute('reference', '$ref', {
      mutable: 'immutable',
      referenceTypes: ['User'],
      description: 'Where the person is read.',
    }),
  ]),
]);

const directory = new SchemaDefinition(
  'DirectoryGroup',
  // scimmy takes none but IETF's names here; the name that we gave it follows.
  `${groupSchema}:Directory`,
  'What a group is in the directory.',
  [
    new Attribute('string', 'kind', {
      mutable: 'immutable',
      description: `${collectionKinds.join(', ')}. Left out: usergroup.`,
    }),
    new Attribute('string', 'code', {
      mutable: 'immutable',
      caseExact: true,
      description:
        'What templates call it (a team: its accCode). Left out: the displayName, when it can be a code.',
    }),
    new Attribute('string', 'accCode', {
      mutable: 'immutable',
      caseExact: true,
      description: 'The team that owns it. Absent: the platform.',
    }),
    new Attribute('string', 'parent', { caseExact: true, description: 'The code of the department above.' }),
    new Attribute('string', 'leaders', {
      multiValued: true,
      caseExact: true,
      description: "The department's leader; one at most.",
    }),
  ],
);
directory.id = directorySchema;
user.extend(enterprise);
group.extend(directory);

export type Resource = 'User' | 'Group';

/** Extensions under short names: in their own, dots and colons mean other things to whoever reads paths. */
export const extensionOf = {
  User: { id: enterpriseSchema, alias: 'enterprise' },
  Group: { id: directorySchema, alias: 'directory' },
} as const;

const kept = { User: user, Group: group };
/** What RFC 7643 knows besides: accepted, so that no identity provider needs another mapping for our sake. */
const known = { User: Schemas.User.definition, Group: Schemas.Group.definition };

/** One attribute by its path, in whatever case. */
export interface FoundAttribute {
  /** As the schema spells it. */
  readonly name: string;
  readonly multiValued: boolean;
  readonly isBoolean: boolean;
  readonly isComplex: boolean;
  readonly readOnly: boolean;
  /** Whether anything is done with it. */
  readonly kept: boolean;
}

/** The attribute of a core schema, or of its extension; null when no schema has it. */
export function attributeOf(resource: Resource, extension: boolean, path: string): FoundAttribute | null {
  const own = extension ? (resource === 'User' ? enterprise : directory) : kept[resource];
  const other = extension
    ? resource === 'User'
      ? Schemas.EnterpriseUser.definition
      : null
    : known[resource];
  return foundIn(own, path, true) ?? (other ? foundIn(other, path, false) : null);
}

function foundIn(
  definition: InstanceType<typeof SchemaDefinition>,
  path: string,
  isKept: boolean,
): FoundAttribute | null {
  try {
    const { name, type, config } = definition.attribute(path);
    return {
      name,
      multiValued: config.multiValued === true,
      isBoolean: type === 'boolean',
      isComplex: type === 'complex',
      readOnly: config.mutable === false,
      kept: isKept,
    };
  } catch {
    return null;
  }
}

/**
 * A resource as it came, reduced to what is kept, in the spelling of the schemas.
 * @throws ScimProblem 400 invalidValue for a value of the wrong type, or a required one that is missing
 */
export function coerced(resource: Resource, body: object): Record<string, unknown> {
  try {
    return JSON.parse(JSON.stringify(kept[resource].coerce(body, 'in'))) as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof TypeError) && !(error instanceof Types.Error)) throw error;
    throw wrongValue('the resource', `cannot be read: ${error.message}`);
  }
}

/** The schemas as `/Schemas` tells them. */
export const describedSchemas = (base: string): readonly { readonly id: string }[] =>
  [user, enterprise, group, directory].map((definition) => ({
    ...(JSON.parse(JSON.stringify(definition.describe(`${base}/Schemas`))) as { id: string }),
  }));
