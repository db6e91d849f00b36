import { type CollectionKey, collectionKinds } from '../../directory/directory-search.service.js';

/**
 * Ids of groups: `<kind>,<team or nothing>,<code>`, such as `usergroup,t1,finance`. None of the three ever changes, and
 * codes hold no comma. So groups that were made in other ways have one too. People's ids are their codes.
 */
export const idOf = ({ kind, scope, code }: CollectionKey): string => `${kind},${scope},${code}`;

/** What an id names; null for a text that is none. */
export function keyOfId(id: string): CollectionKey | null {
  const [kind, scope, code, ...more] = id.split(',');
  const known = collectionKinds.find((one) => one === kind);
  if (!known || scope === undefined || !code || more.length > 0) return null;
  return { kind: known, scope, code };
}
