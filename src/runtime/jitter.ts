/** A random share of a duration: those who met in a conflict should not meet again. @returns 0 up to `milliseconds` */
export const fullJitter = (milliseconds: number): number => Math.random() * milliseconds;
