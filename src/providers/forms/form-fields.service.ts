import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Sealer } from '../../config/sealer.js';
import type { KeptField, KeptFields } from './forms.repository.js';

/** Fields as a request gives them. */
interface FieldsGiven {
  readonly isOpen: boolean;
  readonly data: readonly {
    readonly code: string;
    readonly url: string;
    readonly token?: string;
    readonly key?: string | null;
  }[];
}

/** Fields as they are kept, and the tokens that were made for them just now, by code. */
export interface FreshFields {
  readonly fields: KeptFields;
  readonly tokens: ReadonlyMap<string, string>;
}

/** The secrets of a widget with options from outside, in clear. */
export interface FieldSecrets {
  readonly token: string;
  readonly key: string | null;
}

/** Widgets whose options a business module answers for: their addresses, which nobody guesses, and their secrets. */
@Injectable()
export class FormFieldsService {
  constructor(private readonly sealer: Sealer) {}

  /** @param before those of the same code keep their address and secrets, unless they are given new ones */
  kept(formId: string, { isOpen, data }: FieldsGiven, before: KeptFields): FreshFields {
    const tokens = new Map<string, string>();
    const fields = data.map(({ code, url, token, key }): KeptField => {
      const known = before.data.find((one) => one.code === code);
      const made = token === undefined && !known ? randomBytes(24).toString('base64url') : undefined;
      if (made !== undefined) tokens.set(code, made);
      const context = contextOf(formId, code);
      const fresh = token ?? made;
      return {
        code,
        url,
        uri: known?.uri ?? `${formId.replaceAll('-', '')}-${randomBytes(12).toString('base64url')}`,
        sealedToken: fresh === undefined ? (known?.sealedToken ?? '') : this.sealer.seal(fresh, context),
        sealedKey:
          key === undefined
            ? (known?.sealedKey ?? null)
            : key === null || key === ''
              ? null
              : this.sealer.seal(key, context),
      };
    });
    return { fields: { isOpen, data: fields }, tokens };
  }

  /** For checking and encrypting, never for showing. @throws Error when they were sealed under another SECRETS_KEY */
  secretsOf(formId: string, { code, sealedToken, sealedKey }: KeptField): FieldSecrets {
    const context = contextOf(formId, code);
    return {
      token: this.sealer.open(sealedToken, context),
      key: sealedKey === null ? null : this.sealer.open(sealedKey, context),
    };
  }
}

/** The id of the form that an address names; null when it can be none of ours. */
export function formIdOf(uri: string): string | null {
  const [, ...parts] = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})-/.exec(uri) ?? [];
  return parts.length === 5 ? parts.join('-') : null;
}

/** Ties a sealed secret to the field it belongs to: sealed for one, it opens for no other. */
const contextOf = (formId: string, code: string): string => `provider-form/${formId}/${code}`;
