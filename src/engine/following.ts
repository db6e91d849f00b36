import type { DirectoryFacts } from './advance.js';
import { withClocks } from './clocks.js';
import type { OrderEvent } from './events.js';
import type { OrderState } from './order-state.js';
import { standIns } from './standing-in.js';

/** A command's events, and what follows from them by itself: who stands in for whom, and what the step's clock does. */
export const withWhatFollows = (
  before: OrderState | null,
  events: readonly OrderEvent[],
  facts: DirectoryFacts,
): OrderEvent[] => withClocks(before, [...events, ...standIns(before, events, facts)], facts.present);
