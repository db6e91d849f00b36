/** Stands for what was left out; no id or code is called so. */
const more = '…';

/**
 * The comma-separated form in which a column of requirement 003 shows a list. Where the list is longer than the column,
 * as many whole items as fit and `,…`: a tool that reads the column sees that there are more, and never half an id.
 * The normalised rows hold the whole list.
 * @param items ids or codes; they hold no comma.
 * @param maxBytes what the column holds, in bytes of UTF-8.
 */
export function commaList(items: readonly string[], maxBytes: number): string {
  const whole = items.join(',');
  if (Buffer.byteLength(whole) <= maxBytes) return whole;
  let room = maxBytes - Buffer.byteLength(more);
  const kept: string[] = [];
  for (const item of items) {
    room -= Buffer.byteLength(item) + 1;
    if (room < 0) break;
    kept.push(item);
  }
  return [...kept, more].join(',');
}
