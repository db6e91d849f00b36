import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalText, type ChainedRow, chainStart, digestOf, hashOf, storable } from './chain.js';
import { checkChain, type Finding } from './chain-check.js';
import { chainedOver, isLast, type StoredRow } from './stored-row.js';

const rowAt = (transition: number, seq: number, more: Partial<ChainedRow> = {}): ChainedRow => ({
  id: `id-${transition}-${seq}`,
  orderId: 'order-1',
  transition,
  seq,
  userCode: 'ann',
  operation: 'order.commented',
  details: `ann says: ${transition}/${seq}`,
  time: '2026-11-22T08:30:00Z',
  data: `{"type":"order.commented","text":"${transition}/${seq}"}`,
  ...more,
});

/** Rows with their hashes, as many a transition as given; the first `unhashed` of them from before there were hashes. */
function logOf(
  sizes: readonly number[],
  unhashed: number = 0,
): { rows: StoredRow[]; logHash: string | null } {
  const plain = sizes.flatMap((size, index) =>
    Array.from({ length: size }, (_, seq) => rowAt(index + 1, seq)),
  );
  let previous = chainStart;
  let logHash: string | null = null;
  const rows = plain.map((row, index): StoredRow => {
    const last = isLast(plain, index);
    if (index < unhashed) {
      previous = digestOf(row, previous, last);
      return { ...row, hash: null };
    }
    previous = hashOf(row, previous, last);
    logHash = previous;
    return { ...row, hash: previous };
  });
  return { rows, logHash };
}

const sorted = (rows: readonly StoredRow[]): StoredRow[] =>
  rows.toSorted((one, other) => one.transition - other.transition || one.seq - other.seq);

const brief = (findings: readonly Finding[]): string[] =>
  findings.map(({ kind, transition, seq }) => `${kind} ${transition}/${seq}`);

describe('the text of a row', () => {
  it('given a row, then it is a JSON array of everything but the hash, and the hash is SHA-256 of that in UTF-8', () => {
    const row = rowAt(2, 0, { details: 'ann says: "été" 👍\r\n ', userCode: '李' });
    const text = canonicalText(row, 'ab', true);
    expect(text).toBe(
      '["countersign-log-1","ab","order-1",2,0,true,"id-2-0","2026-11-22T08:30:00Z","李","order.commented",' +
        '"ann says: \\"été\\" 👍\\r\\n ","{\\"type\\":\\"order.commented\\",\\"text\\":\\"2/0\\"}"]',
    );
    expect(hashOf(row, 'ab', true)).toBe(createHash('sha256').update(Buffer.from(text)).digest('hex'));
  });

  it('given the example of the documentation, then its hash is what the text gives, and what the service makes', () => {
    const page = readFileSync(new URL('../../docs/log.md', import.meta.url), 'utf8');
    const [, text = '', hash] = /```text\n(\[.+\])\n```\n\n```text\n([0-9a-f]{64})\n```/.exec(page) ?? [];
    expect(createHash('sha256').update(text).digest('hex')).toBe(hash);
    const [form, previous, orderId, transition, seq, last, id, time, userCode, operation, details, data] =
      JSON.parse(text) as [string, string, string, number, number, boolean, ...string[]];
    const row = { orderId, transition, seq, id, time, userCode, operation, details, data } as ChainedRow;
    expect(form).toBe('countersign-log-1');
    expect(hashOf(row, previous, last)).toBe(hash);
  });

  it('given rows that differ anywhere, then their texts differ', () => {
    const field = fc.record({
      id: fc.string(),
      orderId: fc.string(),
      transition: fc.nat(),
      seq: fc.nat(),
      userCode: fc.string(),
      operation: fc.string(),
      details: fc.string({ unit: 'binary' }),
      time: fc.string(),
      data: fc.option(fc.string()),
    });
    const given = fc.tuple(field, fc.string(), fc.boolean());
    fc.assert(
      fc.property(given, given, (one, other) => {
        expect(canonicalText(...one) === canonicalText(...other)).toBe(
          JSON.stringify(one) === JSON.stringify(other),
        );
      }),
    );
  });

  it('given half a character, then it is stored as U+FFFD', () => {
    expect(storable('a\ud83d')).toBe('a\ufffd');
    expect(storable('👍')).toBe('👍');
  });
});

