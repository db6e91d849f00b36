import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { scopeOf, teamOf, type TeamScope, type UserPrincipal } from '../auth/principal.js';
import { CalendarsService } from '../calendars/calendars.service.js';
import { wholeSecond } from '../database/dialect.js';
import { classify } from '../database/errors.js';
import { Database } from '../database/database.js';
import type { Sql, Tx } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { originCodes } from '../engine/codes.js';
import type { Timing } from '../engine/timing.js';
import type { AutoApprove, Dedupe } from '../engine/vocabulary.js';
import { type Page, pageOf, windowOf } from '../http/pagination.js';
import { invalid, notFound, Problem } from '../http/problem.js';
import { NodesService } from '../nodes/nodes.service.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { VersionsService } from '../versions/versions.service.js';
import { commaList } from './comma-list.js';
import { requireReadableConditions } from './stage-conditions.js';
import { calendarsOf, requireKnownCalendars, requireSensibleTimings, timingIn } from './stage-timing.js';
import { contentOf, idsOf, nodeIdsOf, toStage, toView, wordsOf } from './template.content.js';
import type { TemplateRow } from './template.entity.js';
import type {
  CreateTemplate,
  ListTemplates,
  StageFields,
  TemplateView,
  UpdateTemplate,
} from './templates.dto.js';
import { TemplatesRepository } from './templates.repository.js';

/** What `business_type` (text) holds, in bytes. */
const businessTypeBytes = 65_535;

/** A template as a change would leave it. */
export interface ChangedTemplate {
  readonly templateName: string;
  /** The version that the change is made to. */
  readonly version: number;
  readonly autoApprove: AutoApprove;
  readonly dedupe: Dedupe;
  readonly distinctApprovers: boolean;
  readonly stages: readonly {
    readonly nodeId: string;
    readonly condition: string | null;
    readonly timing: Timing | null;
  }[];
}

export { UpdateTemplate } from './templates.dto.js';

