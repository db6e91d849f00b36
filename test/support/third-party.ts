import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { type BusinessModule, type ReceivedCall, startBusinessModule } from './business-module.js';
import { eventually } from './eventually.js';
import type { Answer } from './harness.js';

/** What an answer may differ in from one that is right. */
export interface Answering {
  /** Signs in their place; several for several signatures, none for no signature. */
  readonly secrets?: readonly string[];
  /** Seconds by which its clock is ahead. */
  readonly ahead?: number;
  readonly messageId?: string;
  /** What is signed, where that is not what is sent. */
  readonly signed?: string;
  /** Where requirement 000 has it, or elsewhere. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An outside approval system: it is told of requests by signed POSTs, and answers by them. */
export interface ThirdParty {
  readonly receiver: BusinessModule;
  readonly url: string;
  /** What it was told about a request, as soon as there is something of that type. */
  told(requestId: string, type: string): Promise<readonly ReceivedCall[]>;
  /** What it was told about a request so far. */
  toldOf(requestId: string): ReceivedCall[];
  /** @param body sent as it is when it is a text */
  answer(
    service: { readonly url: string },
    requestId: string,
    secret: string,
    body: unknown,
    how?: Answering,
  ): Promise<Answer>;
  close(): Promise<void>;
}

export async function startThirdParty(): Promise<ThirdParty> {
  const receiver = await startBusinessModule();
  const toldOf = (requestId: string): ReceivedCall[] =>
    receiver.calls.filter((call) => call.body.data?.approve_request_id === requestId);
  return {
    receiver,
    url: `${receiver.url}/requests`,
    toldOf,
    told: (requestId, type) =>
      eventually(
        () => toldOf(requestId).filter((call) => call.body.type === type),
        (calls) => calls.length > 0,
      ),
    answer: async (service, requestId, secret, body, how = {}) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const id = how.messageId ?? randomUUID();
      const sentAt = new Date(Date.now() + (how.ahead ?? 0) * 1000);
      const signatures = (how.secrets ?? [secret]).map((one) =>
        new Webhook(one).sign(id, sentAt, how.signed ?? text),
      );
      const path = how.path ?? `/api/v1/change_approve_request_status/${requestId}/`;
      const response = await fetch(`${service.url}${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
          ...(signatures.length > 0 ? { 'webhook-signature': signatures.join(' ') } : {}),
          ...how.headers,
        },
        body: text,
      });
      return { status: response.status, body: await response.json(), headers: response.headers };
    },
    close: () => receiver.close(),
  };
}
