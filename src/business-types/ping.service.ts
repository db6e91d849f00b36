import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../auth/principal.js';
import { invalid } from '../http/problem.js';
import { WebhookClient } from '../outbound/webhook.client.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { platformScope } from './business-types.repository.js';
import type { BusinessTypeOwner, PingAnswer, PingAnswers } from './business-types.dto.js';
import { BusinessTypesService } from './business-types.service.js';
import { CallbackTargetsService } from './callback-targets.service.js';

/** Tries a business type's addresses out, now and once: what is learnt is answered, and nothing is stored. */
@Injectable()
export class PingService {
  constructor(
    private readonly types: BusinessTypesService,
    private readonly targets: CallbackTargetsService,
    private readonly client: WebhookClient,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * Sends a signed message of type `ping` to each address that is set.
   * @throws Problem 404, 403, 400 when no address is set; never for an address that does not answer.
   */
  async ping(principal: UserPrincipal, code: string, owner: BusinessTypeOwner): Promise<PingAnswers> {
    const target = this.targets.targetOf(await this.types.changeable(principal, code, owner));
    const { checkUrl, executeUrl, secrets, scope } = target;
    if (checkUrl === null && executeUrl === null) {
      throw invalid('checkUrl', 'is not set, and neither is executeUrl: there is nothing to ping');
    }
    const sentAt = this.clock.now();
    const data = { business_type: target.code, acc_code: scope === platformScope ? null : scope };
    const body = JSON.stringify({ type: 'ping', timestamp: sentAt.toISOString(), data });
    const answer = async (kind: PingAnswer['kind'], url: string | null): Promise<PingAnswer[]> =>
      url === null
        ? []
        : [{ kind, url, ...(await this.client.try({ url, id: this.ids.next(), sentAt, body, secrets })) }];
    const items = await Promise.all([answer('check', checkUrl), answer('execute', executeUrl)]);
    return { items: items.flat() };
  }
}
