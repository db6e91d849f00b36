/** A department above somebody, as the directory tells it. */
export interface Post {
  readonly code: string;
  /** The leader's user code; null when the department has none. */
  readonly leader: string | null;
  /** Whether there is a leader, and one who may act. */
  readonly leaderActive: boolean;
}

/** A leader who was found. */
export interface FoundLeader {
  readonly userCode: string;
  readonly department: string;
  /** Which department upwards: 1 is the applicant's own. */
  readonly level: number;
}

/**
 * The n-th department leader above an applicant. Nobody is asked to review an application of their own as its leader.
 *
 * Without `pastVacant` the n-th department's leader, and nobody when the post is vacant, its holder inactive or the
 * applicant. With it such posts do not count, nor does one that has the same leader as the one counted before: somebody
 * who leads two departments in a row is one level. A chain that ends earlier has no n-th leader: the next lower one has
 * not the power that the node asks for.
 * @param chain the applicant's departments, nearest first
 * @param n from 1
 */
export function nthLeader(
  chain: readonly Post[],
  applicant: string,
  n: number,
  pastVacant: boolean,
): FoundLeader | null {
  const posts = chain.map(({ code, leader, leaderActive }, index): FoundLeader | null =>
    leader === null || !leaderActive || leader === applicant
      ? null
      : { userCode: leader, department: code, level: index + 1 },
  );
  if (!pastVacant) return posts[n - 1] ?? null;
  const taken = posts.filter((post) => post !== null);
  const different = taken.filter((post, index) => post.userCode !== taken[index - 1]?.userCode);
  return different[n - 1] ?? null;
}
