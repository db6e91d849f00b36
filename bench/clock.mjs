// @ts-check
/** Milliseconds on the machine's monotonic clock, which the processes of a run share. */
export const monotonic = () => Number(process.hrtime.bigint()) / 1e6;
