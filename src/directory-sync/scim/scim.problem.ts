import type { FastifyReply, FastifyRequest } from 'fastify';
import { invalid, Problem, type ProblemCode } from '../../http/problem.js';
import type { ProblemDialect } from '../../http/problem-dialect.port.js';

export const scimType = 'application/scim+json';
/** Where SCIM is spoken: beside the API's prefix, at the address that identity providers expect. */
export const scimBase = '/scim/v2';

const errorSchema = 'urn:ietf:params:scim:api:messages:2.0:Error';

/** The error keywords of RFC 7644, 3.12. */
export type ScimKeyword =
  | 'invalidFilter'
  | 'invalidPath'
  | 'invalidSyntax'
  | 'invalidValue'
  | 'mutability'
  | 'noTarget'
  | 'tooMany'
  | 'uniqueness';

/** A problem that SCIM has a word for, or a status that nothing else here answers. */
export class ScimProblem extends Problem {
  constructor(
    code: ProblemCode,
    detail: string,
    readonly keyword: ScimKeyword | null,
    readonly scimStatus: number | null = null,
  ) {
    super(code, detail);
  }
}

/** 400 with a keyword. */
export const refused = (keyword: ScimKeyword, detail: string): ScimProblem =>
  new ScimProblem('validation_failed', detail, keyword);

/** 400 `invalidValue`, naming the attribute. */
export const wrongValue = (attribute: string, message: string): ScimProblem =>
  refused('invalidValue', invalid(attribute, message).detail);

/** 409 `uniqueness`. */
export const taken = (detail: string): ScimProblem => new ScimProblem('already_exists', detail, 'uniqueness');

/** 412: the resource is at another version than `If-Match` says. */
export const outdated = (): ScimProblem =>
  new ScimProblem('version_conflict', 'the resource has changed meanwhile; read it again', null, 412);

/** 501 */
export const notOffered = (what: string): ScimProblem =>
  new ScimProblem('not_found', `${what} is not offered; see ${scimBase}/ServiceProviderConfig`, null, 501);

/** Tells problems in the words of RFC 7644, 3.12, under SCIM's paths and nowhere else. */
export class ScimDialect implements ProblemDialect {
  speaks(path: string): boolean {
    return path === scimBase || path.startsWith(`${scimBase}/`);
  }

  send(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
    const status = (problem instanceof ScimProblem ? problem.scimStatus : null) ?? problem.status;
    const keyword = keywordOf(problem);
    void reply
      .status(status)
      .headers(problem.more.headers ?? {})
      .type(`${scimType}; charset=utf-8`)
      .send(
        JSON.stringify({
          schemas: [errorSchema],
          status: String(status),
          ...(keyword === null ? {} : { scimType: keyword }),
          detail: status >= 500 ? `${problem.detail} (${request.id})` : problem.detail,
        }),
      );
  }
}

function keywordOf(problem: Problem): ScimKeyword | null {
  if (problem instanceof ScimProblem) return problem.keyword;
  if (problem.code === 'already_exists') return 'uniqueness';
  if (problem.code !== 'validation_failed') return null;
  // What cannot be read as a message of SCIM at all is about the body as a whole.
  return problem.more.errors?.some(({ field }) => field === 'body') ? 'invalidSyntax' : 'invalidValue';
}
