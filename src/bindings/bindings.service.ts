import { Injectable } from '@nestjs/common';
import { scopeOf, teamOf, type UserPrincipal } from '../auth/principal.js';
import { BusinessTypesService } from '../business-types/business-types.service.js';
import { wholeSecond } from '../database/dialect.js';
import type { Sql, Tx } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { type Page, type PageWindow, pageOf, windowOf } from '../http/pagination.js';
import { invalid, notFound, Problem } from '../http/problem.js';
import { Clock } from '../runtime/clock.js';
import { TemplatesService } from '../templates/templates.service.js';
import type {
  Bind,
  BindBusinessTypes,
  BindingTeam,
  BindingView,
  ListBindings,
  TemplateBusinessTypes,
} from './bindings.dto.js';
import { type BindingKey, BindingsRepository } from './bindings.repository.js';

/**
 * Which template an order of a team and a business type takes; none: the system default.
 *
 * Every change keeps the templates' column `business_type` in agreement. For that it locks, in this order, the
 * business types that it binds, and the templates that win or lose a binding; what it decides on is read after the
 * locks. So a type never moves between two templates of which only one is locked.
 */
@Injectable()
export class BindingsService {
  constructor(
    private readonly bindings: BindingsRepository,
    private readonly businessTypes: BusinessTypesService,
    private readonly templates: TemplatesService,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** @throws Problem 404 for a business type or a template that does not exist for the team */
  async bind(
    principal: UserPrincipal,
    businessType: string,
    query: BindingTeam,
    dto: Bind,
  ): Promise<BindingView> {
    const key = { accCode: requiredTeam(principal, query, dto), businessType };
    return this.unitOfWork.run(async (tx) => {
      await this.businessTypes.lockAll(tx, key.accCode, [businessType]);
      const before = await this.bindings.find(tx, key);
      const concerned = [dto.templateId, ...(before ? [before.templateId] : [])];
      await this.templates.lock(tx, concerned);
      const template = await this.templates.require([key.accCode], dto.templateId, tx);
      const now = wholeSecond(this.clock.now());
      const row = {
        ...key,
        templateId: template.id,
        createTime: before?.createTime ?? now,
        updateTime: now,
      };
      await this.bindings.put(tx, [row]);
      await this.templates.showBindings(tx, concerned);
      return { ...row, templateName: template.templateName };
    });
  }

  /** @throws Problem 404 when it is not bound */
  async unbind(principal: UserPrincipal, businessType: string, query: BindingTeam): Promise<void> {
    const key = { accCode: requiredTeam(principal, query), businessType };
    await this.unitOfWork.run(async (tx) => {
      await this.businessTypes.lockAll(tx, key.accCode, [businessType]);
      const binding = await this.bindings.find(tx, key);
      if (!binding) throw notBound(businessType);
      await this.templates.lock(tx, [binding.templateId]);
      // Whoever replaces the set of the template needs no lock of the types that he takes out of it.
      if ((await this.bindings.delete(tx, key.accCode, [businessType])) === 0) throw notBound(businessType);
      await this.templates.showBindings(tx, [binding.templateId]);
    });
  }

  async list(principal: UserPrincipal, query: ListBindings): Promise<Page<BindingView>> {
    const team = teamOf(principal, query.accCode);
    const window = windowOf(query);
    const rows = await this.bindings.list(
      team === null ? scopeOf(principal) : [team],
      keyAfter(window),
      window.take,
    );
    return pageOf(rows, window, cursorKey, (row) => row);
  }

  /** @throws Problem 404 */
  async ofTemplate(principal: UserPrincipal, id: string, query: BindingTeam): Promise<TemplateBusinessTypes> {
    const { templateId, team } = await this.binder(principal, id, query);
    return this.sorted(team, templateId);
  }

  /** @throws Problem 404 for a template or a business type; 409 already_exists for one bound to another template */
  async replace(
    principal: UserPrincipal,
    id: string,
    query: BindingTeam,
    dto: BindBusinessTypes,
  ): Promise<TemplateBusinessTypes> {
    return this.unitOfWork.run(async (tx) => {
      const { templateId, team } = await this.binder(principal, id, query, dto, tx);
      await this.businessTypes.lockAll(tx, team, dto.businessTypes);
      await this.templates.lock(tx, [templateId]);
      // It may have been deleted before the lock.
      await this.templates.require([team], templateId, tx);
      await this.replaceSet(tx, team, templateId, dto.businessTypes);
      await this.templates.showBindings(tx, [templateId]);
      return this.sorted(team, templateId, tx);
    });
  }

  private async replaceSet(
    tx: Tx,
    team: string,
    templateId: string,
    codes: readonly string[],
  ): Promise<void> {
    const wanted = new Set(codes);
    const rows = await this.bindings.ofTeam(team, tx);
    const taken = rows.find((row) => row.templateId !== templateId && wanted.has(row.businessType));
    if (taken) {
      throw new Problem(
        'already_exists',
        `business type ${taken.businessType} is bound to template ${taken.templateId}; unbind it there first`,
      );
    }
    const bound = new Set(rows.filter((row) => row.templateId === templateId).map((row) => row.businessType));
    const now = wholeSecond(this.clock.now());
    await this.bindings.delete(
      tx,
      team,
      [...bound].filter((code) => !wanted.has(code)),
    );
    await this.bindings.put(
      tx,
      codes
        .filter((code) => !bound.has(code))
        .map((businessType) => ({
          accCode: team,
          businessType,
          templateId,
          createTime: now,
          updateTime: now,
        })),
    );
  }

  /** Whose bindings to a template are meant: a team's own template has but one answer, the platform's needs a name. */
  private async binder(
    principal: UserPrincipal,
    id: string,
    query: BindingTeam,
    body: BindingTeam = {},
    sql?: Sql,
  ): Promise<{ templateId: string; team: string }> {
    const named = teamOf(principal, nameIn(query, body));
    const template = await this.templates.require(named === null ? scopeOf(principal) : [named], id, sql);
    const team = template.accCode ?? named;
    if (team === null) throw teamMissing();
    return { templateId: template.id, team };
  }

  /** Sorts the business types that a team sees into those bound to a template, to none, and to another one. */
  private async sorted(team: string, templateId: string, sql?: Sql): Promise<TemplateBusinessTypes> {
    const bindings = await this.bindings.ofTeam(team, sql);
    const templateOf = new Map(bindings.map((row) => [row.businessType, row.templateId]));
    const types = (await this.businessTypes.listFor(team, sql)).map(({ code, name }) => ({ code, name }));
    return {
      bound: types.filter(({ code }) => templateOf.get(code) === templateId),
      unbound: types.filter(({ code }) => !templateOf.has(code)),
      elsewhere: types.flatMap((type) => {
        const other = templateOf.get(type.code);
        return other === undefined || other === templateId ? [] : [{ ...type, templateId: other }];
      }),
    };
  }
}

const notBound = (businessType: string): Problem => notFound(`a binding of business type ${businessType}`);

const teamMissing = (): Problem =>
  invalid('accCode', 'must name the team, for a system administrator belongs to none');

/** The team named in the query or in the body. @throws Problem 400 when they name two. */
function nameIn(query: BindingTeam, body: BindingTeam): string | undefined {
  if (query.accCode !== undefined && body.accCode !== undefined && query.accCode !== body.accCode) {
    throw invalid('accCode', 'names one team in the query and another in the body');
  }
  return body.accCode ?? query.accCode;
}

/** @throws Problem 400 when a system administrator names no team, 404 for another team in a team's hands. */
function requiredTeam(principal: UserPrincipal, query: BindingTeam, body: BindingTeam = {}): string {
  const team = teamOf(principal, nameIn(query, body));
  if (team === null) throw teamMissing();
  return team;
}

/** Codes hold no comma, so the last one stands between the two parts. */
const cursorKey = (key: BindingKey): string => `${key.accCode},${key.businessType}`;

function keyAfter({ after }: PageWindow): BindingKey | null {
  if (after === null) return null;
  const comma = after.lastIndexOf(',');
  return { accCode: after.slice(0, Math.max(comma, 0)), businessType: after.slice(comma + 1) };
}
