import type { CallbackMode } from '../../business-types/form-types.service.js';
import type { FormView } from './forms.dto.js';
import type { FormRecord } from './forms.repository.js';

/** As a plain object, which may be spread. */
export type ShownForm = Pick<FormView, keyof FormView>;

/**
 * A form as administrators see it: no secret, but tokens that were made just now.
 * @param publicUrl empty where the service does not know its own address
 */
export function formView(
  form: FormRecord,
  provider: { readonly code: string; readonly scope: string },
  publicUrl: string,
  tokens: ReadonlyMap<string, string> = new Map(),
): ShownForm {
  const { type, fields } = form;
  const callback = (url: string | null, callType: string) => ({
    isOpen: url !== null,
    url,
    callType: callType as CallbackMode,
  });
  return {
    id: form.id,
    provider: provider.code,
    formCode: form.formCode,
    name: form.name,
    businessType: type.code,
    decides: type.providerId === form.providerId,
    accCode: form.accCode ?? (provider.scope === '' ? null : provider.scope),
    relation: {
      isOpen: form.relation.isOpen,
      data: form.relation.data.map(({ widget, apiKey, control }) => ({
        code: widget,
        apiKey,
        ...(control === undefined ? {} : { control }),
      })),
    },
    field: {
      isOpen: fields.isOpen,
      data: fields.data.map(({ code, url, uri, sealedKey }) => ({
        code,
        url,
        uri,
        address: `${publicUrl}/field/${uri}`,
        encrypted: sealedKey !== null,
        token: tokens.get(code) ?? null,
      })),
    },
    check: callback(type.checkUrl, type.callbackMode),
    execute: callback(type.executeUrl, type.executeMode ?? type.callbackMode),
    createTime: form.createTime,
    updateTime: form.updateTime,
  };
}
