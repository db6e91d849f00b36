import { Inject, Injectable } from '@nestjs/common';
import { isSystemAdmin, teamOf, type UserPrincipal } from '../auth/principal.js';
import { platform } from '../auth/sight.js';
import { CONFIG, type Config } from '../config/config.js';
import { wholeSecond } from '../database/dialect.js';
import { classify } from '../database/errors.js';
import type { Sql, Tx } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { secondsOf } from '../http/fields.js';
import { type Page, pageOf, windowOf } from '../http/pagination.js';
import { invalid, notFound, Problem } from '../http/problem.js';
import { AddressGuard } from '../outbound/address-guard.js';
import { WebhookSecrets } from '../outbound/webhook-secrets.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import type { ProviderRow } from './provider.entity.js';
import { ApprovalProviders, internalProvider, type ProviderKind } from './provider.port.js';
import { ProviderConnections } from './provider-connections.js';
import type {
  CreatedProvider,
  CreateProvider,
  ListProviders,
  ProviderOwner,
  ProviderPing,
  ProviderSecret,
  ProviderView,
  RotateProviderSecret,
  UpdateProvider,
} from './providers.dto.js';
import { ProvidersRepository, visibleFrom } from './providers.repository.js';
import { sealContext } from './seal-context.js';
import { vendorApp, withoutSlash } from './vendor-app.js';
import { type VendorKind, vendors } from './vendor-fields.dto.js';

