import { ApiProperty } from '@nestjs/swagger';
import { Code, Codes, Moment } from '../http/fields.js';
import { PageQuery } from '../http/pagination.js';

const teamDescription = 'The team; system administrators name it here or as `?accCode=`.';

export class Bind {
  @Code(64, {
    description: "A template of the team or of the platform's.",
    example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a40',
  })
  templateId: string;

  @Code(64, { optional: true, description: teamDescription, example: 't1', special: true })
  accCode?: string;
}

export class BindBusinessTypes {
  @Codes(
    { min: 0, max: 500, length: 125 },
    {
      description: 'All the business types that the template is for.',
      example: ['data_export', 'sql_audit'],
    },
  )
  businessTypes: string[];

  @Code(64, { optional: true, description: teamDescription, example: 't1', special: true })
  accCode?: string;
}

/** Whose binding is meant. */
export class BindingTeam {
  @Code(64, { optional: true, description: 'The team; for system administrators, who must name it.' })
  accCode?: string;
}

export class ListBindings extends PageQuery {
  @Code(64, { optional: true, description: 'Only this team; for system administrators.' })
  accCode?: string;
}

export class BindingView {
  @ApiProperty({ example: 't1' })
  accCode: string;

  @ApiProperty({ example: 'data_export' })
  businessType: string;

  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a40' })
  templateId: string;

  @ApiProperty({ example: '数据导出两级审批' })
  templateName: string;

  @Moment()
  createTime: Date;

  @Moment()
  updateTime: Date;
}

export class BindingPage {
  @ApiProperty({ type: [BindingView] })
  items: readonly BindingView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}

export class BusinessTypeName {
  @ApiProperty({ example: 'data_export' })
  code: string;

  @ApiProperty({ example: '数据集导出' })
  name: string;
}

export class BusinessTypeElsewhere extends BusinessTypeName {
  @ApiProperty({ description: 'The template to which it is bound.' })
  templateId: string;
}

/** Every business type that the team sees, in one of the lists; each sorted by code. */
export class TemplateBusinessTypes {
  @ApiProperty({ type: [BusinessTypeName], description: 'Bound to this template.' })
  bound: readonly BusinessTypeName[];

  @ApiProperty({ type: [BusinessTypeName], description: 'Bound to no template: free to be bound.' })
  unbound: readonly BusinessTypeName[];

  @ApiProperty({ type: [BusinessTypeElsewhere], description: 'Bound to another template of the team.' })
  elsewhere: readonly BusinessTypeElsewhere[];
}
