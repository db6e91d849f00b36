import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from '../../http/problem.js';
import type { ProblemDialect } from '../../http/problem-dialect.port.js';
import type { OptionsAnswer } from './options.service.js';

/** The addresses of 外部选项, with the prefix that the short one is given. */
const addresses = /^\/api\/v1\/(?:field\/[^/]+|lark\/field\/[^/]+\/[^/]+)$/;

/** Feishu reads what went wrong with options from their `code`, always under HTTP 200: also where no question could be read. */
export class OptionsDialect implements ProblemDialect {
  speaks(path: string): boolean {
    return addresses.test(path);
  }

  send({ status, detail }: Problem, _request: FastifyRequest, reply: FastifyReply): void {
    const answer: OptionsAnswer = { code: status, msg: detail };
    void reply.status(200).send(answer);
  }
}
