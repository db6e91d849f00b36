import type { SqlValue } from '../database/sql.js';
import { toDbTime } from '../database/dialect.js';

/** How a field is compared (RFC 7644, 3.4.2.2); `pr`: whether it has a value. */
export type Comparison = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le' | 'pr';

/** What is asked of one row, by the names of its fields. */
export type SearchCondition =
  | { readonly all: readonly SearchCondition[] }
  | { readonly any: readonly SearchCondition[] }
  | { readonly not: SearchCondition }
  | { readonly field: string; readonly comparison: Comparison; readonly value: SearchValue }
  /** Of a field that everybody has alike. */
  | { readonly holds: boolean };

export type SearchValue = string | boolean | Date | null;

/**
 * How a field is found in SQL: a column, compared as it is (`exact`), without regard to case (`text`), as a flag or as a
 * time; or a list of codes, by the condition that one of them is the value.
 */
export type SearchField =
  | { readonly column: string; readonly as: 'exact' | 'text' | 'flag' | 'time' }
  | { readonly contains: string; readonly filled: string };

type Condition = readonly [sql: string, values: readonly SqlValue[]];

/** The comparison makes no sense for the field; the message says which. */
export class SearchRefused extends Error {}

/**
 * A condition in SQL that both databases read alike, never null.
 * @throws SearchRefused for a comparison that a field does not have, and for a field that is not among these
 */
export function searchSql(
  condition: SearchCondition,
  fields: Readonly<Record<string, SearchField>>,
): Condition {
  if ('holds' in condition) return [condition.holds ? '1 = 1' : '1 = 0', []];
  if ('not' in condition) {
    const [sql, values] = searchSql(condition.not, fields);
    return [`NOT (${sql})`, values];
  }
  if ('field' in condition) {
    const field = fields[condition.field];
    if (!field) throw new SearchRefused(`${condition.field} cannot be searched for`);
    return 'contains' in field
      ? ofList(field, condition.comparison, condition.value, condition.field)
      : ofColumn(field.column, field.as, condition.comparison, condition.value, condition.field);
  }
  const parts = 'all' in condition ? condition.all : condition.any;
  const inSql = parts.map((part) => searchSql(part, fields));
  return [
    inSql.map(([sql]) => `(${sql})`).join('all' in condition ? ' AND ' : ' OR '),
    inSql.flatMap(([, values]) => values),
  ];
}

function ofList(
  { contains, filled }: { readonly contains: string; readonly filled: string },
  comparison: Comparison,
  value: SearchValue,
  name: string,
): Condition {
  if (comparison === 'pr') return [filled, []];
  if (typeof value !== 'string') throw new SearchRefused(`${name} is compared with texts`);
  if (comparison === 'eq') return [contains, [value]];
  if (comparison === 'ne') return [`NOT (${contains})`, [value]];
  throw new SearchRefused(`${name} knows eq, ne and pr only`);
}

const orders: Readonly<Partial<Record<Comparison, string>>> = { gt: '>', ge: '>=', lt: '<', le: '<=' };

function ofColumn(
  column: string,
  as: 'exact' | 'text' | 'flag' | 'time',
  comparison: Comparison,
  value: SearchValue,
  name: string,
): Condition {
  if (comparison === 'pr' || value === null) {
    const filled =
      as === 'flag' || as === 'time'
        ? `${column} IS NOT NULL`
        : `(${column} IS NOT NULL AND ${column} <> '')`;
    if (comparison === 'pr' || comparison === 'ne') return [filled, []];
    if (comparison === 'eq') return [`NOT (${filled})`, []];
    throw new SearchRefused(`${name} cannot be compared with null by ${comparison}`);
  }
  if (as === 'flag') {
    if (typeof value !== 'boolean') throw new SearchRefused(`${name} is true or false`);
    if (comparison !== 'eq' && comparison !== 'ne')
      throw new SearchRefused(`${name} knows eq, ne and pr only`);
    return [`${column} = ?`, [Number((comparison === 'eq') === value)]];
  }
  if (as === 'time') {
    if (!(value instanceof Date))
      throw new SearchRefused(`${name} is compared with times such as 2026-11-22T08:30:00Z`);
    const sign = comparison === 'eq' ? '=' : comparison === 'ne' ? '<>' : orders[comparison];
    if (sign === undefined) throw new SearchRefused(`${name} does not know ${comparison}`);
    return [`${column} ${sign} ?`, [toDbTime(value)]];
  }
  if (typeof value !== 'string') throw new SearchRefused(`${name} is compared with texts`);
  return ofText(column, as === 'text', comparison, value);
}

/** Both sides are lowered by the database: the two of them and JavaScript disagree about letters beyond ASCII. */
function ofText(column: string, lowered: boolean, comparison: Comparison, value: string): Condition {
  const [own, given] = lowered ? [`LOWER(${column})`, 'LOWER(?)'] : [column, '?'];
  const { length } = Array.from(value);
  const there = `${column} IS NOT NULL`;
  switch (comparison) {
    case 'ne':
      return [`(${column} IS NULL OR ${own} <> ${given})`, [value]];
    case 'co':
      return [`(${there} AND INSTR(${own}, ${given}) > 0)`, [value]];
    case 'sw':
      return [`(${there} AND SUBSTR(${own}, 1, ${length}) = ${given})`, [value]];
    case 'ew':
      return length === 0 ? [there, []] : [`(${there} AND SUBSTR(${own}, -${length}) = ${given})`, [value]];
    default:
      return [`(${there} AND ${own} ${orders[comparison] ?? '='} ${given})`, [value]];
  }
}
