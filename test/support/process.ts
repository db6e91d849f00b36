import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from '../../scripts/build.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A service in a process of its own, as operators run it. */
export interface ServiceProcess {
  readonly child: ChildProcess;
  /** Everything it has written so far. */
  output(): string;
  /** Resolves with what a pattern captured as soon as the output holds it; rejects when the process ends before. */
  seen(pattern: RegExp): Promise<string>;
  /** Resolves when it has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** Settings of a test process: empty values count as not set, and keep a developer's .env out. */
const quiet = { NODE_ENV: '', AUTH_JWT_SECRET: '', AUTH_JWKS_URI: '', DATABASE_URL: '', LOG_LEVEL: 'info' };

/** Starts `node dist/main.js` with these settings. */
export function startProcess(env: Readonly<Record<string, string>>): ServiceProcess {
  ensureBuilt();
  const child = spawn(process.execPath, ['dist/main.js'], {
    cwd: root,
    env: { ...process.env, ...quiet, HOST: '127.0.0.1', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const seen = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(output);
        if (!found) return;
        listeners.delete(look);
        resolve(found[1] ?? found[0]);
      };
      listeners.add(look);
      look();
      void ended.then(() => reject(new Error(`the process ended before ${String(pattern)}:\n${output}`)));
    });
  return { child, output: () => output, seen, ended };
}

/** The address that a process tells when it serves. */
export const addressOf = (service: ServiceProcess): Promise<string> =>
  service.seen(/serves (http:\/\/localhost:\d+)/);
