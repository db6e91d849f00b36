import type { CorpKeys } from '../corp-cipher.js';
import { ProviderFailure } from '../provider-failure.js';
import type { ProviderConnection } from '../provider.port.js';

/** What an app of WeCom is spoken to with: its console calls them 企业ID, Secret and AgentId. */
interface WeComApp {
  readonly corpId: string;
  readonly corpSecret: string;
  readonly agentId: string;
}

/** @throws ProviderFailure, permanent, naming what is missing */
export function appOf({ settings, credentials }: ProviderConnection): WeComApp {
  return {
    corpId: given(settings.corpId, 'corpId'),
    corpSecret: given(credentials.corpSecret, 'corpSecret'),
    agentId: given(settings.agentId, 'agentId'),
  };
}

/** Under what its callbacks come (接收消息 → 设置 API 接收); null while something of it is missing. */
export function keysOf({ settings, credentials }: ProviderConnection): CorpKeys | null {
  const { token, aesKey } = credentials;
  const { corpId } = settings;
  if (!token || !aesKey || typeof corpId !== 'string' || corpId === '') return null;
  return { token, aesKey, owners: [corpId] };
}

function given(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new ProviderFailure(`The provider has no ${name}`, { permanent: true });
}
