import { ApiProperty } from '@nestjs/swagger';
import { Code, Moment, Text } from '../http/fields.js';
import { PageQuery } from '../http/pagination.js';

export class DepartmentPath {
  @Code(64, { example: 'fin' })
  code: string;
}

export class PutDepartment {
  @Text(128, { example: '财务部' })
  name: string;

  @Code(64, {
    optional: true,
    nullable: true,
    description:
      "The code of the department above: the team's own, else the platform's. Null or left out: none. Circles are refused.",
    example: null,
  })
  parent?: string | null;

  @Code(64, {
    optional: true,
    nullable: true,
    description: 'A user code, which need not be in the directory. Null or left out: nobody.',
    example: 'ann',
  })
  leader?: string | null;

  @Code(64, {
    optional: true,
    description: "The team that owns it, for system administrators only; left out: the platform's.",
    example: 't1',
    special: true,
  })
  accCode?: string;
}

/** Whose department is meant. */
export class DepartmentOfTeam {
  @Code(64, {
    optional: true,
    description: "As this team sees it, for system administrators; left out: the platform's.",
  })
  accCode?: string;
}

export class ListDepartments extends PageQuery {
  @Code(64, { optional: true, description: 'As this team sees them; for system administrators.' })
  accCode?: string;
}

export class DepartmentView {
  @ApiProperty({ example: 'fin' })
  code: string;

  @ApiProperty({ example: '财务部' })
  name: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The code of the department above; null for none.',
    example: 'head',
  })
  parent: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'A user code; null for nobody.', example: 'ann' })
  leader: string | null;

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

export class DepartmentPage {
  @ApiProperty({ type: [DepartmentView] })
  items: readonly DepartmentView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
