import type { SubscriptionRow } from './subscription.entity.js';

/** Ties a sealed secret to the subscription it belongs to: sealed for one, it opens for no other. */
export const sealContext = ({ scope, id }: Pick<SubscriptionRow, 'id' | 'scope'>): string =>
  `subscription/${scope}/${id}`;
