import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { createApp } from './app.js';
import { ConfigError, parseConfig } from './config/config.js';
import { DatabaseUnavailable } from './database/errors.js';
import { createLogger } from './observability/logger.js';
import { greet } from './cli/greeting.js';

/** Environment → createApp() → listen. */
async function main(): Promise<void> {
  try {
    process.loadEnvFile('.env');
  } catch {
    // No .env file: the environment and the defaults are enough.
  }
  const config = parseConfig(process.env);
  const logger = createLogger(config);
  if (config.auth.jwtSecret !== null && config.auth.jwtSecret.length < 32) {
    logger.warn(
      'AUTH_JWT_SECRET is shorter than 32 characters: tokens signed with it can be forged by guessing it',
    );
  }
  const app = await createApp(config, { logger });
  await app.listen(config.port, config.host);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void stop(app, signal, config.shutdownTimeout, logger));
  }
  greet(await app.getUrl(), config, logger);
}

/** Lets the requests under way finish, then ends with 0; with 1 when they take longer than SHUTDOWN_TIMEOUT. */
async function stop(
  app: NestFastifyApplication,
  signal: string,
  timeout: number,
  logger: Logger,
): Promise<void> {
  logger.info({ signal }, 'stopping: requests under way are finished first');
  setTimeout(() => {
    logger.error('requests were still under way after SHUTDOWN_TIMEOUT; the process ends');
    process.exit(1);
  }, timeout).unref();
  await app.close();
  process.exit(0);
}

main().catch((error: unknown) => {
  // A setting or an address that cannot work is told in one line; anything else is a fault of ours, with its stack.
  const plain = error instanceof ConfigError || error instanceof DatabaseUnavailable || isListenError(error);
  process.stderr.write(`${plain ? (error as Error).message : String((error as Error)?.stack ?? error)}\n`);
  process.exit(1);
});

const isListenError = (error: unknown): boolean =>
  (error as { syscall?: string } | null)?.syscall === 'listen';
