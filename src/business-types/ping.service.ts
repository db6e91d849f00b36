import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../auth/principal.js';
import { invalid } from '../http/problem.js';
import { OutboundClient, OutboundError } from '../outbound/outbound.client.js';
import { webhookHeaders } from '../outbound/webhook-signature.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { platformScope } from './business-types.repository.js';
import type { BusinessTypeOwner, PingAnswer, PingAnswers } from './business-types.dto.js';
import { BusinessTypesService } from './business-types.service.js';
import { type CallbackTarget, CallbackTargetsService } from './callback-targets.service.js';

/** Tries a business type's addresses out, now and once: what is learnt is answered, and nothing is stored. */
@Injectable()
export class PingService {
  constructor(
    private readonly types: BusinessTypesService,
    private readonly targets: CallbackTargetsService,
    private readonly outbound: OutboundClient,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * Sends a signed message of type `ping` to each address that is set. What an address answers is told by its status
   * alone: a ping is no way to read what others serve.
   * @throws Problem 404, 403, 400 when no address is set; never for an address that does not answer.
   */
  async ping(principal: UserPrincipal, code: string, owner: BusinessTypeOwner): Promise<PingAnswers> {
    const target = this.targets.targetOf(await this.types.changeable(principal, code, owner));
    const { checkUrl, executeUrl } = target;
    if (checkUrl === null && executeUrl === null) {
      throw invalid('checkUrl', 'is not set, and neither is executeUrl: there is nothing to ping');
    }
    const items = await Promise.all([
      ...(checkUrl === null ? [] : [this.send('check', checkUrl, target)]),
      ...(executeUrl === null ? [] : [this.send('execute', executeUrl, target)]),
    ]);
    return { items };
  }

  private async send(kind: PingAnswer['kind'], url: string, target: CallbackTarget): Promise<PingAnswer> {
    const sentAt = this.clock.now();
    const body = JSON.stringify({
      type: 'ping',
      timestamp: sentAt.toISOString(),
      data: {
        business_type: target.code,
        acc_code: target.scope === platformScope ? null : target.scope,
      },
    });
    const headers = {
      'content-type': 'application/json',
      ...webhookHeaders({ id: this.ids.next(), sentAt, body }, target.secrets),
    };
    const began = this.clock.elapsed();
    const outcome = await this.statusOf(url, headers, body);
    const durationMs = Math.round(this.clock.elapsed() - began);
    return { kind, url, ...outcome, durationMs };
  }

  private async statusOf(
    url: string,
    headers: Record<string, string>,
    body: string,
  ): Promise<Pick<PingAnswer, 'ok' | 'status' | 'error'>> {
    try {
      const { status } = await this.outbound.post({ url, headers, body });
      const ok = status >= 200 && status < 300;
      return { ok, status, error: ok ? null : `answered ${status}` };
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      return { ok: false, status: null, error: error.message };
    }
  }
}
