import { isUtf8 } from 'node:buffer';
import { Injectable } from '@nestjs/common';
import { isSystemAdmin, isTeamAdmin, type UserPrincipal } from '../../auth/principal.js';
import { notFound, Problem } from '../../http/problem.js';
import type { KeptResponse } from '../keeping/judgement.js';
import { KeptResponses } from '../keeping/kept-responses.js';
import { shownHeaders } from '../reading/headers.js';
import type { RequestRecord } from './request-lists.repository.js';
import type { KeptResponseView } from './requests.dto.js';
import { RequestsService } from './requests.service.js';

/** What the systems behind gates have answered, for those whom it concerns: it may hold personal data. */
@Injectable()
export class ResponsesService {
  constructor(
    private readonly requests: RequestsService,
    private readonly responses: KeptResponses,
  ) {}

  /**
   * Credentials in the answer are for the applicant alone: they were given to them.
   * @throws Problem 404 while there is no answer, 403 for anybody but the applicant and administrators
   */
  async get(principal: UserPrincipal, id: string): Promise<KeptResponseView> {
    const request = await this.requests.find(principal, id);
    const own = isOwn(principal, request);
    if (!own && !isTeamAdmin(principal) && !isSystemAdmin(principal)) {
      throw new Problem('forbidden', 'only the applicant and administrators read what was answered');
    }
    const kept = await this.responses.of(id);
    if (!kept) return tooLong(request);
    const { status, headers, body } = kept;
    return {
      status,
      headers: own ? headers : shownHeaders(headers),
      body: textOf(body),
      bodyBase64: body.toString('base64'),
      truncated: false,
    };
  }
}

/** By the team too: what another team calls by the same code is somebody else. */
const isOwn = (principal: UserPrincipal, request: RequestRecord): boolean =>
  request.userCode === principal.userCode && request.accCode === principal.accCode;

/** An answer that came and was too long to be kept; a repeat that passed took its own along. @throws Problem 404 */
function tooLong({ id, mode, responseStatus: status }: RequestRecord): KeptResponseView {
  if (mode !== 'replay' || status === null) throw notFound(`an answer to approve request ${id}`);
  return { status, headers: [], body: null, bodyBase64: '', truncated: true };
}

const textOf = (body: KeptResponse['body']): string | null =>
  isUtf8(body) && !body.includes(0) ? body.toString('utf8') : null;
