import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { sqliteDriver } from '../../../src/database/sqlite-driver.js';

/** How a held request and its order are stored at one moment. */
export interface Standing {
  /** By the order's code: `6` is completed. */
  readonly applyStatus: string;
  readonly state: string;
  readonly responseStatus: number | null;
}

/** Looks into the database beside the service: what its processes have committed, whatever they say. */
export interface Lookout {
  /** Null when there is no such request. */
  of(requestId: string): Promise<Standing | null>;
  close(): Promise<void>;
}

const statement = `SELECT o.apply_status AS applyStatus, r.state AS state, r.response_status AS responseStatus
  FROM dms_s_apply_approve_request r JOIN dms_s_apply_order o ON o.id = r.apply_order_id WHERE r.id = ?`;

/** @param url as `DATABASE_URL` takes it */
export async function lookoutOn(url: string): Promise<Lookout> {
  if (url.startsWith('sqlite:')) {
    const path = url.slice('sqlite:'.length);
    return {
      of: (requestId) => {
        // Not kept open: a process that comes after a killed one is to find the file as it was left.
        const connection = new sqliteDriver(path, { readonly: true, timeout: 10_000 });
        try {
          return Promise.resolve(
            (connection.prepare(statement).get(requestId) as Standing | undefined) ?? null,
          );
        } finally {
          connection.close();
        }
      },
      close: () => Promise.resolve(),
    };
  }
  const connection = await createConnection(url);
  return {
    of: async (requestId) => {
      const [[row]] = await connection.query<(Standing & RowDataPacket)[]>(statement, [requestId]);
      return row ?? null;
    },
    close: () => connection.end(),
  };
}
