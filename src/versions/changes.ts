import { isDeepStrictEqual } from 'node:util';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

export const changeKinds = ['changed', 'added', 'removed', 'moved'] as const;

/** One thing in which two saved states differ. */
export interface Change {
  /**
   * Where: `autoApprove`, `stages[2].condition`. A stage that was removed is named by its place in the first state, any
   * other by its place in the second one. Places count from 0, stage numbers from 1.
   */
  readonly path: string;
  readonly kind: (typeof changeKinds)[number];
  /** Null for what was added. */
  readonly from: Json;
  /** Null for what was removed. */
  readonly to: Json;
}

/**
 * What makes one saved state out of another; nothing when they say the same. Fields are compared by name, lists of plain
 * values as a whole. Stages are matched by their node, its first occurrence with the first and so on: one that was
 * inserted is one change, however many stand behind it, and so is one that moved.
 */
export const changesBetween = (from: JsonObject, to: JsonObject): Change[] =>
  namesOf(from, to).flatMap((name) =>
    name === 'stages' && isStages(from[name]) && isStages(to[name])
      ? stageChanges(from[name], to[name])
      : fieldChanges(name, from[name], to[name]),
  );

function fieldChanges(path: string, from: Json | undefined, to: Json | undefined): Change[] {
  if (isDeepStrictEqual(from, to)) return [];
  if (from === undefined) return [{ path, kind: 'added', from: null, to: to ?? null }];
  if (to === undefined) return [{ path, kind: 'removed', from, to: null }];
  if (isObject(from) && isObject(to)) {
    return namesOf(from, to).flatMap((name) => fieldChanges(`${path}.${name}`, from[name], to[name]));
  }
  return [{ path, kind: 'changed', from, to }];
}

function stageChanges(from: readonly JsonObject[], to: readonly JsonObject[]): Change[] {
  const before = matches(from, to);
  const matched = new Set(before);
  const inOrder = longestRise(before);
  const removed = from.flatMap((stage, index): Change[] =>
    matched.has(index) ? [] : [{ path: `stages[${index}]`, kind: 'removed', from: stage, to: null }],
  );
  const others = to.flatMap((stage, index): Change[] => {
    const path = `stages[${index}]`;
    const earlier = before[index] ?? null;
    const was = earlier === null ? undefined : from[earlier];
    if (earlier === null || was === undefined) return [{ path, kind: 'added', from: null, to: stage }];
    const moved: Change[] = inOrder.has(index)
      ? []
      : [{ path: `${path}.stageNo`, kind: 'moved', from: earlier + 1, to: index + 1 }];
    return [...moved, ...fieldChanges(path, withoutPlace(was), withoutPlace(stage))];
  });
  return [...removed, ...others];
}

/** For each stage of the second list the place in the first one where its node occurs for the same time; null: nowhere. */
function matches(from: readonly JsonObject[], to: readonly JsonObject[]): (number | null)[] {
  const places = new Map<Json | undefined, number[]>();
  for (const [index, { nodeId }] of from.entries()) {
    const known = places.get(nodeId);
    if (known) known.push(index);
    else places.set(nodeId, [index]);
  }
  return to.map(({ nodeId }) => places.get(nodeId)?.shift() ?? null);
}

/** Stages that kept their order among themselves, told from the last one back. */
interface Rise {
  readonly index: number;
  readonly place: number;
  readonly length: number;
  readonly previous: Rise | null;
}

/**
 * Which stages kept their order: as many as possible, so that as few as possible have moved.
 * @param before the earlier places.
 * @returns the indexes of a longest rising subsequence.
 */
function longestRise(before: readonly (number | null)[]): ReadonlySet<number> {
  const rises: Rise[] = [];
  for (const [index, place] of before.entries()) {
    if (place === null) continue;
    const previous = longestOf(rises.filter((rise) => rise.place < place));
    rises.push({ index, place, length: (previous?.length ?? 0) + 1, previous });
  }
  const kept = new Set<number>();
  for (let rise = longestOf(rises); rise; rise = rise.previous) kept.add(rise.index);
  return kept;
}

const longestOf = (rises: readonly Rise[]): Rise | null =>
  rises.reduce<Rise | null>((best, rise) => (rise.length > (best?.length ?? 0) ? rise : best), null);

/** The number of a stage says where it stands, which the matching tells; its neighbours change it. */
const withoutPlace = ({ stageNo: _place, ...rest }: JsonObject): JsonObject => rest;

const namesOf = (from: JsonObject, to: JsonObject): string[] => [
  ...new Set([...Object.keys(from), ...Object.keys(to)]),
];

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isStages = (value: Json | undefined): value is readonly JsonObject[] =>
  Array.isArray(value) && (value as readonly Json[]).every(isObject);
