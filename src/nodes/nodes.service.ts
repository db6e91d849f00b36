import { Injectable } from '@nestjs/common';
import { scopeOf, teamOf, type TeamScope, type UserPrincipal } from '../auth/principal.js';
import { wholeSecond } from '../database/dialect.js';
import { classify } from '../database/errors.js';
import type { Tx } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { auditObjectTypeCodes, nameOf, originCodes } from '../engine/codes.js';
import type { ApprovalMode } from '../engine/vocabulary.js';
import { type Page, pageOf, windowOf } from '../http/pagination.js';
import { notFound, Problem } from '../http/problem.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import type { NodeRow } from './node.entity.js';
import type { CreateNode, ListNodes, NodeView, UpdateNode } from './nodes.dto.js';
import { NodesRepository } from './nodes.repository.js';

/** Shared nodes: who may review, kept once and used by many templates. Orders hold copies: edits change none. */
@Injectable()
export class NodesService {
  constructor(
    private readonly nodes: NodesRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  async create(principal: UserPrincipal, dto: CreateNode): Promise<NodeView> {
    const now = wholeSecond(this.clock.now());
    const row: NodeRow = {
      id: this.ids.next(),
      templateNodeType: originCodes.custom,
      templateNodeName: dto.templateNodeName,
      auditObject: dto.auditObject.join(','),
      auditObjectType: auditObjectTypeCodes[dto.auditObjectType],
      approvalMode: dto.approvalMode ?? 'any',
      userCode: principal.userCode,
      accCode: teamOf(principal, dto.accCode),
      remark: dto.remark ?? null,
      createTime: now,
      updateTime: now,
    };
    return this.unitOfWork.run(async (tx) => {
      await this.nodes.insert(tx, row, dto.auditObject);
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
    const row = await this.nodes.find(scopeOf(principal), id);
    if (!row) throw notFound(`node ${id}`);
    return toView(row);
  }

  /** @throws Problem 404, 409 system_object */
  async update(principal: UserPrincipal, id: string, dto: UpdateNode): Promise<NodeView> {
    return this.unitOfWork.run(async (tx) => {
      const row = await this.own(tx, principal, id);
      const change: Partial<NodeRow> = {
        ...(dto.templateNodeName === undefined ? {} : { templateNodeName: dto.templateNodeName }),
        ...(dto.auditObject === undefined ? {} : { auditObject: dto.auditObject.join(',') }),
        ...(dto.auditObjectType === undefined
          ? {}
          : { auditObjectType: auditObjectTypeCodes[dto.auditObjectType] }),
        ...(dto.approvalMode === undefined ? {} : { approvalMode: dto.approvalMode }),
        ...(dto.remark === undefined ? {} : { remark: dto.remark }),
        updateTime: wholeSecond(this.clock.now()),
      };
      await this.nodes.update(tx, id, change, dto.auditObject ?? null);
      return toView({ ...row, ...change });
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

  /**
   * Makes sure that all these nodes exist for a team's template.
   * @throws Problem 404 naming the first that does not.
   */
  async requireAll(tx: Tx, scope: TeamScope, ids: readonly string[]): Promise<void> {
    const found = new Set((await this.nodes.findAll(scope, [...new Set(ids)], tx)).map((row) => row.id));
    const missing = ids.find((id) => !found.has(id));
    if (missing !== undefined) throw notFound(`node ${missing}`);
  }

  /** A node that the caller may change: neither a system node, nor one of the platform in a team's hands. */
  private async own(tx: Tx, principal: UserPrincipal, id: string): Promise<NodeRow> {
    const scope = scopeOf(principal);
    const row = await this.nodes.find(scope, id, tx);
    if (!row) throw notFound(`node ${id}`);
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

const toView = (row: NodeRow): NodeView => ({
  id: row.id,
  templateNodeType: nameOf(originCodes, row.templateNodeType),
  templateNodeName: row.templateNodeName,
  auditObjectType: nameOf(auditObjectTypeCodes, row.auditObjectType),
  // Codes hold no comma, so the column gives back the very list.
  auditObject: row.auditObject.split(','),
  approvalMode: row.approvalMode as ApprovalMode,
  userCode: row.userCode,
  accCode: row.accCode,
  remark: row.remark,
  createTime: row.createTime,
  updateTime: row.updateTime,
});
