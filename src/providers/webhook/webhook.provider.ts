import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { type OutboundAnswer, OutboundError } from '../../outbound/outbound.client.js';
import { WebhookClient } from '../../outbound/webhook.client.js';
import { verifyWebhook } from '../../outbound/webhook-signature.js';
import { Clock } from '../../runtime/clock.js';
import { Ids } from '../../runtime/ids.js';
import type {
  ApprovalAsk,
  ApprovalProvider,
  ConnectionTrial,
  IncomingEvent,
  Observation,
  OutsideCancel,
  ProviderAttempt,
  ProviderConnection,
  Received,
} from '../provider.port.js';
import { ProviderFailure } from '../provider-failure.js';

const result = z.object({
  key: z.string().min(1).max(128),
  status: z.enum(['pending', 'approved', 'rejected', 'withdrawn']),
  user: z.string().max(128).nullish(),
  comment: z.string().max(2_000).nullish(),
});

const message = z.object({ type: z.literal('approval.result'), data: result });

/**
 * Any third party that understands Standard Webhooks: it is asked by a signed POST, and answers by one. What it may be
 * asked (`approval.create`, `approval.observe`, `approval.cancel`) is docs/providers.md's.
 */
@Injectable()
export class WebhookProvider implements ApprovalProvider {
  readonly kind = 'webhook';

  constructor(
    private readonly client: WebhookClient,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** The approval is known there by our key. */
  async create(
    to: ProviderConnection,
    ask: ApprovalAsk,
    attempt: ProviderAttempt,
  ): Promise<{ readonly externalId: string }> {
    await this.told(to, 'approval.create', ask.time, attempt, {
      key: ask.key,
      ticket_id: ask.orderId,
      business_type: ask.businessType,
      business_key: ask.businessKey,
      acc_code: ask.team,
      user_code: ask.applicant.userCode,
      user: ask.applicant.externalId,
      form: ask.form?.code ?? null,
      title: ask.title,
      remark: ask.remark,
      variables: ask.fields,
      link: ask.link,
      callback_url: ask.resultUrl,
    });
    return { externalId: ask.key };
  }

  /** Asks with `approval.observe`: a third party that answers with a result is believed, one that does not need not. */
  async observe(
    to: ProviderConnection,
    externalId: string,
    attempt: ProviderAttempt,
  ): Promise<Observation | null> {
    const { status, body } = await this.post(to, 'approval.observe', attempt.sentAt, attempt, {
      key: externalId,
    });
    if (status === 429 || (status >= 500 && status !== 501)) {
      throw new ProviderFailure(`answered ${status}`, { status });
    }
    if (status !== 200) return null;
    const said = result.safeParse(dataOf(body));
    return said.success && said.data.key === externalId ? observationOf(said.data) : null;
  }

  act(): Promise<never> {
    return Promise.reject(new ProviderFailure('a webhook has no tasks of ours', { permanent: true }));
  }

  async cancel(
    to: ProviderConnection,
    { key, orderId, reason, time }: OutsideCancel,
    attempt: ProviderAttempt,
  ): Promise<'cancelled'> {
    await this.told(to, 'approval.cancel', time, attempt, { key, ticket_id: orderId, reason });
    return 'cancelled';
  }

  receive({ secrets }: ProviderConnection, { headers, rawBody }: IncomingEvent, now: Date): Received {
    const authenticity = verifyWebhook(headers, rawBody, secrets, now);
    if (!authenticity.ok) return { kind: 'refused', why: authenticity.why };
    const said = message.safeParse(jsonOf(rawBody.toString('utf8')));
    if (!said.success) {
      const [issue] = said.error.issues;
      return {
        kind: 'malformed',
        field: issue?.path.join('.') || 'body',
        why: `is wrong: ${issue?.message ?? ''}`,
      };
    }
    const { data } = said.data;
    return {
      kind: 'events',
      events: [
        {
          id: authenticity.messageId,
          type: `approval.${data.status}`,
          externalId: data.key,
          key: data.key,
          formCode: null,
          observation: observationOf(data),
        },
      ],
      reply: { status: 200, contentType: 'application/json', body: '{"accepted":true}' },
    };
  }

  async test(
    { code, scope, url, secrets }: ProviderConnection,
    signal: AbortSignal,
  ): Promise<ConnectionTrial> {
    const sentAt = this.clock.now();
    const data = { provider: code, acc_code: scope === '' ? null : scope };
    const body = JSON.stringify({ type: 'ping', timestamp: sentAt.toISOString(), data });
    const { ok, status, error } = await this.client.try({
      url,
      id: this.ids.next(),
      sentAt,
      body,
      secrets,
      signal,
    });
    return { ok, status, error };
  }

  private async told(
    to: ProviderConnection,
    type: string,
    time: Date,
    attempt: ProviderAttempt,
    data: object,
  ): Promise<void> {
    const { status, retryAfter } = await this.post(to, type, time, attempt, data);
    if (status >= 200 && status < 300) return;
    throw new ProviderFailure(`answered ${status}`, {
      status,
      ...(retryAfter === null ? {} : { retryAfter }),
      // 410 Gone: the receiver wants no more of this.
      ...(status === 410 ? { permanent: true } : {}),
    });
  }

  private async post(
    { url, secrets }: ProviderConnection,
    type: string,
    time: Date,
    { id, sentAt, signal }: ProviderAttempt,
    data: object,
  ): Promise<OutboundAnswer> {
    const body = JSON.stringify({ type, timestamp: time.toISOString(), data });
    try {
      return await this.client.send({ url, id, sentAt, body, secrets, signal });
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      throw new ProviderFailure(error.message);
    }
  }
}

const observationOf = ({ key, status, user, comment }: z.infer<typeof result>): Observation => ({
  externalId: key,
  key,
  formCode: null,
  title: null,
  status,
  applicant: null,
  decidedBy: user ?? null,
  comment: comment ?? null,
  tasks: [],
  widgets: [],
});

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A result, as it is or as the `data` of a message. */
function dataOf(body: string): unknown {
  const parsed = jsonOf(body);
  return typeof parsed === 'object' && parsed !== null && 'data' in parsed ? parsed.data : parsed;
}
