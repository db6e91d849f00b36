// @ts-check
/** The SQLite driver that the service itself takes on this Node, from the build: both sides use the same one. */
import { ensureBuilt } from '../scripts/build.mjs';

ensureBuilt();
const driver = new URL('../dist/database/sqlite-driver.js', import.meta.url).href;

/** @type {typeof import('better-sqlite3')} */
export const Sqlite = (await import(driver)).sqliteDriver;
