import type { Both, Language } from '../http/language.js';
import type { OrderRecord } from '../orders/orders.service.js';
import type { BecauseView, ExplanationView, PolicyView } from './explain.dto.js';
import type { Because, Explained } from './explanation.js';

/** An explanation as the API answers it: in one language. */
export function toView(
  { head, state }: OrderRecord,
  explained: Explained,
  language: Language,
): ExplanationView {
  const say = (text: Both): string => text[language];
  const policy = ({ value, text }: { value: string | boolean; text: Both }): PolicyView => ({
    value,
    sentence: say(text),
  });
  const because = ({ rule, text, at, by, data }: Because): BecauseView => ({
    rule,
    text: say(text),
    at,
    by,
    data,
  });
  const { policies, summary, steps } = explained;
  return {
    orderId: head.id,
    applyStatus: state.applyStatus,
    language,
    template: { id: head.applyTemplateId, name: head.templateName, version: head.templateVersion },
    policies: {
      autoApprove: policy(policies.autoApprove),
      dedupe: policy(policies.dedupe),
      distinctApprovers: policy(policies.distinctApprovers),
    },
    summary: say(summary),
    because: explained.because.map(because),
    steps: steps.map(({ step, outcome, sentence, waitsFor, ...told }) => ({
      applyStep: step.applyStep,
      nodeName: step.nodeName,
      nodeId: step.nodeId,
      nodeVersion: step.nodeVersion ?? null,
      auditStatus: step.auditStatus,
      outcome,
      sentence: say(sentence),
      waitsFor,
      because: told.because.map(because),
      earlier: told.earlier.map(({ round, until, text }) => ({ round, until, text: say(text) })),
    })),
  };
}
