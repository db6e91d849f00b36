import type { OrderState } from '../engine/order-state.js';
import type { AutoApprove, Dedupe } from '../engine/vocabulary.js';
import { type Both, both } from '../http/language.js';

/** The policies under which an order walks, in sentences. */
export interface Policies {
  readonly autoApprove: { readonly value: AutoApprove; readonly text: Both };
  readonly dedupe: { readonly value: Dedupe; readonly text: Both };
  readonly distinctApprovers: { readonly value: boolean; readonly text: Both };
}

export const policiesOf = ({ autoApprove, dedupe, distinct }: OrderState): Policies => ({
  autoApprove: { value: autoApprove, text: automatic[autoApprove] },
  dedupe: { value: dedupe, text: repeated[dedupe] },
  distinctApprovers: {
    value: distinct,
    text: distinct
      ? both(
          'nobody decides two steps of the order, neither as themselves nor for somebody else',
          '任何人不得审批同一申请单的两个步骤，代他人审批也不例外',
        )
      : both('somebody may decide several steps of the order', '同一人可以审批多个步骤'),
  },
});

const automatic = {
  through_applicant_node: both(
    'every step up to the last one on which the applicant sits passes by itself',
    '申请人所在的最后一个步骤及其之前的步骤自动通过',
  ),
  applicant_nodes: both(
    'a step on which the applicant sits passes by itself when it is reached',
    '轮到申请人所在的步骤时自动通过',
  ),
  never: both(
    'no step passes because of who applies, and the applicant decides none, in whatever capacity',
    '不因申请人而自动通过，申请人不得以任何身份审批',
  ),
} as const satisfies Record<AutoApprove, Both>;

const repeated = {
  none: both('whoever has approved before is asked again', '此前已通过的人仍需再次审批'),
  consecutive: both(
    'whoever has approved the step just before is not asked again: that approval counts',
    '刚刚通过上一步骤的人不再重复审批',
  ),
  all: both(
    'whoever has approved any step before is not asked again: that approval counts',
    '此前通过过任一步骤的人不再重复审批',
  ),
} as const satisfies Record<Dedupe, Both>;
