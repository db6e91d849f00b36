/** A control of a template, as its administrator sees it. */
export interface WeComControl {
  readonly id: string;
  readonly kind: string;
  readonly title: string;
  readonly required?: boolean;
  /** Of a Date: day or hour; of a Contact: user or department. */
  readonly type?: string;
  /** Of a Selector: what people see, by key. */
  readonly options?: Readonly<Record<string, string>>;
  readonly multi?: boolean;
}

/** An approval template (审批模板). */
export interface WeComTemplate {
  readonly id: string;
  readonly name: string;
  readonly controls: readonly WeComControl[];
  /** Who is asked: one after the other, of each one person suffices. */
  readonly approvers: readonly (readonly string[])[];
}

export type WeComTemplates = Map<string, WeComTemplate>;

const texts = (text: string) => [{ text, lang: 'zh_CN' }];

/** 获取审批模板详情. */
export const templateDetail = ({ name, controls }: WeComTemplate) => ({
  template_names: texts(name),
  template_content: {
    controls: controls.map(({ id, kind, title, required, ...more }) => ({
      property: {
        control: kind,
        id,
        title: [{ text: `${title} (en)`, lang: 'en' }, ...texts(title)],
        placeholder: texts(''),
        require: required ? 1 : 0,
        un_print: 0,
      },
      ...configOf(kind, more),
    })),
  },
});

function configOf(
  kind: string,
  { type, options, multi }: Pick<WeComControl, 'type' | 'options' | 'multi'>,
): object {
  switch (kind) {
    case 'Date':
      return { config: { date: { type: type ?? 'day' } } };
    case 'Contact':
      return { config: { contact: { type: 'multi', mode: type ?? 'user' } } };
    case 'Selector':
      return {
        config: {
          selector: {
            type: multi ? 'multi' : 'single',
            options: Object.entries(options ?? {}).map(([key, text]) => ({ key, value: texts(text) })),
          },
        },
      };
    default:
      return {};
  }
}

/** Nobody has to fill these in. */
const filledHere = ['Tips', 'Formula'];

type Content = Readonly<Record<string, unknown>>;

/** What is wrong with the contents of an application, as far as WeCom's documentation says; null when nothing is. */
export function wrongContent(template: WeComTemplate, contents: readonly Content[]): string | null {
  for (const { control, id, value } of contents) {
    const known = template.controls.find((one) => one.id === id);
    if (!known) return `control ${String(id)} is not in the template`;
    if (known.kind !== control) return `control ${known.id} is no ${String(control)}`;
    if (typeof value !== 'object' || value === null || !fits(known, value as Content)) {
      return `value of control ${known.id} is invalid`;
    }
  }
  const missing = template.controls.find(
    ({ required, id, kind }) =>
      required && !filledHere.includes(kind) && !contents.some((content) => content.id === id),
  );
  return missing ? `control ${missing.id} is required` : null;
}

function fits({ kind, type, options, multi }: WeComControl, value: Content): boolean {
  const text = (field: unknown): boolean => typeof field === 'string' && field !== '';
  switch (kind) {
    case 'Text':
      return text(value.text) && !/[\r\n]/.test(String(value.text));
    case 'Textarea':
      return text(value.text);
    case 'Number':
      return text(value.new_number) && Number.isFinite(Number(value.new_number));
    case 'Money':
      return text(value.new_money) && Number.isFinite(Number(value.new_money));
    case 'Date': {
      const date = value.date as Content | undefined;
      return (
        date?.type === (type ?? 'day') &&
        typeof date.s_timestamp === 'string' &&
        /^\d+$/.test(date.s_timestamp)
      );
    }
    case 'Selector': {
      const selector = value.selector as { type?: string; options?: { key?: string }[] } | undefined;
      const chosen = selector?.options ?? [];
      return (
        selector?.type === (multi ? 'multi' : 'single') &&
        chosen.length > 0 &&
        (multi || chosen.length === 1) &&
        chosen.every(({ key = '' }) => Object.hasOwn(options ?? {}, key))
      );
    }
    case 'Contact': {
      const [list, id] = type === 'department' ? ['departments', 'openapi_id'] : ['members', 'userid'];
      const chosen = value[list] as Content[] | undefined;
      return (
        Array.isArray(chosen) && chosen.length > 0 && chosen.every((one) => text(one[id]) && text(one.name))
      );
    }
    default:
      return true;
  }
}
