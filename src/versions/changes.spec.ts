import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Change, changesBetween, type Json, type JsonObject } from './changes.js';

const stage = (nodeId: string, more: JsonObject = {}): JsonObject => ({ nodeId, condition: null, ...more });
const state = (stages: readonly JsonObject[], more: JsonObject = {}): JsonObject => ({
  autoApprove: 'never',
  ...more,
  stages: stages.map((one, index) => ({ stageNo: index + 1, ...one })),
});
const ofNodes = (...ids: string[]): JsonObject => state(ids.map((id) => stage(id)));
const timing = (due: string): JsonObject => ({ calendar: null, due, remindBefore: ['1h'] });

describe(changesBetween.name, () => {
  it('should tell a field that changed, whole lists, and fields inside of fields', () => {
    expect(
      changesBetween(
        { remark: null, fallback: ['a', 'b'], timing: timing('1d'), same: [1] },
        { remark: 'r', fallback: ['b', 'a'], timing: timing('2d'), same: [1] },
      ),
    ).toEqual([
      { path: 'remark', kind: 'changed', from: null, to: 'r' },
      { path: 'fallback', kind: 'changed', from: ['a', 'b'], to: ['b', 'a'] },
      { path: 'timing.due', kind: 'changed', from: '1d', to: '2d' },
    ]);
  });

  it('should tell a field that only one of the states knows', () => {
    expect(changesBetween({ old: 1 }, { new: false })).toEqual([
      { path: 'old', kind: 'removed', from: 1, to: null },
      { path: 'new', kind: 'added', from: null, to: false },
    ]);
  });

  it('should take a field that becomes an object for one change', () => {
    const [from, to] = [state([stage('a', { timing: null })]), state([stage('a', { timing: timing('1d') })])];
    expect(changesBetween(from, to)).toEqual([
      { path: 'stages[0].timing', kind: 'changed', from: null, to: timing('1d') },
    ]);
  });

  it('should tell a stage that was inserted once, and nothing of those behind it', () => {
    expect(changesBetween(ofNodes('a', 'b', 'c'), ofNodes('a', 'x', 'b', 'c'))).toEqual([
      { path: 'stages[1]', kind: 'added', from: null, to: { stageNo: 2, ...stage('x') } },
    ]);
  });

  it('should tell a stage that was removed by its old place', () => {
    expect(changesBetween(ofNodes('a', 'b', 'c'), ofNodes('b', 'c'))).toEqual([
      { path: 'stages[0]', kind: 'removed', from: { stageNo: 1, ...stage('a') }, to: null },
    ]);
  });

  it('should tell the one stage that moved, and its changes at its new place', () => {
    const from = state([stage('a'), stage('b'), stage('c')]);
    const to = state([stage('b'), stage('c'), stage('a', { condition: 'x = 1' })]);
    expect(changesBetween(from, to)).toEqual([
      { path: 'stages[2].stageNo', kind: 'moved', from: 1, to: 3 },
      { path: 'stages[2].condition', kind: 'changed', from: null, to: 'x = 1' },
    ]);
  });

  it('should take as few stages as possible for moved', () => {
    const moves = changesBetween(ofNodes('a', 'b', 'c', 'd', 'e'), ofNodes('e', 'b', 'a', 'c', 'd'));
    expect(moves.map(({ kind }) => kind)).toEqual(['moved', 'moved']);
    const turned = changesBetween(ofNodes('a', 'b', 'c'), ofNodes('c', 'b', 'a'));
    expect(turned).toHaveLength(2);
  });

  it('should match the occurrences of a node in their order', () => {
    const from = state([stage('a', { condition: 'x = 1' }), stage('b'), stage('a')]);
    const to = state([stage('a', { condition: 'x = 2' }), stage('b')]);
    expect(changesBetween(from, to)).toEqual([
      { path: 'stages[2]', kind: 'removed', from: { stageNo: 3, ...stage('a') }, to: null },
      { path: 'stages[0].condition', kind: 'changed', from: 'x = 1', to: 'x = 2' },
    ]);
  });
});

const anyStage = fc.record({
  nodeId: fc.constantFrom('a', 'b', 'c', 'd'),
  nodeVersion: fc.integer({ min: 1, max: 3 }),
  condition: fc.constantFrom(null, 'x = 1', 'x = 2'),
  timing: fc.option(fc.record({ calendar: fc.constantFrom(null, 'cn'), due: fc.constantFrom('1d', '2d') }), {
    nil: null,
  }),
});
const anyState: fc.Arbitrary<JsonObject> = fc
  .record({
    templateName: fc.constantFrom('one', 'two'),
    distinctApprovers: fc.boolean(),
    stages: fc.array(anyStage, { maxLength: 7 }),
  })
  .map(({ stages, ...fields }) => state(stages, fields));

const stagesOf = (of: JsonObject): JsonObject[] => structuredClone(of['stages']) as JsonObject[];
const placeIn = (path: string): number => Number(/^stages\[(\d+)\]/.exec(path)?.[1]);

/** Does what the changes tell: takes out, puts in and moves stages; the rest keep their order; then sets the fields. */
function applied(from: JsonObject, changes: readonly Change[]): JsonObject {
  const rest: (JsonObject | null)[] = stagesOf(from);
  const placed = new Map<number, JsonObject>();
  for (const { path, kind, from: before, to } of changes) {
    if (!path.startsWith('stages')) continue;
    if (kind === 'removed') rest[placeIn(path)] = null;
    if (kind === 'added') placed.set(placeIn(path), to as JsonObject);
    if (kind !== 'moved') continue;
    expect(placeIn(path)).toBe(Number(to) - 1);
    placed.set(Number(to) - 1, rest[Number(before) - 1] as JsonObject);
    rest[Number(before) - 1] = null;
  }
  const kept = rest.filter((one) => one !== null);
  const stages = Array.from(
    { length: kept.length + placed.size },
    (_, index) => placed.get(index) ?? kept.shift(),
  );
  const result = { ...structuredClone(from), stages } as Record<string, Json>;
  stages.forEach((one, index) => Object.assign(one as object, { stageNo: index + 1 }));
  for (const { path, kind, to } of changes) {
    if (kind !== 'changed') continue;
    const names = path.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
    let target = result as Record<string, unknown>;
    for (const name of names.slice(0, -1)) target = target[name] as Record<string, unknown>;
    target[names.at(-1) ?? ''] = to;
  }
  return result;
}

describe('changes of any two states', () => {
  it('are none of a state against itself', () => {
    fc.assert(
      fc.property(anyState, (one) => {
        expect(changesBetween(one, structuredClone(one))).toEqual([]);
      }),
    );
  });

  it('make the second out of the first', () => {
    fc.assert(
      fc.property(anyState, anyState, (from, to) => {
        expect(applied(from, changesBetween(from, to))).toEqual(to);
      }),
      { numRuns: 2000 },
    );
  });

  it('name one stage, where one was put in or taken out', () => {
    fc.assert(
      fc.property(anyState, fc.nat(), fc.constantFrom(1, -1), (from, at, direction) => {
        const stages = stagesOf(from).map(({ stageNo: _place, ...one }) => one);
        const place = at % (stages.length + 1);
        const more = state(stages.toSpliced(place, 0, stage('new')), { ...from });
        const [one, two] = direction === 1 ? [from, more] : [more, from];
        expect(changesBetween(one, two).map(({ path, kind }) => [path, kind])).toEqual([
          [`stages[${place}]`, direction === 1 ? 'added' : 'removed'],
        ]);
      }),
    );
  });
});