/** Templates: ordered lists of stages, each pointing at a shared node. Orders hold copies: edits change none. */
@Injectable()
export class TemplatesService {
  constructor(
    private readonly templates: TemplatesRepository,
    private readonly nodes: NodesService,
    private readonly calendars: CalendarsService,
    private readonly versions: VersionsService,
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @throws Problem 400 for what makes no sense together, 404 for a node that does not exist, 422 condition_invalid */
  async create(principal: UserPrincipal, dto: CreateTemplate): Promise<TemplateView> {
    requireWalkable(dto.stages);
    const now = wholeSecond(this.clock.now());
    const row: TemplateRow = {
      id: this.ids.next(),
      templateName: dto.templateName,
      templateType: originCodes.custom,
      accCode: teamOf(principal, dto.accCode),
      templateNodeId: nodeIdsOf(dto.stages),
      businessType: null,
      remark: dto.remark ?? null,
      autoApprove: dto.autoApprove ?? 'through_applicant_node',
      dedupe: dto.dedupe ?? 'none',
      version: 1,
      distinctApprovers: Number(dto.distinctApprovers ?? false),
      createTime: now,
      updateTime: now,
    };
    requireOneRule(row);
    return this.withNodes(async (tx) => {
      await this.requireForTeam(tx, row, dto.stages);
      await this.templates.insert(tx, row, dto.stages.map(toStage));
      await this.keep(tx, principal, row);
      return this.view(row, scopeOf(principal), tx);
    });
  }

  async list(principal: UserPrincipal, query: ListTemplates): Promise<Page<TemplateView>> {
    const team = teamOf(principal, query.accCode);
    const scope = team === null ? scopeOf(principal) : [team];
    const window = windowOf(query);
    const page = pageOf(await this.templates.list(scope, window), window, (row) => row.id, itself);
    return { items: await this.views(page.items, scope), nextCursor: page.nextCursor };
  }

  /** @throws Problem 404 */
  async get(principal: UserPrincipal, id: string): Promise<TemplateView> {
    const scope = scopeOf(principal);
    return this.view(await this.require(scope, id), scope);
  }

  /**
   * Changes what is given. What says the same as before makes no new version.
   * @throws Problem 404, 409 system_object, 403 for one of the platform in a team's hands, 400 and 422 as {@link create}
   */
  async update(principal: UserPrincipal, id: string, dto: UpdateTemplate): Promise<TemplateView> {
    const { stages, distinctApprovers, ...fields } = dto;
    if (stages) requireWalkable(stages);
    return this.withNodes(async (tx) => {
      const row = await this.own(tx, principal, id);
      const change: Partial<TemplateRow> = {
        ...fields,
        ...(distinctApprovers === undefined ? {} : { distinctApprovers: Number(distinctApprovers) }),
        ...(stages ? { templateNodeId: nodeIdsOf(stages) } : {}),
        updateTime: wholeSecond(this.clock.now()),
      };
      const saved = { ...row, ...change };
      requireOneRule(saved);
      if (stages) await this.requireForTeam(tx, row, stages);
      const before = await this.templates.stagesOf([id], tx);
      const after = stages?.map(toStage) ?? null;
      const changed = !isDeepStrictEqual(wordsOf(row, before), wordsOf(saved, after ?? before));
      if (changed) saved.version = change.version = row.version + 1;
      await this.templates.update(tx, row.id, change, after);
      if (changed) await this.keep(tx, principal, saved);
      return this.view(saved, scopeOf(principal), tx);
    });
  }

  /**
   * A template as a change would leave it; stores nothing, so one that the caller may only see can be asked for too.
   * @throws Problem as {@link update}, but for who may change it
   */
  async changed(principal: UserPrincipal, id: string, dto: UpdateTemplate): Promise<ChangedTemplate> {
    const { stages, distinctApprovers, ...fields } = dto;
    if (stages) requireWalkable(stages);
    const row = await this.require(scopeOf(principal), id);
    const change = distinctApprovers === undefined ? {} : { distinctApprovers: Number(distinctApprovers) };
    const changed = { ...row, ...fields, ...change };
    requireOneRule(changed);
    if (stages) await this.requireForTeam(this.database, row, stages);
    const kept = stages?.map(toStage) ?? (await this.templates.stagesOf([id]));
    return {
      templateName: changed.templateName,
      version: row.version,
      autoApprove: changed.autoApprove as AutoApprove,
      dedupe: changed.dedupe as Dedupe,
      distinctApprovers: changed.distinctApprovers === 1,
      stages: kept.map(({ nodeId, conditionText, timing }) => ({
        nodeId,
        condition: conditionText,
        timing: timingIn(timing),
      })),
    };
  }

  /** @throws Problem 404, 409 system_object, 403, 409 in_use while a business type is bound to it. */
  async remove(principal: UserPrincipal, id: string): Promise<void> {
    try {
      await this.unitOfWork.run(async (tx) => {
        const row = await this.own(tx, principal, id);
        await this.templates.delete(tx, row.id);
      });
    } catch (error) {
      if (classify(error) !== 'reference') throw error;
      throw new Problem('in_use', `template ${id} is bound to a business type; unbind it first`);
    }
  }

  /** A template that exists for these teams. @throws Problem 404 */
  async require(scope: TeamScope, id: string, sql?: Sql): Promise<TemplateRow> {
    const row = await this.templates.find(scope, id, sql);
    if (!row) throw notFound(`template ${id}`);
    return row;
  }

  /** Keeps templates as they are, and their bindings, until the transaction ends; then they must be read anew. */
  lock(tx: Tx, ids: readonly string[]): Promise<void> {
    return this.templates.lock(tx, ids);
  }

  /**
   * Writes the column `business_type` of templates from their bindings, whatever the team. Called with the templates
   * locked, by whoever changed a binding of theirs.
   */
  async showBindings(tx: Tx, ids: readonly string[]): Promise<void> {
    const bound = byTemplate(await this.templates.businessTypesOf('all', ids, tx));
    for (const id of new Set(ids)) {
      const codes = bound.get(id)?.map((row) => row.code);
      const businessType = codes ? commaList(codes, businessTypeBytes) : null;
      await this.templates.update(tx, id, { businessType }, null);
    }
  }

  /**
   * Makes sure that the nodes and calendars of stages exist where the template is walked.
   * @throws Problem 404 for a node, 400 for a calendar
   */
  private async requireForTeam(sql: Sql, row: TemplateRow, stages: readonly StageFields[]): Promise<void> {
    await this.nodes.requireAll(sql, nodeScopeOf(row), idsOf(stages));
    requireKnownCalendars(stages, await this.calendars.known(sql, row.accCode, calendarsOf(stages)));
  }

  /** Saves what a template, whose rows are written, says now. */
  private async keep(tx: Tx, { userCode }: UserPrincipal, row: TemplateRow): Promise<void> {
    const content = contentOf(row, await this.templates.stagesOf([row.id], tx));
    await this.versions.add(
      tx,
      { kind: 'template', id: row.id },
      { version: row.version, content, savedBy: userCode, createTime: row.updateTime },
    );
  }

  /** A transaction that writes stages: a node deleted between the check and the write is one that does not exist. */
  private async withNodes<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    try {
      return await this.unitOfWork.run(work);
    } catch (error) {
      if (classify(error) !== 'reference') throw error;
      throw notFound('a node of the stages');
    }
  }

