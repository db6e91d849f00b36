import { parseConfig } from '../../src/config/config.js';
import { Database } from '../../src/database/database.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { entitiesFor } from '../../src/entities.js';
import { freshDatabase, type TestDialect, testDialect } from './fresh-database.js';

export interface OpenedDatabase {
  readonly url: string;
  readonly database: Database;
  readonly unitOfWork: UnitOfWork;
  /** Reasons for which the unit of work would have ended the process. */
  readonly abandoned: readonly string[];
  close(): Promise<void>;
}

/** The database rooms without the rest of the service: connections, migrations, unit of work. */
export async function openDatabase(
  options: {
    readonly env?: Readonly<Record<string, string>>;
    /** One that somebody else made, and removes. */
    readonly url?: string;
    readonly dialect?: TestDialect;
  } = {},
): Promise<OpenedDatabase> {
  const fresh = options.url === undefined ? await freshDatabase(options.dialect ?? testDialect) : null;
  const url = options.url ?? fresh?.url ?? '';
  try {
    const database = await Database.open(
      parseConfig({ NODE_ENV: 'test', DATABASE_URL: url, ...options.env }),
      entitiesFor,
    );
    const abandoned: string[] = [];
    return {
      url,
      database,
      unitOfWork: new UnitOfWork(database, (reason) => abandoned.push(reason)),
      abandoned,
      close: async () => {
        await database.close();
        await fresh?.drop();
      },
    };
  } catch (error) {
    await fresh?.drop();
    throw error;
  }
}
