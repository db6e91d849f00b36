import { ApiProperty } from '@nestjs/swagger';
import { IsObject } from 'class-validator';
import { applyDecorators } from '@nestjs/common';
import { Code, field, ListOf, OneOf, Text, Verbatim } from '../../http/fields.js';
import { type ActionMethod, actionMethods } from '../vocabulary.js';
import { ActionSettings, ApproveActionView, maxName, maxPath } from './actions.dto.js';

const sample = {
  openapi: '3.1.0',
  servers: [{ url: 'https://dms.example.com/api/v1' }],
  paths: { '/data-sets/{id}/export/': { post: { summary: '导出数据集' } } },
};

/** A document in the body of a request, as it is. */
const Document = (): PropertyDecorator =>
  applyDecorators(
    Verbatim(),
    field(
      {
        description:
          'An OpenAPI 3 or Swagger 2.0 document, with at most 1,000 operations. The path of its first server (or its ' +
          '`basePath`) is put in front. References to other places are not followed.',
        example: sample,
      },
      { type: 'object', additionalProperties: true },
      IsObject(),
    ),
  );

const teamOptions = {
  optional: true,
  description: "The team, for system administrators only; without it the platform's actions are meant.",
  example: 't1',
  special: true,
};

export class ReadOpenApi {
  @Document()
  document: Record<string, unknown>;

  @Code(64, teamOptions)
  accCode?: string;
}

export class ChosenOperation {
  @Text(maxPath, {
    description: 'As the list of operations says it, with the path of its server in front.',
    example: '/api/v1/data-sets/{id}/export/',
  })
  path: string;

  @OneOf(actionMethods, { example: 'POST' })
  method: ActionMethod;

  @Text(maxName, {
    optional: true,
    description: 'What the action is called; as the document says it by default.',
    example: '导出数据集',
  })
  name?: string;
}

export class ImportOpenApi extends ActionSettings {
  @Document()
  document: Record<string, unknown>;

  @ListOf(
    () => ChosenOperation,
    { min: 1, max: 1_000 },
    { description: 'Which operations become actions; all with the same settings.' },
  )
  choose: ChosenOperation[];

  @Code(64, teamOptions)
  accCode?: string;
}

export class OpenApiOperation {
  @ApiProperty({
    description: 'With the path of its server in front.',
    example: '/api/v1/data-sets/{id}/export/',
  })
  path: string;

  @ApiProperty({ enum: [...actionMethods], example: 'POST' })
  method: string;

  @ApiProperty({ example: '导出数据集' })
  name: string;

  @ApiProperty({ type: String, nullable: true })
  description: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'An action of the team, else of the platform, that names it already; null when there is none.',
    example: null,
  })
  actionId: string | null;
}

export class SkippedOperation {
  @ApiProperty({ example: '/api/v1/reports/{id}.csv' })
  path: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Null for a path as a whole.',
    example: 'GET',
  })
  method: string | null;

  @ApiProperty({ example: 'must hold names as whole segments, such as {id}: /users/{id}/' })
  reason: string;
}

export class OpenApiOperations {
  @ApiProperty({ type: [OpenApiOperation], description: 'In the order of the document.' })
  items: readonly OpenApiOperation[];

  @ApiProperty({ type: [SkippedOperation], description: 'What no action can name, and why.' })
  skipped: readonly SkippedOperation[];
}

export class ImportedOpenApi {
  @ApiProperty({ type: [ApproveActionView] })
  created: readonly ApproveActionView[];

  @ApiProperty({ type: [SkippedOperation], description: 'What was chosen and made no action, and why.' })
  skipped: readonly SkippedOperation[];
}
