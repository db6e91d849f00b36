import type { DifferenceKind } from './path-difference.js';
import { differenceKinds } from './path-difference.js';
import type { SimulatedOrder, SimulationSummary } from './simulations.dto.js';

const words = {
  added: ['a stage added', '新增步骤'],
  removed: ['a stage left out', '减少步骤'],
  moved: ['another sequence', '顺序变化'],
  outcome: ['a stage reviewed or passed otherwise', '步骤的审批或跳过情况变化'],
  reviewers: ['other reviewers', '审批人变化'],
  approvals: ['other approvals needed', '通过方式变化'],
} as const satisfies Record<DifferenceKind, readonly [string, string]>;

/** What a change would mean for all the orders that it was tried on. */
export function summaryOf(items: readonly SimulatedOrder[]): SimulationSummary {
  const count = (test: (item: SimulatedOrder) => boolean): number => items.filter(test).length;
  const kinds = Object.fromEntries(
    differenceKinds.map((kind) => [
      kind,
      count(({ differences }) => differences.some((one) => one.kind === kind)),
    ]),
  ) as Record<DifferenceKind, number>;
  const differ = count(({ outcome }) => outcome === 'differs');
  const failed = count(({ outcome }) => outcome === 'failed');
  const unopenable = count(({ problems }) => problems.length > 0);
  const found = differenceKinds.filter((kind) => kinds[kind] > 0);
  const detail = found.map((kind) => `${kinds[kind]} with ${words[kind][0]}`).join(', ');
  const detailZh = found.map((kind) => `${kinds[kind]} 张${words[kind][1]}`).join('，');
  return {
    orders: items.length,
    same: count(({ outcome }) => outcome === 'same'),
    differ,
    failed,
    unopenable,
    kinds,
    text:
      `${differ} of ${items.length} orders would take another path${detail && `: ${detail}`}` +
      (unopenable > 0 ? `; ${unopenable} could not be opened` : ''),
    textZh:
      `${items.length} 张申请单中有 ${differ} 张流程会变化${detailZh && `：${detailZh}`}` +
      (unopenable > 0 ? `；${unopenable} 张将无法发起` : ''),
  };
}
