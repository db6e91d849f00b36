import { isDeepStrictEqual } from 'node:util';
import type { ApprovalAsk } from '../provider.port.js';
import { ProviderFailure } from '../provider-failure.js';

/** The field that carries our key, where the relation names a widget for it (requirement 001, ticket_id). */
const keyField = 'ticket_id';

/** Characters that a value may have there. */
const longestValue = 65_535;

/** One filled-in component of a form: both are texts, whatever they hold. */
export interface FormComponentValue {
  readonly name: string;
  readonly value: string;
}

/** What is asked for: the instance that is to come into being. */
export interface NewInstance {
  readonly originatorUserId: string;
  readonly processCode: string;
  readonly deptId: number;
  readonly formComponentValues: readonly FormComponentValue[];
}

/**
 * The instance that an approval asks for.
 * @throws ProviderFailure, permanent, when the form or the applicant's identity is missing, or a value is too long
 */
export function newInstance({ form, applicant, ...ask }: ApprovalAsk, deptId: number): NewInstance {
  if (!form) {
    throw new ProviderFailure(
      `business type ${ask.businessType} has no form at this provider: give it one, with the process code of the approval template`,
      { permanent: true },
    );
  }
  if (applicant.externalId === null) {
    throw new ProviderFailure(
      `the applicant ${applicant.userCode ?? ''} has no identity at this provider: enter their userId of DingTalk, and redeliver`,
      { permanent: true },
    );
  }
  const formComponentValues = (form.relation ?? []).flatMap(({ widget, apiKey }): FormComponentValue[] => {
    const value = apiKey === keyField ? ask.key : fieldOf(ask.fields, apiKey);
    if (value === undefined || value === null) return [];
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    if (text.length > longestValue) {
      throw new ProviderFailure(`field ${apiKey} has more than ${longestValue} characters`, {
        permanent: true,
      });
    }
    return [{ name: widget, value: text }];
  });
  return {
    originatorUserId: applicant.externalId,
    processCode: form.code,
    deptId,
    formComponentValues,
  };
}

const fieldOf = (fields: ApprovalAsk['fields'], apiKey: string): unknown =>
  Object.hasOwn(fields, apiKey) ? fields[apiKey] : undefined;

/** The component that carries our key, so that the instance can be told from all others; null when none does. */
export function keyWidget({ form }: ApprovalAsk): string | null {
  return form?.relation?.find(({ apiKey }) => apiKey === keyField)?.widget ?? null;
}

/** Whether a value that was read is the one that was sent: numbers and JSON may come back written in another way. */
export function isSameValue(read: unknown, sent: string): boolean {
  if (read === sent) return true;
  const [one, other] = [parsed(read), parsed(sent)];
  return one !== undefined && isDeepStrictEqual(one, other);
}

/** @returns undefined for what is no JSON */
function parsed(text: unknown): unknown {
  try {
    return typeof text === 'string' ? (JSON.parse(text) as unknown) : undefined;
  } catch {
    return undefined;
  }
}
