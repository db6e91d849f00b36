import type { CallbackTarget } from '../business-types/callback-targets.service.js';
import type { CallbackKind, OrderRecord } from '../orders/order-callbacks.service.js';
import type { CallbackTicket } from './callback-tickets.service.js';

/**
 * What a callback says (contract, "Callbacks"). The same on every attempt, unless somebody changes the business type.
 * @param time when the callback was caused
 * @param ticket the name under which the module knows the callback; null: the order's id
 */
export function callbackBody(
  record: OrderRecord,
  target: Pick<CallbackTarget, 'fieldMapping' | 'format'>,
  kind: CallbackKind,
  time: Date,
  ticket: CallbackTicket | null = null,
): string {
  const { head, state } = record;
  const fields = mappedFields(head.variables, target.fieldMapping);
  const ticketId = ticket?.ticketId ?? head.id;
  if (target.format === 'lark-ticket') {
    return JSON.stringify({ ...(ticket ? ticket.body : fields), ticket_id: ticketId });
  }
  return JSON.stringify({
    type: `order.${kind}`,
    timestamp: time.toISOString(),
    data: {
      ticket_id: ticketId,
      business_type: head.businessType,
      business_key: head.businessKey,
      acc_code: head.accCode,
      user_code: state.applicant,
      apply_status: state.applyStatus,
      title: head.title,
      remark: head.remark,
      variables: head.variables,
      fields,
    },
  });
}

/**
 * The variables under the names that the mapping gives them; those that it does not name keep their own, unless another
 * one has been given that name.
 */
export function mappedFields(
  variables: Readonly<Record<string, unknown>>,
  mapping: Readonly<Record<string, string>> | null,
): Record<string, unknown> {
  const names = new Map(Object.entries(mapping ?? {}));
  const entries = Object.entries(variables);
  return Object.fromEntries([
    ...entries.filter(([name]) => !names.has(name)),
    ...entries.flatMap(([name, value]): [string, unknown][] => {
      const given = names.get(name);
      return given === undefined ? [] : [[given, value]];
    }),
  ]);
}
