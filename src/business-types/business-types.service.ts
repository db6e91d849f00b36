import { Injectable } from '@nestjs/common';
import { isSystemAdmin, teamOf, type UserPrincipal } from '../auth/principal.js';
import { wholeSecond } from '../database/dialect.js';
import { classify } from '../database/errors.js';
import type { Sql, Tx } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { durationText, secondsOf } from '../http/fields.js';
import { type Page, pageOf, windowOf } from '../http/pagination.js';
import { type FieldError, invalid, notFound, Problem } from '../http/problem.js';
import { AddressGuard } from '../outbound/address-guard.js';
import { WebhookSecrets } from '../outbound/webhook-secrets.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import type { BusinessTypeRow } from './business-type.entity.js';
import type {
  BusinessTypeOwner,
  BusinessTypeView,
  CallbackFormat,
  CallbackMode,
  CallbackSecret,
  CreateBusinessType,
  CreatedBusinessType,
  FailMode,
  ListBusinessTypes,
  RotateSecret,
  UpdateBusinessType,
} from './business-types.dto.js';
import { BusinessTypesRepository, platformScope } from './business-types.repository.js';
import type { FieldMapping } from './field-mapping.js';
import { sealContext } from './seal-context.js';

/** Who decides the orders of a type that names no provider: the people of its template. */
const inside = 'internal';

/** A flow that objects of some kind can go through. */
export interface ObjectFlow {
  readonly businessType: string;
  /** Whether orders of it can be opened. */
  readonly enabled: boolean;
}

/**
 * The dictionary of business types: the platform's, and each team's own, which shadow the platform's of the same code.
 * Orders hold copies of what they need: edits change none.
 */
