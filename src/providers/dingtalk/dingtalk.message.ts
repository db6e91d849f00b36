import type { PersonalMessage } from '../provider.port.js';

/** A message of a robot (机器人, 消息模板). */
interface RobotMessage {
  readonly msgKey: 'sampleActionCard' | 'sampleText';
  /** JSON in a text, as DingTalk wants it. */
  readonly msgParam: string;
}

/** With a link, a card with one button that opens it; else plain text. Nothing in either decides. */
export function robotMessageOf({ title, text, link, linkText }: PersonalMessage): RobotMessage {
  if (link === null)
    return { msgKey: 'sampleText', msgParam: JSON.stringify({ content: `${title}\n${text}` }) };
  const card = {
    title,
    text: `${plainInMarkdown(title)}\n\n${plainInMarkdown(text)}`,
    singleTitle: linkText,
    singleURL: link,
  };
  return { msgKey: 'sampleActionCard', msgParam: JSON.stringify(card) };
}

/** Cards are Markdown: what people have written must not become a link or a picture, and keeps its lines. */
const plainInMarkdown = (text: string): string =>
  text
    .replaceAll('[', '［')
    .replaceAll(']', '］')
    .replaceAll('<', '＜')
    .replaceAll('>', '＞')
    .replace(/\r?\n/g, '\n\n');
