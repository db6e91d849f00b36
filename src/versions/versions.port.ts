import { ApiProperty } from '@nestjs/swagger';
import { Moment, WholeNumberInQuery } from '../http/fields.js';
import { PageQuery } from '../http/pagination.js';
import { type Change, changeKinds, type Json } from './changes.js';

/** What the routes of versions say, of templates and of nodes alike. */

/** The highest number that the column holds. */
const maxVersion = 2_147_483_647;

export class ListVersions extends PageQuery {}

export class VersionView {
  @ApiProperty({ minimum: 1, description: 'Counts the saved states, from 1.', example: 2 })
  version: number;

  @ApiProperty({
    description: 'Who saved it; `system` for what the service came with, or found without a maker.',
    example: 'ann',
  })
  savedBy: string;

  @Moment()
  createTime: Date;
}

export class VersionPage {
  @ApiProperty({ type: [VersionView] })
  items: readonly VersionView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}

export class CompareVersions {
  @WholeNumberInQuery(1, maxVersion, { description: 'The one version.', example: 1 })
  from: number;

  @WholeNumberInQuery(1, maxVersion, { description: 'The other one.', example: 2 })
  to: number;
}

const anything = {
  nullable: true,
  oneOf: [
    { type: 'string' },
    { type: 'number' },
    { type: 'boolean' },
    { type: 'array', items: {} },
    { type: 'object', additionalProperties: true },
  ],
};

export class VersionChange implements Change {
  @ApiProperty({
    description:
      'Where, with places counted from 0: `stages[2].condition`. A removed stage is named by its place in `from`, ' +
      'everything else by its place in `to`; `stages[2].stageNo` moved from one stage number to another.',
    example: 'stages[2].condition',
  })
  path: string;

  @ApiProperty({ enum: [...changeKinds], example: 'changed' })
  kind: Change['kind'];

  @ApiProperty({ ...anything, description: 'What it was; null for what was added.', example: null })
  from: Json;

  @ApiProperty({
    ...anything,
    description: 'What it is; null for what was removed.',
    example: 'amount > 100',
  })
  to: Json;
}

export class VersionComparison {
  @ApiProperty({ example: 1 })
  from: number;

  @ApiProperty({ example: 2 })
  to: number;

  @ApiProperty({
    type: [VersionChange],
    description:
      'What makes `to` out of `from`. Stages are matched by their node: one that was inserted is one change.',
  })
  changes: readonly VersionChange[];

  @ApiProperty({ description: 'Whether the two say the same.', example: false })
  same: boolean;
}
