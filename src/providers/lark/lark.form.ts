import { ProviderFailure } from '../provider-failure.js';
import type { ApprovalAsk, ProviderForm } from '../provider.port.js';
import type { LarkSettings } from './lark.settings.js';
import { fillingOf, type LarkWidget, takesNothing, unfit, widgetNamed } from './lark.values.js';

/** Under what the title of an instance stands among its texts. */
const titleKey = '@i18n@title';

/** The approval definition of a business type. @throws ProviderFailure, permanent, while nobody has named it */
export function formOf({ form, businessType }: ApprovalAsk): ProviderForm {
  if (form !== null) return form;
  throw new ProviderFailure(
    `business type ${businessType} has no approval definition at this provider: add a form with its approval code`,
    { permanent: true },
  );
}

/**
 * The body of POST /instances (创建审批实例).
 * @throws ProviderFailure, permanent, for an applicant whom Feishu does not know, and for a form that cannot be filled in
 */
export function newInstance(
  ask: ApprovalAsk,
  form: ProviderForm,
  widgets: readonly LarkWidget[],
  { userIdType }: LarkSettings,
): object {
  const { applicant, key, title } = ask;
  if (applicant.externalId === null) {
    throw new ProviderFailure(
      `${applicant.userCode ?? 'the applicant'} has no identity at this provider: say which ${userIdType} is theirs, and redeliver`,
      { permanent: true },
    );
  }
  return {
    approval_code: form.code,
    [userIdType]: applicant.externalId,
    form: JSON.stringify(filled(form, widgets, ask.fields)),
    uuid: key,
    ...(title === null
      ? {}
      : {
          title: titleKey,
          i18n_resources: [{ locale: 'zh-CN', is_default: true, texts: [{ key: titleKey, value: title }] }],
        }),
  };
}

/** The order's fields that the relation names, in the order of the form's widgets. */
function filled(
  { relation, name, code }: ProviderForm,
  widgets: readonly LarkWidget[],
  fields: ApprovalAsk['fields'],
): object[] {
  const fieldOf = new Map<LarkWidget, string>();
  for (const { widget: named, apiKey } of relation ?? []) {
    const widget = widgetNamed(widgets, named);
    if (!widget) {
      throw new ProviderFailure(`form ${name} (${code}) has no widget ${named}, which its relation names`, {
        permanent: true,
      });
    }
    fieldOf.set(widget, apiKey);
  }
  return widgets.flatMap((widget) => {
    const apiKey = fieldOf.get(widget);
    const value = apiKey === undefined || !Object.hasOwn(fields, apiKey) ? null : fields[apiKey];
    if (value !== null && value !== undefined) {
      return [{ id: widget.id, type: widget.type, ...fillingOf(value, widget) }];
    }
    if (widget.required && !widget.conditional && !takesNothing(widget)) {
      throw unfit(
        widget,
        apiKey === undefined
          ? 'is required, and the relation names no field for it'
          : `is required, and the order has no field ${apiKey}`,
      );
    }
    return [];
  });
}
