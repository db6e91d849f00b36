import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from './problem.js';

/** How problems are told under some paths, whose protocol has error bodies of its own. */
export interface ProblemDialect {
  /** @param path of the request, without its query */
  speaks(path: string): boolean;
  send(problem: Problem, request: FastifyRequest, reply: FastifyReply): void;
}

/** The dialects that rooms have brought along; everywhere else, RFC 9457 is spoken. */
@Injectable()
export class ProblemDialects {
  private readonly dialects: ProblemDialect[] = [];

  register(dialect: ProblemDialect): void {
    this.dialects.push(dialect);
  }

  of(request: FastifyRequest): ProblemDialect | undefined {
    const [path = ''] = request.url.split('?', 1);
    return this.dialects.find((dialect) => dialect.speaks(path));
  }
}
