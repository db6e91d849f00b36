import { Injectable } from '@nestjs/common';
import type { IncomingAnswer } from './telling.port.js';

/** Approvals that people decide here: nobody outside is told, and nobody outside answers. Reserved as a code. */
export const internalProvider = 'internal';

/** How outside approval systems are spoken to. `webhook`: any third party, by signed POSTs in both directions. */
export const providerKinds = ['webhook', 'lark', 'dingtalk', 'wecom'] as const;
export type ProviderKind = (typeof providerKinds)[number];

/** A provider as it is set up at this moment. Holds secrets in clear: for sending and checking, never for showing. */
export interface ProviderConnection {
  readonly id: string;
  /** The team that owns it; empty for the platform. */
  readonly scope: string;
  readonly code: string;
  readonly kind: string;
  /** Where its API is: of a vendor the origin (and prefix), of a webhook the address that is posted to. No slash at the end. */
  readonly url: string;
  /** `whsec_` secrets of a webhook, newest first; two during the overlap of a rotation. Empty for vendors. */
  readonly secrets: readonly string[];
  /** What a vendor needs to know besides, by name; nothing secret. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The secrets of a vendor's app, by name, in clear. */
  readonly credentials: Readonly<Record<string, string>>;
}

/** One attempt to call a provider. */
export interface ProviderAttempt {
  /** The same on every attempt at the same thing: by it a provider knows what it has heard already. */
  readonly id: string;
  /** Now, by the database's clock. */
  readonly sentAt: Date;
  readonly signal: AbortSignal;
}

/** A person on both sides; null where that side does not know them. */
export interface Party {
  readonly userCode: string | null;
  readonly externalId: string | null;
}

/** Which widget of a form (its id, custom id, or name) is which field of the business module (requirement 001, relation). */
export interface FieldRelation {
  readonly widget: string;
  readonly apiKey: string;
  /** Of WeCom: the kind of control, `Text` when left out. */
  readonly control?: string;
}

/** How a business type looks at a provider: an approval code of Feishu, a process code of DingTalk, a template id of WeCom. */
export interface ProviderForm {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  /** Null: fields are not mapped. */
  readonly relation: readonly FieldRelation[] | null;
}

/** An approval that a provider is asked for. */
export interface ApprovalAsk {
  /** At most 64 characters, the same whenever this approval is asked for: what makes asking twice harmless. */
  readonly key: string;
  /** Whether an earlier attempt may have arrived, although nobody knows what came of it. */
  readonly again: boolean;
  readonly orderId: string;
  readonly businessType: string;
  readonly businessKey: string | null;
  readonly team: string | null;
  readonly title: string | null;
  readonly remark: string | null;
  readonly applicant: Party;
  readonly form: ProviderForm | null;
  /** The variables of the order. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Where a person looks at the order; null while PUBLIC_URL is not set. */
  readonly link: string | null;
  /** Where a webhook's signed result is posted. */
  readonly resultUrl: string;
  /** When it was asked for first; the same on every attempt. */
  readonly time: Date;
}

/** What has become of an approval outside. `gone`: deleted there. */
export const outsideStatuses = ['pending', 'approved', 'rejected', 'withdrawn', 'gone'] as const;
export type OutsideStatus = (typeof outsideStatuses)[number];

/** One task of somebody in an approval outside. */
export interface OutsideTask {
  readonly id: string;
  readonly nodeName: string | null;
  /** By the provider's ids; null where it passed by itself. */
  readonly externalId: string | null;
  readonly status: 'pending' | 'approved' | 'rejected' | 'transferred' | 'ended';
  readonly comment: string | null;
  readonly endedAt: Date | null;
  /**
   * Whether it is ours to answer: the check node before the first reviewer, or the execute node behind the last one
   * (requirement 001), with our assistant on it.
   */
  readonly ours: 'check' | 'execute' | null;
}

/** A field as it was filled in outside. */
export interface OutsideWidget {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly value: unknown;
  /** The whole object, as the provider gave it. */
  readonly whole: Readonly<Record<string, unknown>>;
}

/** An approval as it is outside at this moment: the canonical form into which every kind translates. */
export interface Observation {
  readonly externalId: string;
  /** The key under which we asked for it; null where the provider does not keep one, or somebody else began it. */
  readonly key: string | null;
  readonly formCode: string | null;
  readonly title: string | null;
  readonly status: OutsideStatus;
  /** Who applied, by the provider's ids. */
  readonly applicant: string | null;
  /** Who made the decision that ended it, by the provider's ids. */
  readonly decidedBy: string | null;
  readonly comment: string | null;
  /** In the order of their beginning. */
  readonly tasks: readonly OutsideTask[];
  readonly widgets: readonly OutsideWidget[];
}

