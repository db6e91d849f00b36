import { createHash } from 'node:crypto';
import type { PersonalMessage } from '../provider.port.js';
import type { LarkSettings } from './lark.settings.js';

/** The title's and text's longest, in characters; a message has at most 30 KB there. */
const longestTitle = 200;
const longestText = 4_000;

const cut = (text: string, length: number): string => Array.from(text).slice(0, length).join('');

/**
 * A message to one person as POST /im/v1/messages takes it: rich text (`post`) of plain parts, in which nothing of an
 * order's words becomes a mention or a link. Its link opens the order, and decides nothing.
 * @param id the same on every attempt: within an hour Feishu delivers what has the same uuid once
 */
export function messageBody(message: PersonalMessage, id: string, { userIdType }: LarkSettings) {
  const { externalId, title, text, link, linkText } = message;
  const paragraphs = [
    [{ tag: 'text', text: cut(text, longestText) }],
    ...(link === null ? [] : [[{ tag: 'a', text: linkText, href: link }]]),
  ];
  return {
    query: { receive_id_type: userIdType },
    body: {
      receive_id: externalId,
      msg_type: 'post',
      content: JSON.stringify({ zh_cn: { title: cut(title, longestTitle), content: paragraphs } }),
      uuid: createHash('sha256').update(`${id}/${externalId}`).digest('hex').slice(0, 50),
    },
  };
}
