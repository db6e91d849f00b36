import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DemoError } from './target.js';

const program = fileURLToPath(new URL('../../../examples/data-export/server.mjs', import.meta.url));

/** Whether the example came with the program: an image holds only what serves. */
export const isExampleThere = (): boolean => existsSync(program);

/** What the demo reads of the module's answers. */
export interface Export {
  readonly id: string;
  readonly orderId: string;
  readonly state: string;
  readonly message: string | null;
}

/** What the module has to know of Countersign. */
export interface Connection {
  readonly url: string;
  readonly apiKey: string;
  readonly businessType: string;
  readonly secret: string;
}

/** The business module of examples/data-export, in a process of its own that never outlives the demo. */
export class DataExport {
  private constructor(
    readonly url: string,
    private readonly folder: string,
    private readonly child: ChildProcess,
    private readonly ended: Promise<void>,
  ) {}

  /** @throws DemoError with what the module said when it does not start. */
  static async start({ url, apiKey, businessType, secret }: Connection): Promise<DataExport> {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-demo-module-'));
    const child = spawn(process.execPath, [program], {
      env: {
        PATH: process.env['PATH'],
        HOST: '127.0.0.1',
        PORT: '0',
        COUNTERSIGN_URL: url,
        COUNTERSIGN_API_KEY: apiKey,
        CALLBACK_SECRET: secret,
        BUSINESS_TYPE: businessType,
        DATA_FILE: join(folder, 'exports.json'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = endOf(child, folder);
    try {
      return new DataExport(await addressOf(child), folder, child, ended);
    } catch (error) {
      await end(child, ended, folder);
      throw error;
    }
  }

  async apply(what: { userCode: string; dataset: string; rows: number }): Promise<Export> {
    const response = await fetch(`${this.url}/exports`, {
      method: 'POST',
      body: JSON.stringify(what),
      signal: AbortSignal.timeout(30_000),
    });
    if (response.status === 201) return (await response.json()) as Export;
    throw new DemoError(`the module answered ${response.status}: ${await response.text()}`);
  }

  async read(id: string): Promise<Export> {
    const response = await fetch(`${this.url}/exports/${id}`, { signal: AbortSignal.timeout(30_000) });
    return (await response.json()) as Export;
  }

  stop(): Promise<void> {
    return end(this.child, this.ended, this.folder);
  }
}

/** Resolves when the child is gone, and sees to it that it goes when this process does. */
function endOf(child: ChildProcess, folder: string): Promise<void> {
  const kill = (): void => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  const leave = (): never => process.exit(1);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  process.once('exit', kill);
  for (const signal of signals) process.once(signal, leave);
  return new Promise((resolve) => {
    const gone = (): void => {
      process.off('exit', kill);
      for (const signal of signals) process.off(signal, leave);
      resolve();
    };
    child.once('close', gone);
    child.once('error', gone);
  });
}

async function end(child: ChildProcess, ended: Promise<void>, folder: string): Promise<void> {
  child.kill();
  const patience = setTimeout(() => child.kill('SIGKILL'), 3_000);
  await ended;
  clearTimeout(patience);
  await rm(folder, { recursive: true, force: true });
}

/** The address that the module prints once it listens. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (why: string): void => reject(new DemoError(`examples/data-export ${why}: ${said.trim()}`));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const address = /listens on (http:\S+)\n/.exec(said)?.[1];
        if (address !== undefined) resolve(address);
      });
    }
    child.once('close', () => fail('ended'));
    child.once('error', (error) => fail(error.message));
    setTimeout(() => fail('does not start'), 20_000).unref();
  });
}
