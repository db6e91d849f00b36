import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { SharedClock } from '../database/shared-clock.js';
import { JobsRepository } from './jobs.repository.js';
import { type NightlyResult, NightlyService } from './nightly.service.js';

/** Under which name the verification is planned. */
export const verifyJob = 'verify_logs';

/** How often a replica looks whether it is due (milliseconds). */
const lookEvery = 30_000;
const minute = 60_000;
const day = 24 * 60 * minute;

/** Has the logs verified once a day, by whichever replica looks first after it is due. */
@Injectable()
export class NightlyRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('audit');
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<unknown> = Promise.resolve();
  private stopped = false;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly jobs: JobsRepository,
    private readonly nightly: NightlyService,
    private readonly clock: SharedClock,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.logVerifyAt !== null) this.again(this.config.logVerifyAt);
  }

  /** What is under way ends after the order that it is at, and is due again. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.looking;
  }

  /**
   * Verifies, if it is due and no other replica does.
   * @param at minutes since midnight, UTC
   * @returns what came of it; null when there was nothing to do
   */
  async look(at: number): Promise<NightlyResult | null> {
    const now = await this.clock.now();
    const next = nextTime(at, now);
    const job = await this.jobs.find(verifyJob);
    if (!job) {
      await this.jobs.plan(verifyJob, next);
      return null;
    }
    if (job.dueAt > now || !(await this.jobs.claim(verifyJob, job.dueAt, next))) return null;
    let result: NightlyResult | null = null;
    try {
      const last = job.result === null ? null : (JSON.parse(job.result) as NightlyResult);
      const done = await this.nightly.run(now, last, () => this.stopped);
      if (done) {
        result = { ...done, endedAt: await this.clock.now() };
        await this.jobs.report(verifyJob, JSON.stringify(result));
        const { orderIds: _, ...figures } = result;
        this.logger.log(figures, 'the logs of orders were verified');
      }
      return result;
    } finally {
      // Unfinished, it is due again, for whoever looks next.
      if (!result) await this.jobs.claim(verifyJob, next, this.stopped ? job.dueAt : now + 10 * minute);
    }
  }

  private again(at: number): void {
    this.timer = setTimeout(() => {
      this.looking = this.lookAndGoOn(at);
    }, lookEvery).unref();
  }

  private async lookAndGoOn(at: number): Promise<void> {
    try {
      await this.look(at);
    } catch (error) {
      this.logger.warn({ err: error }, 'the logs cannot be verified right now');
    }
    if (!this.stopped) this.again(at);
  }
}

/** The next moment after `now` at which a day is so many minutes old, in milliseconds since 1970. */
export function nextTime(at: number, now: number): number {
  const today = Math.floor(now / day) * day + at * minute;
  return today > now ? today : today + day;
}
