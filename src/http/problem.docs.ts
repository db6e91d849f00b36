import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, ApiResponse } from '@nestjs/swagger';
import { Problem, type ProblemCode } from './problem.js';

class ProblemField {
  @ApiProperty({ example: 'templateName' })
  field: string;

  @ApiProperty({ example: 'templateName must be shorter than or equal to 64 characters' })
  message: string;
}

/** `application/problem+json`, as every error is answered (RFC 9457). */
export class ProblemView {
  @ApiProperty({ example: 'urn:countersign:problem:not_found' })
  type: string;

  @ApiProperty({ example: 'Not found' })
  title: string;

  @ApiProperty({ example: 404 })
  status: number;

  @ApiProperty({ description: 'What is wrong and what to do.' })
  detail: string;

  @ApiProperty({ description: 'A stable code for programs.', example: 'not_found' })
  code: string;

  @ApiProperty({ description: 'The path that was called.' })
  instance: string;

  @ApiProperty({ description: 'The request id, as in the log.' })
  requestId: string;

  @ApiPropertyOptional({ type: [ProblemField] })
  errors?: ProblemField[];
}

/** Documents which problems a route answers, besides those of every route (401, 403, 429, 503). */
export function Problems(...codes: ProblemCode[]): MethodDecorator & ClassDecorator {
  const all: ProblemCode[] = [...codes, 'unauthenticated', 'forbidden', 'rate_limited', 'unavailable'];
  const byStatus = groupBy(all);
  return applyDecorators(
    ...[...byStatus].map(([status, names]) =>
      ApiResponse({ status, type: ProblemView, description: names.map((name) => `\`${name}\``).join(', ') }),
    ),
  );
}

function groupBy(codes: readonly ProblemCode[]): Map<number, ProblemCode[]> {
  const groups = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const { status } = new Problem(code, '');
    groups.set(status, [...(groups.get(status) ?? []), code]);
  }
  return groups;
}
