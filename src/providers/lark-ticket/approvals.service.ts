import { Injectable } from '@nestjs/common';
import { isSystemAdmin, teamOf, type UserPrincipal } from '../../auth/principal.js';
import { platform } from '../../auth/sight.js';
import { withAnswerOf } from '../../database/unit-of-work.js';
import { enveloped } from '../../http/envelope.js';
import { invalid, notFound } from '../../http/problem.js';
import { FormSettingsService } from '../forms/form-settings.service.js';
import type { CreatedForm, FormView } from '../forms/forms.dto.js';
import type { ProviderRow } from '../provider.entity.js';
import { ProvidersRepository } from '../providers.repository.js';
import type {
  ApprovalConfiguration,
  ApprovalOwner,
  ApprovalView,
  ChangeApproval,
  EnvelopedApproval,
  ListApprovals,
} from './approvals.dto.js';

type Shown = Pick<ApprovalView, keyof ApprovalView>;
type Parts = Pick<ApprovalConfiguration, 'check' | 'execute' | 'field' | 'relation'>;

/** lark-ticket's own web API over the forms of providers of kind `lark`. */
@Injectable()
export class ApprovalsService {
  constructor(
    private readonly forms: FormSettingsService,
    private readonly providers: ProvidersRepository,
  ) {}

  /** @throws Problem as {@link FormSettingsService.create}; 404 without a provider, 400 for one of several */
  async create(principal: UserPrincipal, dto: ApprovalConfiguration): Promise<EnvelopedApproval> {
    const provider = await this.only(principal, dto);
    return withAnswerOf(
      (form: CreatedForm) => enveloped(shown(form, form.secret)),
      () =>
        this.forms.create(principal, provider.code, ownerOf(principal, provider), {
          formCode: dto.approval_code,
          name: dto.name,
          ...partsOf(dto),
          ...(provider.scope === platform ? { accCode: dto.acc_code ?? null } : {}),
        }),
    );
  }

  async list(
    principal: UserPrincipal,
    query: ListApprovals,
  ): Promise<{ readonly items: readonly Shown[]; readonly next_cursor: string | null }> {
    const { limit, cursor } = query;
    const { items, nextCursor } = await this.forms.ofProviders(await this.all(principal, query), {
      ...(limit === undefined ? {} : { limit }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    return { items: items.map((form) => shown(form)), next_cursor: nextCursor };
  }

  /** @throws Problem 404, 400 for one of several */
  async get(principal: UserPrincipal, approvalCode: string, query: ApprovalOwner): Promise<Shown> {
    const provider = await this.only(principal, query);
    return shown(await this.forms.get(principal, provider.code, approvalCode, ownerOf(principal, provider)));
  }

  /** @throws Problem as {@link FormSettingsService.update} */
  async change(
    principal: UserPrincipal,
    approvalCode: string,
    query: ApprovalOwner,
    dto: ChangeApproval,
  ): Promise<Shown> {
    if (dto.approval_code !== undefined && dto.approval_code !== approvalCode) {
      throw invalid('approval_code', 'must be that of the path');
    }
    const provider = await this.only(principal, query);
    const owner = ownerOf(principal, provider);
    return shown(
      await this.forms.update(principal, provider.code, approvalCode, owner, {
        ...(dto.name === undefined ? {} : { name: dto.name }),
        ...partsOf(dto),
      }),
    );
  }

  /** @throws Problem as {@link FormSettingsService.remove} */
  async remove(principal: UserPrincipal, approvalCode: string, query: ApprovalOwner): Promise<void> {
    const provider = await this.only(principal, query);
    await this.forms.remove(principal, provider.code, approvalCode, ownerOf(principal, provider));
  }

  /** The one provider that is meant: a team's own comes before the platform's. */
  private async only(principal: UserPrincipal, owner: ApprovalOwner): Promise<ProviderRow> {
    const found = await this.all(principal, owner);
    const own = found.filter(({ scope }) => scope !== platform);
    const [provider, ...others] = own.length > 0 ? own : found;
    if (!provider) throw notFound(`provider ${owner.provider ?? 'of kind lark'}`);
    if (others.length > 0) {
      throw invalid(
        'provider',
        `is required: there are ${[provider, ...others].map(({ code }) => code).join(', ')}`,
      );
    }
    return provider;
  }

  /** The providers of Feishu that the caller may change, of a team or all the platform's. */
  private async all(principal: UserPrincipal, { provider, acc_code }: ApprovalOwner): Promise<ProviderRow[]> {
    const team = teamOf(principal, acc_code);
    const scopes = isSystemAdmin(principal) ? [platform, ...(team === null ? [] : [team])] : [team];
    const rows = await this.providers.ofKind('lark');
    return rows.filter(
      ({ scope, code }) => scopes.includes(scope) && (provider === undefined || code === provider),
    );
  }
}

const ownerOf = (principal: UserPrincipal, { scope }: ProviderRow) =>
  isSystemAdmin(principal) && scope !== platform ? { accCode: scope } : {};

const partsOf = ({ check, execute, field, relation }: Partial<Parts>) => ({
  ...(check ? { check: callbackOf(check) } : {}),
  ...(execute ? { execute: callbackOf(execute) } : {}),
  ...(field ? { field: { isOpen: field.is_open, data: field.data } } : {}),
  ...(relation
    ? {
        relation: {
          isOpen: relation.is_open,
          data: relation.data.map(({ code, api_key }) => ({ code, apiKey: api_key })),
        },
      }
    : {}),
});

const callbackOf = ({ is_open, url, call_type }: NonNullable<Parts['check']>) => ({
  isOpen: is_open,
  url: url ?? null,
  ...(call_type === undefined ? {} : { callType: call_type }),
});

const shown = (form: FormView, secret: string | null = null): Shown => ({
  approval_code: form.formCode,
  name: form.name,
  check: { is_open: form.check.isOpen, url: form.check.url, call_type: form.check.callType },
  execute: { is_open: form.execute.isOpen, url: form.execute.url, call_type: form.execute.callType },
  field: {
    is_open: form.field.isOpen,
    data: form.field.data.map(({ code, url, uri, token }) => ({ code, url, uri, token })),
  },
  relation: {
    is_open: form.relation.isOpen,
    data: form.relation.data.map(({ code, apiKey }) => ({ code, api_key: apiKey })),
  },
  provider: form.provider,
  acc_code: form.accCode,
  business_type: form.businessType,
  secret,
});
