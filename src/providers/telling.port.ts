/** What a provider is told of held requests: the first asks it to decide, the second says that no decision is needed any more. */
export type TellingEvent = 'CREATE_APPROVE_REQUEST' | 'CANCEL_APPROVE_REQUEST';

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

/** What a provider is told about a request, with where it answers. */
export interface RequestTelling {
  readonly time: Date;
  readonly data: (HeldRequest | EndedRequest) & Answerable;
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
