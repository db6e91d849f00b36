import type { PersonBehind } from './behind.repository.js';
import type { AskedGroup } from './behind.js';
import type { Rescuer, StuckAction } from './stuck.dto.js';

/** The calls that free an order. Null in a body is for the caller to fill in: sent as it is, it is refused. */

const onOrder = (
  id: string,
  command: string,
  who: Rescuer,
  body: StuckAction['body'],
  text: string,
  textZh: string,
): StuckAction => ({
  method: 'POST',
  path: `/orders/${id}/${command}`,
  ...(body ? { body } : {}),
  who,
  text,
  textZh,
});

export const seatSomebody = (id: string): StuckAction =>
  onOrder(
    id,
    'transfer',
    'system_admin',
    { toUserCode: null },
    'Give the step to somebody active of the team who may decide it.',
    '将该步骤转交给团队中一位在职且有权审核的人员。',
  );

export const decideAsAdmin = (id: string): StuckAction[] => [
  onOrder(
    id,
    'approve',
    'system_admin',
    {},
    'Approve the step as a system administrator, unless the template bars that one from this order.',
    '由系统管理员审核同意该步骤（模板不禁止其审核本申请单时）。',
  ),
  onOrder(
    id,
    'reject',
    'system_admin',
    {},
    'Reject the order as a system administrator, unless the template bars that one from this order.',
    '由系统管理员驳回该申请单（模板不禁止其审核本申请单时）。',
  ),
];

export const decideAsReviewer = (id: string): StuckAction[] => [
  onOrder(
    id,
    'approve',
    'reviewer',
    {},
    'A reviewer whose turn it is approves the step.',
    '由当前审核人审核同意。',
  ),
  onOrder(
    id,
    'reject',
    'reviewer',
    {},
    'A reviewer whose turn it is rejects the order.',
    '由当前审核人驳回。',
  ),
];

export const withdraw = (id: string): StuckAction =>
  onOrder(id, 'withdraw', 'applicant', {}, 'The applicant takes the order back.', '由申请人撤销申请单。');

export const urge = (id: string): StuckAction =>
  onOrder(
    id,
    'urge',
    'applicant',
    {},
    'Remind the reviewers; the order stays overdue until one of them decides.',
    '催办当前审核人；在其审核之前，申请单仍为逾期。',
  );

/** The whole body where the team lists the person: a PUT replaces what it does not name. */
export const reactivate = (person: PersonBehind): StuckAction => {
  const { user_code: userCode, acc_code: team, name, department, email, roles } = person;
  const body = { name, roles: roles === '' ? [] : roles.split(','), department, email, active: true };
  return {
    method: 'PUT',
    path: `/directory/users/${encodeURIComponent(userCode)}`,
    ...(team === null ? {} : { body }),
    who: team === null ? 'system_admin' : 'team_admin',
    text: `Make ${userCode} active again, if they are back.`,
    textZh: `如 ${userCode} 已返岗，重新启用该人员。`,
  };
};

/** All that waits for the person by name, this order included. */
export const handOver = (userCode: string, team: string | null): StuckAction => ({
  method: 'POST',
  path: `/directory/users/${encodeURIComponent(userCode)}/handover`,
  body: { toUserCode: null, dryRun: false, ...(team === null ? {} : { accCode: team }) },
  who: team === null ? 'system_admin' : 'team_admin',
  text: `Hand over all open work of ${userCode} in the team to somebody active who may decide this step.`,
  textZh: `将 ${userCode} 在团队中的全部待办交接给一位在职且有权审核该步骤的人员。`,
});

/** Longer lists of members are left to whoever has the group before them. */
const membersShown = 100;

export const joinGroup = ({ scope, code, name, members }: AskedGroup): StuckAction => ({
  method: 'PUT',
  path: `/directory/groups/${encodeURIComponent(code)}`,
  ...(members.length > membersShown
    ? {}
    : { body: { name, members: [...members, null], ...(scope === '' ? {} : { accCode: scope }) } }),
  who: scope === '' ? 'system_admin' : 'team_admin',
  text: `Put somebody active into the group ${code}; its other members are to be named again.`,
  textZh: `将一位在职人员加入用户组 ${code}（需同时列出其余成员）。`,
});

export const redeliver = (deliveryId: string): StuckAction => ({
  method: 'POST',
  path: `/deliveries/${deliveryId}/redeliver`,
  who: 'team_admin',
  text: 'Send it again, once the business system can be reached.',
  textZh: '业务系统恢复后重新发送。',
});

export const askOutside = (deliveryId: string): StuckAction => ({
  method: 'POST',
  path: `/deliveries/${deliveryId}/redeliver`,
  who: 'team_admin',
  text: 'Ask the outside system again, once what it misses is there: its settings, its form, who the applicant is.',
  textZh: '补齐所缺内容（连接设置、表单、申请人的身份映射）后，重新请求外部审批系统。',
});

/** Where an order can go without the answer that it waits for. */
export const abandon = (deliveryId: string, topic: string): StuckAction[] => {
  const give = (applyStatus: string, text: string, textZh: string): StuckAction => ({
    method: 'POST',
    path: `/deliveries/${deliveryId}/abandon`,
    body: { applyStatus, reason: null },
    who: 'team_admin',
    text,
    textZh,
  });
  const without =
    topic === 'order.check'
      ? give(
          'in_review',
          'Give the check up and let the order go on to its reviewers.',
          '放弃检查，申请单进入审核。',
        )
      : give(
          'completed',
          'Give the call up and take the order as completed.',
          '放弃回调，将申请单视为已完成。',
        );
  return [without, give('rejected', 'Give the call up and reject the order.', '放弃回调并驳回申请单。')];
};
