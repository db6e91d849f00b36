import type { DepartmentKey, DepartmentRow } from './department.entity.js';
import { platform } from './group-subject.js';

/** What a department says of the one above it. */
export type ParentLink = Pick<DepartmentRow, 'scope' | 'code' | 'parentCode'>;

/** A circle as one team sees it (the empty scope: the platform), from a code back to itself. */
interface Circle {
  readonly scope: string;
  readonly codes: readonly string[];
}

/**
 * The circle that a department closes by its parent. Each team has a view of its own, in which its departments stand
 * before the platform's of the same code; so a department of the platform can close one in the view of a team.
 * @param links of the platform and of the department's team; for a department of the platform, of every team
 */
export function circleThrough(links: readonly ParentLink[], { scope, code }: DepartmentKey): Circle | null {
  const byScope = new Map<string, Map<string, string | null>>([
    [platform, new Map()],
    [scope, new Map()],
  ]);
  for (const link of links) {
    const own = byScope.get(link.scope);
    if (own) own.set(link.code, link.parentCode);
    else byScope.set(link.scope, new Map([[link.code, link.parentCode]]));
  }
  const shared = byScope.get(platform);
  for (const [team, own] of byScope) {
    const seesIt = scope === platform ? team === platform || !own.has(code) : team === scope;
    if (!seesIt) continue;
    const codes = circleFrom(code, (at) => (own.has(at) ? own.get(at) : shared?.get(at)) ?? null);
    if (codes) return { scope: team, codes };
  }
  return null;
}

/**
 * Every circle among departments, for those who write many at once: one walk through each view, however many departments
 * there are.
 * @param links as for {@link circleThrough}
 * @param scope whose departments are written; for the platform's, every team's view counts
 */
export function circlesAmong(links: readonly ParentLink[], scope: string): Circle[] {
  const byScope = new Map<string, Map<string, string | null>>([[scope, new Map()]]);
  for (const { scope: owner, code, parentCode } of links) {
    const own = byScope.get(owner) ?? new Map<string, string | null>();
    byScope.set(owner, own.set(code, parentCode));
  }
  const shared = byScope.get(platform) ?? new Map<string, string | null>();
  const views = scope === platform ? [...byScope] : [[scope, byScope.get(scope) ?? new Map()] as const];
  return views.flatMap(([view, own]) => {
    const all = new Map([...shared, ...own]);
    const seen = new Set<string>();
    return [...all.keys()].flatMap((start) => {
      const way: string[] = [];
      let at: string | null = start;
      for (; at !== null && !seen.has(at); at = all.get(at) ?? null) {
        seen.add(at);
        way.push(at);
      }
      // Where a walk meets itself is a circle; where it meets an earlier one, that one has told.
      return at !== null && way.includes(at)
        ? [{ scope: view, codes: [...way.slice(way.indexOf(at)), at] }]
        : [];
    });
  });
}

/** The way from a code up to itself; null where it ends, or meets another circle. */
function circleFrom(start: string, parentOf: (code: string) => string | null): string[] | null {
  const way = [start];
  const met = new Set<string>();
  for (let at = parentOf(start); at !== null && !met.has(at); at = parentOf(at)) {
    way.push(at);
    if (at === start) return way;
    met.add(at);
  }
  return null;
}
