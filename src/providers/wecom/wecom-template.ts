import { ProviderFailure } from '../provider-failure.js';

type Json = Readonly<Record<string, unknown>>;

/** One control of an approval template (控件). */
export interface TemplateControl {
  readonly id: string;
  /** Text, Money, Date, Selector, … */
  readonly kind: string;
  /** In Chinese, as people see it. */
  readonly title: string;
  readonly required: boolean;
  readonly config: Json;
}

/**
 * Reads an answer of `oa/gettemplatedetail` (获取审批模板详情).
 * @throws ProviderFailure when it holds no controls
 */
export function controlsOf(answer: Json): readonly TemplateControl[] {
  const controls = objectOf(answer.template_content).controls;
  if (!Array.isArray(controls)) {
    throw new ProviderFailure('/cgi-bin/oa/gettemplatedetail was answered without controls');
  }
  return controls.map((control: unknown) => {
    const { property, config } = objectOf(control);
    const { id, control: kind, title, require } = objectOf(property);
    return {
      id: String(id),
      kind: String(kind),
      title: chineseOf(title),
      required: require === 1,
      config: objectOf(config),
    };
  });
}

/**
 * The control that a relation names: by its id, or by its title.
 * @throws ProviderFailure, permanent, when there is none, or several have that title
 */
export function controlNamed(controls: readonly TemplateControl[], widget: string): TemplateControl {
  const byId = controls.find(({ id }) => id === widget);
  if (byId) return byId;
  const [found, another] = controls.filter(({ title }) => title === widget);
  if (!found) throw unfit(`The template has no control ${widget}`);
  if (another) throw unfit(`Several controls of the template are titled ${widget}: name one by its id`);
  return found;
}

/** Of a text in several languages the Chinese one, or the first. */
export function chineseOf(texts: unknown): string {
  const all = Array.isArray(texts) ? texts.map(objectOf) : [];
  const { text } = all.find(({ lang }) => lang === 'zh_CN') ?? all[0] ?? {};
  return typeof text === 'string' ? text : '';
}

/** What is no object counts as an empty one: answers of others are looked at, not trusted. */
export const objectOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};

/** Objects of a list; what is no list counts as an empty one. */
export const objectsOf = (value: unknown): readonly Json[] =>
  Array.isArray(value) ? value.map(objectOf) : [];

/** What cannot be sent as long as nobody changes the order, the relation or the template. */
export const unfit = (message: string): ProviderFailure => new ProviderFailure(message, { permanent: true });
