import { missingVariables } from '../engine/conditions/condition.js';
import type { Opening, PlannedStep } from '../engine/open.js';
import { representative } from '../engine/standing-in.js';
import { shownObject } from './order.view.js';
import type { OrderPreview, StandInView } from './orders.dto.js';

/** How many people a preview names of one step. */
const maxPeople = 200;

/** Who would sit there for one of the people, as delegations are now. */
function standInsOf(people: readonly string[], { facts }: Opening): StandInView[] {
  const isBarred = (userCode: string) => userCode === facts.applicant.userCode;
  const isFree = (userCode: string) => !people.includes(userCode);
  return people.flatMap((userCode) => {
    const standIn = isBarred(userCode) ? null : representative(userCode, facts, isBarred, isFree);
    return standIn ? [{ userCode: standIn.by, onBehalfOf: userCode }] : [];
  });
}

/** The path that an order would take, for people: who is asked, what passes by itself and why, and what is wrong. */
export function previewOf(templateId: string, opening: Opening, path: readonly PlannedStep[]): OrderPreview {
  const steps = path.map(({ stage, outcome, reason, people, problem }) => ({
    applyStep: stage.applyStep,
    nodeName: stage.nodeName,
    outcome,
    reason,
    approvalMode: stage.approvalMode,
    auditObjectType: stage.auditObjectType,
    auditObject: shownObject(stage),
    approvers: people.slice(0, maxPeople),
    standIns: outcome === 'review' ? standInsOf(people.slice(0, maxPeople), opening) : [],
    problem,
  }));
  const missing = opening.stages.flatMap(({ applyStep, nodeName, condition }) =>
    missingVariables(condition, opening.variables).map(
      (name) =>
        `the condition of stage ${applyStep} "${nodeName}" asks for ${name}, which the order does not have: unknown, so not true`,
    ),
  );
  return { templateId, steps, problems: [...steps.flatMap(({ problem }) => problem ?? []), ...missing] };
}
