import { stringify } from 'csv-stringify/sync';

/** A row of the export, in the sequence of its columns. */
export const exportColumns = [
  'operationTime',
  'orderId',
  'accCode',
  'businessType',
  'title',
  'transition',
  'seq',
  'operationUserCode',
  'operation',
  'operationDetails',
  'hash',
] as const;

export type ExportRow = Readonly<Record<(typeof exportColumns)[number], string | number | null>>;

/** The byte-order mark, by which Excel knows UTF-8, and the names of the columns. */
export const csvHead = (): string => stringify([], { ...format, bom: true, header: true });

/** Lines of CSV as spreadsheets read it. No cell begins a formula: what could is led by an apostrophe. */
export const csvLines = (rows: readonly ExportRow[]): string =>
  stringify(
    rows.map((row) => exportColumns.map((column) => guarded(row[column]))),
    format,
  );

const format = {
  columns: [...exportColumns],
  record_delimiter: '\r\n',
  escape_formulas: true,
  // Where a list separator is a semicolon, it would end a bare cell in its middle.
  quoted_match: /;/,
} as const;

/** A line feed at the beginning hides a formula, too; the library looks for tabs and carriage returns. */
const guarded = (cell: string | number | null): string | number | null =>
  typeof cell === 'string' && cell.startsWith('\n') ? `'${cell}` : cell;
