import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { scopeOf, teamOf, type TeamScope, type UserPrincipal } from '../auth/principal.js';
import { wholeSecond } from '../database/dialect.js';
import { classify } from '../database/errors.js';
import type { Sql, Tx } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { nameOf, originCodes } from '../engine/codes.js';
import type { NodeObjectType } from '../engine/vocabulary.js';
import { type Page, pageOf, windowOf } from '../http/pagination.js';
import { type FieldError, notFound, Problem } from '../http/problem.js';
import { AddressGuard } from '../outbound/address-guard.js';
import { whyNoCallbackUrl } from '../outbound/callback-url.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { VersionsService } from '../versions/versions.service.js';
import { contentOf, fromColumns, objectsOf, toColumns } from './node-columns.js';
import type { NodeRow } from './node.entity.js';
import { changedFinding, changeErrors, findingErrors, newFinding } from './node-rules.js';
import type { CreateNode, ListNodes, NodeView, UpdateNode } from './nodes.dto.js';
import { NodesRepository } from './nodes.repository.js';

/** Shared nodes: who may review, kept once and used by many templates. Orders hold copies: edits change none. */
@Injectable()
export class NodesService {
  constructor(
    private readonly nodes: NodesRepository,
    private readonly versions: VersionsService,
    private readonly unitOfWork: UnitOfWork,
    private readonly addresses: AddressGuard,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @throws Problem 400 for fields that do not make sense together, or an address that must not be called. */
  async create(principal: UserPrincipal, dto: CreateNode): Promise<NodeView> {
    const finding = newFinding(dto);
    refuse([...findingErrors(finding), ...(await this.addressErrors(dto.auditObjectType, dto.auditObject))]);
    const now = wholeSecond(this.clock.now());
    const row: NodeRow = {
      id: this.ids.next(),
      templateNodeType: originCodes.custom,
      templateNodeName: dto.templateNodeName,
      ...toColumns(finding),
      userCode: principal.userCode,
      accCode: teamOf(principal, dto.accCode),
      remark: dto.remark ?? null,
      version: 1,
      createTime: now,
      updateTime: now,
    };
    return this.unitOfWork.run(async (tx) => {
      await this.nodes.insert(tx, row, objectsOf(finding));
      await this.keep(tx, principal, row);
      return toView(row);
    });
  }

  async list(principal: UserPrincipal, query: ListNodes): Promise<Page<NodeView>> {
    const team = teamOf(principal, query.accCode);
    const window = windowOf(query);
    const rows = await this.nodes.list(team === null ? scopeOf(principal) : [team], window);
    return pageOf(rows, window, (row) => row.id, toView);
  }

  /** @throws Problem 404 */
  async get(principal: UserPrincipal, id: string): Promise<NodeView> {
    return toView(await this.require(scopeOf(principal), id));
  }

  /**
   * Changes what is given; what becomes of the whole is judged. What says the same as before makes no new version.
   * @throws Problem 404, 403 for one of the platform in a team's hands, 409 system_object, 400 as {@link create}
   */
  async update(principal: UserPrincipal, id: string, dto: UpdateNode): Promise<NodeView> {
    const refused = await this.addressErrors(dto.auditObjectType ?? 'resolver', dto.auditObject ?? []);
    return this.unitOfWork.run(async (tx) => {
      const row = await this.own(tx, principal, id);
      const before = fromColumns(row);
      refuse(changeErrors(before, dto));
      const finding = changedFinding(before, dto);
      refuse([...findingErrors(finding), ...(finding.auditObjectType === 'resolver' ? refused : [])]);
      const change: Partial<NodeRow> = {
        ...(dto.templateNodeName === undefined ? {} : { templateNodeName: dto.templateNodeName }),
        ...toColumns(finding),
        ...(dto.remark === undefined ? {} : { remark: dto.remark }),
        updateTime: wholeSecond(this.clock.now()),
      };
      const saved = { ...row, ...change };
      const changed = !isDeepStrictEqual(contentOf(row), contentOf(saved));
      if (changed) saved.version = change.version = row.version + 1;
      const listed = dto.auditObject !== undefined || dto.auditObjectType !== undefined;
      await this.nodes.update(tx, id, change, listed ? objectsOf(finding) : null);
      if (changed) await this.keep(tx, principal, saved);
      return toView(saved);
    });
  }

  /** @throws Problem 404, 409 system_object, 409 in_use while a template points at it. */
  async remove(principal: UserPrincipal, id: string): Promise<void> {
    try {
      await this.unitOfWork.run(async (tx) => {
        await this.own(tx, principal, id);
        await this.nodes.delete(tx, id);
      });
    } catch (error) {
      if (classify(error) !== 'reference') throw error;
      throw new Problem('in_use', `node ${id} is used by a template; take it out of the template first`);
    }
  }

  /** A node that exists for these teams. @throws Problem 404 */
  async require(scope: TeamScope, id: string, sql?: Sql): Promise<NodeRow> {
    const row = await this.nodes.find(scope, id, sql);
    if (!row) throw notFound(`node ${id}`);
    return row;
  }

  /**
   * Makes sure that all these nodes exist for a team's template.
   * @throws Problem 404 naming the first that does not.
   */
  async requireAll(sql: Sql, scope: TeamScope, ids: readonly string[]): Promise<void> {
    const found = new Set((await this.nodes.findAll(scope, [...new Set(ids)], sql)).map((row) => row.id));
    const missing = ids.find((id) => !found.has(id));
    if (missing !== undefined) throw notFound(`node ${missing}`);
  }

  /** Refuses the address of a resolver that must not be called; what is no address at all is left to the rules. */
  private async addressErrors(type: NodeObjectType, objects: readonly string[]): Promise<FieldError[]> {
    const [url, ...more] = objects;
    if (type !== 'resolver' || url === undefined || more.length > 0) return [];
    if (whyNoCallbackUrl(url) !== null) return [];
    const message = await this.addresses.whyRefused(url);
    return message === null ? [] : [{ field: 'auditObject', message }];
  }

  private keep(tx: Tx, { userCode }: UserPrincipal, row: NodeRow): Promise<void> {
    return this.versions.add(
      tx,
      { kind: 'node', id: row.id },
      { version: row.version, content: contentOf(row), savedBy: userCode, createTime: row.updateTime },
    );
  }

  /** A node that the caller may change, locked: neither a system node, nor one of the platform in a team's hands. */
  private async own(tx: Tx, principal: UserPrincipal, id: string): Promise<NodeRow> {
    const scope = scopeOf(principal);
    await this.nodes.lock(tx, id);
    const row = await this.require(scope, id, tx);
    if (row.templateNodeType === originCodes.system) {
      throw new Problem('system_object', `node ${id} is a system node; make one of your own instead`);
    }
    if (row.accCode === null && scope !== 'all') {
      throw new Problem(
        'forbidden',
        `node ${id} belongs to the platform; only system administrators change it`,
      );
    }
    return row;
  }
}

/** @throws Problem 400 unless nothing is wrong. */
function refuse(errors: readonly FieldError[]): void {
  if (errors.length === 0) return;
  const detail = errors.map(({ field, message }) => `${field} ${message}`).join('; ');
  throw new Problem('validation_failed', detail, { errors });
}

const toView = (row: NodeRow): NodeView => ({
  id: row.id,
  templateNodeType: nameOf(originCodes, row.templateNodeType),
  templateNodeName: row.templateNodeName,
  ...fromColumns(row),
  userCode: row.userCode,
  accCode: row.accCode,
  remark: row.remark,
  version: row.version,
  createTime: row.createTime,
  updateTime: row.updateTime,
});
