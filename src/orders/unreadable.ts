/** A column of an order holds what this service never writes. Names the place, not the value. */
export class UnreadableOrder extends Error {
  constructor(
    /** Such as `order.steps.2.auditStatus`. */
    readonly place: string,
    cause: unknown,
  ) {
    super(`${place} cannot be read`, { cause });
  }
}

/** Reads a column. @throws UnreadableOrder, which names it, when it holds no such value. */
export function readAt<Value>(place: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw new UnreadableOrder(place, error);
  }
}
