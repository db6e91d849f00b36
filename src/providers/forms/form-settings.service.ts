import { Inject, Injectable, Logger } from '@nestjs/common';
import { isSystemAdmin, teamOf, type UserPrincipal } from '../../auth/principal.js';
import { platform } from '../../auth/sight.js';
import { BusinessTypesService } from '../../business-types/business-types.service.js';
import { FormTypesService } from '../../business-types/form-types.service.js';
import { CONFIG, type Config } from '../../config/config.js';
import { wholeSecond } from '../../database/dialect.js';
import type { Tx } from '../../database/sql.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { type Page, pageOf, type PageQuery, windowOf } from '../../http/pagination.js';
import { type FieldError, invalid, notFound, Problem } from '../../http/problem.js';
import { AddressGuard } from '../../outbound/address-guard.js';
import { Clock } from '../../runtime/clock.js';
import { Ids } from '../../runtime/ids.js';
import type { ProviderRow } from '../provider.entity.js';
import { ApprovalProviders } from '../provider.port.js';
import { ProviderConnections } from '../provider-connections.js';
import { ProviderSettingsService } from '../provider-settings.service.js';
import { ProvidersRepository } from '../providers.repository.js';
import { refusalOf } from '../vendor-refusal.js';
import { Sweeping } from '../outside/sweeping.js';
import { FormFieldsService } from './form-fields.service.js';
import { addressesOf, callbacksOf, columnText, refuseNonsense, relationOf } from './form-given.js';
import { formView, type ShownForm } from './form.view.js';
import type { CreatedForm, CreateForm, FormOwner, FormView, ListForms, UpdateForm } from './forms.dto.js';
import { type FormRecord, FormsRepository } from './forms.repository.js';

/** What a form holds before anything is said of it. */
const nothing = { isOpen: false, data: [] } as const;

/** Which forms of providers are of interest, and how they look at business types (requirement 001, configuration). */
@Injectable()
export class FormSettingsService {
  private readonly logger = new Logger('providers');

