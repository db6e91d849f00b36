/** A random share of a duration: those who met in a conflict should not meet again. @returns 0 up to `milliseconds` */
export const fullJitter = (milliseconds: number): number => Math.random() * milliseconds;

/** A duration that is up to `share` shorter or longer, so that what failed together does not come back together. */
export const aroundJitter = (milliseconds: number, share: number): number =>
  milliseconds * (1 - share + 2 * share * Math.random());
