import { Injectable } from '@nestjs/common';
import { Sealer } from '../../config/sealer.js';
import { sameSecret } from '../lark/lark.crypto.js';

/** A task's buttons, as they were shown. */
export interface ShownTask {
  readonly providerId: string;
  readonly orderId: string;
  readonly taskId: string;
  readonly userCode: string;
  /** The order's version that the person saw. */
  readonly version: number;
}

/** What a context says, whoever has written it. */
type Claimed = Pick<ShownTask, 'orderId' | 'taskId' | 'version'>;

/** What ties a button in Feishu to one person's task on one order, as it was when it was shown (`action_context`). */
@Injectable()
export class ActionContext {
  constructor(private readonly sealer: Sealer) {}

  of(task: ShownTask): string {
    const { providerId, orderId, taskId, userCode, version } = task;
    const told = JSON.stringify([providerId, orderId, taskId, userCode, version]);
    return [version, orderId, taskId, this.sealer.mac(told, 'mirror-action').slice(0, 40)].join('.');
  }

  /** @returns the version that the person saw; null for a context that belongs to another task, or to nobody's */
  versionIn(context: string, task: Omit<ShownTask, 'version'>): number | null {
    const version = claimedBy(context)?.version ?? null;
    return version !== null && sameSecret(context, this.of({ ...task, version })) ? version : null;
  }
}

/** What a context says of itself, to be believed only by {@link ActionContext.versionIn}; null for no context of ours. */
export function claimedBy(context: string): Claimed | null {
  const [, version, orderId, taskId] = /^([1-9]\d{0,9})\.([^.]+)\.([^.]+)\.[0-9a-f]{40}$/.exec(context) ?? [];
  return orderId === undefined || taskId === undefined ? null : { version: Number(version), orderId, taskId };
}
