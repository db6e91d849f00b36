import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Webhook } from 'standardwebhooks';
import { vi } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

type Json = Record<string, unknown> & { id: string; orderId: string };

/** The example in a process of its own. */
export class Module {
  output = '';
  readonly listens: Promise<string>;
  readonly ended: Promise<number | null>;
  private readonly child: ChildProcess;

  constructor(env: Readonly<Record<string, string>>, cwd: string) {
    const { PATH, HOME } = process.env;
    this.child = spawn(process.execPath, [join(root, 'examples/data-export/server.mjs')], {
      env: { PATH, HOME, ...env },
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
    this.listens = this.writes(/data-export listens on (http:\S+)\n/);
    this.listens.catch(() => undefined);
  }

  async writes(pattern: RegExp): Promise<string> {
    let over = false;
    void this.ended.then(() => (over = true));
    return vi.waitUntil(
      () => {
        const found = pattern.exec(this.output);
        if (found || !over) return found?.[1] ?? found?.[0];
        throw new Error(`it ended before it wrote ${String(pattern)}: ${this.output}`);
      },
      { timeout: 20_000, interval: 20 },
    );
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    this.child.kill(signal);
    await this.ended;
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await fetch((await this.listens) + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text ? JSON.parse(text) : null) as Json,
    };
  }

  /** A callback about an export, as Countersign sends it; or with something else in it. */
  async callback(
    type: string,
    one: { readonly id: string; readonly orderId: string },
    other: { id?: string; data?: object; secret?: string; date?: Date; signature?: string } = {},
  ) {
    const data = {
      ticket_id: one.orderId,
      business_type: 'data_export',
      business_key: one.id,
      ...other.data,
    };
    const { status, body } = await this.signed(JSON.stringify({ type, timestamp: new Date(), data }), other);
    return { status, body };
  }

  signed(
    body: string,
    other: { id?: string; secret?: string; date?: Date; signature?: string } = {},
  ): ReturnType<Module['call']> {
    const {
      id = `msg_${Math.random()}`,
      date = new Date(),
      secret = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
    } = other;
    return this.call('POST', '/approvals/check', body, {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(date.getTime() / 1_000)),
      'webhook-signature': other.signature ?? new Webhook(secret).sign(id, date, body),
    });
  }
}