  constructor(
    private readonly forms: FormsRepository,
    private readonly fields: FormFieldsService,
    private readonly settings: ProviderSettingsService,
    private readonly providers: ProvidersRepository,
    private readonly connections: ProviderConnections,
    private readonly kinds: ApprovalProviders,
    private readonly types: BusinessTypesService,
    private readonly formTypes: FormTypesService,
    private readonly sweeping: Sweeping,
    private readonly addresses: AddressGuard,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: Ids,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Has events of the form sent first, so that none is missed; what cannot be kept then is not followed either.
   * @throws Problem 400, 403, 404; 409 already_exists; 422 provider_refused or 503 with the provider's words
   */
  async create(
    principal: UserPrincipal,
    code: string,
    owner: FormOwner,
    dto: CreateForm,
  ): Promise<CreatedForm> {
    const provider = await this.settings.changeable(principal, code, owner);
    const accCode = formTeam(principal, provider, dto.accCode);
    await this.refuse(dto);
    const { formCode } = dto;
    if (await this.forms.byCode(provider.id, formCode)) throw known(provider, formCode);
    const scope = accCode ?? provider.scope;
    const make = dto.businessType === undefined || dto.check !== undefined || dto.execute !== undefined;
    const typeCode = dto.businessType ?? Array.from(formCode).slice(0, maxTypeCode).join('').trimEnd();
    if (!make && !(await this.types.resolve(scope === platform ? null : scope, typeCode))) {
      throw notFound(`business type ${typeCode}`);
    }
    await this.follow(provider, formCode);
    try {
      return await this.unitOfWork.run(async (tx) => {
        await this.lock(tx, provider);
        const type = await this.formTypes.settle(tx, {
          scope,
          code: typeCode,
          name: dto.name,
          provider,
          callbacks: callbacksOf(dto),
          make,
          ofPlatform: isSystemAdmin(principal),
        });
        if (await this.forms.byCode(provider.id, formCode, tx)) throw known(provider, formCode);
        const other = await this.forms.ofType(provider.id, type.id, tx);
        if (other) {
          throw new Problem(
            'already_exists',
            `business type ${type.code} already has form ${other.formCode} at provider ${provider.code}`,
          );
        }
        const id = this.ids.next();
        const { fields, tokens } = this.fields.kept(id, dto.field ?? nothing, nothing);
        const now = wholeSecond(this.clock.now());
        await this.forms.insert(tx, {
          id,
          providerId: provider.id,
          formCode,
          name: dto.name,
          businessTypeId: type.id,
          accCode,
          relation: columnText('relation', dto.relation ? relationOf(dto.relation) : nothing),
          fields: columnText('field', fields),
          createTime: now,
          updateTime: now,
        });
        if (this.kinds.of(provider.kind)?.recent)
          await this.sweeping.begin(tx, { id, providerId: provider.id });
        return { ...(await this.view(tx, provider, id, tokens)), secret: type.secret };
      });
    } catch (error) {
      await this.forget(provider, formCode);
      throw error;
    }
  }

  /** @throws Problem 403, 404 */
  async list(principal: UserPrincipal, code: string, query: ListForms): Promise<Page<FormView>> {
    return this.ofProviders([await this.settings.changeable(principal, code, query)], query);
  }

  /** The forms of several providers, which the caller may change. */
  async ofProviders(providers: readonly ProviderRow[], query: PageQuery): Promise<Page<FormView>> {
    const window = windowOf(query);
    const rows = await this.forms.list(
      providers.map(({ id }) => id),
      window,
    );
    const shown = (form: FormRecord): FormView => {
      const provider = providers.find(({ id }) => id === form.providerId);
      if (!provider) throw new Error(`form ${form.id} is of a provider that was not asked for`);
      return formView(form, provider, this.publicUrl);
    };
    return pageOf(rows, window, (form) => form.id, shown);
  }

  /** @throws Problem 403, 404 */
  async get(principal: UserPrincipal, code: string, formCode: string, owner: FormOwner): Promise<FormView> {
    const provider = await this.settings.changeable(principal, code, owner);
    return formView(await this.found(provider, formCode), provider, this.publicUrl);
  }

  /** @throws Problem 400, 403, 404 */
  async update(
    principal: UserPrincipal,
    code: string,
    formCode: string,
    owner: FormOwner,
    dto: UpdateForm,
  ): Promise<FormView> {
    const provider = await this.settings.changeable(principal, code, owner);
    await this.refuse(dto);
    const { name, relation, field, accCode } = dto;
    const team = accCode === undefined ? undefined : formTeam(principal, provider, accCode);
    return this.unitOfWork.run(async (tx) => {
      await this.lock(tx, provider);
      const form = await this.found(provider, formCode, tx);
      const fresh = field && this.fields.kept(form.id, field, form.fields);
      await this.forms.update(tx, form.id, {
        ...(name === undefined ? {} : { name }),
        ...(team === undefined ? {} : { accCode: team }),
        ...(relation ? { relation: columnText('relation', relationOf(relation)) } : {}),
        ...(fresh ? { fields: columnText('field', fresh.fields) } : {}),
        updateTime: wholeSecond(this.clock.now()),
      });
      await this.formTypes.change(tx, form.type.id, callbacksOf(dto), isSystemAdmin(principal));
      return this.view(tx, provider, form.id, fresh?.tokens);
    });
  }

  /**
   * Events of it are sent no longer. The business type stays: orders under way need it.
   * @throws Problem 403, 404; 409 in_use while somebody there may still decide; 422 provider_refused, 503
   */
  async remove(principal: UserPrincipal, code: string, formCode: string, owner: FormOwner): Promise<void> {
    const provider = await this.settings.changeable(principal, code, owner);
    const form = await this.found(provider, formCode);
    await this.refuseWaiting(provider, form);
    await this.unfollow(provider, formCode);
    try {
      await this.unitOfWork.run(async (tx) => {
        await this.lock(tx, provider);
        const { id } = await this.found(provider, formCode, tx);
        await this.refuseWaiting(provider, form, tx);
        await this.forms.delete(tx, id);
      });
    } catch (error) {
      // It is kept, and so it has to be heard of.
      await this.follow(provider, formCode).catch((why: unknown) => this.tell(provider, formCode, why));
      throw error;
    }
  }

  private get publicUrl(): string {
    return this.config.publicUrl ?? '';
  }

  private async view(
    tx: Tx,
    provider: ProviderRow,
    id: string,
    tokens: ReadonlyMap<string, string> | undefined,
  ): Promise<ShownForm> {
    const form = await this.forms.byId(id, tx);
    if (!form) throw new Error(`form ${id} is gone within its own transaction`);
    return formView(form, provider, this.publicUrl, tokens);
  }

  private async found(provider: ProviderRow, formCode: string, tx?: Tx): Promise<FormRecord> {
    const form = await this.forms.byCode(provider.id, formCode, tx);
    if (!form) throw notFound(`form ${formCode} of provider ${provider.code}`);
    return form;
  }

  /** Whoever changes forms of a provider, or deletes it, waits for the others here. @throws Problem 404 when it is gone */
  private async lock(tx: Tx, { id, scope, code }: ProviderRow): Promise<void> {
    await this.providers.lock(tx, [scope], code);
    const row = await this.providers.find([scope], code, tx);
    if (row?.id !== id) throw notFound(`provider ${code}`);
  }

  private async refuseWaiting({ id, code }: ProviderRow, { formCode }: FormRecord, tx?: Tx): Promise<void> {
    const orderId = await this.forms.waiting(id, formCode, tx);
    if (orderId !== null) {
      throw new Problem('in_use', `order ${orderId} waits for its approval of form ${formCode} at ${code}`);
    }
  }

  private async refuse(dto: CreateForm | UpdateForm): Promise<void> {
    refuseNonsense(dto);
    const checked = addressesOf(dto).map(async ([field, url]): Promise<FieldError[]> => {
      const reason = await this.addresses.whyRefused(url);
      return reason === null ? [] : [{ field, message: reason }];
    });
    const errors = (await Promise.all(checked)).flat();
    if (errors.length === 0) return;
    const detail = errors.map(({ field, message }) => `${field} ${message}`).join('; ');
    throw new Problem('validation_failed', detail, { errors });
  }

  private async follow(provider: ProviderRow, formCode: string): Promise<void> {
    const kind = this.kinds.of(provider.kind);
    try {
      await kind?.follow?.(this.connections.of(provider), formCode, this.deadline());
    } catch (error) {
      throw refusalOf(provider.code, error);
    }
  }

  private async unfollow(provider: ProviderRow, formCode: string): Promise<void> {
    if (await this.isFollowedBesides(provider, formCode)) return;
    const kind = this.kinds.of(provider.kind);
    try {
      await kind?.unfollow?.(this.connections.of(provider), formCode, this.deadline());
    } catch (error) {
      throw refusalOf(provider.code, error);
    }
  }

  /** Whether the same app follows the form for another provider as well, of another team or under another code. */
  private async isFollowedBesides(provider: ProviderRow, formCode: string): Promise<boolean> {
    const forms = await this.forms.named(provider.kind, formCode);
    const others = [...new Set(forms.map(({ providerId }) => providerId))].filter((id) => id !== provider.id);
    const rows = await Promise.all(others.map((id) => this.providers.byId(id)));
    return rows.some((row) => row !== null && appOf(row) === appOf(provider));
  }

  /** Takes {@link follow} back, unless somebody else has made the form in the meantime. */
  private async forget(provider: ProviderRow, formCode: string): Promise<void> {
    try {
      if (!(await this.forms.byCode(provider.id, formCode))) await this.unfollow(provider, formCode);
    } catch (error) {
      this.tell(provider, formCode, error);
    }
  }

  private tell({ code }: ProviderRow, formCode: string, error: unknown): void {
    this.logger.warn(
      { provider: code, formCode, err: error },
      'what is followed there may not be what is kept',
    );
  }

  private deadline(): AbortSignal {
    return AbortSignal.timeout(this.config.callback.timeout);
  }
}

/** By what a vendor knows us. */
function appOf({ url, settings }: ProviderRow): string {
  const { appId, appKey, corpId } = JSON.parse(settings ?? '{}') as Readonly<Record<string, unknown>>;
  return JSON.stringify([url, appId, appKey, corpId]);
}

/** Of a code of a business type. */
const maxTypeCode = 125;

const known = ({ code }: ProviderRow, formCode: string): Problem =>
  new Problem('already_exists', `provider ${code} already has a form ${formCode}`);

/**
 * The team in which orders of a form are opened, as it is kept: null for that of the provider, or of the applicant.
 * @throws Problem 404 for a team that does not exist for the caller, 400 for another one than the provider's
 */
function formTeam(
  principal: UserPrincipal,
  { scope }: ProviderRow,
  given: string | null | undefined,
): string | null {
  const team = given ?? null;
  if (scope === platform || team === null) return team;
  teamOf(principal, team);
  if (team !== scope) throw invalid('accCode', `must be ${scope}, the team of the provider`);
  return null;
}
