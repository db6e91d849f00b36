import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A call that the module made. */
export interface Received {
  readonly call: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What the module needs of Countersign: orders by idempotency key, their list, and late answers. */
export class FakeCountersign {
  /** Idempotency key → the order's id. */
  readonly orders = new Map<string, string>();
  /** Given instead of the next answers. */
  readonly answers: { status: number; body?: object }[] = [];
  /** The order is stored, its answer not yet sent. */
  beforeOrderAnswer: ((orderId: string, body: Received['body']) => Promise<unknown>) | undefined;
  private readonly log: Received[] = [];
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const call = `${request.method} ${request.url?.replace(/\?.*/, '')}`;
        const text = Buffer.concat(chunks).toString();
        const body = (text ? JSON.parse(text) : {}) as Received['body'];
        this.log.push({ call, headers: request.headers, body });
        void this.answer(call, request.headers, body).then(({ status, body: answer = {} }) =>
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer)),
        );
      });
    });
  }

  static async start(): Promise<FakeCountersign> {
    const fake = new FakeCountersign();
    await new Promise<void>((resolve) => fake.server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  received(call: string): Received[] {
    return this.log.filter((one) => one.call === call);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(call: string, headers: IncomingHttpHeaders, body: Received['body']) {
    const given = this.answers.shift();
    if (given) return given;
    if (call === 'GET /api/v1/orders') {
      return {
        status: 200,
        body: { items: [...this.orders.values()].map((id) => ({ id })), nextCursor: null },
      };
    }
    if (call !== 'POST /api/v1/orders') return { status: 200, body: {} };
    const key = String(headers['idempotency-key']);
    const id = this.orders.get(key) ?? `order-${this.orders.size + 1}`;
    this.orders.set(key, id);
    await this.beforeOrderAnswer?.(id, body);
    return { status: 201, body: { id, applyStatus: 'initiating' } };
  }
}
