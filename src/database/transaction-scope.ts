import { AsyncLocalStorage } from 'node:async_hooks';

const scope = new AsyncLocalStorage<true>();

/** Whether the running code was called by a transaction that is still open. */
export const transactionUnderWay = (): boolean => scope.getStore() === true;

export const insideTransaction = <T>(work: () => Promise<T>): Promise<T> => scope.run(true, work);
