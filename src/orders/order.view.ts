import { dueAtOf } from '../engine/clocks.js';
import type { OrderEvent } from '../engine/events.js';
import { whyBarred } from '../engine/separation.js';
import type { StepSnapshot } from '../engine/order-state.js';
import { type OrderRecord, personOf, seatKey } from './order.record.js';
import type { OrderView, StepView } from './orders.dto.js';

/** A record as the API answers it. */
export const toView = (record: OrderRecord): OrderView => ({
  id: record.head.id,
  businessType: record.head.businessType,
  businessKey: record.head.businessKey,
  title: record.head.title,
  applyTemplateId: record.head.applyTemplateId,
  templateName: record.head.templateName,
  applyStatus: record.state.applyStatus,
  userCode: record.state.applicant,
  accCode: record.head.accCode,
  remark: record.head.remark,
  templateVersion: record.head.templateVersion,
  distinctApprovers: record.state.distinct,
  variables: record.head.variables,
  error: record.state.error,
  returned: record.state.returned,
  version: record.state.version,
  createTime: record.head.createTime,
  updateTime: record.head.updateTime,
  steps: toSteps(record),
});

/** A resolver's address is for administrators, who see it on its node: it may hold more than people should read. */
export const shownObject = ({
  auditObjectType,
  auditObject,
}: Pick<StepSnapshot, 'auditObjectType' | 'auditObject'>): readonly string[] =>
  auditObjectType === 'resolver' ? [] : auditObject;

/** An event as it is shown in the log: the copies of steps in it are as careful as steps are. */
export function shownEvent(event: OrderEvent): OrderEvent {
  if (event.type === 'order.opened') return { ...event, steps: event.steps.map(shownCopy) };
  if (event.type !== 'order.moved') return event;
  const { present, ahead } = event;
  return { ...event, present: present && shownCopy(present), ahead: ahead.map(shownCopy) };
}

const shownCopy = (step: StepSnapshot): StepSnapshot => ({ ...step, auditObject: shownObject(step) });

const momentOf = (at: number | null): Date | null => (at === null ? null : new Date(at));

export const toSteps = (record: OrderRecord): StepView[] =>
  record.state.steps.map((step, index) => ({
    id: record.steps[index]?.id ?? '',
    applyStep: step.applyStep,
    nodeName: step.nodeName,
    auditStatus: step.auditStatus,
    auditObjectType: step.auditObjectType,
    auditObject: shownObject(step),
    approvalMode: step.approvalMode,
    requiredApprovals: step.requiredApprovals,
    auditUserCode: step.auditUserCode,
    auditMsg: step.auditMsg,
    reason: step.reason,
    nodeVersion: step.nodeVersion ?? null,
    timing: step.timing ?? null,
    dueAt: momentOf(dueAtOf(step)),
    assignees: step.seats
      .flatMap((seat) => {
        const userCode = personOf(seat);
        const { kind, position, turn, gone, decision, auditMsg, onBehalfOf } = seat;
        // Who handed over, left, or sat there in an earlier round is told by the log.
        if (userCode === null || gone !== null) return [];
        const decidedAt = record.decidedAt.get(seatKey(step.applyStep, seat.subject)) ?? null;
        const canDecide = turn === 'open' && whyBarred(record.state, step, userCode) === null;
        return [{ userCode, kind, position, canDecide, decision, auditMsg, decidedAt, onBehalfOf }];
      })
      .toSorted((one, other) => (one.userCode < other.userCode ? -1 : 1)),
    createTime: record.steps[index]?.createTime ?? record.head.createTime,
    updateTime: record.steps[index]?.updateTime ?? record.head.updateTime,
  }));
