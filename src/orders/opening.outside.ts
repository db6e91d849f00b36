import type { StepSnapshot } from '../engine/order-state.js';
import { providerUser, userSubject } from '../engine/vocabulary.js';
import { type OpeningSnapshot, systemTemplateId } from './opening.repository.js';

/** An outside approval system. */
interface Provider {
  readonly id: string;
  readonly code: string;
}

/** The one step of an order that an outside approval system decides; its `nodeId` is the provider's id. */
export const providerStage = ({ id, code }: Provider): StepSnapshot => ({
  applyStep: 1,
  nodeId: id,
  nodeName: code,
  auditObjectType: 'provider',
  auditObject: [code],
  approvalMode: 'any',
  condition: null,
  subjects: [userSubject(providerUser(code))],
});

/** The provider whose word an order waits for or has had; null where its template's people decide. */
export function providerOfSteps(steps: readonly StepSnapshot[]): Provider | null {
  const step = steps.find(({ auditObjectType }) => auditObjectType === 'provider');
  return step ? { id: step.nodeId, code: step.nodeName } : null;
}

/**
 * What an order copies whose business type leaves the decision to a provider: nothing of the template, whose people are
 * not asked, nor of its rules. Under the system template, which nobody edits, no later version concerns it.
 */
export const decidedOutside = (snapshot: OpeningSnapshot, { code }: Provider): OpeningSnapshot => ({
  ...snapshot,
  templateId: systemTemplateId,
  templateName: code,
  templateVersion: null,
  autoApprove: 'never',
  dedupe: 'none',
  distinct: false,
  stages: [],
});
