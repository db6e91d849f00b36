// @ts-check
import { keyOf } from './verify.mjs';

/**
 * @typedef {object} Settings
 * @property {number} port
 * @property {string} host
 * @property {URL} countersign
 * @property {string} apiKey
 * @property {readonly Buffer[]} callbackKeys
 * @property {string} businessType
 * @property {string} dataFile
 * @property {boolean} answersLater
 */

/**
 * @param {Readonly<Record<string, string | undefined>>} env an empty value counts as not set
 * @returns {Settings}
 * @throws {Error} naming every variable that is missing or cannot be used, never a value: some are secrets
 */
export function readSettings(env) {
  /** @type {string[]} */
  const wrong = [];
  /**
   * @template T
   * @param {string} name
   * @param {string} rule
   * @param {(value: string) => T} read throws when the value breaks the rule
   * @param {T} [otherwise] without one, the variable is required
   * @returns {T}
   */
  const take = (name, rule, read, otherwise) => {
    const value = env[name];
    if (!value && otherwise !== undefined) return otherwise;
    try {
      if (value) return read(value);
      wrong.push(`${name} is not set: ${rule}`);
    } catch {
      wrong.push(`${name} must be ${rule}`);
    }
    return /** @type {T} */ (undefined);
  };
  const text = (/** @type {string} */ value) => value;
  const settings = {
    port: take('PORT', 'a TCP port, or 0 for a free one', portOf, 4010),
    host: take('HOST', 'an address to listen on', text, '127.0.0.1'),
    countersign: take('COUNTERSIGN_URL', 'the address of Countersign, such as http://localhost:3000', urlOf),
    apiKey: take('COUNTERSIGN_API_KEY', 'the key that POST /api-keys answered once', headerOf),
    callbackKeys: take(
      'CALLBACK_SECRET',
      'the whsec_ secret of the business type, or several, comma-separated',
      keysOf,
    ),
    businessType: take('BUSINESS_TYPE', 'a code', text, 'data_export'),
    dataFile: take('DATA_FILE', 'a path', text, './data/exports.json'),
    answersLater: take('ANSWER', 'sync or async', isAsync, false),
  };
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  return settings;
}

/** @param {string} value */
function portOf(value) {
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535) throw new Error('no port');
  return Number(value);
}

/** @param {string} value */
function urlOf(value) {
  const url = new URL(value.endsWith('/') ? value : `${value}/`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Error('no http');
  return url;
}

/** @param {string} value */
function headerOf(value) {
  if (!/^[\x21-\x7e]+$/.test(value)) throw new Error('no header value');
  return value;
}

/** @param {string} value */
function keysOf(value) {
  return value.split(',').map((secret) => keyOf(secret.trim()));
}

/** @param {string} value */
function isAsync(value) {
  if (value !== 'sync' && value !== 'async') throw new Error('no mode');
  return value === 'async';
}
