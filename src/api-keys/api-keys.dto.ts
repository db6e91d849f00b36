import { ApiProperty } from '@nestjs/swagger';
import { Code, Codes, Flag, Moment, Text } from '../http/fields.js';
import { PageQuery } from '../http/pagination.js';

export class CreateApiKey {
  @Text(128, { example: 'Order service' })
  name: string;

  @Codes(
    { min: 0, max: 50, length: 64 },
    {
      description:
        'The teams it acts for; a team administrator names the own one. Empty only for a key that keeps the directory of the whole installation, which system administrators make.',
      example: ['t1'],
    },
  )
  accCodes: string[];

  @Codes(
    { min: 1, max: 100, length: 125 },
    {
      optional: true,
      nullable: true,
      description: 'The business types it may open orders of; left out: all.',
      example: ['purchase'],
      special: true,
    },
  )
  businessTypes?: string[] | null;

  @Flag({
    optional: true,
    description:
      'Whether it keeps the directory (`/scim/v2`, `POST /directory/import`) of one team or of the installation. Such a key does nothing else.',
    example: false,
    special: true,
  })
  directory?: boolean;
}

export class ListApiKeys extends PageQuery {
  @Code(64, { optional: true, description: 'Only keys that act for this team; for system administrators.' })
  accCode?: string;
}

export class ApiKeyView {
  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  id: string;

  @ApiProperty({ example: 'Order service' })
  name: string;

  @ApiProperty({ type: [String], example: ['t1'] })
  accCodes: readonly string[];

  @ApiProperty({ type: [String], nullable: true, description: 'Null: all.', example: ['purchase'] })
  businessTypes: readonly string[] | null;

  @ApiProperty({ description: 'Whether it keeps the directory, and does nothing else.', example: false })
  directory: boolean;

  @ApiProperty({ description: 'Who made it.', example: 'ann' })
  userCode: string;

  @Moment()
  createTime: Date;
}

export class ApiKeyWithSecret extends ApiKeyView {
  @ApiProperty({ description: 'For `X-API-Key`. Shown this once; only its hash is kept.', example: 'csk_…' })
  key: string;
}

export class ApiKeyPage {
  @ApiProperty({ type: [ApiKeyView] })
  items: readonly ApiKeyView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