  /** A template that the caller may change, locked: neither a system one, nor one of the platform in a team's hands. */
  private async own(tx: Tx, principal: UserPrincipal, id: string): Promise<TemplateRow> {
    const scope = scopeOf(principal);
    await this.templates.lock(tx, [id]);
    const row = await this.require(scope, id, tx);
    if (row.templateType === originCodes.system) {
      throw new Problem('system_object', `template ${id} is a system template; make one of your own instead`);
    }
    if (row.accCode === null && scope !== 'all') {
      throw new Problem(
        'forbidden',
        `template ${id} belongs to the platform; only system administrators change it`,
      );
    }
    return row;
  }

  private async view(row: TemplateRow, scope: TeamScope, sql?: Sql): Promise<TemplateView> {
    const [view] = await this.views([row], scope, sql);
    return view as TemplateView;
  }

  /** @param scope whose bindings are shown. */
  private async views(rows: readonly TemplateRow[], scope: TeamScope, sql?: Sql): Promise<TemplateView[]> {
    const ids = rows.map((row) => row.id);
    const stages = byTemplate(await this.templates.stagesOf(ids, sql));
    const bound = byTemplate(await this.templates.businessTypesOf(scope, ids, sql));
    return rows.map((row) => toView(row, stages.get(row.id) ?? [], bound.get(row.id) ?? []));
  }
}

/** Groups what was read for a page of templates in one query, in the order of its rows. */
function byTemplate<T extends { readonly templateId: string }>(rows: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(row.templateId);
    if (group) group.push(row);
    else groups.set(row.templateId, [row]);
  }
  return groups;
}

const itself = <T>(value: T): T => value;

/** Whose nodes a template may use, besides the platform's: a platform template is walked by every team. */
const nodeScopeOf = (row: TemplateRow): TeamScope => (row.accCode === null ? [] : [row.accCode]);

/** Refuses stages that no order could walk. @throws Problem 400, 422 condition_invalid */
function requireWalkable(stages: readonly StageFields[]): void {
  requireSensibleTimings(stages);
  requireReadableConditions(stages);
}

/** Who approved before either passes automatically or must not decide again. @throws Problem 400 for both. */
function requireOneRule({ dedupe, distinctApprovers }: TemplateRow): void {
  if (distinctApprovers === 0 || dedupe === 'none') return;
  throw invalid(
    'distinctApprovers',
    `takes dedupe none: who approved a step cannot pass the next one by ${dedupe}`,
  );
}
