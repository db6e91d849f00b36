import { ApiProperty } from '@nestjs/swagger';
import { Code, ListOf, Moment } from '../../http/fields.js';
import { PageQuery } from '../../http/pagination.js';

/** People in one call; at most. */
export const mostIdentities = 1_000;

const userCode = { description: 'The person here.', example: 'ann' };
const externalId = {
  description:
    "The same person at the provider: of Feishu the kind of id that the provider's `userIdType` says, of DingTalk and WeCom " +
    'the userid. One person each.',
  example: 'b613t51g',
};

export class IdentityPath {
  @Code(64, { description: 'Of the provider.' })
  code: string;

  @Code(64, userCode)
  userCode: string;
}

export class PutIdentity {
  @Code(128, externalId)
  externalId: string;
}

export class IdentityGiven extends PutIdentity {
  @Code(64, userCode)
  userCode: string;
}

export class PutIdentities {
  @ListOf(() => IdentityGiven, { min: 1, max: mostIdentities })
  identities: IdentityGiven[];
}

export class ListIdentities extends PageQuery {
  @Code(64, {
    optional: true,
    description: "For system administrators: the team whose own provider is meant; else the platform's.",
  })
  accCode?: string;

  @Code(128, { optional: true, description: 'Only whoever this is at the provider.' })
  externalId?: string;
}

export class IdentityView {
  @ApiProperty({ example: 'ann' })
  userCode: string;

  @ApiProperty({ example: 'b613t51g' })
  externalId: string;

  @Moment()
  createTime: Date;

  @Moment()
  updateTime: Date;
}

export class IdentityPage {
  @ApiProperty({ type: [IdentityView] })
  items: readonly IdentityView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}

/** What a call with many identities has done. */
export class IdentitiesSaved {
  @ApiProperty({ type: 'integer', description: 'Of people who had none.', example: 2 })
  created: number;

  @ApiProperty({ type: 'integer', description: 'Of people who had another one.', example: 1 })
  changed: number;

  @ApiProperty({ type: 'integer', example: 997 })
  unchanged: number;
}
