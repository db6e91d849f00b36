import { parseConfig } from '../../../src/config/config.js';
import { AddressGuard } from '../../../src/outbound/address-guard.js';
import { OutboundClient } from '../../../src/outbound/outbound.client.js';
import { Resolver } from '../../../src/outbound/resolver.js';
import {
  type ApprovalAsk,
  ApprovalProviders,
  type ProviderAttempt,
  type ProviderConnection,
} from '../../../src/providers/provider.port.js';
import { VendorClient } from '../../../src/providers/vendor.client.js';
import { VendorTokens } from '../../../src/providers/vendor.tokens.js';
import { EarlierApplication } from '../../../src/providers/wecom/wecom-earlier.js';
import { WeComClient } from '../../../src/providers/wecom/wecom.client.js';
import { WeComProvider } from '../../../src/providers/wecom/wecom.provider.js';
import { Clock } from '../../../src/runtime/clock.js';
import type { FakeWeCom } from './fake-wecom.js';
import type { WeComTemplate } from './wecom-templates.js';

/** A purchase: two people after one another, of the first node one of two. */
export const purchase: WeComTemplate = {
  id: '3TkaH5KFbrG9heEQWLJjhgpFwmqAFB4dLEnapaB7aaa',
  name: '采购申请',
  controls: [
    { id: 'Text-1', kind: 'Text', title: '用途', required: true },
    { id: 'Money-2', kind: 'Money', title: '金额', required: true },
    { id: 'Date-3', kind: 'Date', title: '日期' },
    {
      id: 'Selector-4',
      kind: 'Selector',
      title: '类别',
      options: { 'option-1': '办公', 'option-2': '差旅' },
    },
    { id: 'Text-5', kind: 'Text', title: '单号' },
    { id: 'Tips-6', kind: 'Tips', title: '说明', required: true },
  ],
  approvers: [['li', 'zhao'], ['wang']],
};

/** Which control is which field; `单号` holds the key by which an application is found again. */
export const relation = [
  { widget: '用途', apiKey: 'purpose' },
  { widget: 'Money-2', apiKey: 'amount' },
  { widget: '日期', apiKey: 'day' },
  { widget: '类别', apiKey: 'category' },
  { widget: '单号', apiKey: 'ticket_id' },
];
export const relationWithoutKey = relation.filter(({ apiKey }) => apiKey !== 'ticket_id');

/** The adapter with everything that it calls through, and without the rest of the service. */
export function weComAdapter(): { readonly provider: WeComProvider; close(): Promise<void> } {
  const config = parseConfig({ CALLBACK_ALLOWED_HOSTS: '127.0.0.1', CALLBACK_TIMEOUT: '60s' });
  const clock = new Clock();
  const outbound = new OutboundClient(config, new AddressGuard(config, new Resolver()), clock);
  const client = new WeComClient(new VendorClient(outbound), new VendorTokens(clock));
  const provider = new WeComProvider(new ApprovalProviders(), client, new EarlierApplication(client), clock);
  return { provider, close: () => outbound.onApplicationShutdown() };
}

/** A provider as the adapter gets it, for a corporation. */
export const connectionTo = (
  wecom: FakeWeCom,
  more: Partial<ProviderConnection> = {},
): ProviderConnection => {
  const { corpSecret, token, aesKey, corpId, agentId } = wecom.settings;
  return {
    id: `provider of ${corpId}`,
    scope: 't1',
    code: 'wecom',
    kind: 'wecom',
    url: wecom.url,
    secrets: [],
    settings: { corpId, agentId },
    credentials: { corpSecret, token, aesKey },
    ...more,
  };
};

let asks = 0;

/** Something that is asked for by Ann, who is `ann.there` in WeCom. */
export const askFor = (more: Partial<ApprovalAsk> = {}): ApprovalAsk => {
  const orderId = `0195f1f2-7c3e-7bb0-9d0a-${String(++asks).padStart(12, '0')}`;
  return {
    key: `${orderId}.1`,
    again: false,
    orderId,
    businessType: 'purchase',
    businessKey: 'PO-1',
    team: 't1',
    title: '笔记本电脑',
    remark: null,
    applicant: { userCode: 'ann', externalId: 'ann.there' },
    form: { id: 'f1', code: purchase.id, name: '采购', relation },
    fields: { purpose: `laptops ${asks}`, amount: 1280.5, day: '2026-11-22', category: '办公' },
    link: null,
    resultUrl: '',
    time: new Date(),
    ...more,
  };
};

export const attemptNow = (signal: AbortSignal = new AbortController().signal): ProviderAttempt => ({
  id: 'attempt',
  sentAt: new Date(),
  signal,
});
