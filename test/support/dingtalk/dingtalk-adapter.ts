import { parseConfig } from '../../../src/config/config.js';
import { AddressGuard } from '../../../src/outbound/address-guard.js';
import { OutboundClient } from '../../../src/outbound/outbound.client.js';
import { Resolver } from '../../../src/outbound/resolver.js';
import { DingTalkClient } from '../../../src/providers/dingtalk/dingtalk.client.js';
import { DingTalkFinding } from '../../../src/providers/dingtalk/dingtalk.finding.js';
import { DingTalkProvider } from '../../../src/providers/dingtalk/dingtalk.provider.js';
import {
  type ApprovalAsk,
  ApprovalProviders,
  type ProviderAttempt,
  type ProviderConnection,
} from '../../../src/providers/provider.port.js';
import { VendorClient } from '../../../src/providers/vendor.client.js';
import { VendorTokens } from '../../../src/providers/vendor.tokens.js';
import { Clock } from '../../../src/runtime/clock.js';
import { Ids } from '../../../src/runtime/ids.js';
import type { FakeDingTalk } from './fake-dingtalk.js';

/** The adapter by itself, without a service around it, speaking HTTP. */
export function adapterAlone(): { readonly provider: DingTalkProvider; close(): Promise<void> } {
  const config = parseConfig({ CALLBACK_ALLOWED_HOSTS: '127.0.0.1', CALLBACK_TIMEOUT: '20s' });
  const clock = new Clock();
  const outbound = new OutboundClient(config, new AddressGuard(config, new Resolver()), clock);
  const client = new DingTalkClient(new VendorClient(outbound), new VendorTokens(clock));
  const provider = new DingTalkProvider(
    new ApprovalProviders(),
    client,
    new DingTalkFinding(client),
    new Ids(),
  );
  return { provider, close: () => outbound.onApplicationShutdown() };
}

/** The provider as it is set up, with other settings if told so. */
export function connectionTo(
  { url, fields }: FakeDingTalk,
  settings: Readonly<Record<string, unknown>> = {},
): ProviderConnection {
  const { appSecret = '', token = '', aesKey = '', ...shown } = fields;
  return {
    id: 'provider-1',
    scope: 't1',
    code: 'ding',
    kind: 'dingtalk',
    url,
    secrets: [],
    settings: { ...shown, ...settings },
    credentials: { appSecret, token, aesKey },
  };
}

export const anAttempt = (signal: AbortSignal = AbortSignal.timeout(20_000)): ProviderAttempt => ({
  id: 'attempt-1',
  sentAt: new Date(),
  signal,
});

let made = 0;

/** An approval of ann's, for a form of this process. */
export const anAsk = (processCode: string, other: Partial<ApprovalAsk> = {}): ApprovalAsk => ({
  key: `order-${++made}.3`,
  again: false,
  orderId: `order-${made}`,
  businessType: 'leave',
  businessKey: null,
  team: 't1',
  title: 'Leave',
  remark: null,
  applicant: { userCode: 'ann', externalId: 'ann-there' },
  form: {
    id: 'form-1',
    code: processCode,
    name: '请假',
    relation: [
      { widget: '事由', apiKey: 'reason' },
      { widget: '金额', apiKey: 'amount' },
      { widget: '单号', apiKey: 'ticket_id' },
    ],
  },
  fields: { reason: 'a rest', amount: 7 },
  link: null,
  resultUrl: 'https://countersign.example.com/api/v1/webhook/callback/provider-1',
  time: new Date(),
  ...other,
});
