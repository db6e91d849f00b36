import type { PersonalMessage } from '../provider.port.js';
import { unfit } from './wecom-template.js';

/** Seconds within which WeCom drops a message that it has sent already: of an attempt whose answer was lost. */
const duplicateInterval = 600;

/** A member's id; `@all` would be everybody, and a bar stands between several. */
const member = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/;

/**
 * A message of an app (发送应用消息): a card that opens the order, or a text where there is nothing to open.
 * @throws ProviderFailure, permanent, for what is no member's id
 */
export function messageOf(
  agentId: string,
  { externalId, title, text, link, linkText }: PersonalMessage,
): object {
  if (!member.test(externalId)) throw unfit('The receiver is no id of a member of WeCom');
  const common = {
    touser: externalId,
    agentid: Number(agentId),
    enable_duplicate_check: 1,
    duplicate_check_interval: duplicateInterval,
  };
  if (link === null) {
    return { ...common, msgtype: 'text', text: { content: cutBytes(plain(`${title}\n${text}`), 2048) } };
  }
  return {
    ...common,
    msgtype: 'textcard',
    textcard: {
      title: cut(plain(title), 128),
      description: cut(plain(text), 512).replaceAll(/\r?\n/g, '<br>'),
      url: link,
      btntxt: cut(linkText, 4),
    },
  };
}

/** WeCom reads links and colours out of marks: what people write has none. */
const plain = (text: string): string => text.replaceAll('<', '＜');

const cut = (text: string, characters: number): string => Array.from(text).slice(0, characters).join('');

/** Cut between characters, so that at most so many bytes are left. */
function cutBytes(text: string, bytes: number): string {
  let left = bytes;
  let end = 0;
  for (const character of text) {
    left -= Buffer.byteLength(character);
    if (left < 0) break;
    end += character.length;
  }
  return text.slice(0, end);
}
