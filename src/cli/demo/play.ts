import { ConfigError } from '../../config/config.js';
import { DemoRun } from './run.js';
import { DemoError, startPrivate, type Target } from './target.js';
import { print } from './terminal.js';

/** What a demo shows. */
export interface Story {
  /** What it is about. */
  readonly about: string;
  /** The page that says how its orders have to end. */
  readonly source: string;
  tell(run: DemoRun): Promise<void>;
}

/** Plays a story through a service's public API; the process will exit with 1 when something ends otherwise. */
export async function play(story: Story, target: Target): Promise<void> {
  try {
    const run = new DemoRun(target);
    print(`${story.about}, on ${target.what}.`);
    print(`All codes of this run end with ${run.suffix}, which is left out below. Times are UTC.`);
    await story.tell(run);
    process.exitCode = run.conclude(story.source) ? 0 : 1;
    if (target.whereToLook) print(target.whereToLook);
  } finally {
    await target.close();
  }
}

/** The same on a service of its own. @param settings beside those that a demo needs anyway */
export const playAlone = async (
  story: Story,
  why: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> => play(story, await startPrivate(why, settings));

/** Ends the process with 1 and, where that says enough, with one line. */
export function fail(error: unknown): never {
  const plain = error instanceof DemoError || error instanceof ConfigError;
  process.stderr.write(`${plain ? error.message : String((error as Error)?.stack ?? error)}\n`);
  process.exit(1);
}
