import { ApiProperty } from '@nestjs/swagger';
import { IsEmail, Matches, ValidateBy } from 'class-validator';
import { Code, Codes, field, Flag, ListOf, OneOf, Text } from '../../http/fields.js';

const most = 20_000;

class ImportUser {
  @Code(64, { example: 'ann' })
  userCode: string;

  @Text(128, { example: '安娜' })
  name: string;

  @Code(64, {
    optional: true,
    nullable: true,
    description:
      "The team, in an import of the whole installation. Null: none. Left out: unchanged, at first the document's.",
    example: 't1',
    special: true,
  })
  accCode?: string | null;

  @Codes(
    { min: 0, max: 20, length: 64 },
    { optional: true, description: 'Left out: unchanged.', example: ['auditor'] },
  )
  roles?: string[];

  @Code(64, {
    optional: true,
    nullable: true,
    description: 'Left out: unchanged; null: none.',
    example: 'fin',
  })
  department?: string | null;

  @field(
    {
      optional: true,
      nullable: true,
      description: 'Left out: unchanged; null: none.',
      example: 'ann@example.com',
    },
    { type: 'string', format: 'email', maxLength: 254 },
    IsEmail(),
  )
  email?: string | null;

  @Flag({ optional: true, description: 'Left out: true at first, unchanged later.' })
  active?: boolean;
}

class ImportGroup {
  @Code(64, { example: 'finance' })
  @Matches(/^[^/]*$/, { message: '$property must hold no slash' })
  code: string;

  @Text(128, { example: '财务部' })
  name: string;

  @Codes(
    { min: 0, max: most, length: 64 },
    { optional: true, description: 'All of them; left out: unchanged.', example: ['ann'] },
  )
  members?: string[];
}

class ImportDepartment {
  @Code(64, { example: 'fin' })
  code: string;

  @Text(128, { example: '财务部' })
  name: string;

  @Code(64, { optional: true, nullable: true, description: 'Null or left out: none.', example: null })
  parent?: string | null;

  @Code(64, { optional: true, nullable: true, description: 'Null or left out: nobody.', example: 'ann' })
  leader?: string | null;
}

/** A whole number, or a time: later is larger. */
const Stamp = (): PropertyDecorator =>
  field(
    {
      description:
        'Which version of the source this is: a whole number, or an ISO 8601 time with its zone. Larger is newer.',
      example: '2026-11-22T08:30:00Z',
    },
    {
      oneOf: [
        { type: 'integer', minimum: 0 },
        { type: 'string', format: 'date-time' },
      ],
    },
    ValidateBy({
      name: 'stamp',
      validator: {
        validate: (value: unknown) => stampOf(value) !== null,
        defaultMessage: () =>
          '$property must be a whole number from 0 on, or a time with its zone, such as 2026-11-22T08:30:00Z',
      },
    }),
  );

const time = /^[12]\d{3}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** A version as a number to compare by, times as milliseconds since 1970; null for what is none. */
export function stampOf(version: unknown): number | null {
  if (typeof version === 'number') return Number.isSafeInteger(version) && version >= 0 ? version : null;
  if (typeof version !== 'string' || !time.test(version)) return null;
  const moment = Date.parse(version);
  return Number.isNaN(moment) || moment < 0 ? null : moment;
}

export class ImportDirectory {
  @Code(64, {
    description: 'Where the document comes from; each source has versions of its own.',
    example: 'hr',
  })
  @Matches(/^[^/]*$/, { message: '$property must hold no slash' })
  source: string;

  @Stamp()
  version: number | string;

  @OneOf(['merge', 'replace'], {
    optional: true,
    description:
      '`merge` (the default): what is not named stays as it is. `replace`: people of this source who are not named become inactive, and its groups and departments that are not named are deleted; a list that is left out altogether says nothing.',
    example: 'merge',
  })
  mode?: 'merge' | 'replace';

  @Flag({ optional: true, description: 'Only tells what would be done.', example: false })
  dryRun?: boolean;

  @Flag({
    optional: true,
    description: 'Also when more than a quarter of the people of this source would become inactive.',
    example: false,
    special: true,
  })
  force?: boolean;

  @Code(64, {
    optional: true,
    description: 'Whose directory it is, for who keeps the whole installation; left out: the platform.',
    example: 't1',
    special: true,
  })
  accCode?: string;

  @ListOf(
    () => ImportUser,
    { min: 0, max: most },
    { optional: true, example: [{ userCode: 'ann', name: '安娜' }] },
  )
  users?: ImportUser[];

  @ListOf(
    () => ImportGroup,
    { min: 0, max: most },
    { optional: true, example: [{ code: 'finance', name: '财务部', members: ['ann'] }] },
  )
  groups?: ImportGroup[];

  @ListOf(
    () => ImportDepartment,
    { min: 0, max: most },
    { optional: true, example: [{ code: 'fin', name: '财务部', leader: 'ann' }] },
  )
  departments?: ImportDepartment[];
}

class Deactivated {
  @ApiProperty({ example: 'bob' })
  userCode: string;

  @ApiProperty({ description: 'On how many steps of orders it is their turn now.', example: 2 })
  openSeats: number;
}

class Skipped {
  @ApiProperty({ enum: ['users', 'groups', 'departments'], example: 'users' })
  list: string;

  @ApiProperty({ description: 'Where in the list.', example: 3 })
  index: number;

  @ApiProperty({ example: 'eve' })
  code: string;

  @ApiProperty({
    enum: ['of_another_team', 'kept_by_another'],
    description: 'The code is taken in another team; or SCIM or another import keeps it.',
    example: 'of_another_team',
  })
  reason: string;
}

class Counted {
  @ApiProperty({ type: [String], example: ['ann'] })
  created: readonly string[];

  @ApiProperty({ type: [String], example: [] })
  changed: readonly string[];

  @ApiProperty({ example: 0 })
  unchanged: number;
}

class CountedUsers extends Counted {
  @ApiProperty({ type: [Deactivated] })
  deactivated: readonly Deactivated[];
}

class CountedOthers extends Counted {
  @ApiProperty({ type: [String], example: [] })
  deleted: readonly string[];
}

export class ImportOutcome {
  @ApiProperty({ example: 'hr' })
  source: string;

  @ApiProperty({ example: '2026-11-22T08:30:00Z' })
  version: string;

  @ApiProperty({
    enum: ['applied', 'already_applied', 'planned'],
    description: '`planned`: a dry run; nothing was written.',
    example: 'applied',
  })
  outcome: 'applied' | 'already_applied' | 'planned';

  @ApiProperty({ description: 'Whether it is refused without `force`.', example: false })
  needsForce: boolean;

  @ApiProperty({ type: CountedUsers })
  users: CountedUsers;

  @ApiProperty({ type: CountedOthers })
  groups: CountedOthers;

  @ApiProperty({ type: CountedOthers })
  departments: CountedOthers;

  @ApiProperty({ type: [Skipped] })
  skipped: readonly Skipped[];
}
