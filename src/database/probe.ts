import { createConnection } from 'mysql2/promise';
import { ConfigError } from '../config/config.js';
import { DatabaseUnavailable } from './errors.js';

/** What kind of server answers at an address, and whether it has what the service needs. */
export interface ServerProbe {
  readonly flavour: 'mysql' | 'mariadb';
  readonly version: string;
}

/**
 * Asks a MySQL-protocol server for its version. SKIP LOCKED, by which replicas share work, needs MySQL 8.0.1 or
 * MariaDB 10.6.
 * @throws ConfigError when the server is too old; DatabaseUnavailable when it does not answer.
 */
export async function probeServer(url: string): Promise<ServerProbe> {
  let text: string;
  try {
    const connection = await createConnection({ uri: url, connectTimeout: 10_000 });
    try {
      const [rows] = await connection.query('SELECT VERSION() AS version');
      text = (rows as { version: string }[])[0]?.version ?? '';
    } finally {
      await connection.end();
    }
  } catch (error) {
    const code = (error as { code?: string }).code ?? 'unknown error';
    throw new DatabaseUnavailable(`DATABASE_URL: the database server does not let us in (${code})`);
  }
  return judgeVersion(text);
}

/** @throws ConfigError for a server without SKIP LOCKED. */
export function judgeVersion(text: string): ServerProbe {
  const flavour = /mariadb/i.test(text) ? 'mariadb' : 'mysql';
  const version = /(\d+)\.(\d+)\.(\d+)/.exec(text.replace(/^5\.5\.5-/, ''));
  const [major, minor, patch] = (version?.slice(1) ?? ['0', '0', '0']).map(Number) as [
    number,
    number,
    number,
  ];
  const number = major * 1_000_000 + minor * 1_000 + patch;
  const needed = flavour === 'mariadb' ? 10_006_000 : 8_000_001;
  if (number < needed) {
    throw new ConfigError(
      `DATABASE_URL: the server is ${flavour} ${version?.[0] ?? '(unknown version)'}; MySQL 8.0.1 or MariaDB 10.6 is needed (SKIP LOCKED).`,
    );
  }
  return { flavour, version: version?.[0] ?? text };
}
