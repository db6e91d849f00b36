import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { Code, Codes, Moment, Text } from '../http/fields.js';
import { PageQuery } from '../http/pagination.js';

/**
 * Group codes hold no slash: it separates the team from the code where a group stands for its people
 * (`g:<team>/<code>`), and with one in the code, two groups of two teams could be taken for each other.
 */
const noSlash = /^[^/]*$/;
const noSlashMessage = '$property must hold no slash';

/** A group's code. */
export const GroupCode = (): PropertyDecorator => (target, property) => {
  Code(64, { example: 'finance' })(target, property);
  Matches(noSlash, { message: noSlashMessage })(target, property);
};

/** A list of group codes that may be left out. */
export const GroupCodes =
  (max: number, description: string): PropertyDecorator =>
  (target, property) => {
    Codes({ min: 0, max, length: 64 }, { optional: true, description, example: ['finance'] })(
      target,
      property,
    );
    Matches(noSlash, { each: true, message: noSlashMessage })(target, property);
  };

export class GroupPath {
  @GroupCode()
  code: string;
}

export class PutGroup {
  @Text(128, { example: '财务部' })
  name: string;

  @Codes(
    { min: 0, max: 5000, length: 64 },
    { description: 'User codes; they need not be in the directory.', example: ['u1', 'u2'] },
  )
  members: string[];

  @Code(64, {
    optional: true,
    description: "The team that owns it, for system administrators only; left out: the platform's.",
    example: 't1',
    special: true,
  })
  accCode?: string;
}

/** Whose group is meant. */
export class GroupOfTeam {
  @Code(64, {
    optional: true,
    description: "As this team sees it, for system administrators; left out: the platform's.",
  })
  accCode?: string;
}

export class ListGroups extends PageQuery {
  @Code(64, { optional: true, description: 'As this team sees them; for system administrators.' })
  accCode?: string;
}

class GroupFacts {
  @ApiProperty({ example: 'finance' })
  code: string;

  @ApiProperty({ example: '财务部' })
  name: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The team; null for the platform.',
    example: 't1',
  })
  accCode: string | null;

  @Moment()
  createTime: Date;

  @Moment()
  updateTime: Date;
}

export class GroupView extends GroupFacts {
  @ApiProperty({ type: [String], description: 'User codes, sorted.', example: ['u1', 'u2'] })
  members: readonly string[];
}

/** A group in a list: a page of groups with thousands of members each would be no page. */
export class GroupSummary extends GroupFacts {
  @ApiProperty({ example: 2 })
  memberCount: number;
}

export class GroupPage {
  @ApiProperty({ type: [GroupSummary] })
  items: readonly GroupSummary[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
