import { type ChainedRow, chainStart, digestOf, hashOf } from './chain.js';
import type { StoredRow } from './stored-row.js';

/** What an order says of its log: how many transitions there were, and the hash of the last row. */
export interface OrderMark {
  readonly version: number;
  readonly logHash: string | null;
}

/**
 * What is wrong with a log. `altered`: a row is not as it was written. `removed`: a row is missing. `inserted`: a row was
 * put there that no transition wrote. `order_row`: the order's own row disagrees with the log. `state`: replaying the log
 * leads elsewhere than the tables.
 */
export const findingKinds = ['altered', 'removed', 'inserted', 'order_row', 'state'] as const;
export type FindingKind = (typeof findingKinds)[number];

export interface Finding {
  readonly kind: FindingKind;
  /** Where in the log; null where it is about no place of it. */
  readonly transition: number | null;
  readonly seq: number | null;
  /** The id of the row, where there is one. */
  readonly rowId: string | null;
  /** Where in the order, such as `order.steps.2.seats.u:bob.decision`; null where it is about the log alone. */
  readonly place: string | null;
  readonly detail: string;
}

interface Place {
  readonly transition: number;
  readonly seq: number;
}

/** Beyond so many, a log is no longer worth telling what is wrong with it, row by row. */
const maxFindings = 20;

/**
 * Looks for the rows of an order's log at which the chain of hashes breaks.
 * @param rows all of them, by transition and seq
 */
export const checkChain = (rows: readonly StoredRow[], order: OrderMark): Finding[] =>
  new ChainCheck(rows, order).run();

/** One walk along the rows; each is compared with what its numbers and the hash before it ask for. */
class ChainCheck {
  private readonly findings: Finding[] = [];
  /** Rows that have been told of: they are no part of the chain where they stand. */
  private readonly aside = new Set<number>();
  /** Those of them that seemed to belong nowhere, and which finding says so. */
  private readonly strangers = new Map<number, number>();
  private previous = chainStart;
  private place: Place = { transition: 0, seq: -1 };
  /** Whether a row with a hash has been met: behind it, none is without. */
  private hashed = false;
  /** The last row that carried no hash, and what stood before it. */
  private unhashed: { readonly row: StoredRow; readonly previous: string } | null = null;
  /** Whether a row behind the present place was found to be missing. */
  private cutOff = false;

  constructor(
    private readonly rows: readonly StoredRow[],
    private readonly order: OrderMark,
  ) {}

  run(): Finding[] {
    let index = this.after(-1);
    while (index < this.rows.length && this.findings.length < maxFindings) {
      if (this.look(index) || this.aside.has(index)) index = this.after(index);
    }
    if (this.findings.length < maxFindings) this.compareWithOrder();
    return this.findings;
  }

  /** @returns whether to go on; false: the same row is looked at once more, from the place that was found for another. */
  private look(index: number): boolean {
    const row = this.row(index);
    if (this.hashed && this.previous === this.order.logHash) {
      return this.putAside(index, 'inserted', 'it stands behind the last row that the order knows of');
    }
    const inPlace = this.follows(row);
    const last = this.isLast(index);
    if (row.hash === null && !this.hashed) {
      if (!inPlace) this.gapBefore(row);
      this.unhashed = { row, previous: this.previous };
      this.previous = digestOf(row, this.previous, last);
      this.place = row;
      return true;
    }
    if (this.fits(row, last)) {
      if (!inPlace) this.gapBefore(row);
      return this.accept(row, row.hash);
    }
    if (this.fits(row, !last)) return this.otherwiseLast(index, row, last);
    return this.broken(index, row, inPlace);
  }

  /** The row is as it was written, but then more followed in its transition than now, or less. */
  private otherwiseLast(index: number, row: StoredRow, last: boolean): boolean {
    if (!this.follows(row)) this.gapBefore(row);
    this.accept(row, row.hash);
    if (!last) {
      for (
        let next = this.after(index);
        this.rows[next]?.transition === row.transition;
        next = this.after(next)
      ) {
        this.putAside(next, 'inserted', `transition ${row.transition} ended before it`);
      }
      return true;
    }
    const missing = { transition: row.transition, seq: row.seq + 1 };
    if (this.foundElsewhere([missing], index)) return true;
    this.cutOff = true;
    this.tell('removed', missing, null, `transition ${row.transition} goes on behind seq ${row.seq}`);
    return true;
  }

  /** The row's hash is not the one that its content and the row before it give. */
  private broken(index: number, row: StoredRow, inPlace: boolean): boolean {
    const next = this.rows[this.after(index)];
    if (next && this.fitsEither(next)) {
      return this.putAside(index, 'inserted', 'the row behind it goes on from the row before it');
    }
    if (this.foundElsewhere(this.expected(), index)) return false;
    if (this.hashTakenAway(row)) return false;
    const hashes = [hashOf(row, this.previous, true), hashOf(row, this.previous, false)];
    const confirmed = hashes.find((hash) =>
      next ? this.fitsEither(next, hash) : hash === this.order.logHash,
    );
    if (inPlace && confirmed !== undefined) {
      this.tell('altered', row, row.id, 'its hash was changed: what follows goes on from the right one');
      return this.accept(row, confirmed);
    }
    // Behind a row that is missing, nobody can tell what it should go on from.
    if (inPlace && !this.cutOff) {
      const detail =
        this.hashed || this.place.transition === 0
          ? 'its content and the row before it do not give its hash'
          : 'it, or one of the rows without a hash before it, is not as it was written';
      this.tell('altered', row, row.id, detail);
    } else if (!inPlace) this.gapBefore(row);
    return this.accept(row, row.hash ?? hashOf(row, this.previous, this.isLast(index)));
  }