/** A decision on somebody's task outside. */
export interface OutsideAction {
  readonly externalId: string;
  readonly formCode: string | null;
  readonly taskId: string;
  /** In whose place, by the provider's ids; null: our assistant's. */
  readonly actor: string | null;
  readonly decision: 'approve' | 'reject';
  readonly comment: string;
}

/** An approval that is needed no longer. */
export interface OutsideCancel {
  readonly externalId: string;
  readonly key: string;
  readonly formCode: string | null;
  /** The applicant, by the provider's ids. */
  readonly applicant: string | null;
  readonly orderId: string;
  readonly reason: string;
  readonly time: Date;
}

/** What comes to a provider's address. */
export interface IncomingEvent extends IncomingAnswer {
  readonly method: string;
  readonly query: Readonly<Record<string, string | undefined>>;
}

/** How an incoming message is answered at once. */
export interface EventReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Something that happened outside. It says where to look: what counts is what is observed then. */
export interface OutsideEvent {
  /** At most 160 characters; the same whenever the provider sends it again. */
  readonly id: string;
  readonly type: string;
  readonly externalId: string | null;
  readonly key: string | null;
  readonly formCode: string | null;
  /** The task that it is about, where it names one: of tasks that wait for us at once, each is told of by its own event. */
  readonly taskId?: string | null;
  /** What the event itself proves, where the provider cannot be asked (a webhook's signed result). */
  readonly observation?: Observation;
}

/** What an incoming message is. A refusal's `why` is for the log, never for whoever sent it. */
export type Received =
  | { readonly kind: 'refused'; readonly why: string }
  /** It is the provider's, and makes no sense: `why` tells it what is wrong with which field. */
  | { readonly kind: 'malformed'; readonly field: string; readonly why: string }
  | { readonly kind: 'challenge'; readonly reply: EventReply }
  | { readonly kind: 'events'; readonly events: readonly OutsideEvent[]; readonly reply: EventReply };

/** A message to one person. */
export interface PersonalMessage {
  /** By the provider's ids. */
  readonly externalId: string;
  readonly title: string;
  /** Plain text. */
  readonly text: string;
  /** Opens the order; reading it decides nothing. Null while PUBLIC_URL is not set. */
  readonly link: string | null;
  readonly linkText: string;
}

/** What a trial call met. */
export interface ConnectionTrial {
  readonly ok: boolean;
  readonly status: number | null;
  /** Null when nothing went wrong. Holds no secret. */
  readonly error: string | null;
}

/**
 * A way to speak with outside approval systems of one kind. Every call runs outside any transaction, and fails with a
 * `ProviderFailure` (`provider-failure.ts`).
 */
export interface ApprovalProvider {
  readonly kind: ProviderKind;

  /** Asks for an approval. @returns its id there; null when it is told later, by an event that names the key */
  create(
    to: ProviderConnection,
    ask: ApprovalAsk,
    attempt: ProviderAttempt,
  ): Promise<{ readonly externalId: string | null }>;

  /** How an approval stands; null when the provider does not know it, or cannot be asked. */
  observe(to: ProviderConnection, externalId: string, attempt: ProviderAttempt): Promise<Observation | null>;

  /** Decides a task. `already_decided`: somebody was faster; look again. */
  act(
    to: ProviderConnection,
    action: OutsideAction,
    attempt: ProviderAttempt,
  ): Promise<'done' | 'already_decided'>;

  /** Ends an approval. `unsupported`: this kind cannot; it ends there by itself, and nobody minds its result. */
  cancel(
    to: ProviderConnection,
    cancel: OutsideCancel,
    attempt: ProviderAttempt,
  ): Promise<'cancelled' | 'already_over' | 'unsupported'>;

  /** What a message that claims to come from it is: verified over the raw bytes. Calls nobody. */
  receive(from: ProviderConnection, incoming: IncomingEvent, now: Date): Received;

  /** Whether the settings lead anywhere: never throws at a provider that does not answer. */
  test(to: ProviderConnection, signal: AbortSignal): Promise<ConnectionTrial>;

  /** Writes to a person; left out by kinds that have no messages. */
  notify?(to: ProviderConnection, message: PersonalMessage, attempt: ProviderAttempt): Promise<void>;

  /** A form is of interest from now on: events of it arrive. */
  follow?(to: ProviderConnection, formCode: string, signal: AbortSignal): Promise<void>;

  /** A form is of interest no longer. */
  unfollow?(to: ProviderConnection, formCode: string, signal: AbortSignal): Promise<void>;

  /** Which approvals of a form were begun there in a time, whatever has become of them; left out by kinds that cannot say. */
  recent?(
    to: ProviderConnection,
    formCode: string,
    between: { readonly from: Date; readonly to: Date },
    signal: AbortSignal,
  ): Promise<readonly string[]>;
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