describe('a chain', () => {
  const sizes = [2, 1, 3, 1];
  const { rows, logHash } = logOf(sizes);
  const order = { version: sizes.length, logHash };

  it('given nobody touched it, then nothing is found', () => {
    expect(checkChain(rows, order)).toEqual([]);
    for (let unhashed = 1; unhashed <= rows.length; unhashed++) {
      const old = logOf(sizes, unhashed);
      expect(checkChain(old.rows, { version: sizes.length, logHash: old.logHash })).toEqual([]);
    }
  });

  it('given rows without hashes, then the next one goes on from what stands for them', () => {
    const old = logOf(sizes, 3);
    expect(chainedOver(old.rows)).toBe(old.logHash);
  });

  it('given any row whose content is another, then that row is altered, and no other', () => {
    const fields = ['id', 'userCode', 'operation', 'details', 'time', 'data'] as const;
    for (const [index, row] of rows.entries()) {
      for (const field of fields) {
        const findings = checkChain(rows.with(index, { ...row, [field]: 'other' }), order);
        expect(brief(findings), field).toEqual([`altered ${row.transition}/${row.seq}`]);
      }
      for (const hash of [null, '0'.repeat(64)]) {
        const findings = checkChain(rows.with(index, { ...row, hash }), order);
        expect(brief(findings), String(hash)).toEqual([`altered ${row.transition}/${row.seq}`]);
      }
    }
  });

  it('given any row with another number, then that row is altered, and no other', () => {
    for (const [index, row] of rows.entries()) {
      for (const number of [{ seq: 77 }, { seq: -1 }, { transition: 0 }, { transition: 77 }]) {
        const findings = checkChain(sorted(rows.with(index, { ...row, ...number })), order);
        const rowIds = findings.map(({ kind, rowId }) => `${kind} ${rowId}`);
        expect(rowIds, JSON.stringify([row.id, number])).toEqual([`altered ${row.id}`]);
      }
    }
  });

  it('given any two rows that have changed places, then both are altered', () => {
    for (const [index, one] of rows.entries()) {
      for (const [at, other] of rows.entries()) {
        if (at <= index) continue;
        const { transition, seq } = one;
        const swapped = rows
          .with(index, { ...one, transition: other.transition, seq: other.seq })
          .with(at, { ...other, transition, seq });
        const findings = checkChain(sorted(swapped), order);
        expect(findings.map(({ kind }) => kind)).toEqual(['altered', 'altered']);
        expect(new Set(findings.map(({ rowId }) => rowId))).toEqual(new Set([one.id, other.id]));
      }
    }
  });

  it('given any row taken away, then it is told which number is missing', () => {
    for (const [index, row] of rows.entries()) {
      const findings = checkChain(rows.toSpliced(index, 1), order);
      expect(brief(findings)).toEqual([`removed ${row.transition}/${row.seq}`]);
    }
    expect(brief(checkChain([], order))).toEqual(['removed 1/0']);
  });

  it('given a copy of any row anywhere, then the copy is inserted', () => {
    const places = [
      [0, 0],
      [1, -1],
      [1, 2],
      [1, 9],
      [2, 1],
      [3, -1],
      [3, 3],
      [4, 1],
      [5, 0],
      [9, 0],
    ] as const;
    for (const row of rows) {
      for (const [transition, seq] of places) {
        for (const id of [row.id, 'another']) {
          const copy = { ...row, transition, seq, id };
          const findings = checkChain(sorted([...rows, copy]), order);
          expect(brief(findings), row.id).toEqual([`inserted ${transition}/${seq}`]);
        }
      }
    }
  });

  it('given a row at the end whose hash is right, then it is inserted', () => {
    for (const place of [
      [5, 0],
      [4, 1],
    ] as const) {
      const row = rowAt(place[0], place[1], { id: 'forged' });
      const forged = { ...row, hash: hashOf(row, String(logHash), true) };
      expect(brief(checkChain([...rows, forged], order))).toEqual([`inserted ${place[0]}/${place[1]}`]);
    }
  });

  it('given a row that was altered with a hash to match, then the break is at the next row, or at the order', () => {
    for (const [index, row] of rows.entries()) {
      const altered = { ...row, details: 'other' };
      const hash = hashOf(altered, rows[index - 1]?.hash ?? chainStart, isLast(rows, index));
      const findings = checkChain(rows.with(index, { ...altered, hash }), order);
      const next = rows[index + 1];
      expect(brief(findings)).toEqual([
        next ? `altered ${next.transition}/${next.seq}` : `order_row ${row.transition}/${row.seq}`,
      ]);
    }
  });

  it('given an order that counts or remembers otherwise, then its own row is told of', () => {
    for (const version of [sizes.length - 1, sizes.length + 1]) {
      expect(brief(checkChain(rows, { ...order, version }))).toEqual(['order_row null/null']);
    }
    for (const other of [null, '0'.repeat(64)]) {
      expect(brief(checkChain(rows, { ...order, logHash: other }))).toEqual(['order_row 4/0']);
    }
  });

  it('given rows from before there were hashes, then a change among them shows at the first row with one', () => {
    const old = logOf(sizes, 3);
    const mark = { version: sizes.length, logHash: old.logHash };
    for (const index of [0, 1, 2]) {
      const altered = old.rows.with(index, { ...(old.rows[index] as StoredRow), details: 'other' });
      expect(brief(checkChain(altered, mark))).toEqual(['altered 3/0']);
    }
    expect(brief(checkChain(old.rows.toSpliced(1, 1), mark))).toContain('altered 3/0');
    // Taken away from a row, its hash does not make it one from before.
    expect(brief(checkChain(old.rows.with(3, { ...(old.rows[3] as StoredRow), hash: null }), mark))).toEqual([
      'altered 3/0',
    ]);
  });

  it('given no hashes at all, then missing and added numbers still show', () => {
    const old = logOf(sizes, 99);
    const mark = { version: sizes.length, logHash: null };
    expect(brief(checkChain(old.rows.toSpliced(3, 1), mark))).toEqual(['removed 3/0']);
    expect(brief(checkChain(old.rows.slice(0, -1), mark))).toEqual(['removed 4/0']);
    expect(brief(checkChain([...old.rows, { ...rowAt(5, 0), hash: null }], mark))).toEqual(['inserted 5/0']);
  });

  it('given a log in ruins, then it stops telling', () => {
    const ruined = logOf(Array.from({ length: 300 }, () => 1));
    const findings = checkChain(
      ruined.rows.map((row) => ({ ...row, details: 'other' })),
      { version: 300, logHash: ruined.logHash },
    );
    expect(findings).toHaveLength(20);
  });
});
