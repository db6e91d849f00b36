// @ts-check
import { join } from 'node:path';
import { writeSafely } from './exports.mjs';

/** Rows that the example writes, however many were asked for. */
const sample = 20;

/**
 * Writes the file of an export. Doing it again writes the same file again.
 * @param {import('./exports.mjs').Export} one
 * @param {string} folder
 * @returns {string} its path
 */
export function writeTable({ id, dataset, rows, format, userCode }, folder) {
  const separator = format === 'tsv' ? '\t' : ',';
  const lines = [['row', 'dataset', 'exported for']];
  for (let row = 1; row <= Math.min(rows, sample); row++) lines.push([String(row), dataset, userCode]);
  // Named by the export's id: nothing that a caller wrote becomes part of a path.
  const file = join(folder, `${id}.${format}`);
  writeSafely(file, `${lines.map((cells) => cells.map(cell).join(separator)).join('\r\n')}\r\n`);
  return file;
}

/**
 * A cell that no spreadsheet takes for a formula, quoted as RFC 4180 says.
 * @param {string} text
 */
function cell(text) {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\t\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
