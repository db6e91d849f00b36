import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { type BusinessModule, type Reply, startBusinessModule } from './business-module.js';

/** How an approval stands with a third party. */
export interface PartyApproval {
  readonly key: string;
  readonly asked: Readonly<Record<string, unknown>>;
  status: 'pending' | 'approved' | 'rejected' | 'withdrawn' | 'cancelled';
  user: string | null;
  comment: string | null;
}

/** A third party that decides approvals: asked by signed POSTs, it answers by signed POSTs, and when it is asked how one stands. */
export interface OutsideParty {
  readonly url: string;
  readonly receiver: BusinessModule;
  readonly approvals: ReadonlyMap<string, PartyApproval>;
  /** The newest approval of an order. */
  of(orderId: string): PartyApproval | undefined;
  /** Whether every call is answered 503. */
  away(is: boolean): void;
  /** Somebody decides there; nobody is told. */
  decide(key: string, status: PartyApproval['status'], user?: string, comment?: string): void;
  /** Tells the service how an approval stands. @param how what is different from a message that is right */
  tell(
    callbackUrl: string,
    secret: string,
    key: string,
    how?: { readonly id?: string; readonly sentAt?: Date; readonly body?: string },
  ): Promise<Response>;
  close(): Promise<void>;
}

/** @param done runs when a call of a type has done its work there, and is not answered yet */
export async function startOutsideParty(
  done: (type: string, response: ServerResponse) => Promise<void> | void = () => undefined,
): Promise<OutsideParty> {
  const approvals = new Map<string, PartyApproval>();
  const resultOf = ({ key, status, user, comment }: PartyApproval) => ({ key, status, user, comment });
  const answer = (body: unknown): Reply => {
    const { type, data } = body as { type: string; data: Record<string, string> };
    const key = data.key ?? '';
    const known = approvals.get(key);
    switch (type) {
      case 'approval.create':
        approvals.set(key, known ?? { key, asked: data, status: 'pending', user: null, comment: null });
        return { status: 202 };
      case 'approval.cancel':
        if (known) known.status = 'cancelled';
        return { status: 200 };
      case 'approval.observe':
        return known && known.status !== 'cancelled'
          ? { status: 200, body: { data: resultOf(known) } }
          : { status: 404 };
      default:
        return { status: 200 };
    }
  };
  let isAway = false;
  const receiver = await startBusinessModule(async ({ body }, response) => {
    if (isAway) return { status: 503 };
    const reply = answer(body);
    await done((body as { type: string }).type, response);
    return reply;
  });
  return {
    url: `${receiver.url}/approvals`,
    receiver,
    approvals,
    of: (orderId) => [...approvals.values()].findLast(({ asked }) => asked.ticket_id === orderId),
    away: (is) => void (isAway = is),
    decide: (key, status, user, comment) => {
      const known = approvals.get(key);
      if (!known) throw new Error(`no approval ${key}`);
      Object.assign(known, { status, user: user ?? null, comment: comment ?? null });
    },
    tell: (callbackUrl, secret, key, how = {}) => {
      const known = approvals.get(key);
      const body =
        how.body ?? JSON.stringify({ type: 'approval.result', data: known ? resultOf(known) : { key } });
      const id = how.id ?? randomUUID();
      const sentAt = how.sentAt ?? new Date();
      return fetch(callbackUrl, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
          'webhook-signature': new Webhook(secret).sign(id, sentAt, body),
        },
        body,
      });
    },
    close: () => receiver.close(),
  };
}
