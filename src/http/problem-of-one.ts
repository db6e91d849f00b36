import { ApiProperty } from '@nestjs/swagger';
import { Problem } from './problem.js';

/** In an answer about many: why it came to nothing with one of them. */
export class ProblemOfOne {
  @ApiProperty({ example: 'already_decided' })
  code: string;

  @ApiProperty({ example: 409 })
  status: number;

  @ApiProperty()
  detail: string;
}

/** What is wrong with one of many, to be told beside the others. @throws whatever is no refusal */
export function problemOfOne(error: unknown): ProblemOfOne {
  if (!(error instanceof Problem)) throw error;
  const { code, status, detail } = error;
  return { code, status, detail };
}