/** Which outside approval systems there are: the platform's, and each team's own, which shadow those of the same code. */
@Injectable()
export class ProviderSettingsService {
  constructor(
    private readonly providers: ProvidersRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly addresses: AddressGuard,
    private readonly kinds: ApprovalProviders,
    private readonly connections: ProviderConnections,
    private readonly secrets: WebhookSecrets,
    private readonly clock: Clock,
    private readonly ids: Ids,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws Problem 400 for an address that must not be called or a reserved code, 404, 409 already_exists */
  async create(principal: UserPrincipal, dto: CreateProvider): Promise<CreatedProvider> {
    const scope = teamOf(principal, dto.accCode) ?? platform;
    if (dto.code === internalProvider) {
      throw invalid('code', `must not be ${internalProvider}, which stands for the people who decide here`);
    }
    const kind = dto.kind ?? 'webhook';
    const url = dto.url ?? (kind === 'webhook' ? undefined : vendors[kind].url);
    if (url === undefined) throw invalid('url', 'is required: where is the provider told?');
    await this.refuseUrl(url);
    const app = vendorApp(kind, dto, null);
    const { secret, sealed } = this.secrets.make(sealContext({ scope, code: dto.code }));
    const now = wholeSecond(this.clock.now());
    const row: ProviderRow = {
      id: this.ids.next(),
      scope,
      code: dto.code,
      kind,
      name: dto.name,
      url: withoutSlash(kind, url),
      settings: app && JSON.stringify(app.settings),
      sealedCredentials: app && this.connections.sealed({ scope, code: dto.code }, app.credentials),
      sealedSecret: sealed,
      sealedPreviousSecret: null,
      previousSecretUntil: null,
      createTime: now,
      updateTime: now,
    };
    try {
      return await this.unitOfWork.run(async (tx) => {
        await this.providers.insert(tx, row);
        return { ...this.toView(row), secret: kind === 'webhook' ? secret : null };
      });
    } catch (error) {
      if (classify(error) !== 'duplicate') throw error;
      const owner = scope === platform ? 'the platform' : `team ${scope}`;
      throw new Problem('already_exists', `${owner} already has a provider ${dto.code}`);
    }
  }

  async list(principal: UserPrincipal, query: ListProviders): Promise<Page<ProviderView>> {
    const team = teamOf(principal, query.accCode);
    const window = windowOf(query);
    const rows = await this.providers.list(team === null ? 'all' : { scope: team }, window);
    return pageOf(
      rows,
      window,
      (row) => row.id,
      (row) => this.toView(row),
    );
  }

  /** @throws Problem 404 */
  async get(principal: UserPrincipal, code: string, owner: ProviderOwner): Promise<ProviderView> {
    return this.toView(await this.addressed(principal, code, owner));
  }

  /** @throws Problem 400 for an address that must not be called, 404, 403 for one of the platform in a team's hands */
  async update(
    principal: UserPrincipal,
    code: string,
    owner: ProviderOwner,
    dto: UpdateProvider,
  ): Promise<ProviderView> {
    const { name, url } = dto;
    if (url !== undefined) await this.refuseUrl(url);
    return this.unitOfWork.run(async (tx) => {
      const row = await this.own(tx, principal, code, owner);
      const app = vendorApp(row.kind, dto, this.connections.of(row));
      const change = {
        ...(name === undefined ? {} : { name }),
        ...(url === undefined ? {} : { url: withoutSlash(row.kind, url) }),
        ...(app
          ? {
              settings: JSON.stringify(app.settings),
              sealedCredentials: this.connections.sealed(row, app.credentials),
            }
          : {}),
        updateTime: wholeSecond(this.clock.now()),
      };
      await this.providers.update(tx, row.id, change);
      return this.toView({ ...row, ...change });
    });
  }

  /** @throws Problem 404, 403, 409 in_use while an approve action, a business type or an open order names it */
  async remove(principal: UserPrincipal, code: string, owner: ProviderOwner): Promise<void> {
    await this.unitOfWork.run(async (tx) => {
      const row = await this.own(tx, principal, code, owner);
      const action = await this.providers.actionThatNames(tx, row);
      if (action) {
        const whose = action.scope === platform ? 'the platform' : `team ${action.scope}`;
        throw new Problem(
          'in_use',
          `approve action ${action.name} of ${whose} names provider ${code}; change or delete it first`,
        );
      }
      const needed = await this.providers.neededBy(tx, row.id);
      if (needed !== null) throw new Problem('in_use', `provider ${code} is named by ${needed}`);
      await this.providers.delete(tx, row.id);
    });
  }

  /**
   * A new secret for both directions. The old one counts beside it for the overlap, so that the provider can be told of
   * the new one in the meantime; the one before that ends.
   * @throws Problem 404, 403
   */
  async rotateSecret(
    principal: UserPrincipal,
    code: string,
    owner: ProviderOwner,
    { overlap = '24h' }: RotateProviderSecret,
  ): Promise<ProviderSecret> {
    return this.unitOfWork.run(async (tx) => {
      const row = await this.own(tx, principal, code, owner);
      if (row.kind !== 'webhook') {
        throw invalid(
          'code',
          `is a provider of kind ${row.kind}: its secrets are made there; send them with PATCH`,
        );
      }
      const { secret, change } = this.secrets.rotate(row, sealContext(row), secondsOf(overlap));
      await this.providers.update(tx, row.id, { ...change, updateTime: wholeSecond(this.clock.now()) });
      return { secret, previousSecretValidUntil: change.previousSecretUntil };
    });
  }

  /**
   * Tries the connection, now and once; stores nothing.
   * @throws Problem 404, 403; never for an address that does not answer
   */
  async ping(principal: UserPrincipal, code: string, owner: ProviderOwner): Promise<ProviderPing> {
    const row = await this.changeable(principal, code, owner);
    const kind = this.kinds.of(row.kind);
    if (!kind) throw new Error(`nobody speaks with providers of kind ${row.kind}`);
    const began = this.clock.elapsed();
    const trial = await kind.test(
      this.connections.of(row),
      AbortSignal.timeout(this.config.callback.timeout),
    );
    return { url: row.url, ...trial, durationMs: Math.round(this.clock.elapsed() - began) };
  }

  /**
   * The provider that a path means: for a team its own, else the platform's; for system administrators exactly that of
   * the team they name, or the platform's.
   */
  private async addressed(
    principal: UserPrincipal,
    code: string,
    owner: ProviderOwner,
    sql?: Sql,
  ): Promise<ProviderRow> {
    const team = teamOf(principal, owner.accCode) ?? platform;
    const row = await this.providers.find(isSystemAdmin(principal) ? [team] : visibleFrom(team), code, sql);
    if (!row) throw notFound(`provider ${code}`);
    return row;
  }

  /** A provider that the caller may change. @throws Problem 404, 403 for one of the platform in a team's hands */
  async changeable(
    principal: UserPrincipal,
    code: string,
    owner: ProviderOwner,
    sql?: Sql,
  ): Promise<ProviderRow> {
    const row = await this.addressed(principal, code, owner, sql);
    if (row.scope === platform && !isSystemAdmin(principal)) {
      throw new Problem(
        'forbidden',
        `provider ${code} belongs to the platform; only system administrators change it`,
      );
    }
    return row;
  }

  /** A provider that the caller may change, locked together with the platform's of the same code. */
  private async own(
    tx: Tx,
    principal: UserPrincipal,
    code: string,
    owner: ProviderOwner,
  ): Promise<ProviderRow> {
    await this.providers.lock(tx, visibleFrom(teamOf(principal, owner.accCode) ?? platform), code);
    return this.changeable(principal, code, owner, tx);
  }

  private async refuseUrl(url: string): Promise<void> {
    const reason = await this.addresses.whyRefused(url);
    if (reason !== null) throw invalid('url', reason);
  }

  private toView(row: ProviderRow) {
    return {
      id: row.id,
      code: row.code,
      name: row.name,
      kind: row.kind as ProviderKind,
      accCode: row.scope === platform ? null : row.scope,
      url: row.url,
      vendor:
        row.settings === null
          ? null
          : {
              settings: JSON.parse(row.settings) as Record<string, unknown>,
              secrets: vendors[row.kind as VendorKind].secrets,
              callbackUrl: `${this.config.publicUrl ?? ''}/api/v1/${row.kind}/callback/${row.id}`,
            },
      createTime: row.createTime,
      updateTime: row.updateTime,
    } satisfies ProviderView;
  }
}
