import { type DynamicModule, Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Database } from './database.js';
import { SharedClock } from './shared-clock.js';
import { UnitOfWork } from './unit-of-work.js';

@Global()
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(private readonly database: Database) {}

  static with(
    database: Database,
    abandonProcess: (reason: string) => void,
    watchNesting: boolean,
  ): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        { provide: Database, useValue: database },
        SharedClock,
        { provide: UnitOfWork, useValue: new UnitOfWork(database, abandonProcess, watchNesting) },
      ],
      exports: [Database, SharedClock, UnitOfWork],
    };
  }

  /** After the HTTP server has drained: nothing asks any more. */
  async onApplicationShutdown(): Promise<void> {
    await this.database.close();
  }
}
