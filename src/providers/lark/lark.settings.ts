import type { ProviderConnection } from '../provider.port.js';

/** The kinds of ids under which approvals of Feishu know people. */
export type UserIdType = 'user_id' | 'open_id';

/** What is set up of an app of Feishu; nothing secret. */
export interface LarkSettings {
  readonly appId: string;
  /** The ids that identities hold. */
  readonly userIdType: UserIdType;
  /** The account on check and execute nodes; null: no task there is ours. */
  readonly assistantUserId: string | null;
  readonly checkNodeName: string;
  readonly executeNodeName: string;
}

/** Reads what `LarkFields` has stored, with its defaults (requirement 001: 审批节点的名字默认是…). */
export function settingsOf({ settings }: Pick<ProviderConnection, 'settings'>): LarkSettings {
  return {
    appId: textOf(settings.appId) ?? '',
    userIdType: settings.userIdType === 'open_id' ? 'open_id' : 'user_id',
    assistantUserId: textOf(settings.assistantUserId),
    checkNodeName: textOf(settings.checkNodeName) ?? 'check_node',
    executeNodeName: textOf(settings.executeNodeName) ?? 'execute_node',
  };
}

/** Which kind of id an account was set up by: open ids are told by how they begin. */
export const idTypeOf = (id: string): UserIdType => (id.startsWith('ou_') ? 'open_id' : 'user_id');

/** @returns null for whatever is no text, and for an empty one */
export const textOf = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : null;
