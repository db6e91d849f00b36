import { Injectable } from '@nestjs/common';
import type { Sql, Tx } from '../database/sql.js';
import { type Page, type PageWindow, pageOf, windowOf } from '../http/pagination.js';
import { invalid, notFound, type Problem } from '../http/problem.js';
import { changesBetween, type JsonObject } from './changes.js';
import type { CompareVersions, ListVersions, VersionComparison, VersionView } from './versions.port.js';
import { type Versioned, type VersionRecord, VersionsRepository } from './versions.repository.js';

export type { Versioned };

/** A state to be saved. */
export interface NewVersion extends VersionRecord {
  /** What goes into JSON and comes out of it as it was. */
  readonly content: object;
}

/**
 * The saved states of templates and nodes (docs/versions.md). Who may see an object may see its versions: callers look
 * it up first, since its team is told by its own row.
 */
@Injectable()
export class VersionsService {
  constructor(private readonly versions: VersionsRepository) {}

  /** Keeps a state, in the transaction that makes it and under the lock of its object. */
  add(tx: Tx, of: Versioned, { content, ...row }: NewVersion): Promise<void> {
    return this.versions.add(tx, of, { ...row, content: JSON.stringify(content) });
  }

  /** Newest first. @throws Problem 400 for a cursor that is none */
  async list(of: Versioned, query: ListVersions): Promise<Page<VersionView>> {
    const window = windowOf(query);
    const rows = await this.versions.list(of, versionAfter(window), window.take);
    return pageOf(rows, window, (row) => String(row.version), itself);
  }

  /**
   * One saved state and what it says.
   * @param version as the path has it: a text that is no version is one that does not exist.
   * @throws Problem 404
   */
  async read<Content extends object>(
    of: Versioned,
    version: string | number,
    sql?: Sql,
  ): Promise<VersionView & Content> {
    const number = numberIn(version);
    const [row] = number === null ? [] : await this.versions.find(of, [number], sql);
    if (!row) throw unknown(of, version);
    const { content, ...saved } = row;
    return { ...(JSON.parse(content) as Content), ...saved };
  }

  /** @throws Problem 404 for a version that does not exist */
  async compare(of: Versioned, { from, to }: CompareVersions): Promise<VersionComparison> {
    const found = new Map(
      (await this.versions.find(of, [from, to])).map((row) => [row.version, row.content]),
    );
    const contentOf = (version: number): JsonObject => {
      const content = found.get(version);
      if (content === undefined) throw unknown(of, version);
      return JSON.parse(content) as JsonObject;
    };
    const changes = changesBetween(contentOf(from), contentOf(to));
    return { from, to, changes, same: changes.length === 0 };
  }
}

const itself = <T>(value: T): T => value;

/** The number that a text of digits says; null for any other text, and for numbers that no column holds. */
function numberIn(text: string | number): number | null {
  return /^[1-9]\d{0,8}$/.test(String(text)) ? Number(text) : null;
}

function versionAfter({ after }: PageWindow): number | null {
  if (after === null) return null;
  const version = numberIn(after);
  if (version === null) throw invalid('cursor', 'is not the nextCursor of an earlier page');
  return version;
}

const unknown = ({ kind, id }: Versioned, version: string | number): Problem =>
  notFound(`version ${version} of ${kind} ${id}`);