  /** The row before it has no hash, like those from before there were any, and had one. */
  private hashTakenAway(row: StoredRow): boolean {
    const before = this.unhashed;
    this.unhashed = null;
    if (this.hashed || !before) return false;
    const hashes = [true, false].map((last) => hashOf(before.row, before.previous, last));
    const right = hashes.find((hash) => this.fitsEither(row, hash));
    if (right === undefined) return false;
    this.tell('altered', before.row, before.row.id, 'its hash was taken away');
    return this.accept(before.row, right);
  }

  /** A row that stands elsewhere, from there on or among the strangers, and was written as one of these. */
  private foundElsewhere(places: readonly Place[], from: number): boolean {
    for (const place of places) {
      const index = this.rows.findIndex(
        (row, at) =>
          ((at >= from && !this.aside.has(at)) || this.strangers.has(at)) &&
          !isAt(row, place) &&
          this.fitsEither({ ...row, ...place }),
      );
      const row = this.rows[index];
      if (!row) continue;
      this.putAside(
        index,
        'altered',
        `it was written as transition ${place.transition}, seq ${place.seq}: its number was changed`,
      );
      return this.accept(place, row.hash);
    }
    return false;
  }

  /** The order's row must know the last row, and as many transitions as there are. */
  private compareWithOrder(): void {
    const { version, logHash } = this.order;
    if (this.hashed && this.previous !== logHash) {
      while (this.foundElsewhere(this.expected(), this.rows.length));
    }
    const { transition, seq } = this.place;
    const known = this.hashed || logHash !== null ? this.previous === logHash : transition === version;
    if (known) {
      if (transition !== version) {
        const detail = `the order counts ${version} transitions, its log ${transition}`;
        this.tell('order_row', null, null, detail);
      }
      return;
    }
    if (this.cutOff) return;
    if (transition < version) {
      this.tell('removed', { transition: transition + 1, seq: 0 }, null, 'the end of the log is missing');
    } else if (this.hashed || logHash !== null) {
      const at = this.rows.find((row) => isAt(row, this.place)) ?? null;
      const detail = 'the order keeps another hash than the one of its last row: either was changed';
      this.tell('order_row', { transition, seq }, at?.id ?? null, detail);
    } else {
      for (const row of this.rows) {
        if (row.transition > version) this.tell('inserted', row, row.id, `the order is at ${version}`);
      }
    }
  }

  private accept(place: Place, hash: string | null): true {
    this.hashed = true;
    this.previous = hash ?? this.previous;
    this.place = { transition: place.transition, seq: place.seq };
    this.cutOff = false;
    return true;
  }

  private gapBefore(row: StoredRow): void {
    const [within, next] = this.expected();
    const missing = within?.transition === row.transition ? within : (next ?? within);
    const detail = `numbers are missing before transition ${row.transition}, seq ${row.seq}`;
    this.tell('removed', missing ?? row, null, detail);
  }

  private putAside(index: number, kind: FindingKind, detail: string): true {
    const row = this.row(index);
    this.aside.add(index);
    const { transition, seq, id: rowId } = row;
    // A stranger that is found out takes its finding with it.
    const told = this.strangers.get(index) ?? this.findings.length;
    this.strangers.delete(index);
    if (kind === 'inserted') this.strangers.set(index, told);
    this.findings[told] = { kind, transition, seq, rowId, place: null, detail };
    return true;
  }

  private tell(kind: FindingKind, place: Place | null, rowId: string | null, detail: string): void {
    const { transition = null, seq = null } = place ?? {};
    this.findings.push({ kind, transition, seq, rowId, place: null, detail });
  }

  /** The numbers that the next row may have. */
  private expected(): Place[] {
    const { transition, seq } = this.place;
    const next = { transition: transition + 1, seq: 0 };
    return transition === 0 ? [next] : [{ transition, seq: seq + 1 }, next];
  }

  private follows(row: StoredRow): boolean {
    return this.expected().some((place) => isAt(row, place));
  }

  private fits(row: StoredRow, last: boolean, previous: string = this.previous): boolean {
    return row.hash !== null && row.hash === hashOf(row, previous, last);
  }

  private fitsEither(row: StoredRow, previous: string = this.previous): boolean {
    return this.fits(row, true, previous) || this.fits(row, false, previous);
  }

  private isLast(index: number): boolean {
    return this.rows[this.after(index)]?.transition !== this.row(index).transition;
  }

  /** The next row that is not put aside. */
  private after(index: number): number {
    let next = index + 1;
    while (this.aside.has(next)) next++;
    return next;
  }

  private row(index: number): StoredRow {
    return this.rows[index] as StoredRow;
  }
}

const isAt = (row: ChainedRow, { transition, seq }: Place): boolean =>
  row.transition === transition && row.seq === seq;