@Injectable()
export class BusinessTypesService {
  constructor(
    private readonly types: BusinessTypesRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly addresses: AddressGuard,
    private readonly secrets: WebhookSecrets,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @throws Problem 400 for an address that must not be called, 409 already_exists */
  async create(principal: UserPrincipal, dto: CreateBusinessType): Promise<CreatedBusinessType> {
    const scope = teamOf(principal, dto.accCode) ?? platformScope;
    await this.refuseAddresses(dto);
    const { secret, sealed } = this.secrets.make(sealContext({ scope, code: dto.code }));
    const now = wholeSecond(this.clock.now());
    const row: BusinessTypeRow = {
      id: this.ids.next(),
      scope,
      code: dto.code,
      name: dto.name,
      objectType: dto.objectType ?? null,
      enabled: Number(dto.enabled ?? true),
      checkUrl: dto.checkUrl ?? null,
      executeUrl: dto.executeUrl ?? null,
      callbackMode: dto.callbackMode ?? 'sync',
      executeMode: dto.executeMode ?? null,
      providerId: null,
      providerCode: null,
      mirrorId: null,
      mirrorCode: null,
      callbackFormat: dto.format ?? 'standard',
      checkFailMode: dto.failMode ?? 'closed',
      callbackDeadline: secondsOf(dto.callbackDeadline ?? '24h'),
      fieldMapping: toText(dto.fieldMapping),
      sealedSecret: sealed,
      sealedPreviousSecret: null,
      previousSecretUntil: null,
      createTime: now,
      updateTime: now,
    };
    try {
      return await this.unitOfWork.run(async (tx) => {
        const whole = { ...row, ...(await this.outside(tx, scope, dto)) };
        await this.types.insert(tx, whole);
        return { ...toView(whole), secret };
      });
    } catch (error) {
      if (classify(error) !== 'duplicate') throw error;
      const owner = scope === platformScope ? 'the platform' : `team ${scope}`;
      throw new Problem('already_exists', `${owner} already has a business type ${dto.code}`);
    }
  }

  async list(principal: UserPrincipal, query: ListBusinessTypes): Promise<Page<BusinessTypeView>> {
    const team = teamOf(principal, query.accCode);
    const window = windowOf(query);
    const rows = await this.types.list(team === null ? 'all' : { scope: team }, window);
    return pageOf(rows, window, (row) => row.id, toView);
  }

  /** @throws Problem 404 */
  async get(principal: UserPrincipal, code: string, owner: BusinessTypeOwner): Promise<BusinessTypeView> {
    return toView(await this.addressed(principal, code, owner));
  }

  /** @throws Problem 400 for an address that must not be called, 404, 403 for one of the platform in a team's hands. */
  async update(
    principal: UserPrincipal,
    code: string,
    owner: BusinessTypeOwner,
    dto: UpdateBusinessType,
  ): Promise<BusinessTypeView> {
    await this.refuseAddresses(dto);
    const { enabled, format, failMode, callbackDeadline, fieldMapping, provider, mirror, ...fields } = dto;
    return this.unitOfWork.run(async (tx) => {
      const row = await this.own(tx, principal, code, owner);
      const change: Partial<BusinessTypeRow> = {
        ...fields,
        ...(enabled === undefined ? {} : { enabled: Number(enabled) }),
        ...(format === undefined ? {} : { callbackFormat: format }),
        ...(failMode === undefined ? {} : { checkFailMode: failMode }),
        ...(callbackDeadline === undefined ? {} : { callbackDeadline: secondsOf(callbackDeadline) }),
        ...(fieldMapping === undefined ? {} : { fieldMapping: toText(fieldMapping) }),
        ...(await this.outside(tx, row.scope, { provider, mirror })),
        updateTime: wholeSecond(this.clock.now()),
      };
      await this.types.update(tx, row.id, change);
      return toView({ ...row, ...change });
    });
  }

  /** @throws Problem 404, 403, 409 in_use while a binding, or a form of a provider, would be left without a type. */
  async remove(principal: UserPrincipal, code: string, owner: BusinessTypeOwner): Promise<void> {
    await this.unitOfWork.run(async (tx) => {
      const row = await this.own(tx, principal, code, owner);
      const team = await this.types.teamThatNeeds(tx, row);
      if (team !== null) {
        throw new Problem('in_use', `business type ${row.code} is bound in team ${team}; unbind it first`);
      }
      const needed = await this.types.formThatNeeds(tx, row.id);
      if (needed) {
        throw new Problem(
          'in_use',
          `form ${needed.form} of provider ${needed.provider} begins orders of business type ${row.code}; delete the form first`,
        );
      }
      await this.types.delete(tx, row.id);
    });
  }

  /**
   * Gives the callbacks a new secret. The old one goes on beside it for the overlap, so that a module can be told of
   * the new one in the meantime; the one before that ends.
   * @throws Problem 404, 403
   */
  async rotateSecret(
    principal: UserPrincipal,
    code: string,
    owner: BusinessTypeOwner,
    { overlap = '24h' }: RotateSecret,
  ): Promise<CallbackSecret> {
    return this.unitOfWork.run(async (tx) => {
      const row = await this.own(tx, principal, code, owner);
      const { secret, change } = this.secrets.rotate(row, sealContext(row), secondsOf(overlap));
      await this.types.update(tx, row.id, { ...change, updateTime: wholeSecond(this.clock.now()) });
      return { secret, previousSecretValidUntil: change.previousSecretUntil };
    });
  }

  /** The type that a code means in a team: its own, else the platform's, else null. @param team null: no team. */
  async resolve(team: string | null, code: string, sql?: Sql): Promise<BusinessTypeRow | null> {
    return shadowed(await this.types.find(visibleScopes(team), [code], sql))[0] ?? null;
  }

  /** Every type that a team sees, each code once, sorted by code. */
  async listFor(team: string, sql?: Sql): Promise<BusinessTypeRow[]> {
    return shadowed(await this.types.find(visibleScopes(team), null, sql));
  }

  /** The types that a team sees for a kind of business object, sorted by code. @param team null: the platform's only */
  async ofObjectType(team: string | null, objectType: string): Promise<ObjectFlow[]> {
    const rows = shadowed(await this.types.find(visibleScopes(team), null));
    return rows
      .filter((row) => row.objectType === objectType)
      .map((row) => ({ businessType: row.code, enabled: row.enabled === 1 }))
      .toSorted((one, other) => (one.businessType < other.businessType ? -1 : 1));
  }

  /**
   * Makes sure that a team has these types, and keeps them from being deleted or bound by others until the transaction
   * ends. Whoever binds or unbinds comes through here before it locks a template.
   * @throws Problem 404 naming the first that does not exist.
   */
  async lockAll(tx: Tx, team: string, codes: readonly string[]): Promise<void> {
    await this.types.lock(tx, visibleScopes(team), codes);
    const found = new Set((await this.types.find(visibleScopes(team), codes, tx)).map((row) => row.code));
    const missing = codes.find((code) => !found.has(code));
    if (missing !== undefined) throw notFound(`business type ${missing}`);
  }

  /**
   * A type that the caller may change, not locked.
   * @throws Problem 404, 403 for one of the platform in a team's hands.
   */
  async changeable(
    principal: UserPrincipal,
    code: string,
    owner: BusinessTypeOwner,
    sql?: Sql,
  ): Promise<BusinessTypeRow> {
    const row = await this.addressed(principal, code, owner, sql);
    if (row.scope === platformScope && !isSystemAdmin(principal)) {
      throw new Problem(
        'forbidden',
        `business type ${code} belongs to the platform; only system administrators change it`,
      );
    }
    return row;
  }

  /**
   * The type that a path means: for a team its own, else the platform's; for system administrators exactly that of the
   * team they name, or the platform's.
   */
  private async addressed(
    principal: UserPrincipal,
    code: string,
    owner: BusinessTypeOwner,
    sql?: Sql,
  ): Promise<BusinessTypeRow> {
    const team = teamOf(principal, owner.accCode);
    const scopes = isSystemAdmin(principal) ? [team ?? platformScope] : visibleScopes(team);
    const [row] = shadowed(await this.types.find(scopes, [code], sql));
    if (!row) throw notFound(`business type ${code}`);
    return row;
  }

  /** A type that the caller may change, locked together with the platform's of the same code. */
  private async own(
    tx: Tx,
    principal: UserPrincipal,
    code: string,
    owner: BusinessTypeOwner,
  ): Promise<BusinessTypeRow> {
    await this.types.lock(tx, visibleScopes(teamOf(principal, owner.accCode)), [code]);
    return this.changeable(principal, code, owner, tx);
  }

  /** The columns of who decides, and where orders are shown. @throws Problem 404 for a provider that does not exist for the type's owner */
  private async outside(
    tx: Tx,
    scope: string,
    { provider, mirror }: Pick<UpdateBusinessType, 'provider' | 'mirror'>,
  ): Promise<Partial<Pick<BusinessTypeRow, 'providerId' | 'providerCode' | 'mirrorId' | 'mirrorCode'>>> {
    const named = async (code: string) => {
      const found = await this.types.providerNamed(tx, scope, code);
      if (!found) throw notFound(`provider ${code}`);
      return found;
    };
    const decides = provider === undefined || provider === inside ? null : await named(provider);
    const shows = mirror === undefined || mirror === null ? null : await named(mirror);
    if (shows && shows.kind !== 'lark') {
      throw invalid(
        'mirror',
        `must name a provider of kind lark; ${shows.code} is one of kind ${shows.kind}`,
      );
    }
    return {
      ...(provider === undefined
        ? {}
        : { providerId: decides?.id ?? null, providerCode: decides?.code ?? null }),
      ...(mirror === undefined ? {} : { mirrorId: shows?.id ?? null, mirrorCode: shows?.code ?? null }),
    };
  }

  /** Refuses the addresses of a request that must not be called, all of them at once. */
  private async refuseAddresses(dto: UpdateBusinessType): Promise<void> {
    const checked = (['checkUrl', 'executeUrl'] as const).map(async (field): Promise<FieldError[]> => {
      const reason = dto[field] ? await this.addresses.whyRefused(dto[field]) : null;
      return reason === null ? [] : [{ field, message: reason }];
    });
    const errors = (await Promise.all(checked)).flat();
    if (errors.length === 0) return;
    const detail = errors.map(({ field, message }) => `${field} ${message}`).join('; ');
    throw new Problem('validation_failed', detail, { errors });
  }
}

const visibleScopes = (team: string | null): string[] =>
  team === null ? [platformScope] : [platformScope, team];

/** Leaves of each code the team's own row, if there is one; keeps the order by code. */
function shadowed(rows: readonly BusinessTypeRow[]): BusinessTypeRow[] {
  const byCode = new Map<string, BusinessTypeRow>();
  for (const row of rows) {
    if (row.scope !== platformScope || !byCode.has(row.code)) byCode.set(row.code, row);
  }
  return [...byCode.values()];
}

const toText = (mapping: FieldMapping | null | undefined): string | null =>
  mapping ? JSON.stringify(mapping) : null;

const toView = (row: BusinessTypeRow) =>
  ({
    id: row.id,
    code: row.code,
    name: row.name,
    accCode: row.scope === platformScope ? null : row.scope,
    objectType: row.objectType,
    enabled: row.enabled === 1,
    checkUrl: row.checkUrl,
    executeUrl: row.executeUrl,
    callbackMode: row.callbackMode as CallbackMode,
    executeMode: row.executeMode as CallbackMode | null,
    provider: row.providerCode ?? inside,
    mirror: row.mirrorCode,
    format: row.callbackFormat as CallbackFormat,
    failMode: row.checkFailMode as FailMode,
    callbackDeadline: durationText(row.callbackDeadline),
    fieldMapping: row.fieldMapping === null ? null : (JSON.parse(row.fieldMapping) as FieldMapping),
    createTime: row.createTime,
    updateTime: row.updateTime,
  }) satisfies BusinessTypeView;
