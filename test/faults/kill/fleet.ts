import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../support/eventually.js';
import type { Answer } from '../../support/harness.js';
import { type Service, startService } from '../../support/service.js';

/** Processes of the service on one database. Whoever is killed is replaced at once. */
export class Fleet {
  private readonly serving = new Set<Service>();
  private readonly starting = new Set<Promise<void>>();
  private failure: Error | undefined;
  private stopped = false;
  /** How many processes have been killed. */
  kills = 0;
  /** Answers that nobody should ever get. */
  readonly errors: string[] = [];

  private constructor(
    private readonly databaseUrl: string,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  static async start(
    databaseUrl: string,
    env: Readonly<Record<string, string>>,
    size: number,
  ): Promise<Fleet> {
    const fleet = new Fleet(databaseUrl, env);
    for (let n = 0; n < size; n++) fleet.launch();
    await fleet.whole();
    return fleet;
  }

  /** Until all of them serve. @throws Error when one does not start */
  async whole(): Promise<void> {
    await Promise.all(this.starting);
    if (this.failure) throw this.failure;
  }

  /** One that serves. */
  async any(): Promise<Service> {
    const [one] = await eventually(
      () => {
        if (this.failure) throw this.failure;
        if (this.stopped) throw new Error('all processes have been stopped');
        return shuffled(this.serving);
      },
      (services) => services.length > 0,
      120_000,
    );
    return one as Service;
  }

  /** Asks until one of them answers, as a client does that wants something done. It may be done more than once. */
  async ask(request: (service: Service) => Promise<Answer>): Promise<Answer> {
    for (;;) {
      const service = await this.any();
      try {
        const answer = await request(service);
        if (answer.status < 500) return answer;
        if (answer.status !== 503) this.errors.push(`${answer.status} ${JSON.stringify(answer.body)}`);
      } catch (error) {
        if (this.serving.has(service)) this.errors.push(String(error));
      }
      await pause(20);
    }
  }

  async killOne(): Promise<void> {
    await this.kill(await this.any());
  }

  /** All at the same moment, as when the power fails. */
  async killAll(): Promise<void> {
    await Promise.all([...this.serving].map((service) => this.kill(service)));
  }

  /** One after the other, until a connection breaks: whoever held it is then dead. */
  async killWhoever(isBroken: () => boolean): Promise<void> {
    for (const service of shuffled(this.serving)) {
      await this.kill(service);
      for (let looks = 0; looks < 20 && !isBroken(); looks++) await pause(5);
      if (isBroken()) return;
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.starting);
    await Promise.all([...this.serving].map((service) => service.kill()));
  }

  private async kill(service: Service): Promise<void> {
    if (!this.serving.delete(service)) return;
    this.kills++;
    await service.kill();
    if (!this.stopped) this.launch();
  }

  private launch(): void {
    const started = startService(this.databaseUrl, this.env).then(
      (service) => void this.serving.add(service),
      (error: Error) => (this.failure = error),
    );
    const launched = started.then(() => void this.starting.delete(launched));
    this.starting.add(launched);
  }
}

const shuffled = <T>(things: Iterable<T>): T[] =>
  [...things]
    .map((thing) => ({ thing, place: Math.random() }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ thing }) => thing);
