import { ApiProperty } from '@nestjs/swagger';
import { IsEmail } from 'class-validator';
import { Code, Codes, field, Flag, Moment, Text } from '../http/fields.js';
import { PageQuery } from '../http/pagination.js';
import { GroupCodes } from './groups.dto.js';

export class UserPath {
  @Code(64, { example: 'ann' })
  userCode: string;
}

export class PutUser {
  @Text(128, { example: '安娜' })
  name: string;

  @Code(64, {
    optional: true,
    description: "The person's team, for system administrators; left out: none at first, unchanged later.",
    example: 't1',
    special: true,
  })
  accCode?: string;

  @GroupCodes(
    200,
    "The person's groups from now on: of the team, else of the platform, else made. Left out: unchanged.",
  )
  groups?: string[];

  @Codes(
    { min: 0, max: 20, length: 64 },
    {
      optional: true,
      description: 'Only system administrators give `system_admin`.',
      example: ['team_admin'],
    },
  )
  roles?: string[];

  @Code(64, {
    optional: true,
    nullable: true,
    description:
      "A department's code: the team's own, else the platform's. One that does not exist is like none.",
    example: 'fin',
  })
  department?: string | null;

  @field(
    { optional: true, nullable: true, example: 'ann@example.com' },
    { type: 'string', format: 'email', maxLength: 254 },
    IsEmail(),
  )
  email?: string | null;

  @Flag({
    optional: true,
    description: 'Whether the person can be asked to review. True at first; left out later: unchanged.',
  })
  active?: boolean;
}

export class ListUsers extends PageQuery {
  @Code(64, { optional: true, description: 'Only this team; for system administrators.' })
  accCode?: string;
}

export class UserView {
  @ApiProperty({ example: 'ann' })
  userCode: string;

  @ApiProperty({ example: '安娜' })
  name: string;

  @ApiProperty({ type: String, nullable: true, description: 'The team; null for none.', example: 't1' })
  accCode: string | null;

  @ApiProperty({ type: [String], description: 'Group codes, sorted.', example: ['finance'] })
  groups: readonly string[];

  @ApiProperty({ type: [String], example: ['team_admin'] })
  roles: readonly string[];

  @ApiProperty({ type: String, nullable: true, example: 'fin' })
  department: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'ann@example.com' })
  email: string | null;

  @ApiProperty()
  active: boolean;

  @Moment()
  createTime: Date;

  @Moment()
  updateTime: Date;
}

export class UserPage {
  @ApiProperty({ type: [UserView] })
  items: readonly UserView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
