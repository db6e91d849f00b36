import type { ProviderConnection } from '../provider.port.js';
import type { CorpKeys } from '../corp-cipher.js';

/** The root of an organization, as applicants' departments are given. */
const rootDepartment = -1;

/** What is set up of an app of DingTalk; nothing secret. */
export interface DingTalkSettings {
  /** The account on check and execute nodes; null: no task there is ours. */
  readonly assistantUserId: string | null;
  readonly checkActivityIds: readonly string[];
  readonly executeActivityIds: readonly string[];
  /** Null: no messages are sent. */
  readonly robotCode: string | null;
  readonly departmentId: number;
}

/** Reads what `DingTalkFields` has stored, with its defaults. */
export function settingsOf({ settings }: Pick<ProviderConnection, 'settings'>): DingTalkSettings {
  const department = textOf(settings.departmentId);
  return {
    assistantUserId: textOf(settings.assistantUserId),
    checkActivityIds: textsOf(settings.checkActivityIds),
    executeActivityIds: textsOf(settings.executeActivityIds),
    robotCode: textOf(settings.robotCode),
    departmentId: department === null ? rootDepartment : Number(department),
  };
}

/** Under what the app's events are signed and closed, and to whom they are addressed. */
export const callbackKeysOf = ({ settings, credentials }: ProviderConnection): CorpKeys => ({
  token: credentials.token ?? '',
  aesKey: credentials.aesKey ?? '',
  owners: [textOf(settings.appKey), textOf(settings.corpId)].filter((owner) => owner !== null),
});

export const textOf = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.map(textOf).filter((text) => text !== null) : [];
