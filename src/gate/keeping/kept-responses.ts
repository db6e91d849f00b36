import { Injectable } from '@nestjs/common';
import { Problem } from '../../http/problem.js';
import type { KeptResponse } from './judgement.js';
import { RequestSeals } from './request.seals.js';
import { RequestsRepository } from './requests.repository.js';

/** The answers of the systems behind gates, in clear: for the applicant, and for repeats of the request. */
@Injectable()
export class KeptResponses {
  constructor(
    private readonly requests: RequestsRepository,
    private readonly seals: RequestSeals,
  ) {}

  /** @returns null while there is none, or none was kept. @throws Problem 503 when the stored one does not open */
  async of(requestId: string): Promise<KeptResponse | null> {
    const row = await this.requests.find(requestId);
    try {
      return row && this.seals.openResponse(row);
    } catch (error) {
      const why = 'the kept answer does not open: it was altered, or SECRETS_KEY is another one';
      throw new Problem('unavailable', why, { cause: error });
    }
  }
}
