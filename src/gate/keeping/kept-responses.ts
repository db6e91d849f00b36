import { Injectable } from '@nestjs/common';
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

  /** @returns null while there is none, or none was kept. @throws Error when the stored one was altered */
  async of(requestId: string): Promise<KeptResponse | null> {
    const row = await this.requests.find(requestId);
    return row && this.seals.openResponse(row);
  }
}
