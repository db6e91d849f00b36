import { Injectable } from '@nestjs/common';
import type { ProviderForm } from '../provider.port.js';
import { type FormRecord, FormsRepository } from './forms.repository.js';

/** A form, with the business type whose orders begin there. */
export interface KnownForm extends ProviderForm {
  readonly businessType: string;
  /** The team in which orders are opened that begin there; null: the applicant's. */
  readonly accCode: string | null;
}

/** How business types look at providers. */
@Injectable()
export class FormsService {
  constructor(private readonly forms: FormsRepository) {}

  /** The form of a business type at a provider; null when it has none. */
  async ofType(providerId: string, businessTypeId: string): Promise<KnownForm | null> {
    return known(await this.forms.ofType(providerId, businessTypeId));
  }

  /** The form that a provider calls by a code; null when nobody has said what it is. */
  async byCode(providerId: string, formCode: string): Promise<KnownForm | null> {
    return known(await this.forms.byCode(providerId, formCode));
  }
}

const known = (form: FormRecord | null): KnownForm | null =>
  form && {
    id: form.id,
    code: form.formCode,
    name: form.name,
    relation: form.relation.isOpen ? form.relation.data : null,
    businessType: form.type.code,
    accCode: form.accCode,
  };
