import type { Logger } from 'pino';
import type { Config } from '../config/config.js';

/** Tells where the service is: a person at a terminal with what to type next, production with one line of its log. */
export function greet(url: string, config: Config, logger: Logger): void {
  const base = url.replace(/0\.0\.0\.0|127\.0\.0\.1|\[::1?\]/, 'localhost');
  if (config.production) {
    logger.info({ url: base, docs: `${base}/docs`, database: config.database.dialect }, 'serving');
    return;
  }
  process.stdout.write(
    [
      '',
      `  Countersign serves ${base} (${config.database.dialect})`,
      `  Swagger UI: ${base}/docs`,
      '',
      '  Next, in another terminal, see the four cases of an approval walked step by step:',
      '    npm run demo',
      '  or make a token for Swagger UI and curl:',
      '    npm run --silent token -- --user ann --team t1 --role team_admin',
      '',
      '',
    ].join('\n'),
  );
}
