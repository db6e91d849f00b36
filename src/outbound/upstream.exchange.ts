import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { endToEnd, type Fields } from './hop-by-hop.js';
import { OutboundError, outboundError } from './outbound-error.js';

/** Why a request to a system behind the gate brought no answer, or not all of it. */
export class UpstreamError extends OutboundError {
  constructor(
    kind: OutboundError['kind'],
    message: string,
    /** False only when certainly nothing of the request was sent; true says that it may have been acted upon. */
    readonly sent: boolean,
  ) {
    super(kind, message);
  }
}

/** An answer that is under way: its head is there, its body comes while it is read. */
export interface UpstreamAnswer {
  readonly status: number;
  /** In the upstream's sequence, names in lower case, without what belongs to the connection. */
  readonly headers: Fields;
  /** Fails with an {@link UpstreamError} when the answer breaks off; destroying it ends the call. */
  readonly body: Readable;
}

/** One request and its answer on the wire, as undici tells of them. Header values are read byte by byte (latin1). */
export class Exchange implements Dispatcher.DispatchHandler {
  /** Settles when the head of the answer is there, or cannot come. Rejects with an {@link UpstreamError}. */
  readonly answer: Promise<UpstreamAnswer>;

  private controller: Dispatcher.DispatchController | null = null;
  private body: Readable | null = null;
  private ended: UpstreamError | null = null;
  /** Whether the whole answer has come. */
  private complete = false;
  private answered!: (answer: UpstreamAnswer) => void;
  private failed!: (error: UpstreamError) => void;

  constructor() {
    this.answer = new Promise((resolve, reject) => {
      this.answered = resolve;
      this.failed = reject;
    });
    // A call that is given up before anybody waits for its answer.
    this.answer.catch(() => undefined);
  }

  /** Ends the call, whatever state it is in. undici hears of it only once it is connected, and then sends nothing. */
  giveUp(kind: OutboundError['kind'], message: string): void {
    this.fail(new OutboundError(kind, message));
    if (this.ended !== null) this.controller?.abort(this.ended);
  }

  /** For calls that undici refuses before it begins. */
  fail(error: unknown): void {
    if (this.ended !== null) return;
    const { kind, message } = outboundError(error);
    // undici tells of the start just before the first byte, on a connection that stands: what failed earlier sent nothing.
    this.ended = new UpstreamError(kind, message, this.controller !== null);
    this.failed(this.ended);
    this.body?.destroy(this.ended);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.ended !== null) return controller.abort(this.ended);
    this.controller = controller;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    // 103 Early Hints and the like: the answer is still to come.
    if (status < 200) return;
    this.body = new Readable({
      read: () => controller.resume(),
      destroy: (error, callback) => {
        // A stream is destroyed behind its end as well; nothing is left to end then, and an error costs its stack.
        if (!this.complete) controller.abort(error ?? new Error('the answer is no longer wanted'));
        callback(error);
      },
    });
    // Who does not look at a body that breaks off has no use for it.
    this.body.on('error', () => undefined);
    this.answered({ status, headers: endToEnd(fieldsOf(controller.rawHeaders)), body: this.body });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.body?.push(chunk) === false) controller.pause();
  }

  onResponseEnd(): void {
    this.complete = true;
    this.body?.push(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error);
  }
}

function fieldsOf(raw: Dispatcher.DispatchController['rawHeaders']): Fields {
  if (!Array.isArray(raw)) return [];
  const texts = raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1')));
  return texts.flatMap((name, at) =>
    at % 2 === 0 ? [[name.toLowerCase(), texts[at + 1] ?? ''] as const] : [],
  );
}
