import { Injectable } from '@nestjs/common';
import { BusinessTypesService } from '../../business-types/business-types.service.js';
import { isSystemAdmin, type TeamScope, teamOf, type UserPrincipal } from '../../auth/principal.js';
import { platform } from '../../auth/sight.js';
import { wholeSecond } from '../../database/dialect.js';
import type { Tx } from '../../database/sql.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { secondsOf } from '../../http/fields.js';
import { type Page, pageOf, windowOf } from '../../http/pagination.js';
import { invalid, notFound, Problem } from '../../http/problem.js';
import { AddressGuard } from '../../outbound/address-guard.js';
import { ProvidersService } from '../../providers/providers.service.js';
import { Clock } from '../../runtime/clock.js';
import { Ids } from '../../runtime/ids.js';
import { countUpRevision } from '../gates/revision.js';
import { upstreamOf } from '../gates/upstream.js';
import { compileTemplate, type PathTemplate } from '../reading/templates.js';
import { internalProvider } from '../../providers/provider.port.js';
import type { ActionRow } from './action.entity.js';
import { toView } from './action.view.js';
import type {
  ActionSettings,
  ApproveActionView,
  CreateApproveAction,
  ListApproveActions,
  UpdateApproveAction,
} from './actions.dto.js';
import { type ActionKey, ActionsRepository } from './actions.repository.js';

/** What an action of requirement 000 has of its own: what it is called, and which requests it names. */
export interface Named {
  readonly name: string;
  readonly description: string | null;
  readonly template: PathTemplate;
  readonly method: string;
}

