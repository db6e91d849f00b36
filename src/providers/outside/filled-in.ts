import type { CallbackTicket } from '../../callbacks/callback-tickets.service.js';
import type { Observation, OutsideWidget, ProviderForm } from '../provider.port.js';

type Named = readonly { readonly apiKey: string; readonly widget: OutsideWidget }[];

/** The widgets that a form's relation names, by id or by name (requirement 001, relation). */
function named({ widgets }: Observation, form: ProviderForm | null): Named {
  return (form?.relation ?? []).flatMap(({ apiKey, widget: given }) => {
    const widget =
      widgets.find(({ id, whole }) => id === given || whole.custom_id === given) ??
      widgets.find(({ name }) => name === given);
    return widget ? [{ apiKey, widget }] : [];
  });
}

/** The variables of an order that was filled in outside: values by the business module's names. */
export const fieldsOf = (observation: Observation, form: ProviderForm | null): Record<string, unknown> =>
  Object.fromEntries(named(observation, form).map(({ apiKey, widget }) => [apiKey, widget.value]));

/**
 * Under which name a business module is asked about a task, and what it is told: the whole widgets by its own names;
 * nothing where no relation is set (requirement 001).
 */
export const ticketOf = (
  observation: Observation,
  taskId: string,
  form: ProviderForm | null,
): CallbackTicket => ({
  ticketId: [observation.formCode ?? '', observation.externalId, taskId].join('|'),
  body: Object.fromEntries(named(observation, form).map(({ apiKey, widget }) => [apiKey, widget.whole])),
});
