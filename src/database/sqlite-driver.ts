import { createRequire } from 'node:module';
import type Sqlite from 'better-sqlite3';

const require = createRequire(import.meta.url);
const [major = 0] = process.versions.node.split('.').map(Number);

/**
 * better-sqlite3, in the version that this Node can run: 13 is built on Node-API and needs Node 22; 12 is the last for
 * Node 20, and aborts the process on Node 24.19 and later when a statement is garbage-collected.
 */
export const sqliteDriver = require(major >= 22 ? 'better-sqlite3-napi' : 'better-sqlite3') as typeof Sqlite;