/** Which requests are held: each team's own actions, and the platform's for all teams. */
@Injectable()
export class ActionsService {
  constructor(
    private readonly actions: ActionsRepository,
    private readonly types: BusinessTypesService,
    private readonly providers: ProvidersService,
    private readonly unitOfWork: UnitOfWork,
    private readonly addresses: AddressGuard,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @throws Problem 400 for a path that cannot be read or an upstream that must not be called, 404, 409 already_exists */
  async create(principal: UserPrincipal, dto: CreateApproveAction): Promise<ApproveActionView> {
    const scope = teamOf(principal, dto.accCode) ?? platform;
    const { name, description = null, method } = dto;
    const row = this.rowOf(scope, { name, description, method, template: templateOf(dto.path) }, dto);
    await this.refuseUpstream(dto.upstream);
    return this.unitOfWork.run(async (tx) => {
      await countUpRevision(tx);
      await this.requireTargets(tx, row);
      await this.refuseTwin(tx, row, row.id);
      await this.actions.insert(tx, [row]);
      return toView(row);
    });
  }

  async list(principal: UserPrincipal, query: ListApproveActions): Promise<Page<ApproveActionView>> {
    const team = teamOf(principal, query.accCode);
    const window = windowOf(query);
    const { path, method, provider, businessType } = query;
    const filter = {
      ...(path === undefined ? {} : { pathKey: templateOf(path).key }),
      ...(method === undefined ? {} : { method }),
      ...(provider === undefined ? {} : { provider }),
      ...(businessType === undefined ? {} : { businessType }),
    };
    const rows = await this.actions.list(
      team === null ? visibleTo(principal) : [team, platform],
      filter,
      window,
    );
    return pageOf(rows, window, (row) => row.id, toView);
  }

  /** @throws Problem 404 */
  async get(principal: UserPrincipal, id: string): Promise<ApproveActionView> {
    const row = await this.actions.find(visibleTo(principal), id);
    if (!row) throw notFound(`approve action ${id}`);
    return toView(row);
  }

  /**
   * @throws Problem 400 for a path that cannot be read or an upstream that must not be called, 404, 403 for one of the
   * platform in a team's hands, 409 already_exists, in_use for another path or method while requests are under way
   */
  async update(principal: UserPrincipal, id: string, dto: UpdateApproveAction): Promise<ApproveActionView> {
    const change = changeOf(dto);
    await this.refuseUpstream(dto.upstream);
    return this.unitOfWork.run(async (tx) => {
      const row = await this.own(tx, principal, id);
      const after = { ...row, ...change, updateTime: wholeSecond(this.clock.now()) };
      await this.requireTargets(tx, after);
      await this.refuseTwin(tx, after, row.id);
      const named = after.pathKey === row.pathKey && after.method === row.method;
      if (!named && (await this.actions.isAwaited(tx, id))) {
        const detail = `requests that approve action ${id} holds are under way; their repeats would pass`;
        throw new Problem('in_use', detail);
      }
      await this.actions.update(tx, id, { ...change, updateTime: after.updateTime });
      return toView(after);
    });
  }

  /** Requests that wait stay held; nothing new is. @throws Problem 404, 403 for one of the platform in a team's hands */
  async remove(principal: UserPrincipal, id: string): Promise<void> {
    await this.unitOfWork.run(async (tx) => {
      const row = await this.own(tx, principal, id);
      await this.actions.update(tx, row.id, { alive: null, updateTime: wholeSecond(this.clock.now()) });
    });
  }

  /** A new row. @param scope who owns it */
  rowOf(scope: string, { name, description, method, template }: Named, dto: ActionSettings): ActionRow {
    const now = wholeSecond(this.clock.now());
    return {
      id: this.ids.next(),
      scope,
      name,
      description,
      path: template.text,
      pathKey: template.key,
      method,
      provider: internalProvider,
      businessType: dto.businessType,
      upstream: null,
      mode: 'replay',
      hold: 401,
      ignoreQuery: null,
      waitTtl: secondsOf('7d'),
      passTtl: secondsOf('1h'),
      resultTtl: secondsOf('24h'),
      ...settingsOf(dto),
      alive: 1,
      createTime: now,
      updateTime: now,
    };
  }

  /** @throws Problem 404 for a business type or a provider that does not exist for the owner of an action */
  async requireTargets(
    tx: Tx,
    { scope, businessType, provider }: Pick<ActionRow, 'scope' | 'businessType' | 'provider'>,
  ): Promise<void> {
    const team = scope === platform ? null : scope;
    if ((await this.types.resolve(team, businessType, tx)) === null) {
      throw notFound(`business type ${businessType}`);
    }
    if (provider !== internalProvider && !(await this.providers.known(tx, team, provider))) {
      throw notFound(`provider ${provider}`);
    }
  }

  /** @throws Problem 400 for an upstream that must not be called */
  async refuseUpstream(upstream: string | null | undefined): Promise<void> {
    const reason = upstream ? await this.addresses.whyRefused(upstream) : null;
    if (reason !== null) throw invalid('upstream', reason);
  }

  /** Changes wait for each other at the revision: what is not found here will not be there when the row is stored. */
  private async refuseTwin(tx: Tx, key: ActionKey & { readonly path: string }, id: string): Promise<void> {
    const twin = await this.actions.twin(tx, key, id);
    if (twin === null) return;
    throw new Problem(
      'already_exists',
      `approve action ${twin} names ${key.method} ${key.path} for provider ${key.provider} already`,
    );
  }

  /** An action that the caller may change, locked, with the change counted. */
  private async own(tx: Tx, principal: UserPrincipal, id: string): Promise<ActionRow> {
    await countUpRevision(tx);
    const row = await this.actions.lock(tx, visibleTo(principal), id);
    if (!row) throw notFound(`approve action ${id}`);
    if (row.scope === platform && !isSystemAdmin(principal)) {
      throw new Problem(
        'forbidden',
        `approve action ${id} belongs to the platform; only system administrators change it`,
      );
    }
    return row;
  }
}

/** A team's own actions and the platform's; all of them for system administrators. */
const visibleTo = (principal: UserPrincipal): TeamScope =>
  isSystemAdmin(principal) ? 'all' : [platform, ...(principal.accCode === null ? [] : [principal.accCode])];

/** @throws Problem 400 for a path that cannot be read */
function templateOf(path: string): PathTemplate {
  const template = compileTemplate(path);
  if ('why' in template) throw invalid('path', template.why);
  return template;
}

/** What a request changes of an action. @throws Problem 400 for a path that cannot be read */
function changeOf(dto: UpdateApproveAction): Partial<ActionRow> {
  const template = dto.path === undefined ? null : templateOf(dto.path);
  return {
    ...(dto.name === undefined ? {} : { name: dto.name }),
    ...(dto.description === undefined ? {} : { description: dto.description }),
    ...(template === null ? {} : { path: template.text, pathKey: template.key }),
    ...(dto.method === undefined ? {} : { method: dto.method }),
    ...settingsOf(dto),
  };
}

/** The settings that a request gives, as columns. */
const settingsOf = (dto: Partial<ActionSettings>): Partial<ActionRow> => ({
  ...(dto.businessType === undefined ? {} : { businessType: dto.businessType }),
  ...(dto.provider === undefined ? {} : { provider: dto.provider }),
  ...(dto.upstream === undefined ? {} : { upstream: dto.upstream && upstreamOf(dto.upstream) }),
  ...(dto.mode === undefined ? {} : { mode: dto.mode }),
  ...(dto.hold === undefined ? {} : { hold: dto.hold }),
  ...(dto.ignoreQuery === undefined
    ? {}
    : { ignoreQuery: dto.ignoreQuery.length === 0 ? null : JSON.stringify(dto.ignoreQuery) }),
  ...(dto.waitTtl === undefined ? {} : { waitTtl: secondsOf(dto.waitTtl) }),
  ...(dto.passTtl === undefined ? {} : { passTtl: secondsOf(dto.passTtl) }),
  ...(dto.resultTtl === undefined ? {} : { resultTtl: secondsOf(dto.resultTtl) }),
});
