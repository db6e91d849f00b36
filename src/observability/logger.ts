import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import type { Config } from '../config/config.js';

/** The process's logger: JSON lines on standard output, without credentials. */
export const createLogger = (config: Pick<Config, 'logLevel'>): Logger =>
  pino({
    level: config.logLevel,
    base: { service: 'countersign' },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: ['req.headers.authorization', 'req.headers.cookie', 'req.headers["x-api-key"]'],
  });

/** Who tells at every start which modules and routes there are: of interest when debugging only. */
const bootContexts = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** Lets Nest's `Logger` write through pino; an object before the message becomes fields of the line. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log = (...args: unknown[]) => this.write('info', args);
  warn = (...args: unknown[]) => this.write('warn', args);
  error = (...args: unknown[]) => this.write('error', args);
  fatal = (...args: unknown[]) => this.write('fatal', args);
  debug = (...args: unknown[]) => this.write('debug', args);
  verbose = (...args: unknown[]) => this.write('trace', args);

  private write(level: 'info' | 'warn' | 'error' | 'fatal' | 'debug' | 'trace', args: unknown[]): void {
    // Nest appends the context; `logger.error({err}, 'text')` arrives as [{err}, 'text', context].
    const context = args.length > 1 && typeof args.at(-1) === 'string' ? args.at(-1) : undefined;
    const rest = context === undefined ? args : args.slice(0, -1);
    const fields = typeof rest[0] === 'object' && rest[0] !== null ? rest[0] : {};
    const text = rest.find((part) => typeof part === 'string');
    const quiet = level === 'info' && typeof context === 'string' && bootContexts.has(context);
    this.logger[quiet ? 'debug' : level]({ context, ...fields }, text);
  }
}
