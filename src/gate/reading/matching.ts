import type { ActionRule, Match, Verdict } from '../rules.js';
import { isMethod, namedMethods } from './methods.js';
import { valuesOf, type OriginalRequest } from './original.js';
import { readPath } from './paths.js';
import { anySegment } from './templates.js';
import { dashed, folded, segmentsOf } from './wire.js';

/**
 * What the actions of all teams say of the head of a request. A request that can be read in more than one way is
 * refused as soon as one of them is an action's: which one the system behind the gate takes is not known here.
 * @param actions by revision: an index is kept for each list, so pass the same one again
 */
export function judgeHead(actions: readonly ActionRule[], original: OriginalRequest): Verdict {
  const verdict = judgePath(actions, original);
  if (verdict.kind === 'refused') return verdict;
  let { mayHide } = verdict.kind === 'free' ? verdict : { mayHide: false };
  for (const { header, path, query } of otherSpots(original)) {
    const there = judgePath(actions, { ...original, path, query: `${query}&${original.query}` });
    if (there.kind !== 'free')
      return refused(`the header ${header} names another path, which needs approval`);
    mayHide ||= there.mayHide;
  }
  return verdict.kind === 'free' ? { kind: 'free', mayHide } : verdict;
}

/** Headers by which some servers route (IIS, and older Symfony and Zend), whatever the request line says. */
const spotHeaders: ReadonlySet<string> = new Set(['x-original-url', 'x-rewrite-url']);

/**
 * Other paths that the request could be routed by. A proxy may repeat the request's own in such a header, which tells
 * nothing else. Whoever joins headers of one name puts commas between them.
 */
function otherSpots({ headers, path, query }: OriginalRequest) {
  const own = query === '' ? path : `${path}?${query}`;
  const isOwn = (url: string): boolean => url.replace(/^https?:\/\/[^/?#\\]*(?=\/)/i, '') === own;
  return headers
    .filter(([name, value]) => spotHeaders.has(dashed(name)) && !isOwn(value.trim()))
    .flatMap(([header, value]) =>
      [...new Set([value, ...value.split(',')])].flatMap((told) => {
        const url = told.trim();
        if (url === '' || isOwn(url)) return [];
        const [there = '', ...rest] = url.split('?');
        return [{ header, path: there, query: rest.join('?') }];
      }),
    );
}

/** What the actions say of a request that is routed by its path. */
function judgePath(actions: readonly ActionRule[], original: OriginalRequest): Verdict {
  const reading = readPath(original.path);
  const fitting =
    reading.kind === 'plain'
      ? actionsOn(actions, reading.path)
      : reading.boundless === true
        ? actions
        : reading.readings.flatMap((path) => actionsOn(actions, path));
  if (fitting.length === 0) return { kind: 'free', mayHide: false };

  const own = original.method.toUpperCase();
  const named = namedMethods(original).filter(isMethod);
  const meant = fitting.filter((action) => [own, ...named].some((method) => takes(action, method)));
  const mayHide = own === 'POST';
  if (meant.length === 0) {
    if (mayHide && hidesForm(original)) return refused('the form is encoded and could name another method');
    return { kind: 'free', mayHide };
  }
  if (reading.kind === 'doubtful') return refused(`the path ${reading.why}`);
  if (named.length > 0) return refused(`the request names the method ${named[0]} beside its own`);
  if (mayHide && hidesForm(original)) return refused('the form is encoded and could name another method');
  return { kind: 'named', matches: matchesOf(meant, reading.path) };
}

/**
 * The match that counts for people of a team: the team's own before the platform's, those alive before those deleted,
 * so that a team's deleted action does not hide the platform's.
 * @param matches as `judgeHead` sorts them
 */
export function chooseMatch(matches: readonly Match[], team: string | null): Match | null {
  const scopes = team === null || team === '' ? [''] : [team, ''];
  for (const deleted of [false, true]) {
    for (const scope of scopes) {
      const match = matches.find(({ action }) => action.scope === scope && action.deleted === deleted);
      if (match !== undefined) return match;
    }
  }
  return null;
}

const refused = (why: string): Verdict => ({ kind: 'refused', why });

/** HEAD is held as the GET that it is. */
const takes = (action: ActionRule, method: string): boolean =>
  action.method.toUpperCase() === (method === 'HEAD' ? 'GET' : method);

/** A compressed form: the system behind the gate may open it, and find `_method` there. */
const hidesForm = ({ headers }: OriginalRequest): boolean =>
  valuesOf(headers, 'content-encoding').some((value) => !/^\s*(?:identity\s*)?$/i.test(value)) &&
  valuesOf(headers, 'content-type').some((value) => /urlencoded|multipart/i.test(value));

const matchesOf = (actions: readonly ActionRule[], path: string): readonly Match[] =>
  actions
    .flatMap((action) => {
      const params = action.template.match(path);
      return params === null ? [] : [{ action, params }];
    })
    .toSorted(
      ({ action: a }, { action: b }) =>
        Number(a.deleted) - Number(b.deleted) ||
        b.template.literals - a.template.literals ||
        (a.id < b.id ? -1 : Number(a.id > b.id)),
    );

/** Actions by the segments of their paths: what a request costs does not grow with their number. */
interface Branch {
  readonly literals: Map<string, Branch>;
  any: Branch | null;
  readonly actions: ActionRule[];
}

const newBranch = (): Branch => ({ literals: new Map(), any: null, actions: [] });

const indexes = new WeakMap<readonly ActionRule[], Branch>();

function actionsOn(actions: readonly ActionRule[], path: string): readonly ActionRule[] {
  let root = indexes.get(actions);
  if (root === undefined) {
    root = indexOf(actions);
    indexes.set(actions, root);
  }
  // A level at a time; a path has no more branches than there are templates.
  let level = [root];
  for (const segment of segmentsOf(path)) {
    const literal = folded(segment);
    const next: Branch[] = [];
    for (const branch of level) {
      const same = branch.literals.get(literal);
      if (same !== undefined) next.push(same);
      if (branch.any !== null && segment !== '') next.push(branch.any);
    }
    if (next.length === 0) return [];
    level = next;
  }
  return level.flatMap((branch) => branch.actions);
}

function indexOf(actions: readonly ActionRule[]): Branch {
  const root = newBranch();
  for (const action of actions) {
    let branch = root;
    for (const segment of action.template.key.split('/').slice(1)) {
      if (segment === '') continue; // the root itself
      if (segment === anySegment) branch = branch.any ??= newBranch();
      else {
        const next = branch.literals.get(segment) ?? newBranch();
        branch.literals.set(segment, next);
        branch = next;
      }
    }
    branch.actions.push(action);
  }
  return root;
}
