// @ts-check
/** The figures as tables, for the terminal and for RESULTS.md alike. */
import { cpus } from 'node:os';

/**
 * @typedef {object} Entry one server's figures for one kind of request
 * @property {string} operation
 * @property {string} server
 * @property {import('./measure.mjs').Figures} figures
 * @property {number | null} statements for one request; null where nobody counts
 * @property {number | null} ratio to the one that it is compared with
 * @property {string} aim
 */

/** @typedef {{title: string, notes: string[]} & ({entries: Entry[]} | {table: string})} Section */

/** @param {Section} section @returns {string} Markdown */
export const sectionText = ({ title, notes, ...figures }) =>
  [`## ${title}`, ...notes, 'table' in figures ? figures.table : tableOf(figures.entries)].join('\n\n');

/** @param {Entry[]} entries */
function tableOf(entries) {
  const head = [
    'operation',
    'server',
    'ops/s',
    'p50 ms',
    'p99 ms',
    'CPU ms/op',
    'statements/op',
    'ratio',
    'aim',
  ];
  const rows = entries.map(({ operation, server, figures, statements, ratio, aim }) => [
    operation,
    server,
    figures.opsPerSecond.toFixed(0),
    number(figures.p50, 2),
    number(figures.p99, 2),
    number(figures.cpu, 2),
    number(statements ?? NaN, 1),
    ratio === null ? '' : ratio.toFixed(2),
    aim,
  ]);
  return tableText(head, rows);
}

/**
 * @param {string[]} head names of the columns; the first two hold words, the others figures
 * @param {string[][]} rows
 * @returns {string} Markdown
 */
export function tableText(head, rows) {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0), 3),
  );
  const left = 2;
  const line = (/** @type {string[]} */ cells) =>
    `| ${cells.map((cell, column) => (column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, column) =>
    column < left ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** @param {number} value NaN where there is none @param {number} digits */
const number = (value, digits) => (Number.isNaN(value) ? 'n/a' : value.toFixed(digits));

/** Neither host names nor paths: what a reader elsewhere needs to judge the figures by. */
export const machine = () => `${cpus().length} CPU cores, ${process.platform}, Node ${process.versions.node}`;

/**
 * @param {{command: string, state: string, effort: import('./measure.mjs').Effort, sections: Section[]}} run
 * @returns {string} the whole of RESULTS.md
 */
export const resultsText = ({ command, state, effort, sections }) => `# Benchmark results

Written by \`${command}\` on ${new Date().toISOString().slice(0, 10)}, of the state ${state}; ${machine()}. Only ratios carry over to other machines.

- **floor**: the fewest hand-written statements that do the same work in one transaction, behind a bare Fastify. It checks the HS256 token of every request (an approval service has to know who is asking), stores the same rows and answers the same JSON, which every run checks first; it validates no input, writes no log lines, keeps no metrics, knows no other kinds of steps.
- **service**: \`node dist/main.js\` as shipped: one log line a request, and a token that was right a moment ago is not checked again (the requests of a run come with some twenty tokens to forty). The floor has a pool of the same size and the same durability.
- Both serve the same database, one at a time in turn: ${effort.rounds} rounds of ${effort.seconds} s each after a warm-up, ${effort.connections} keep-alive connections in a closed loop. ops/s is the median of the rounds, p50 and p99 are of all requests. Load generator, servers and database share the machine.
- **ratio**: ops/s against the floor's (or against what the section says). **CPU ms/op**: the server process alone, without the database. **statements/op**: as the database counts them, BEGIN and COMMIT included.
- The orders of the to-do lists were copied in bulk: the order and the assignee row of its open step, not its other rows. Orders to decide are whole.

${sections.map(sectionText).join('\n\n')}
`;
