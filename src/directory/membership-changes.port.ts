import { Injectable } from '@nestjs/common';
import type { Tx } from '../database/sql.js';
import type { Subject } from '../engine/vocabulary.js';

/** What one person no longer is: a member of a group, a holder of a role, or (`u:`) active. */
export interface LostMembership {
  readonly userCode: string;
  readonly subject: Subject;
}

/** Who no longer counts as what. */
export interface MembershipChange {
  /** The team in which that is so; null: in every team, as far as another listing says nothing else. */
  readonly team: string | null;
  readonly left: readonly LostMembership[];
}

export type MembershipListener = (tx: Tx, change: MembershipChange) => Promise<void>;

/**
 * Who wants to know of memberships that people lose. A listener runs in the transaction that takes them away, and
 * writes down through it what is to be done afterwards. By then the directory may say something else again, so it is
 * asked anew before anything is done to an order.
 */
@Injectable()
export class MembershipChanges {
  private readonly listeners: MembershipListener[] = [];

  register(listener: MembershipListener): void {
    this.listeners.push(listener);
  }

  /** Whether anybody listens; when nobody does, nobody needs to look up what was before. */
  get heard(): boolean {
    return this.listeners.length > 0;
  }

  /** Tells every listener; of an empty change, none. */
  async tell(tx: Tx, change: MembershipChange): Promise<void> {
    if (change.left.length === 0) return;
    for (const listener of this.listeners) await listener(tx, change);
  }
}
