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

/** What ties a button in Feishu to one person's task on one order, as it was when it was shown (`action_context`). */
@Injectable()
export class ActionContext {
  constructor(private readonly sealer: Sealer) {}

  of(task: ShownTask): string {
    const { providerId, orderId, taskId, userCode, version } = task;
    const mac = this.sealer.mac(
      JSON.stringify([providerId, orderId, taskId, userCode, version]),
      'mirror-action',
    );
    return `${version}.${mac.slice(0, 40)}`;
  }

  /** @returns the version that the person saw; null for a context that belongs to another task, or to nobody's */
  versionIn(context: string, task: Omit<ShownTask, 'version'>): number | null {
    const [, digits] = /^([1-9]\d{0,9})\.[0-9a-f]{40}$/.exec(context) ?? [];
    if (digits === undefined) return null;
    const version = Number(digits);
    return sameSecret(context, this.of({ ...task, version })) ? version : null;
  }
}
