/** What the directory says of people of the team; absent is whom it does not list there. */
export type Listed = ReadonlyMap<string, 'active' | 'inactive'>;

/**
 * Whom of those chosen an applicant may not choose: who is none of the node's candidates; where it names none, whom the
 * directory does not list as active for the team; and who is inactive, in either case.
 * @param candidates the node's `auditObject`
 */
export const wrongChoices = (
  candidates: readonly string[],
  chosen: readonly string[],
  listed: Listed,
): string[] => chosen.filter((userCode) => !mayBeChosen(candidates, userCode, listed));

function mayBeChosen(candidates: readonly string[], userCode: string, listed: Listed): boolean {
  const standing = listed.get(userCode);
  return candidates.length > 0
    ? candidates.includes(userCode) && standing !== 'inactive'
    : standing === 'active';
}
