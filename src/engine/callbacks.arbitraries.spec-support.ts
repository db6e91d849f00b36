import fc from 'fast-check';
import { type Action, people } from './callbacks.spec-support.js';
import type { Groups } from './engine.spec-support.js';
import { callbackKinds } from './vocabulary.js';

/** How a stage decides, and when it applies. */
export const anyRule = {
  mode: fc.constantFrom('any' as const, 'all' as const),
  condition: fc.constantFrom('', '', '', '0', 'amount > 5'),
};

/** What people and business modules do, in directories that may have changed; long enough for some orders to reach their end. */
export function anyActionsIn(anyGroups: fc.Arbitrary<Groups>): fc.Arbitrary<Action[]> {
  const anyAction: fc.Arbitrary<Action> = fc.record({
    type: fc.constantFrom(
      ...(['approve', 'approve', 'approve', 'approve', 'reject', 'withdraw'] as const),
      ...(['answer_callback', 'answer_callback', 'skip_check', 'park_callback'] as const),
      ...(['redeliver_callback', 'abandon_callback'] as const),
    ),
    actor: fc.constantFrom(...people),
    callback: fc.constantFrom(...callbackKinds),
    result: fc.constantFrom(true, true, true, false),
    error: fc.constantFrom(null, '', 'no stock'),
    applyStatus: fc.constantFrom('in_review' as const, 'completed' as const, 'rejected' as const),
    groups: fc.option(anyGroups, { nil: null, freq: 4 }),
  });
  return fc.array(anyAction, { maxLength: 20, size: 'max' });
}
