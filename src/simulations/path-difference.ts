import type { PlannedStep } from '../orders/order-plans.service.js';

/** What the path of an order would be otherwise. */
export const differenceKinds = ['added', 'removed', 'moved', 'outcome', 'reviewers', 'approvals'] as const;
export type DifferenceKind = (typeof differenceKinds)[number];

/** One thing that differs, at one stage; `null` where the stage is on one of the paths only. */
export interface PathDifference {
  readonly kind: DifferenceKind;
  readonly nodeId: string;
  readonly nodeName: string;
  /** The stage's number on the path then, and now. */
  readonly then: number | null;
  readonly now: number | null;
  readonly text: string;
  readonly textZh: string;
}

interface Pair {
  readonly then: PlannedStep | null;
  readonly now: PlannedStep | null;
}

/** What differs between two paths of one order. Stages are matched by their node, the k-th of a node with its k-th. */
export function differencesOf(then: readonly PlannedStep[], now: readonly PlannedStep[]): PathDifference[] {
  const pairs = pairsOf(then, now);
  const kept = pairs.filter((pair) => pair.then && pair.now);
  const sequence = kept
    .toSorted((one, other) => numberOf(one.then) - numberOf(other.then))
    .map((pair) => pair.now);
  return pairs.flatMap((pair) => [...presence(pair), ...place(pair, kept, sequence), ...content(pair)]);
}

function pairsOf(then: readonly PlannedStep[], now: readonly PlannedStep[]): Pair[] {
  const left = [...then];
  const pairs = now.map((step): Pair => {
    const index = left.findIndex(({ stage }) => stage.nodeId === step.stage.nodeId);
    const [counterpart = null] = index < 0 ? [] : left.splice(index, 1);
    return { then: counterpart, now: step };
  });
  return [...pairs, ...left.map((step): Pair => ({ then: step, now: null }))];
}

const numberOf = (step: PlannedStep | null): number => step?.stage.applyStep ?? 0;

const presence = (pair: Pair): PathDifference[] => {
  if (pair.then && pair.now) return [];
  return pair.now
    ? [difference('added', pair, `is asked besides (${told(pair.now)})`, `新增（${toldZh(pair.now)}）`)]
    : [difference('removed', pair, 'is not on the path any more', '不再经过')];
};

/** A stage whose place among those that stay is another one; what was put in or left out moves nothing. */
function place(
  pair: Pair,
  kept: readonly Pair[],
  sequence: readonly (PlannedStep | null)[],
): PathDifference[] {
  if (!pair.then || !pair.now) return [];
  const at = kept.indexOf(pair);
  if (sequence[at] === pair.now) return [];
  return [
    difference(
      'moved',
      pair,
      `comes as number ${numberOf(pair.now)} instead of ${numberOf(pair.then)}`,
      `由第 ${numberOf(pair.then)} 步改为第 ${numberOf(pair.now)} 步`,
    ),
  ];
}

function content(pair: Pair): PathDifference[] {
  const { then, now } = pair;
  if (!then || !now) return [];
  const differences: PathDifference[] = [];
  if (then.outcome !== now.outcome || then.reason !== now.reason) {
    differences.push(
      difference(
        'outcome',
        pair,
        `is ${told(now)} instead of ${told(then)}`,
        `由${toldZh(then)}变为${toldZh(now)}`,
      ),
    );
  }
  const reviewed = then.outcome === 'review' && now.outcome === 'review';
  if (reviewed && reviewersOf(then) !== reviewersOf(now)) {
    differences.push(
      difference(
        'reviewers',
        pair,
        `asks ${listed(now)} instead of ${listed(then)}`,
        `审批人由 ${listed(then)} 变为 ${listed(now)}`,
      ),
    );
  }
  if (reviewed && approvalsOf(then) !== approvalsOf(now)) {
    differences.push(
      difference(
        'approvals',
        pair,
        `takes ${approvalsOf(now)} instead of ${approvalsOf(then)}`,
        `通过方式由 ${approvalsOf(then)} 变为 ${approvalsOf(now)}`,
      ),
    );
  }
  return differences;
}

function difference(kind: DifferenceKind, { then, now }: Pair, text: string, textZh: string): PathDifference {
  const { nodeId = '', nodeName = '' } = (now ?? then)?.stage ?? {};
  return {
    kind,
    nodeId,
    nodeName,
    then: then?.stage.applyStep ?? null,
    now: now?.stage.applyStep ?? null,
    text: `"${nodeName}" ${text}`,
    textZh: `「${nodeName}」${textZh}`,
  };
}

const outcomes = { review: 'reviewed', auto_approved: 'approved automatically', skipped: 'skipped' } as const;
const outcomesZh = { review: '需要审批', auto_approved: '自动同意', skipped: '跳过' } as const;

const told = ({ outcome, reason }: PlannedStep): string =>
  `${outcomes[outcome]}${reason === '' ? '' : ` (${reason})`}`;
const toldZh = ({ outcome, reason }: PlannedStep): string =>
  `${outcomesZh[outcome]}${reason === '' ? '' : `（${reason}）`}`;

/** Their sequence matters only where they are asked one by one. */
const reviewersOf = ({ stage, people }: PlannedStep): string =>
  (stage.approvalMode === 'sequential' ? people : people.toSorted()).join(',');

const maxListed = 10;
const listed = ({ people }: PlannedStep): string =>
  people.length === 0
    ? '–'
    : people.slice(0, maxListed).join(', ') + (people.length > maxListed ? `, … (${people.length})` : '');

const approvalsOf = ({ stage }: PlannedStep): string =>
  stage.approvalMode === 'threshold' ? `threshold ${stage.minApprovals ?? 1}` : stage.approvalMode;
