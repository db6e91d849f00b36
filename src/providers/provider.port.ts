import { Injectable } from '@nestjs/common';
import type { AttemptResult } from '../outbox/delivery-handler.port.js';

/** Approvals that people decide here: nobody outside is told, and nobody outside answers. Reserved as a code. */
export const internalProvider = 'internal';

/** The user code under which a provider's decisions stand in the log; nobody's token may name it. */
export const providerUser = (code: string): string => `provider:${code}`;

/** How providers are spoken to. `webhook`: any third party, by signed POSTs in both directions. */
export const providerKinds = ['webhook'] as const;
export type ProviderKind = (typeof providerKinds)[number];

/** What a provider is told of: the first asks it to decide, the second says that no decision is needed any more. */
export type ProviderEvent = 'CREATE_APPROVE_REQUEST' | 'CANCEL_APPROVE_REQUEST';

/** A provider as it is set up at this moment. Holds secrets in clear: for sending and checking, never for showing. */
export interface ProviderConnection {
  readonly id: string;
  /** The team that owns it; empty for the platform. */
  readonly scope: string;
  readonly code: string;
  readonly kind: string;
  readonly url: string;
  /** `whsec_` secrets, newest first; two during the overlap of a rotation. */
  readonly secrets: readonly string[];
}

/** A request that waits for an approval, as a provider is shown it. Holds no secret: the body is redacted. */
export interface HeldRequest {
  readonly approve_request_id: string;
  readonly action: {
    readonly id: string;
    readonly name: string;
    readonly path: string;
    readonly method: string;
  };
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: unknown;
  readonly request_hash: string;
  readonly user_code: string;
  readonly acc_code: string | null;
  readonly business_type: string;
}

/** A request that waits no longer. */
export interface EndedRequest {
  readonly approve_request_id: string;
  /** What has become of it: `approved`, `denied`, `cancelled` or `expired`. */
  readonly status: string;
}

/** The order behind a request, and where its answer is expected. */
interface Answerable {
  readonly ticket_id: string;
  readonly callback_url: string;
}

/** A decision that a provider is asked for. */
export interface ApprovalAsk {
  readonly time: Date;
  readonly data: HeldRequest & Answerable;
}

/** A decision that it is asked for no longer. */
export interface ApprovalCancel {
  readonly time: Date;
  readonly data: EndedRequest & Answerable;
}

/** One attempt to tell a provider something. */
export interface ProviderAttempt {
  /** The same on every attempt: by it a provider knows what it has heard already. */
  readonly id: string;
  /** Now, by the database's clock. */
  readonly sentAt: Date;
  readonly signal: AbortSignal;
}

/** A message that claims to be a provider's. */
export interface IncomingAnswer {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Exactly the bytes that came. */
  readonly rawBody: Buffer;
}

export type Authenticity =
  | { readonly ok: true; readonly messageId: string }
  /** `why` is for the log, not for whoever has sent it. */
  | { readonly ok: false; readonly why: string };

/** A way to speak with outside approval systems of one kind. */
export interface ApprovalProvider {
  readonly kind: ProviderKind;

  /** Asks for a decision. Outside any transaction; throwing counts as a failed attempt. */
  create(to: ProviderConnection, ask: ApprovalAsk, attempt: ProviderAttempt): Promise<AttemptResult>;

  /** Says that the decision is not needed any more. */
  cancel(to: ProviderConnection, cancel: ApprovalCancel, attempt: ProviderAttempt): Promise<AttemptResult>;

  /** Whether an answer comes from it, and now. */
  verify(from: ProviderConnection, answer: IncomingAnswer, now: Date): Authenticity;
}

/** Who speaks with providers of which kind. */
@Injectable()
export class ApprovalProviders {
  private readonly byKind = new Map<string, ApprovalProvider>();

  /** @throws Error when a kind is spoken to already */
  register(provider: ApprovalProvider): void {
    if (this.byKind.has(provider.kind)) throw new Error(`kind ${provider.kind} has two providers`);
    this.byKind.set(provider.kind, provider);
  }

  of(kind: string): ApprovalProvider | undefined {
    return this.byKind.get(kind);
  }
}
