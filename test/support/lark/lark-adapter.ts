import { parseConfig } from '../../../src/config/config.js';
import { AddressGuard } from '../../../src/outbound/address-guard.js';
import { OutboundClient } from '../../../src/outbound/outbound.client.js';
import { Resolver } from '../../../src/outbound/resolver.js';
import { LarkClient } from '../../../src/providers/lark/lark.client.js';
import { LarkProvider } from '../../../src/providers/lark/lark.provider.js';
import {
  type ApprovalAsk,
  ApprovalProviders,
  type ProviderAttempt,
  type ProviderConnection,
} from '../../../src/providers/provider.port.js';
import { ProviderFailure } from '../../../src/providers/provider-failure.js';
import { VendorClient } from '../../../src/providers/vendor.client.js';
import { VendorTokens } from '../../../src/providers/vendor.tokens.js';
import { Clock } from '../../../src/runtime/clock.js';
import type { FakeLark } from './fake-lark.js';

/** The adapter by itself, without a service around it, speaking HTTP. */
export function larkAlone(timeout: string = '20s'): {
  readonly provider: LarkProvider;
  close(): Promise<void>;
} {
  const config = parseConfig({ CALLBACK_ALLOWED_HOSTS: '127.0.0.1', CALLBACK_TIMEOUT: timeout });
  const clock = new Clock();
  const outbound = new OutboundClient(config, new AddressGuard(config, new Resolver()), clock);
  const client = new LarkClient(new VendorClient(outbound), new VendorTokens(clock));
  return {
    provider: new LarkProvider(new ApprovalProviders(), client),
    close: () => outbound.onApplicationShutdown(),
  };
}

/** The provider as it is set up, with other settings and secrets if told so. */
export function connectionTo(
  { url, app }: FakeLark,
  settings: Readonly<Record<string, unknown>> = {},
  credentials: Readonly<Record<string, string>> = {},
): ProviderConnection {
  const { appId, assistantUserId, appSecret, encryptKey, verificationToken } = app;
  return {
    id: 'provider-1',
    scope: 't1',
    code: 'feishu',
    kind: 'lark',
    url,
    secrets: [],
    settings: { appId, assistantUserId, ...settings },
    credentials: { appSecret, encryptKey, verificationToken, ...credentials },
  };
}

export const anAttempt = (id: string = 'attempt-1'): ProviderAttempt => ({
  id,
  sentAt: new Date(),
  signal: AbortSignal.timeout(20_000),
});

let made = 0;

/** An approval of ann's, for a definition of this code. */
export const anAsk = (approvalCode: string, other: Partial<ApprovalAsk> = {}): ApprovalAsk => ({
  key: `order-${++made}.1`,
  again: false,
  orderId: `order-${made}`,
  businessType: 'grant',
  businessKey: null,
  team: 't1',
  title: '新人权限',
  remark: null,
  applicant: { userCode: 'ann', externalId: 'ann-there' },
  form: {
    id: 'form-1',
    code: approvalCode,
    name: '管理后台权限申请',
    relation: [
      { widget: '申请原因', apiKey: 'reason' },
      { widget: 'amount', apiKey: 'amount' },
      { widget: '环境', apiKey: 'environment' },
    ],
  },
  fields: { reason: 'wants in', amount: 7, environment: '生产', other: 'not for them' },
  link: null,
  resultUrl: 'https://countersign.example.com/api/v1/webhook/callback/provider-1',
  time: new Date(),
  ...other,
});

/** How a call failed. @throws Error when it did not, or when the failure tells a secret */
export async function failureOf({ app }: FakeLark, call: Promise<unknown>): Promise<ProviderFailure> {
  const error: unknown = await call.then(
    (answer) => new Error(`it did not fail: ${JSON.stringify(answer)}`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ProviderFailure)) throw error;
  const secrets = [app.appSecret, app.encryptKey, app.verificationToken, 'Bearer'];
  if (secrets.some((secret) => error.message.includes(secret))) throw new Error('the failure tells a secret');
  return error;
}
