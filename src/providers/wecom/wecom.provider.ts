import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../runtime/clock.js';
import { ProviderFailure } from '../provider-failure.js';
import {
  type ApprovalAsk,
  type ApprovalProvider,
  ApprovalProviders,
  type ConnectionTrial,
  type IncomingEvent,
  type Observation,
  type PersonalMessage,
  type ProviderAttempt,
  type ProviderConnection,
  type Received,
} from '../provider.port.js';
import { fill, summaryOf } from './wecom-application.js';
import { EarlierApplication } from './wecom-earlier.js';
import { receivedOf } from './wecom-events.js';
import { messageOf } from './wecom-messages.js';
import { observationOf } from './wecom-observation.js';
import { appOf } from './wecom-settings.js';
import { controlsOf, objectOf, unfit } from './wecom-template.js';
import { WeComClient } from './wecom.client.js';

/** WeCom's answer to a number that it does not know. */
const badParameter = 301025;

/**
 * Approvals in WeCom (企业微信, 审批): they are asked for in the applicant's name, decided there by the template's flow, and
 * observed. WeCom has no call that decides, withdraws or ends one.
 */
@Injectable()
export class WeComProvider implements ApprovalProvider, OnModuleInit {
  readonly kind = 'wecom';

  constructor(
    private readonly kinds: ApprovalProviders,
    private readonly client: WeComClient,
    private readonly earlier: EarlierApplication,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.kinds.register(this);
  }

  /** Submits an application (提交审批申请). @throws ProviderFailure */
  async create(
    to: ProviderConnection,
    ask: ApprovalAsk,
    { sentAt, signal }: ProviderAttempt,
  ): Promise<{ readonly externalId: string }> {
    const { form, applicant } = ask;
    if (form === null) throw unfit(`Business type ${ask.businessType} has no template of WeCom’s`);
    if (applicant.externalId === null) {
      throw unfit(`The applicant ${applicant.userCode ?? ''} has no identity at this provider`);
    }
    const template = await this.client.post(
      to,
      '/cgi-bin/oa/gettemplatedetail',
      { template_id: form.code },
      signal,
    );
    const filled = fill(ask, controlsOf(template));
    if (ask.again) {
      const found = await this.earlier.find(to, ask, applicant.externalId, form.code, filled, sentAt, signal);
      if (found !== null) return { externalId: found };
    }
    const { sp_no: number } = await this.client.post(
      to,
      '/cgi-bin/oa/applyevent',
      {
        creator_userid: applicant.externalId,
        template_id: form.code,
        use_template_approver: 1,
        apply_data: { contents: filled.contents },
        summary_list: summaryOf(ask),
      },
      signal,
    );
    if (typeof number !== 'string' || number === '') {
      throw new ProviderFailure('/cgi-bin/oa/applyevent was answered without sp_no');
    }
    return { externalId: number };
  }

  /** Reads an application (获取审批申请详情). @throws ProviderFailure */
  async observe(
    to: ProviderConnection,
    externalId: string,
    { signal }: ProviderAttempt,
  ): Promise<Observation | null> {
    try {
      const { info } = await this.client.post(
        to,
        '/cgi-bin/oa/getapprovaldetail',
        { sp_no: externalId },
        signal,
      );
      return observationOf(objectOf(info));
    } catch (error) {
      if (error instanceof ProviderFailure && error.details.vendorCode === badParameter) return null;
      throw error;
    }
  }

  /** @throws ProviderFailure, always */
  act(): Promise<never> {
    return Promise.reject(unfit('WeCom has no call that decides approvals: people decide them in WeCom'));
  }

  cancel(): Promise<'unsupported'> {
    return Promise.resolve('unsupported');
  }

  receive(from: ProviderConnection, incoming: IncomingEvent, now: Date): Received {
    return receivedOf(from, incoming, now);
  }

  /** Asks for a token, and for the approvals of the last minute: that needs every permission but that of messages. */
  async test(to: ProviderConnection, signal: AbortSignal): Promise<ConnectionTrial> {
    const now = Math.floor(this.clock.now().getTime() / 1000);
    this.client.forgetToken(to);
    try {
      const body = {
        starttime: String(now - 60),
        endtime: String(now),
        new_cursor: '',
        size: 1,
        filters: [],
      };
      await this.client.post(to, '/cgi-bin/oa/getapprovalinfo', body, signal);
      return { ok: true, status: 200, error: null };
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      return { ok: false, status: error.details.status ?? null, error: error.message };
    }
  }

  /** Sends a message of the app (发送应用消息). @throws ProviderFailure */
  async notify(to: ProviderConnection, message: PersonalMessage, { signal }: ProviderAttempt): Promise<void> {
    const { agentId } = appOf(to);
    const answer = await this.client.post(to, '/cgi-bin/message/send', messageOf(agentId, message), signal);
    // That somebody gets nothing is no error there.
    const without = [answer.invaliduser, answer.unlicenseduser].filter(
      (ids) => typeof ids === 'string' && ids !== '',
    );
    if (without.length > 0) {
      throw unfit(
        '/cgi-bin/message/send: the receiver is not within the app’s visible range (可见范围), or has no licence (接口许可)',
      );
    }
  }
}
