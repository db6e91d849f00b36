import { Readable } from 'node:stream';
import { Injectable, StreamableFile } from '@nestjs/common';
import { scopeOf, teamOf, type UserPrincipal } from '../auth/principal.js';
import { invalid } from '../http/problem.js';
import { Clock } from '../runtime/clock.js';
import { csvHead, csvLines } from './export.csv.js';
import type { LogExportQuery } from './export.dto.js';
import { type ExportBatch, type ExportFilter, ExportRepository } from './export.repository.js';

/** Writes the log down for spreadsheets, a stretch at a time: neither a transaction nor memory grows with it. */
@Injectable()
export class ExportService {
  constructor(
    private readonly log: ExportRepository,
    private readonly clock: Clock,
  ) {}

  /** @throws Problem 404 for another team's code, 400 for a period that ends before it begins. */
  async csv(principal: UserPrincipal, query: LogExportQuery): Promise<StreamableFile> {
    const filter = this.filter(principal, query);
    // The first stretch is read before the answer begins: a database that is away is still answered as a problem.
    const first = await this.log.next(filter, null);
    const day = filter.to.toISOString().slice(0, 10);
    return new StreamableFile(Readable.from(this.lines(filter, first), { objectMode: false }), {
      type: 'text/csv; charset=utf-8',
      disposition: `attachment; filename="countersign-log-${day}.csv"`,
    });
  }

  /** Ended by whoever reads it no more: the stream closes the generator between two stretches. */
  private async *lines(filter: ExportFilter, first: ExportBatch): AsyncGenerator<string> {
    yield csvHead();
    for (let batch = first; ;) {
      if (batch.rows.length > 0) yield csvLines(batch.rows);
      if (!batch.after) return;
      // A driver that answers at once would leave nobody else a turn.
      await new Promise(setImmediate);
      batch = await this.log.next(filter, batch.after);
    }
  }

  private filter(principal: UserPrincipal, query: LogExportQuery): ExportFilter {
    const team = query.accCode === undefined ? null : teamOf(principal, query.accCode);
    const from = query.from === undefined ? null : new Date(query.from);
    const to = query.to === undefined ? new Date(this.clock.now().getTime() + 1_000) : new Date(query.to);
    if (from && query.to !== undefined && from >= to) throw invalid('to', 'must lie after from');
    return {
      scope: team === null ? scopeOf(principal) : [team],
      from: from && nextSecond(from),
      to: nextSecond(to),
      operation: query.operation ?? null,
      userCode: query.userCode ?? null,
      orderId: query.orderId ?? null,
      businessType: query.businessType ?? null,
    };
  }
}

/** The log keeps whole seconds: what lies before a moment lies before the next of them. */
const nextSecond = (moment: Date): Date => new Date(Math.ceil(moment.getTime() / 1_000) * 1_000);
